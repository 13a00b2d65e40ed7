"""An application in the host that `HOST` names, as a server or `coatcheck serve` finds it: by the name of a module."""

import os
from pathlib import Path
from typing import Any

from tests.hosts.application import application as made
from tests.hosts.serving import application_in

jobs = made(Path())
hold = jobs.wiring.held.hold


async def told(*arguments: Any) -> Any:
    """Say that a request is held: a test waits for that."""
    print("held", flush=True)  # noqa: T201
    return await hold(*arguments)


jobs.wiring.held.hold = told  # type: ignore[method-assign, assignment]
application = application_in(jobs, os.environ["HOST"])
