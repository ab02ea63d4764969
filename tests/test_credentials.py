"""
ClientCredentials, RFC 6749 section 2.
"""

from typing import Any
from unittest.mock import create_autospec

import attrs
import pytest
from hypothesis import given

from oauth_cc import ClientCredentials, ClientSecretBasic, ClientSecretPost, NoAuthentication, Secret, errors
from oauth_cc.authentication import AuthenticationFields, ClientAuthentication
from tests import strategies


def test_a_plain_string_means_basic() -> None:
    """A str or Secret is a client secret sent by Basic."""
    expected = ClientCredentials("id", ClientSecretBasic("sec"))
    assert expected == ClientCredentials("id", "sec")
    assert expected == ClientCredentials("id", Secret("sec"))
    assert hash(expected) == hash(ClientCredentials("id", "sec"))


def test_by_value() -> None:
    """Credentials differ if the id or the way of authentication does."""
    ways: list[str | ClientAuthentication] = [
        "sec",
        "other",
        ClientSecretPost("sec"),
        NoAuthentication(),
        ClientSecretBasic("sec", encode=False),
    ]
    records = [ClientCredentials(client_id, way) for client_id in ("id", "other") for way in ways]
    records += [ClientCredentials(client_id) for client_id in ("id", "other")]
    assert len(records) == len(set(records))


@pytest.mark.parametrize("record", [ClientCredentials("id"), ClientCredentials("id", "sec")], ids=["alone", "proved"])
def test_evolved(record: ClientCredentials) -> None:
    """Another id leaves the way of authentication as it is, and so it does if there is none."""
    other = attrs.evolve(record, client_id="other")
    assert (other.client_id, other.authentication) == ("other", record.authentication)


@given(strategies.texts(min_size=1))
def test_any_text_is_an_id(client_id: str) -> None:
    """An id is kept as it was given, whatever text it is."""
    assert ClientCredentials(client_id).client_id == client_id


@pytest.mark.parametrize("client_id", [5, None, True, b"id", ["id"], "", "a\n", "\0", "\udc80"])
def test_bad_id(client_id: Any) -> None:
    """An id that is no text, empty, or holds control characters is refused, with or without a secret."""
    with pytest.raises(errors.InvalidInput):
        ClientCredentials(client_id)
    with pytest.raises(errors.InvalidInput):
        ClientCredentials(client_id, "sec")


@pytest.mark.parametrize("way", [5, 0.5, True, object(), ClientSecretPost, ["sec"], {}])
def test_bad_way(way: Any) -> None:
    """What is no way of authentication is refused, a class in place of a record included."""
    with pytest.raises(errors.InvalidInput, match="is no way of authentication: give a client secret"):
        ClientCredentials("id", way)


def test_a_way_that_is_awaited() -> None:
    """Composing is pure: nothing awaits."""

    class Mine:
        async def authenticate(self, client_id: str) -> AuthenticationFields:
            raise NotImplementedError

    way: Any = Mine()
    with pytest.raises(errors.InvalidInput, match=r"Mine\.authenticate\(\) is awaited by nobody"):
        ClientCredentials("id", way)


def test_a_way_that_is_a_mock() -> None:
    """In tests of their own, users give what stands for a way."""
    way = create_autospec(ClientSecretPost("sec"), instance=True)
    assert ClientCredentials("id", way).authentication is way


@pytest.mark.parametrize("secret", ["", Secret("")], ids=["str", "Secret"])
def test_an_empty_secret_is_refused_unless_it_is_meant(secret: str | Secret) -> None:
    """Most often it comes from a setting that is not there; a record says that it is meant."""
    with pytest.raises(errors.InvalidInput, match=r"must not be empty \(is an environment variable unset\?\)"):
        ClientCredentials("id", secret)
    assert ClientCredentials("id", ClientSecretBasic(secret)).authentication == ClientSecretBasic("")
    assert ClientCredentials("id").authentication is None


def test_an_id_that_is_a_secret_made_text() -> None:
    """Whatever formats one."""
    with pytest.raises(errors.InvalidInput, match="is a Secret made text"):
        ClientCredentials(f"{Secret('id')}", "sec")


def test_bad_secret() -> None:
    """A secret that cannot be one is refused here already."""
    with pytest.raises(errors.InvalidInput, match="ends with a newline"):
        ClientCredentials("id", "sec\n")


def test_bytes() -> None:
    """A secret given as bytes gets the advice to decode it."""
    secret: Any = b"sec"
    with pytest.raises(errors.InvalidInput, match="decode the bytes"):
        ClientCredentials("id", secret)


def test_frozen() -> None:
    """Nothing can be assigned."""
    credentials: Any = ClientCredentials("id", "sec")
    with pytest.raises(AttributeError):
        credentials.client_id = "other"
    with pytest.raises(AttributeError):
        credentials.unknown = "x"
