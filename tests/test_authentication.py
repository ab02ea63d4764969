"""
Ways of client authentication, RFC 6749 section 2.3.
"""

import base64
from typing import Any
from urllib.parse import unquote, unquote_plus

import pytest
from hypothesis import given

from oauth_cc import Certificate, ClientSecretBasic, ClientSecretPost, NoAuthentication, Secret, TlsClientAuth, errors
from oauth_cc.authentication import AuthenticationFields
from tests import strategies
from tests.leaks import shown_by


def decoded(fields: AuthenticationFields) -> tuple[str, str]:
    """Gives the two halves of a Basic field as they stand before ':' and after it."""
    ((name, value),) = fields.headers
    assert name == "Authorization"
    scheme, _, credentials = value.reveal().partition(" ")
    assert scheme == "Basic"
    first, _, second = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    return first, second


class TestBasic:
    """RFC 6749 section 2.3.1."""

    @given(strategies.texts(min_size=1), strategies.texts())
    def test_decodes_to_what_went_in(self, client_id: str, secret: str) -> None:
        """A server that decodes the halves, with either reading of '+', gets exactly the id and the secret."""
        first, second = decoded(ClientSecretBasic(secret).authenticate(client_id))
        assert (client_id, secret) == (unquote(first), unquote(second))
        assert (client_id, secret) == (unquote_plus(first), unquote_plus(second))
        assert (first + second).isascii()

    @given(strategies.texts(min_size=1), strategies.texts())
    def test_unencoded(self, client_id: str, secret: str) -> None:
        """A server that never decodes gets them raw, unless a colon would move the border (RFC 7617 section 2)."""
        way = ClientSecretBasic(secret, encode=False)
        if ":" in client_id:
            with pytest.raises(errors.InvalidAuthentication, match="':'"):
                way.authenticate(client_id)
        else:
            assert (client_id, secret) == decoded(way.authenticate(client_id))

    def test_nothing_in_the_body(self) -> None:
        """The body carries no credentials: one way in a request."""
        assert ClientSecretBasic("sec").authenticate("id").parameters == ()


class TestPost:
    """RFC 6749 section 2.3.1, the alternative."""

    @given(strategies.texts(min_size=1), strategies.texts())
    def test_parameters(self, client_id: str, secret: str) -> None:
        """Id and secret are parameters as they are, and no header."""
        fields = ClientSecretPost(secret).authenticate(client_id)
        assert fields.parameters == (("client_id", Secret(client_id)), ("client_secret", Secret(secret)))
        assert fields.headers == ()


def test_no_authentication() -> None:
    """The client is named and proves nothing."""
    assert NoAuthentication().authenticate("id") == AuthenticationFields(parameters=(("client_id", Secret("id")),))


class TestTls:
    """RFC 8705 section 2."""

    def test_fields(self) -> None:
        """The client is named in the body, and nothing else: the connection proves the rest."""
        for self_signed in (False, True):
            way = TlsClientAuth(Certificate("A" * 43), self_signed=self_signed)
            assert way.authenticate("id") == AuthenticationFields(parameters=(("client_id", Secret("id")),))

    def test_value(self) -> None:
        """Two are the same if their certificates are, and what the server knows of them."""
        ours, theirs = Certificate("A" * 43), Certificate("B" * 42 + "A")
        assert len({TlsClientAuth(ours), TlsClientAuth(ours), TlsClientAuth(theirs)}) == 2
        assert TlsClientAuth(ours) != TlsClientAuth(ours, self_signed=True)

    @pytest.mark.parametrize("given_", [None, "-----BEGIN PRIVATE KEY-----M4RKER", b"M4RKER", ("M4RKER", "M4RKER")])
    def test_no_certificate(self, given_: Any) -> None:
        """What is given in its place is refused, and never shown: it may be the key."""
        with pytest.raises(errors.InvalidCertificate, match=r"give Certificate.from_pem\(\.\.\.\), not ") as caught:
            TlsClientAuth(given_)
        assert "M4RKER" not in shown_by(caught.value)


@pytest.mark.parametrize("way", [ClientSecretBasic, ClientSecretPost])
class TestSecret:
    """RFC 6749 appendix A.2."""

    def test_str_or_secret(self, way: type[ClientSecretBasic]) -> None:
        """A str and a Secret make the same record."""
        assert way("sec") == way(Secret("sec"))
        assert hash(way("sec")) == hash(way(Secret("sec")))
        assert way("sec") != way("other")

    @pytest.mark.parametrize("secret", ["a\n", "a\r", "a\r\n"])
    def test_newline(self, way: type[ClientSecretBasic], secret: str) -> None:
        """A newline at the end gets the advice to strip it."""
        with pytest.raises(errors.InvalidClientSecret, match="ends with a newline: strip it"):
            way(secret)

    @pytest.mark.parametrize("secret", ["a\tb", "\0", "\x7f", "\x9f", "\ud800"])
    def test_control(self, way: type[ClientSecretBasic], secret: str) -> None:
        """Control characters and half surrogate pairs are refused, in a Secret as in a str."""
        for given_ in (secret, Secret(secret)):
            with pytest.raises(errors.InvalidClientSecret, match="control character"):
                way(given_)

    @pytest.mark.parametrize("secret", [None, 5, b"sec", True, ["sec"]])
    def test_no_text(self, way: type[ClientSecretBasic], secret: Any) -> None:
        """Nothing is turned into text."""
        with pytest.raises(errors.InvalidClientSecret, match="give it as a str"):
            way(secret)


class TestFields:
    """RFC 6749 section 2.3: one way in each request."""

    @pytest.mark.parametrize(
        ("headers", "parameters"),
        [
            (["authorization"], ["client_secret"]),
            (["Authorization"], ["client_assertion"]),
            ([], ["client_secret", "client_assertion"]),
            (["Authorization", "authorization"], []),
        ],
    )
    def test_two_ways(self, headers: list[str], parameters: list[str]) -> None:
        """Two ways at once are refused, and both are named."""
        first, second = [tuple((name, Secret("x")) for name in names) for names in (headers, parameters)]
        with pytest.raises(errors.InvalidAuthentication) as caught:
            AuthenticationFields(first, second)
        assert all(name in str(caught.value) for name in (*headers, *parameters))

    @pytest.mark.parametrize(
        ("headers", "parameters"),
        [
            ([("a b", "x")], []),
            ([("a", "x\r\nb: c")], []),
            ([], [("a b", "x")]),
            ([], [("a", "\ud800")]),
            ([], [("a", "x"), ("a", "y")]),
        ],
    )
    def test_illegal(self, headers: list[tuple[str, str]], parameters: list[tuple[str, str]]) -> None:
        """A field that no message can hold is refused without being shown."""
        first, second = [tuple((name, Secret(value)) for name, value in pairs) for pairs in (headers, parameters)]
        with pytest.raises(errors.InvalidAuthentication, match="gives a field twice, or one that no HTTP message"):
            AuthenticationFields(first, second)
