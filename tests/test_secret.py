"""
Secret: shown to whoever calls reveal, and to nobody else.
"""

import copy
import json
import logging
import pickle
import pprint
import traceback
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oauth_cc import Secret
from oauth_cc.errors import InvalidInput
from tests import strategies

VALUE = "s3cret-value"
SHOWN = "Secret('***')"

# Lone surrogates too: a Secret holds any str, and records refuse what they cannot send.
any_text = st.one_of(strategies.texts(), st.text(st.characters()))


@attrs.frozen
class Record:
    """Something that holds a secret, as a caller's own record may."""

    name: str
    secret: Secret


def untyped(value: object) -> Any:
    """Gives *value* as a program without a type checker would."""
    return value


def traced(error: BaseException) -> str:
    """Gives the traceback of *error* with the local variables of every frame, as crash reporters print it."""
    trace = traceback.TracebackException(type(error), error, error.__traceback__, capture_locals=True)
    return "".join(trace.format())


class TestShowsNothing:
    @pytest.mark.parametrize("show", [repr, str, format, ascii, pprint.pformat, "{}".format, "{!r:>13}".format])
    def test_text(self, show: Any) -> None:
        """Whatever makes a text of a secret makes a redaction."""
        assert SHOWN == show(Secret(VALUE))

    @given(any_text)
    @example("")
    @example("***")
    def test_text_of_any_value(self, value: str) -> None:
        """The redaction is the same for every value, so that it does not even tell the length."""
        assert (SHOWN, SHOWN, SHOWN) == (repr(Secret(value)), str(Secret(value)), f"{Secret(value)}")

    def test_format_specification(self) -> None:
        """A format specification, which could cut or pad the value, is refused without showing it."""
        with pytest.raises(TypeError) as caught:
            format(Secret(VALUE), ">20")
        assert VALUE not in traced(caught.value)

    @pytest.mark.parametrize("given_value", [Secret(VALUE), {"a": [Secret(VALUE)]}], ids=["alone", "nested"])
    def test_json(self, given_value: object) -> None:
        """JSON refuses a secret without showing it."""
        with pytest.raises(TypeError) as caught:
            json.dumps(given_value)
        assert VALUE not in traced(caught.value)

    def test_json_with_a_default(self) -> None:
        """A program that turns what JSON refuses into text writes the redaction."""
        assert json.dumps(SHOWN) == json.dumps(Secret(VALUE), default=str)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle(self, protocol: int) -> None:
        """Pickle refuses a secret in every protocol, alone or in a record, without showing it."""
        for holder in (Secret(VALUE), Record("a", Secret(VALUE))):
            with pytest.raises(TypeError, match="not pickled") as caught:
                pickle.dumps(holder, protocol)
            assert VALUE not in traced(caught.value)

    def test_attrs_asdict(self) -> None:
        """`attrs.asdict` and `attrs.astuple` leave a secret closed."""
        record = Record("a", Secret(VALUE))
        assert {"name": "a", "secret": Secret(VALUE)} == attrs.asdict(record)
        assert VALUE not in f"{attrs.asdict(record)} {attrs.astuple(record)} {record}"

    def test_copy(self) -> None:
        """A copy, shallow or deep, alone or in a record, is the same closed secret."""
        secret = Secret(VALUE)
        copies = [copy.copy(secret), copy.deepcopy(secret), copy.deepcopy(Record("a", secret)).secret]
        assert all(secret is made for made in copies)
        assert VALUE not in repr(copies)

    def test_traceback_with_locals(self) -> None:
        """A traceback that prints local variables prints the redaction."""
        secret = Secret(VALUE)
        try:
            raise LookupError(secret)
        except LookupError as error:
            shown = traced(error)
        assert f"secret = {SHOWN}" in shown
        assert VALUE not in shown

    def test_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """A log record of a secret holds the redaction."""
        logging.getLogger("tests").warning("sent %s and %r", Secret(VALUE), [Secret(VALUE)])
        assert [f"sent {SHOWN} and [{SHOWN}]"] == caplog.messages

    def test_no_attributes(self) -> None:
        """A secret has no ``__dict__`` that a debugger or `vars` could list."""
        with pytest.raises(TypeError):
            vars(Secret(VALUE))


class TestReveals:
    @given(any_text)
    @example("")
    @example("\ud800")
    @example("e\u0301")
    def test_the_value(self, value: str) -> None:
        """`reveal` gives the value as it was given, to the code point."""
        assert value == Secret(value).reveal()


class TestTakesOnlyText:
    @pytest.mark.parametrize("value", [b"s3cret-value", None, 5, ["s3cret-value"], Secret(VALUE)], ids=repr)
    def test_other_types(self, value: object) -> None:
        """What is no str is refused by the name of its type, and is seen neither in the text nor in the frames."""
        with pytest.raises(InvalidInput, match=f"^secret: give it as a str, not as {type(value).__name__}$") as caught:
            Secret(untyped(value))
        inside = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[-1]
        assert "__init__" == inside.name
        assert VALUE not in f"{caught.value!r} {inside.locals}"


class TestIsAValue:
    @given(any_text, any_text)
    @example("é", "e\u0301")
    @example("\ud800", "\udfff")
    @example("a", "a\x00")
    def test_equality(self, left: str, right: str) -> None:
        """Secrets are equal exactly if their values are, and then hash alike."""
        assert (left == right) == (Secret(left) == Secret(right))
        assert Secret(left) == Secret(left)
        assert hash(Secret(left)) == hash(Secret(left))

    @pytest.mark.parametrize("stranger", [VALUE, VALUE.encode(), None, SHOWN], ids=repr)
    def test_other_types_are_unequal(self, stranger: object) -> None:
        """A secret equals no text, so that nobody finds it by comparing."""
        assert stranger != Secret(VALUE)
        assert 2 == len({Secret(VALUE), stranger})

    def test_cannot_be_changed(self) -> None:
        """Setting an attribute of a secret is refused without showing the value set, and changes nothing."""
        secret = Secret("first")
        with pytest.raises(AttributeError, match="_value") as caught:
            secret._value = VALUE
        assert VALUE not in traced(caught.value)
        assert "first" == secret.reveal()

    @pytest.mark.parametrize("name", ["_value", "other"])
    def test_cannot_be_emptied(self, name: str) -> None:
        """Deleting an attribute of a secret is refused and changes nothing."""
        secret = Secret(VALUE)
        with pytest.raises(AttributeError, match=name):
            delattr(secret, name)
        assert VALUE == secret.reveal()
