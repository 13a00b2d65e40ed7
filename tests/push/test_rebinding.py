"""Names that lie: a name server and listeners in private namespaces, where a hole in the guard would really be seen."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.push.rebinding import PUBLIC, ZONE
from tests.services import require

ROOT = Path(__file__).parents[2]
NAMESPACES = ["unshare", "--mount", "--net"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of a message to each name."""
    permitted = shutil.which("unshare") and subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode == 0
    require(permitted, "private network and mount namespaces: Linux, `unshare`, and the rights of root")
    resolv_conf = tmp_path_factory.mktemp("names") / "resolv.conf"
    resolv_conf.touch()
    command = [*NAMESPACES, sys.executable, "-m", "tests.push.rebinding", str(resolv_conf)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_a_public_name_is_dialled_where_it_leads(told: dict[str, Any]) -> None:
    """The control: what the others do not reach can be reached."""
    assert told["public.example"]["seen"] == {PUBLIC: 1}


@pytest.mark.parametrize("name", [name for name in ZONE if name not in ("public.example", "rebinding.example")])
def test_a_name_that_leads_inside_by_any_way_is_not_dialled(told: dict[str, Any], name: str) -> None:
    """F63: private, metadata, one bad address among good ones, aliases, thousands of records."""
    assert (told[name]["seen"], told[name]["error"] is None) == ({}, False)


def test_a_name_that_changes_its_mind_is_asked_once_and_dialled_where_it_was_checked(told: dict[str, Any]) -> None:
    """F63: public at the first question, loopback at the second. One message asks once; the next message is refused."""
    first, second = told["rebinding.example"], told["rebinding.example again"]
    assert (first["asked"], first["seen"]) == (1, {PUBLIC: 1})
    assert (second["asked"], second["seen"], second["error"]) == (2, {}, "destination not allowed")
