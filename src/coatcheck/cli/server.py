"""uvicorn, ended the way a supervisor ends its children."""

from types import FrameType

import uvicorn


class Server(uvicorn.Server):
    """Ends with an exit status of its own instead of by the signal; a second signal, of either kind, ends it at once."""

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
