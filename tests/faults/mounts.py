"""Scenarios that mount file systems, in a process whose mounts nobody else sees: `mounts.py MODULE SCENARIO DIRECTORY`."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from coatcheck.testing.harness import eventually, started
from tests.services import require


def in_private_mounts(scenario: Callable[[Path], None], directory: Path) -> None:
    """Run `scenario(directory)`, a function of a module, in such a process. Linux, as superuser."""
    require(_possible(), "Linux and the right to mount in a namespace of one's own (unshare --mount)")
    command = ["unshare", "--mount", sys.executable, "-m", __name__, scenario.__module__, scenario.__name__, str(directory)]
    with started(command) as process:
        assert process.ended(patience=120) == 0, process.log


def mount(*arguments: str, pass_fds: Sequence[int] = ()) -> None:
    """Mount something, or mount it anew, for this process and its children; once nobody who was just killed writes there any more."""
    eventually(lambda: subprocess.run(["mount", *arguments], check=False, pass_fds=pass_fds).returncode == 0)  # noqa: S607  the mount on the path


def _possible() -> bool:
    if (unshare := shutil.which("unshare")) is None:
        return False
    return subprocess.run([unshare, "--mount", "true"], check=False, capture_output=True).returncode == 0


if __name__ == "__main__":
    module, name, directory = sys.argv[1:]
    getattr(import_module(module), name)(Path(directory))
