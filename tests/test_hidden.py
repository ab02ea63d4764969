"""
A value that no printer shows.
"""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc._wire.hidden import Hidden


@given(st.text() | st.binary(), st.text() | st.binary())
def test_equal_exactly_if_the_values_are(left: str | bytes, right: str | bytes) -> None:
    """And then hashed alike."""
    assert (Hidden(left) == Hidden(right)) == (left == right)
    assert hash(Hidden(left)) == hash(Hidden(copy.copy(left)))
    assert Hidden(left) != left


@given(st.text(min_size=8))
def test_no_text_of_it_shows_the_value(value: str) -> None:
    """It opens by its one method."""
    hidden = Hidden(value)
    assert f"{hidden}{hidden!r}{[hidden]}" == "Hidden('***')Hidden('***')[Hidden('***')]"
    assert hidden.open() is value


def test_a_copy_is_the_value_itself_and_pickle_is_refused() -> None:
    """It cannot change, and a pickle would show it."""
    hidden = Hidden(b"s3cret")
    assert copy.copy(hidden) is copy.deepcopy(hidden) is hidden
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(hidden)
