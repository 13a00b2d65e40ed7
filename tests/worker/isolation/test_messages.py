"""What goes over the line arrives as it was."""

import pytest

from coatcheck.domain.outcome import Completed, Ending, Raised, Released
from coatcheck.domain.problem import Problem
from coatcheck.domain.progress import Progress
from coatcheck.domain.result import Result
from coatcheck.store.contract import LogEntry
from coatcheck.worker.isolation.messages import Returned, Spoke, Stopped, encode, ending_of, last_word, words
from coatcheck.worker.unsaid import Said

RESULT = Result(media_type="application/json", size=4, digest="d" * 64, body=b"\x00\xff{}")
PROBLEM = Problem(kind="operation-failed", title="Refused", status=422, members={"rows": [1, 2.5, None]})


@pytest.mark.parametrize(
    "said",
    [
        Said(),
        Said(progress=Progress(percent=5, current=5, total=100, unit="row", message="half-way")),
        Said(checkpoint=b'{"rows":3,"value":null}', log=(LogEntry("info", "one", 1.5), LogEntry("output", "two\u0000", 2.0))),
    ],
)
def test_what_was_said_arrives_as_it_was(said: Said) -> None:
    assert words.decode(encode(Spoke(said))) == Spoke(said)


def test_whole_numbers_stay_whole() -> None:
    """Clients see 5 of 100 rows, and not 5.0 of 100.0."""
    word = words.decode(encode(Spoke(Said(progress=Progress(current=5, total=100.0)))))
    assert isinstance(word, Spoke)
    assert word.said.progress is not None
    assert [type(number) for number in (word.said.progress.current, word.said.progress.total)] == [int, float]


@pytest.mark.parametrize("ending", [Completed(RESULT), Raised(PROBLEM), Raised(PROBLEM, after=2.5), Raised(PROBLEM, final=True)])
def test_an_ending_arrives_as_it_was(ending: Ending) -> None:
    word = words.decode(encode(last_word(ending, "Traceback")))
    assert isinstance(word, Returned | Stopped)
    assert ending_of(word) == ending


def test_a_run_that_stopped_because_it_was_told_to_says_just_that() -> None:
    word = words.decode(encode(last_word(Released("it was cancelled"), None)))
    assert word == Stopped(None)
    assert isinstance(ending_of(word), Released)


def test_a_lone_surrogate_does_not_silence_a_run() -> None:
    said = Said(progress=Progress(message="half \ud800", percent=5), log=(LogEntry("info", "\udfff", 1.0),), checkpoint=b"\x00\xff")
    expected = Said(progress=Progress(message="half ?", percent=5), log=(LogEntry("info", "?", 1.0),), checkpoint=b"\x00\xff")
    assert words.decode(encode(Spoke(said))) == Spoke(expected)
