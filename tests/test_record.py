"""
The base of records, against what attrs generates for the same class.
"""

import subprocess
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oauth_cc.requests  # noqa: F401  # loads the records
from oauth_cc._wire.record import Record


@attrs.frozen
class Plain:
    """What attrs generates."""

    name: str
    compared: int = 0
    hidden: str = attrs.field(default="", repr=False)
    masked: str = attrs.field(default="", repr=lambda _: "***")
    ignored: int = attrs.field(default=0, eq=False)
    unhashed: tuple[int, ...] = attrs.field(default=(), hash=False)


@attrs.frozen
class Based(Record):
    """The same fields."""

    name: str
    compared: int = 0
    hidden: str = attrs.field(default="", repr=False)
    masked: str = attrs.field(default="", repr=lambda _: "***")
    ignored: int = attrs.field(default=0, eq=False)
    unhashed: tuple[int, ...] = attrs.field(default=(), hash=False)


@attrs.frozen
class Empty(Record):
    """A record without fields."""


@attrs.frozen
class Own(Record):
    """A record with a repr of its own."""

    secret: str

    def __repr__(self) -> str:
        return "Own('***')"


SMALL = st.integers(0, 1)
FIELDS = st.tuples(
    st.text("ab", max_size=1), SMALL, st.text("cd", max_size=1), st.text("ef", max_size=1), SMALL, st.tuples(SMALL)
)


@given(FIELDS, FIELDS)
def test_records_compare_hash_and_show_as_attrs_would_have_them(
    one: tuple[str, int, str, str, int, tuple[int]], other: tuple[str, int, str, str, int, tuple[int]]
) -> None:
    """Fields that are left out of comparison, hash or repr are left out here, too."""
    plain, based = (Plain(*one), Plain(*other)), (Based(*one), Based(*other))
    assert (based[0] == based[1]) is (plain[0] == plain[1])
    assert (hash(based[0]) == hash(based[1])) is (hash(plain[0]) == hash(plain[1]))
    assert repr(based[0]) == repr(plain[0]).replace("Plain", "Based")


def test_records_of_different_classes_differ() -> None:
    """A record without fields equals another one of its class."""
    every: list[object] = [Based("a"), Plain("a"), Empty(), Own("a")]
    for place, one in enumerate(every):
        assert [one == other for other in every] == [place == other for other in range(len(every))]
    assert {*every, Based("a"), Empty()} == set(every)


def test_a_record_keeps_a_method_of_its_own_and_its_slots() -> None:
    """The base adds what is missing, and no `__dict__`."""
    assert repr(Own("s3cret")) == "Own('***')"
    assert not hasattr(Own("s3cret"), "__dict__")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Own("s3cret").secret = ""  # type: ignore[misc]


def test_a_program_compiles_little_at_its_start() -> None:
    """The code that attrs generates counts, because it is compiled each time a program starts."""
    program = """
import linecache, sys
sys.modules["trio"] = None
import oauth_cc.requests
entries = [entry for name, entry in linecache.cache.items() if name.startswith("<attrs generated")]
own = [entry for entry in entries if "oauth_cc" in str(entry[3])]
print(sum([len(entry[2]) for entry in own]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) <= 1100


def test_no_record_of_the_library_has_a_field_that_compares_by_a_function() -> None:
    """The base does not know `eq=frozenset`: such a record keeps the methods of attrs."""
    records = [kind for kind in Record.__subclasses__() if attrs.has(kind)]
    assert len(records) >= 50
    assert not [kind for kind in records if any([field.eq_key is not None for field in attrs.fields(kind)])]
