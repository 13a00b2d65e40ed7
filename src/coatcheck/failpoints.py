"""Named points where a test can make the process die, stall or fail.

They do nothing, at the cost of one dictionary look-up, unless `COATCHECK_FAILPOINTS` names one:

    COATCHECK_FAILPOINTS="settle.before_commit=kill" coatcheck worker app:jobs
    COATCHECK_FAILPOINTS="submit.after_commit=sleep:3;settle.before_commit=oserror:2"

Actions: `kill` (SIGKILL to itself), `stop` (SIGSTOP to itself), `sleep:SECONDS`, `oserror`. A second number after
the last colon says at which passage the action is taken (default: the first); it is taken once.
"""

import os
import signal
import time
from dataclasses import dataclass

NAMES = (
    "submit.before_commit",
    "submit.after_commit",
    "claim.before_commit",
    "claim.after_commit",
    "settle.before_commit",
    "settle.after_commit",
    "rescue.before_write",
    "blob.before_commit",
)
"""Every point there is. Tests enumerate this, so that a new point is covered the day it is added."""


@dataclass
class _Armed:
    action: str
    argument: float
    passages_left: int


_armed: dict[str, _Armed] = {}


def arm(specification: str) -> None:
    """Arm the points that `specification` names (see above); the empty string disarms all.

    Raises ValueError for a name or action that does not exist.
    """
    _armed.clear()
    for part in filter(None, specification.split(";")):
        name, _, rest = part.strip().partition("=")
        action, *numbers = rest.split(":")
        if name not in NAMES or action not in ("kill", "stop", "sleep", "oserror"):
            raise ValueError(f"COATCHECK_FAILPOINTS: cannot read {part!r}; points are {', '.join(NAMES)}.")
        argument = float(numbers.pop(0)) if action == "sleep" and numbers else 0.0
        _armed[name] = _Armed(action, argument, int(numbers[0]) if numbers else 1)


def failpoint(name: str) -> None:
    """Pass the point `name`."""
    if _armed and (armed := _armed.get(name)):
        _pass(name, armed)


def _pass(name: str, armed: _Armed) -> None:
    armed.passages_left -= 1
    if armed.passages_left > 0:
        return
    del _armed[name]
    match armed.action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "sleep":
            time.sleep(armed.argument)
        case _:
            raise OSError(f"failpoint {name}")
