from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coatcheck.wire.strict import MAX_DEPTH, encode, too_deep, unstorable


@pytest.mark.parametrize("value", [float("nan"), [None, float("inf")], {"a": (float("-inf"),)}, "\ud800"])
def test_what_is_no_json_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError):
        encode(value)


def test_a_type_without_json_form_is_a_type_error_unless_a_hook_knows_it() -> None:
    with pytest.raises(TypeError):
        encode(object())
    assert encode([complex(1, 2)], lambda number: [number.real, None]) == b"[[1.0,null]]"


@given(st.text(), st.integers(0, 2 * MAX_DEPTH))
def test_depth_counts_brackets_and_never_those_in_text(text: str, depth: int) -> None:
    try:
        quoted = encode(text)
    except ValueError:
        return
    assert too_deep(b"[" * depth + quoted + b"]" * depth) == (depth > MAX_DEPTH)
    assert (unstorable(quoted) is not None) == ("\0" in text)
