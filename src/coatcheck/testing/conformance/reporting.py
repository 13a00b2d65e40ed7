"""What a run says of itself, and how much of it is kept."""

import msgspec
import pytest

from coatcheck.domain.event import EVENT_LIMIT, EventType
from coatcheck.domain.outcome import Completed, Failed, Released
from coatcheck.domain.owner import SYSTEM
from coatcheck.domain.problem import Problem
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import INLINE_LIMIT, Result
from coatcheck.domain.state import Status
from coatcheck.store.contract import LogEntry, Store
from coatcheck.testing.clock import FakeClock
from coatcheck.testing.conformance.handles import Handles
from coatcheck.testing.conformance.scenario import COMPLETED, OPERATION, OWNER, RESULT, WORKER, history, present, running, submission

_TEXT = "Zürich – 東京 🧥 \\ \" ' %_ \n\t"


class Reporting(Handles):
    """Progress, lines and results come back as they went in."""

    async def test_progress_is_seen_and_raises_the_version(self, store: Store, other: Store) -> None:
        claim = await running(store)
        progress = Progress(percent=25, message=_TEXT, current=3, total=12.5, unit="row")
        assert await store.report(claim, progress)
        job = await present(other, claim.job_id)
        assert (job.progress, job.version) == (progress, claim.job.version + 1)
        event = (await other.events(claim.job_id, OWNER))[-1]
        assert (event.type, event.status, event.worker) == (EventType.PROGRESS, Status.RUNNING, WORKER)
        assert event.data is not None
        assert msgspec.json.decode(event.data, type=Progress) == progress

    async def test_log_lines_are_events_and_leave_the_progress(self, store: Store, clock: FakeClock) -> None:
        claim = await running(store)
        await store.report(claim, Progress(percent=5))
        lines = [LogEntry("info", _TEXT, clock.now() - 1), LogEntry("error", "no", clock.now())]
        assert await store.report(claim, None, lines)
        events = await store.events(claim.job_id, OWNER, after=3)
        assert [(event.type, event.at) for event in events] == [(EventType.LOG, line.at) for line in lines]
        assert [msgspec.json.decode(event.data or b"", type=LogEntry) for event in events] == lines
        assert (await present(store, claim.job_id)).progress == Progress(percent=5)

    async def test_a_run_asked_to_stop_may_still_report(self, store: Store) -> None:
        claim = await running(store)
        await store.cancel(claim.job_id, OWNER, actor=OWNER)
        assert await store.report(claim, Progress(percent=50), [LogEntry("info", "cleaning up", 0.0)])
        assert [event.status for event in await store.events(claim.job_id, OWNER, after=3)] == [Status.CANCELLING] * 2

    async def test_the_newest_reports_are_kept_and_every_transition(self, store: Store) -> None:
        claim = await running(store)
        for number in range(12):
            lines = [LogEntry("info", f"{number}.{line}", 0.0) for line in range(100)]
            await store.report(claim, Progress(percent=number), lines)
        await store.settle(claim, COMPLETED)
        events = await store.events(claim.job_id, OWNER, limit=10 * EVENT_LIMIT)
        assert [event.type for event in events[:2]] == [EventType.ACCEPTED, EventType.STARTED]
        assert events[-1].type is EventType.COMPLETED
        assert sum(event.type.prunable for event in events) == EVENT_LIMIT
        assert [event.seq for event in events[2:]] == list(range(events[-1].seq - EVENT_LIMIT, events[-1].seq + 1))

    async def test_history_is_read_after_a_cursor(self, store: Store) -> None:
        claim = await running(store)
        await store.settle(claim, COMPLETED)
        assert await history(store, claim.job_id) == ["accepted", "started", "completed"]
        assert [event.seq for event in await store.events(claim.job_id, OWNER, after=1)] == [2, 3]
        assert [event.seq for event in await store.events(claim.job_id, OWNER, after=1, limit=1)] == [2]
        assert await store.events(claim.job_id, OWNER, after=3) == []
        assert await store.events(claim.job_id, OWNER, after=2**60) == []

    async def test_text_of_any_kind_comes_back(self, store: Store) -> None:
        arguments = msgspec.json.encode({"text": _TEXT})
        request = submission(owner=_TEXT, arguments=arguments, idempotency_key=_TEXT, fingerprint=bytes(range(256)))
        await store.submit(request)
        [claim] = await store.claim(WORKER, [OPERATION], 1)
        assert (claim.arguments, claim.job.owner) == (arguments, _TEXT)
        problem = Problem(kind="https://example.com/p", title=_TEXT, status=422, detail=_TEXT, members={"a": [1, {"b": _TEXT}]})
        settled = await store.settle(claim, Failed(problem))
        assert settled is not None
        assert settled.error == problem
        assert await store.get(request.id, _TEXT) == settled
        assert (await store.submit(submission(owner=_TEXT, idempotency_key=_TEXT, fingerprint=bytes(range(256))))).replayed

    async def test_text_that_has_no_encoding_does_no_harm(self, store: Store) -> None:
        """A lone surrogate, as a run may take from a file's name, is replaced; the job still ends."""
        claim = await running(store)
        assert await store.report(claim, Progress(message="a\ud800b", unit="\udfff"), [LogEntry("info", "\ud800", 0.0)])
        assert (await present(store, claim.job_id)).progress.message == "a?b"
        settled = await store.settle(claim, Failed(Problem(kind="k", title="t\ud800", status=500, detail="d\ud800")))
        assert settled is not None
        assert settled.error is not None
        assert (settled.error.title, settled.error.detail) == ("t?", "d?")
        assert (await store.events(claim.job_id, SYSTEM))[-1].reason == "d?"

    async def test_why_a_run_was_released_is_told(self, store: Store) -> None:
        claim = await running(store)
        await store.settle(claim, Released("deploy"))
        assert (await store.events(claim.job_id, OWNER))[-1].reason == "deploy"

    @pytest.mark.parametrize("size", [INLINE_LIMIT, INLINE_LIMIT + 1])
    async def test_only_small_results_come_along(self, store: Store, size: int) -> None:
        claim = await running(store)
        whole = Result(media_type="application/json", size=size, digest="e" * 64, body=b"x" * size)
        settled = await store.settle(claim, Completed(whole))
        shown = msgspec.structs.replace(whole, body=whole.body if size <= INLINE_LIMIT else None)
        assert settled is not None
        assert settled.result == shown == (await present(store, claim.job_id)).result
        assert await store.result(claim.job_id, OWNER) == whole

    async def test_a_file_is_referred_to(self, store: Store) -> None:
        claim = await running(store)
        file = Result(media_type="text/csv", size=3, digest="f" * 64, blob="ab" * 16, filename="Übersicht.csv")
        await store.settle(claim, Completed(file))
        assert (await present(store, claim.job_id)).result == file == await store.result(claim.job_id, OWNER)

    async def test_a_job_that_has_not_completed_has_no_result(self, store: Store) -> None:
        claim = await running(store)
        assert await store.result(claim.job_id, OWNER) is None
        await store.settle(claim, COMPLETED)
        assert await store.result(claim.job_id, OWNER) == RESULT
