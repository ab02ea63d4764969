"""
The wrapper that hides a value from printing.
"""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc._wire.hidden import Hidden


@given(st.text() | st.binary(), st.text() | st.binary())
def test_hidden_values_are_equal_exactly_if_the_values_are(left: str | bytes, right: str | bytes) -> None:
    """Equal hidden values have equal hashes."""
    assert (Hidden(left) == Hidden(right)) == (left == right)
    assert hash(Hidden(left)) == hash(Hidden(copy.copy(left)))
    assert Hidden(left) != left


def test_the_hash_of_a_hidden_value_depends_on_the_value_and_is_another() -> None:
    """Equal hashes would make sets slow."""
    assert len({hash(value) for number in range(9) for value in (number, Hidden(number))}) == 18


@given(st.text(min_size=8))
def test_no_text_of_a_hidden_value_shows_the_value(value: str) -> None:
    """Only `open` returns it."""
    hidden = Hidden(value)
    assert f"{hidden}{hidden!r}{[hidden]}" == "Hidden('***')Hidden('***')[Hidden('***')]"
    assert hidden.open() is value


def test_a_hidden_value_is_its_own_copy_and_cannot_be_pickled() -> None:
    """A pickle would contain the value."""
    hidden = Hidden(b"s3cret")
    assert copy.copy(hidden) is copy.deepcopy(hidden) is hidden
    with pytest.raises(TypeError, match=r"^a hidden value cannot be pickled$"):
        pickle.dumps(hidden)
