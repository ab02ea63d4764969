"""
ClientCredentials (RFC 6749 section 2).
"""

from typing import Any
from unittest.mock import create_autospec

import attrs
import pytest
from hypothesis import given

from oauth_cc import ClientCredentials, ClientSecretBasic, ClientSecretPost, NoAuthentication, Secret, errors
from oauth_cc.authentication import AuthenticationFields, ClientAuthentication
from tests import strategies


def test_a_plain_str_is_a_secret_sent_by_basic() -> None:
    """So is a `Secret`."""
    expected = ClientCredentials("id", ClientSecretBasic("sec"))
    assert expected == ClientCredentials("id", "sec")
    assert expected == ClientCredentials("id", Secret("sec"))
    assert hash(expected) == hash(ClientCredentials("id", "sec"))


def test_credentials_are_equal_by_client_id_and_method() -> None:
    """Either of them makes a difference."""
    methods: list[str | ClientAuthentication] = [
        "sec",
        "other",
        ClientSecretPost("sec"),
        NoAuthentication(),
        ClientSecretBasic("sec", encode=False),
    ]
    records = [ClientCredentials(client_id, method) for client_id in ("id", "other") for method in methods]
    records += [ClientCredentials(client_id) for client_id in ("id", "other")]
    assert len(records) == len(set(records))


@pytest.mark.parametrize("record", [ClientCredentials("id"), ClientCredentials("id", "sec")], ids=["alone", "secret"])
def test_evolving_the_client_id_keeps_the_authentication(record: ClientCredentials) -> None:
    """So it does without authentication."""
    other = attrs.evolve(record, client_id="other")
    assert (other.client_id, other.authentication) == ("other", record.authentication)


@given(strategies.texts(min_size=1))
def test_any_text_is_a_client_id(client_id: str) -> None:
    """The text is kept unchanged."""
    assert ClientCredentials(client_id).client_id == client_id


@pytest.mark.parametrize("client_id", [5, None, True, b"id", ["id"], "", "a\n", "\0", "\udc80"])
def test_an_illegal_client_id_is_rejected(client_id: Any) -> None:
    """It is empty, not text, or contains a control character; with and without a secret."""
    with pytest.raises(errors.InvalidInput):
        ClientCredentials(client_id)
    with pytest.raises(errors.InvalidInput):
        ClientCredentials(client_id, "sec")


@pytest.mark.parametrize("method", [5, 0.5, True, object(), ["sec"], {}])
def test_an_object_that_is_not_a_method_is_rejected(method: Any) -> None:
    """The error says what is."""
    with pytest.raises(
        errors.InvalidInput, match=r"must be a secret or a record such as ClientSecretBasic\('\.\.\.'\), not"
    ):
        ClientCredentials("id", method)


def test_the_class_of_a_method_is_rejected() -> None:
    """The error says how to make an instance."""
    with pytest.raises(errors.InvalidInput, match=r"must not be the class ClientSecretPost; call it: ClientSecretPost"):
        ClientCredentials("id", ClientSecretPost)  # type: ignore[arg-type]


def test_an_async_authenticate_is_rejected() -> None:
    """Requests are composed by pure functions, which do not await."""

    class Mine:
        async def authenticate(self, client_id: str) -> AuthenticationFields:
            raise NotImplementedError

    method: Any = Mine()
    with pytest.raises(errors.InvalidInput, match="method Mine must not be async; pass a coroutine function"):
        ClientCredentials("id", method)


def test_a_mock_of_a_method_is_accepted() -> None:
    """Users pass mocks in tests of their own."""
    method = create_autospec(ClientSecretPost("sec"), instance=True)
    assert ClientCredentials("id", method).authentication is method


@pytest.mark.parametrize("secret", ["", Secret("")], ids=["str", "Secret"])
def test_an_empty_secret_is_rejected_unless_it_is_explicit(secret: str | Secret) -> None:
    """An empty secret usually comes from an unset setting. ClientSecretBasic('') is explicit."""
    with pytest.raises(
        errors.InvalidInput, match=r"^client_secret must not be empty \(is an environment variable unset\?\)"
    ):
        ClientCredentials("id", secret)
    assert ClientCredentials("id", ClientSecretBasic(secret)).authentication == ClientSecretBasic("")
    assert ClientCredentials("id").authentication is None


def test_a_redacted_client_id_is_rejected() -> None:
    """A client_id formatted from a `Secret` is an accident."""
    with pytest.raises(
        errors.InvalidInput, match=r"^client_id is the redacted text of a Secret; pass it as a plain str"
    ):
        ClientCredentials(f"{Secret('id')}", "sec")


def test_an_illegal_secret_is_rejected() -> None:
    """The constructor checks a plain secret like `ClientSecretBasic`."""
    with pytest.raises(errors.InvalidInput, match="must not end with a newline"):
        ClientCredentials("id", "sec\n")


def test_a_secret_of_bytes_is_rejected() -> None:
    """The error says to decode it."""
    secret: Any = b"sec"
    with pytest.raises(errors.InvalidInput, match="not bytes; decode it first"):
        ClientCredentials("id", secret)


def test_credentials_are_frozen() -> None:
    """No attribute can be assigned."""
    credentials: Any = ClientCredentials("id", "sec")
    with pytest.raises(AttributeError):
        credentials.client_id = "other"
    with pytest.raises(AttributeError):
        credentials.unknown = "x"
