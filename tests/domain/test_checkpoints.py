"""What is kept for the next attempt."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.domain.checkpoint import Checkpoint


@given(rows=st.integers(min_value=0, max_value=2**63 - 1), value=st.recursive(st.none() | st.booleans() | st.text(), st.lists))
def test_a_checkpoint_is_read_as_it_was_written(rows: int, value: object) -> None:
    stored = msgspec.json.encode(Checkpoint(rows, msgspec.Raw(msgspec.json.encode(value))))
    read = msgspec.json.decode(stored, type=Checkpoint)
    assert (read.rows, msgspec.json.decode(read.value)) == (rows, value)


@pytest.mark.parametrize("stored", [b"{}", b'{"rows":0,"value":null}'])
def test_without_one_there_are_no_rows_and_there_is_no_value(stored: bytes) -> None:
    read = msgspec.json.decode(stored, type=Checkpoint)
    assert (read.rows, bytes(read.value)) == (0, b"null")
