"""
Secret, whose value only `reveal` returns.
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

# A Secret may be any str, lone surrogates included. Records reject what they cannot send.
any_text = st.one_of(strategies.texts(), st.text(st.characters()))


@attrs.frozen
class Record:
    """A caller's record with a secret."""

    name: str
    secret: Secret


def untyped(value: object) -> Any:
    """Return *value* with the type that an unchecked program sees."""
    return value


def traced(error: BaseException) -> str:
    """Return the traceback of *error* with all local variables, as crash reporters print it."""
    trace = traceback.TracebackException(type(error), error, error.__traceback__, capture_locals=True)
    return "".join(trace.format())


class TestShowsNothing:
    @pytest.mark.parametrize("show", [repr, str, format, ascii, pprint.pformat, "{}".format, "{!r:>13}".format])
    def test_every_text_of_a_secret_is_the_redaction(self, show: Any) -> None:
        """No conversion to text shows the value."""
        assert SHOWN == show(Secret(VALUE))

    @given(any_text)
    @example("")
    @example("***")
    def test_the_redaction_is_the_same_for_every_value(self, value: str) -> None:
        """It does not even show the length."""
        assert (SHOWN, SHOWN, SHOWN) == (repr(Secret(value)), str(Secret(value)), f"{Secret(value)}")

    def test_a_format_specification_raises_an_error(self) -> None:
        """It could cut or pad the value."""
        with pytest.raises(TypeError) as caught:
            format(Secret(VALUE), ">20")
        assert VALUE not in traced(caught.value)

    @pytest.mark.parametrize("given_value", [Secret(VALUE), {"a": [Secret(VALUE)]}], ids=["alone", "nested"])
    def test_json_rejects_a_secret(self, given_value: object) -> None:
        """The error does not show it."""
        with pytest.raises(TypeError) as caught:
            json.dumps(given_value)
        assert VALUE not in traced(caught.value)

    def test_json_with_default_str_writes_the_redaction(self) -> None:
        """Many programs pass such a default."""
        assert json.dumps(SHOWN) == json.dumps(Secret(VALUE), default=str)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_a_secret_cannot_be_pickled(self, protocol: int) -> None:
        """The error does not show it, in any protocol, alone or in a record."""
        for holder in (Secret(VALUE), Record("a", Secret(VALUE))):
            with pytest.raises(TypeError, match="cannot be pickled") as caught:
                pickle.dumps(holder, protocol)
            assert VALUE not in traced(caught.value)

    def test_attrs_asdict_keeps_the_secret_hidden(self) -> None:
        """`attrs.astuple` does, too."""
        record = Record("a", Secret(VALUE))
        assert {"name": "a", "secret": Secret(VALUE)} == attrs.asdict(record)
        assert VALUE not in f"{attrs.asdict(record)} {attrs.astuple(record)} {record}"

    def test_a_secret_is_its_own_copy(self) -> None:
        """The copy may be shallow or deep, alone or in a record."""
        secret = Secret(VALUE)
        copies = [copy.copy(secret), copy.deepcopy(secret), copy.deepcopy(Record("a", secret)).secret]
        assert all(secret is made for made in copies)
        assert VALUE not in repr(copies)

    def test_a_traceback_with_local_variables_shows_the_redaction(self) -> None:
        """Crash reporters print such tracebacks."""
        secret = Secret(VALUE)
        try:
            raise LookupError(secret)
        except LookupError as error:
            shown = traced(error)
        assert f"secret = {SHOWN}" in shown
        assert VALUE not in shown

    def test_a_log_record_shows_the_redaction(self, caplog: pytest.LogCaptureFixture) -> None:
        """A secret in a list is redacted, too."""
        logging.getLogger("tests").warning("sent %s and %r", Secret(VALUE), [Secret(VALUE)])
        assert [f"sent {SHOWN} and [{SHOWN}]"] == caplog.messages

    def test_a_secret_has_no_dict(self) -> None:
        """Debuggers and `vars` could list it."""
        with pytest.raises(TypeError):
            vars(Secret(VALUE))


class TestReveals:
    @given(any_text)
    @example("")
    @example("\ud800")
    @example("e\u0301")
    def test_reveal_returns_the_value_unchanged(self, value: str) -> None:
        """No code point changes."""
        assert value == Secret(value).reveal()


class TestTakesOnlyText:
    @pytest.mark.parametrize("value", [b"s3cret-value", None, 5, ["s3cret-value"], Secret(VALUE)], ids=repr)
    def test_a_value_that_is_not_a_str_is_rejected_and_not_shown(self, value: object) -> None:
        """Neither the text nor the frames of the error show it."""
        with pytest.raises(InvalidInput, match=f"^secret must be a str, not {type(value).__name__}$") as caught:
            Secret(untyped(value))
        inside = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[-1]
        assert "__init__" == inside.name
        assert VALUE not in f"{caught.value!r} {inside.locals}"


class TestIsAValue:
    @given(any_text, any_text)
    @example("é", "e\u0301")
    @example("\ud800", "\udfff")
    @example("a", "a\x00")
    def test_secrets_are_equal_exactly_if_their_values_are(self, left: str, right: str) -> None:
        """Equal secrets have equal hashes."""
        assert (left == right) == (Secret(left) == Secret(right))
        assert Secret(left) == Secret(left)
        assert hash(Secret(left)) == hash(Secret(left))

    @pytest.mark.parametrize("stranger", [VALUE, VALUE.encode(), None, SHOWN], ids=repr)
    def test_a_secret_is_not_equal_to_a_str(self, stranger: object) -> None:
        """Comparing with texts finds no secret."""
        assert stranger != Secret(VALUE)
        assert 2 == len({Secret(VALUE), stranger})

    def test_an_attribute_of_a_secret_cannot_be_set(self) -> None:
        """The error does not show the new value."""
        secret = Secret("first")
        with pytest.raises(AttributeError, match="_value") as caught:
            secret._value = VALUE
        assert VALUE not in traced(caught.value)
        assert "first" == secret.reveal()

    @pytest.mark.parametrize("name", ["_value", "other"])
    def test_an_attribute_of_a_secret_cannot_be_deleted(self, name: str) -> None:
        """The secret keeps its value."""
        secret = Secret(VALUE)
        with pytest.raises(AttributeError, match=name):
            delattr(secret, name)
        assert VALUE == secret.reveal()
