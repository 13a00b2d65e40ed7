"""A Node, and packages for it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.services import require

SCRIPT = Path(__file__).parents[2] / "scripts" / "node.sh"
FOUND_IN = Path(sys.prefix) / "node"


def node() -> Path:
    """The program; the test is skipped where there is none to be had."""
    found = subprocess.run([SCRIPT, FOUND_IN, Path(sys.prefix) / "bin" / "uv"], capture_output=True, text=True, check=False)
    require(found.returncode == 0, f"Node: {found.stderr.strip() or 'none'}")
    return Path(found.stdout.strip())


def installed(project: Path, folder: Path) -> Path:
    """`folder` with a copy of the project, and the packages that its lock names: fetched once, and kept for the next time."""
    lock = (project / "package-lock.json").read_bytes()
    packages = Path(sys.prefix) / f"node-{project.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    with packages.with_name(f"{packages.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # tests of another process may want the same, and npm begins by removing what is there
        if not (packages / "fetched").exists():
            shutil.copytree(project, packages, dirs_exist_ok=True)
            _fetch(packages)
            (packages / "fetched").touch()
    shutil.copytree(project, folder)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return folder


def _fetch(packages: Path) -> None:
    program = node()
    beside = program.parent / "npm"
    npm = str(beside) if beside.exists() else shutil.which("npm")
    require(npm, "npm")
    search = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    command = [str(npm), "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
    run = subprocess.run(command, cwd=packages, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False)
    require(run.returncode == 0, f"the packages of {packages.name}: {run.stderr.strip()[-500:]}")
