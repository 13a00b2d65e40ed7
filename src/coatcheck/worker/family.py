"""The processes below a supervisor: its children, and the orphans that come to it when one of them ends."""

import asyncio
from collections.abc import Sequence

from coatcheck.worker import orphans
from coatcheck.worker.child import Child


class Family:
    """Starts children, and leaves nothing of those that ended.

    Whatever descendants a child leaves come to this process, as they would to init, which it may be, too; they are killed.
    Processes that were its children before `adopt` are left alone.
    """

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._earlier: set[int] = set()
        self._births = asyncio.Lock()
        """Held while a process is started, until its pid is known, and while there must be none but known ones."""

    def adopt(self) -> None:
        """Be the one to whom orphans come, from now on."""
        self._earlier = orphans.children()
        orphans.adopt()

    async def start(self, child: Child, now: float) -> None:
        """Start the process of `child`."""
        async with self._births:
            await child.start(now)

    async def end_orphans(self) -> None:
        """Kill what ended children have left behind."""
        async with self._births:
            await asyncio.to_thread(orphans.end, self._known())

    def reap(self) -> None:
        """Collect the orphans that have ended by themselves."""
        if not self._births.locked():
            orphans.reap(self._known())

    def _known(self) -> set[int]:
        return self._earlier | {child.process.pid for child in self._children if child.process is not None}
