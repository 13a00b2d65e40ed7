"""One table of events, any number of subscribers."""

from collections.abc import Mapping
from typing import Any

import pytest

from coatcheck.telemetry import Telemetry


def test_every_subscriber_hears_every_event_with_its_facts() -> None:
    heard: list[tuple[str, str, Mapping[str, Any]]] = []
    telemetry = Telemetry()
    telemetry.subscribe(lambda event, facts: heard.append(("first", event, facts)))
    telemetry.subscribe(lambda event, facts: heard.append(("second", event, facts)))
    telemetry.emit("store.pruned", jobs=3)
    assert heard == [("first", "store.pruned", {"jobs": 3}), ("second", "store.pruned", {"jobs": 3})]


def test_a_subscriber_that_raises_breaks_neither_what_it_observes_nor_its_neighbours(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    telemetry = Telemetry()
    telemetry.subscribe(lambda _event, _facts: 1 / 0)  # type: ignore[arg-type]  # raises before it returns
    telemetry.subscribe(lambda event, _facts: heard.append(event))
    telemetry.emit("worker.started")
    assert heard == ["worker.started"]
    assert "A telemetry subscriber raised on worker.started." in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_event_that_is_not_in_the_table_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match=r"job\.vanished"):
        Telemetry().emit("job.vanished")
