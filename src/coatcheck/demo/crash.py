"""An import whose worker is killed half-way: it goes on from its checkpoint, and neither loses nor doubles a row."""

import csv
import re
from typing import Any
from uuid import uuid4

import apsw

from coatcheck.client import AsyncJob
from coatcheck.demo.stage import Stage, expect

IMPORT = "/airports/bulk-import"
SOURCE = "airports.ndjson.gz"
ROWS, GOOD, ODD = 3376, 3322, 54
"""Airports in the file; good rows among them, and rows that the import must refuse."""
SPEED = 500
"""Rows per second, so that there is something to see."""
LOOKS = 10
"""At most so many looks until one finds the job unchanged; it changes up to ten times a second."""
KILL_AT = 40
"""Percent of the import at which its worker is killed."""


async def ask_for_the_import(stage: Stage) -> str:
    """202, and where to look; the status URL."""
    stage.screen.title(f"1. A request for slow work: import {ROWS:,} real airports")
    body = {"source": SOURCE, "rows_per_second": SPEED}
    accepted = await stage.ask("POST", IMPORT, 202, json=body, headers={"Idempotency-Key": str(uuid4())})
    status_url = accepted.headers["location"]
    stage.screen.say("\nThe job is durable now. Its status URL tells how it goes, and what has not changed is not sent again:")
    polled = await stage.ask("GET", status_url, 200)
    for _ in range(LOOKS):
        polled = await stage.ask("GET", status_url, 200, 304, headers={"If-None-Match": polled.headers["etag"]}, body=False)
        if polled.status_code == 304:
            break
    return status_url


async def follow_and_kill_the_worker(stage: Stage, status_url: str) -> None:
    """The bar that goes on after a SIGKILL."""
    stage.screen.title(f"2. The same job through coatcheck.client; at {KILL_AT} % its worker process is killed")
    job, killed = await stage.api.job(status_url), ""
    with stage.screen.follow("import") as bar:
        async for update in job:
            bar.show(update)
            if not killed and (update.percent_complete or 0) >= KILL_AT:
                killed = await _kill_the_worker(stage, status_url)
    expect(killed, "The import ended before its worker could be killed.")
    await _check_history(stage, status_url, killed)
    await _check_rows(stage, job)


async def _kill_the_worker(stage: Stage, status_url: str) -> str:
    worker = next(str(event["worker"]) for event in await stage.history(status_url) if event["type"] == "started")
    pid = stage.server.kill_worker(worker)
    stage.screen.say(f"  kill -9 {pid}  (the worker {worker})")
    return worker


async def _check_history(stage: Stage, status_url: str, killed: str) -> None:
    stage.screen.title("3. What the job's history says, and its result")
    history = await stage.history(status_url)
    for event in history:
        stage.screen.say(_told(event))
    workers = [event["worker"] for event in history if event["type"] == "started"]
    expect(len(workers) == 2 and workers[0] == killed != workers[1], f"Two attempts by two workers were expected, not {workers}.")
    skipped = [int(row) for event in history for row in re.findall(r"Going on after row (\d+)", event["reason"] or "")]
    expect(len(skipped) == 1 and 0 < skipped[0] < ROWS, f"The second attempt did not go on from a checkpoint: {skipped}.")
    stage.screen.say(f"\n  The second attempt went on after row {skipped[0]:,} of {ROWS:,}.")


async def _check_rows(stage: Stage, job: AsyncJob) -> None:
    expect(job.representation.message == f"{GOOD} rows taken, {ODD} refused", f"The import says: {job.representation.message}.")
    report = stage.directory / "refused-rows.csv"
    await job.download(report)
    with report.open(newline="") as file:
        refused = list(csv.DictReader(file))
    expect(len(refused) == ODD, f"The error report has {len(refused)} rows.")
    database = apsw.Connection(str(stage.directory / "airports.db"), flags=apsw.SQLITE_OPEN_READONLY)
    airports = database.execute("SELECT count(*) FROM airports").get
    database.close()
    expect(airports == GOOD, f"The table has {airports} airports.")
    stage.screen.say(f"  {airports:,} airports in the table, none lost, none twice; {ODD} odd rows in the error report, such as")
    stage.screen.say(f"    line {refused[0]['line']}: {refused[0]['reason']}: {refused[0]['row']}")


def _told(event: dict[str, Any]) -> str:
    parts = (event["at"], event["type"], f"attempt {event['attempt']}", event["worker"], event["reason"])
    return "  " + "  ".join(part for part in parts if part)
