"""Programs that run to their end: their output, their status, what they find."""

import asyncio
import os
import re
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coatcheck import current_job
from coatcheck.domain.event import EventType
from coatcheck.domain.progress import Progress
from coatcheck.errors import ProgramFailed
from tests.programs.running import KINDS, NAME, logged, python, run
from tests.worker.site import Site

pytestmark = pytest.mark.parametrize("kind", KINDS)


async def test_what_it_writes_stands_in_the_history_in_order(site: Site, kind: str) -> None:
    script = "import os\nfor n in range(5): os.write(1, b'out %d\\n' % n); os.write(2, b'err %d\\n' % n)\nos.write(1, b'the end')"
    handle = await run(site, kind, python(script))
    status, output = await handle.result()
    written = [f"{stream} {number}" for number in range(5) for stream in ("out", "err")] + ["the end"]
    assert (status, output.splitlines()) == (0, written)
    assert await logged(site, handle) == written


async def test_nothing_is_logged_where_nobody_wants_it(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["echo", "hello"], log=False)
    assert await handle.result() == [0, "hello\n"]
    assert await logged(site, handle) == []


async def test_a_parser_makes_progress_of_lines_and_leaves_the_others(site: Site, kind: str) -> None:
    def read(line: str) -> Any:
        if found := re.fullmatch(r"(\d+)%", line):
            return int(found[1])
        if found := re.fullmatch(r"frame (\d+) of (\d+)", line):
            return {"current": int(found[1]), "total": int(found[2]), "unit": "frame"}
        return None

    handle = await run(site, kind, ["printf", r"reading\n10%%\r20%%\rframe 1 of 2\nodd frame\n"], progress=read)
    await handle.result()
    (event,) = await site.events(handle, EventType.PROGRESS)
    assert msgspec.json.decode(event.data or b"", type=Progress) == Progress(percent=50, current=1, total=2, unit="frame")
    assert await logged(site, handle) == ["reading", "odd frame"]


async def test_a_parser_knows_the_current_job(site: Site, kind: str) -> None:
    def read(line: str) -> None:
        current_job().log(f"heard {line}", level="output")

    handle = await run(site, kind, ["echo", "hello"], progress=read, log=False)
    await handle.result()
    assert await logged(site, handle) == ["heard hello"]


async def test_much_output_costs_little_memory(site: Site, kind: str) -> None:
    """200 MB, of which the end is kept and the middle is counted."""
    script = "import os\nfor n in range(2000): os.write(1, (b'%d ' % n + b'.' * 990 + b'\\n') * 100)\nprint('the end')"
    handle = await run(site, kind, python(script))
    tracemalloc.start()
    try:
        status, output = await handle.result()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 1024**2
    assert status == 0
    assert len(output) == 64 * 1024
    assert output.endswith("...\nthe end\n")
    lines = await logged(site, handle)
    assert lines[-1] == "the end"
    assert lines[-2].startswith("1999 ")
    assert any("lines left out" in line for line in lines)


async def test_a_line_without_end_costs_little_memory(site: Site, kind: str) -> None:
    handle = await run(site, kind, python("import os\nfor _ in range(50): os.write(1, b'.' * 1_000_000)"))
    tracemalloc.start()
    try:
        await handle.result()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024**2
    (line,) = await logged(site, handle)
    assert len(line) == 8 * 1024


async def test_it_reads_what_it_is_given(site: Site, kind: str) -> None:
    """Neither side waits for the other, though both pipes are full on the way."""
    handle = await run(site, kind, ["cat"], input="0123456789abcdef" * 65536, log=False)
    status, output = await handle.result()
    assert (status, output) == (0, "0123456789abcdef" * 4096)


async def test_it_need_not_read_what_it_is_given(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["true"], input=b"." * 1_000_000)
    assert await handle.result() == [0, ""]


async def test_there_is_nothing_to_read_otherwise(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["cat"])
    assert await handle.result() == [0, ""]


async def test_it_inherits_the_environment_and_gets_more(site: Site, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("INHERITED", "one")
    handle = await run(site, kind, ["sh", "-c", "echo $INHERITED $ADDED; basename $PWD"], env={"ADDED": "two"}, cwd=tmp_path / "here")
    assert await handle.result() == [0, "one two\nhere\n"]


async def test_a_program_that_closes_its_output_is_waited_for(site: Site, kind: str, tmp_path: Path) -> None:
    done = tmp_path / "done"
    os.mkfifo(tmp_path / "go")
    script = "import os, sys\nos.write(1, b'bye'); os.close(1); os.close(2)\nopen(sys.argv[1]).read(); open(sys.argv[2], 'w').close()"
    handle = await run(site, kind, python(script, str(tmp_path / "go"), str(done)))
    await asyncio.to_thread((tmp_path / "go").write_text, "go")
    assert await handle.result() == [0, "bye"]
    assert done.exists()


# Failing -------------------------------------------------------------------------------------------------------------


async def test_another_status_than_0_fails_the_job_with_the_last_line(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["sh", "-c", "echo working; echo no such codec >&2; echo; exit 3; # s3cret"])
    failure = await site.failure(handle)
    assert (failure.title, failure.detail) == ("The operation raised ProgramFailed", "sh ended with status 3: no such codec")
    assert await logged(site, handle) == ["working", "no such codec"]


async def test_a_failure_can_be_looked_at(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["sh", "-c", "echo one; echo two; exit 3"], policy={"retries": 0})
    await site.failure(handle)
    failure = (await site.signals.told("job.failed", job=handle.id))["error"]
    assert isinstance(failure, ProgramFailed)
    assert (failure.program, failure.status, failure.output) == ("sh", 3, "one\ntwo\n")


async def test_a_signal_is_named(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["sh", "-c", "kill -KILL $$"])
    assert (await site.failure(handle)).detail == "sh was ended by SIGKILL."


async def test_no_argument_is_in_the_failure(site: Site, kind: str) -> None:
    """F41's cousin: what is said of a failure is read by clients, and command lines hold passwords."""
    handle = await run(site, kind, python("import sys; sys.exit(1)", "--password=s3cret"))
    failure = await site.failure(handle)
    assert failure.detail == f"{NAME} ended with status 1."
    assert "s3cret" not in repr(failure)


async def test_a_status_that_is_not_checked_is_given(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["sh", "-c", "echo no; exit 3"], check=False)
    assert await handle.result() == [3, "no\n"]


async def test_a_program_that_is_not_there_is_named_and_nothing_of_the_environment(site: Site, kind: str) -> None:
    handle = await run(site, kind, ["no-such-program", "s3cret"], env={"PATH": "/nowhere:/bin"})
    failure = await site.failure(handle)
    assert failure.detail is not None
    assert failure.detail.startswith("no-such-program could not be started: there is no such program in PATH. Install")
    assert "/nowhere" not in failure.detail


async def test_a_file_that_is_no_program_is_named(site: Site, kind: str, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("just text")
    handle = await run(site, kind, [tmp_path / "notes"])
    assert (await site.failure(handle)).detail == f"notes could not be started: Permission denied: {tmp_path / 'notes'}."


async def test_a_folder_that_is_not_there_is_named(site: Site, kind: str, tmp_path: Path) -> None:
    handle = await run(site, kind, ["true"], cwd=tmp_path / "nowhere")
    assert (await site.failure(handle)).detail == f"true could not be started: No such file or directory: {tmp_path / 'nowhere'}."


async def test_an_attempt_that_failed_is_retried(site: Site, kind: str, tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/tried || {{ touch {tmp_path}/tried; exit 1; }}"
    handle = await run(site, kind, ["sh", "-c", script], policy={"retries": 1})
    assert (await handle.result())[0] == 0
    assert (await handle.job()).attempt == 2
