"""
Ways of client authentication, RFC 6749 section 2.3.
"""

import base64
import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, unquote_plus

import attrs
import pytest
from hypothesis import given

from oauth_cc import (
    AssertionFile,
    Certificate,
    ClientAssertion,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoAuthentication,
    PrivateKeyJwt,
    Secret,
    SigningKey,
    TlsClientAuth,
    errors,
)
from oauth_cc.authentication import AssertionSource, AuthenticationFields
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
            with pytest.raises(errors.InvalidInput, match="':'"):
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
        with pytest.raises(errors.InvalidInput, match=r"give Certificate.from_pem\(\.\.\.\), not ") as caught:
            TlsClientAuth(given_)
        assert "M4RKER" not in shown_by(caught.value)


ISSUER = "https://as.example"
LONG = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"
KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")


def private_key_jwt(**options: Any) -> PrivateKeyJwt:
    """Gives the way of a private key."""
    return PrivateKeyJwt(KEY, **{"issuer": ISSUER, **options})


def client_secret_jwt(**options: Any) -> ClientSecretJwt:
    """Gives the way of a secret that keys an HMAC."""
    return ClientSecretJwt(LONG, **{"issuer": ISSUER, **options})


@pytest.mark.parametrize("way", [private_key_jwt, client_secret_jwt])
class TestJwt:
    """RFC 7523 section 2.2."""

    def test_draft(self, way: Callable[..., PrivateKeyJwt | ClientSecretJwt]) -> None:
        """The audience is the issuer; older servers' wishes are options."""
        drafted = way().authenticate("id")
        assert (drafted.client_id, drafted.audience, drafted.typ) == ("id", ISSUER, "client-authentication+jwt")
        assert drafted.lifetime == 60
        drafted = way(audience=f"{ISSUER}/token", typ="JWT", lifetime=300).authenticate("id")
        assert (drafted.audience, drafted.typ, drafted.lifetime) == (f"{ISSUER}/token", "JWT", 300)
        assert way(typ=None).authenticate("id").typ is None

    def test_value(self, way: Callable[..., PrivateKeyJwt | ClientSecretJwt]) -> None:
        """Equal by all that they are made of."""
        others = [way(), way(issuer="https://b.example"), way(audience="a"), way(typ=None), way(lifetime=61)]
        assert len(set(others)) == 5
        assert way() == way()

    @pytest.mark.parametrize("issuer", ["as.example", "http://as.example", "", None, f"{ISSUER}?a"])
    def test_issuer(self, way: Callable[..., PrivateKeyJwt | ClientSecretJwt], issuer: Any) -> None:
        """A URL as RFC 8414 has it; http is for this machine."""
        with pytest.raises(errors.InvalidInput):
            way(issuer=issuer)
        assert way(issuer="http://127.0.0.1:8080").issuer == "http://127.0.0.1:8080"

    @pytest.mark.parametrize("option", [{"audience": ""}, {"audience": ["a"]}, {"typ": "a\n"}, {"typ": 5}])
    def test_texts(self, way: Callable[..., PrivateKeyJwt | ClientSecretJwt], option: dict[str, Any]) -> None:
        """One string each: a list of audiences would let another server use the assertion."""
        with pytest.raises(errors.InvalidInput, match="give audience and typ as text"):
            way(**option)

    @pytest.mark.parametrize("lifetime", [0, -1, 3601, 60.0, True, "60", None])
    def test_lifetime(self, way: Callable[..., PrivateKeyJwt | ClientSecretJwt], lifetime: Any) -> None:
        """Whole seconds, up to an hour."""
        with pytest.raises(errors.InvalidInput, match="1 to 3600 whole seconds"):
            way(lifetime=lifetime)


@pytest.mark.parametrize("given_", ["-----BEGIN PRIVATE KEY-----M4RKER", b"M4RKER", {"d": "M4RKER"}, None])
def test_no_signing_key(given_: Any) -> None:
    """A key that was not read is not shown."""
    with pytest.raises(errors.InvalidInput, match=r"oauth_cc\.jose makes one of PEM") as caught:
        PrivateKeyJwt(given_, ISSUER)
    assert "M4RKER" not in shown_by(caught.value)


def test_a_secret_that_keys_no_hmac() -> None:
    """Its fault is that of the key, without the secret."""
    with pytest.raises(errors.InvalidInput, match="too short for HS512") as caught:
        ClientSecretJwt("M4RKER" * 8, ISSUER, algorithm="HS512")
    assert "M4RKER" not in shown_by(caught.value)


def test_secret_jwt_evolves() -> None:
    """Its fields are what it is made of."""
    way = ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", ISSUER)
    assert attrs.evolve(way, lifetime=30).lifetime == 30
    assert attrs.evolve(way, lifetime=30).key == way.key


class TestClientAssertion:
    """RFC 7521 section 4.2."""

    def test_source(self) -> None:
        """A file or a function, and a type."""
        way = ClientAssertion(AssertionFile("/run/token"), "urn:example:type")
        assert way.authenticate("id") == AssertionSource(AssertionFile("/run/token"), "urn:example:type", "id")
        assert callable(ClientAssertion(lambda: "a").authenticate("id").source)

    @pytest.mark.parametrize("given_", ["eyJM4RKER", b"M4RKER", None, Secret("M4RKER")])
    def test_no_source(self, given_: Any) -> None:
        """An assertion in its place would be sent for ever, and is not shown."""
        with pytest.raises(errors.InvalidInput, match=r"give AssertionFile\('\.\.\.'\) or a function") as caught:
            ClientAssertion(given_)
        assert "M4RKER" not in shown_by(caught.value)

    def test_what_a_function_holds_is_not_shown(self) -> None:
        """A partial shows its arguments, and a method its object."""
        way = ClientAssertion(functools.partial(str, "M4RKER"))
        assert repr(way) == f"ClientAssertion(source=<function>, assertion_type='{way.assertion_type}')"
        assert "path='/run/token'" in repr(ClientAssertion(AssertionFile("/run/token")))

    @pytest.mark.parametrize("type_", ["jwt-bearer", "", None])
    def test_type(self, type_: Any) -> None:
        """An absolute URI."""
        with pytest.raises(errors.InvalidInput, match="give an absolute URI"):
            ClientAssertion(lambda: "a", type_)


@pytest.mark.parametrize("way", [ClientSecretBasic, ClientSecretPost])
class TestSecret:
    """RFC 6749 appendix A.2."""

    def test_str_or_secret(self, way: type[ClientSecretBasic]) -> None:
        """A str and a Secret make the same record."""
        assert way("sec") == way(Secret("sec"))
        assert hash(way("sec")) == hash(way(Secret("sec")))
        assert way("sec") != way("other")

    def test_redaction(self, way: type[ClientSecretBasic]) -> None:
        """A Secret that was made text is no secret any more; checkers see nothing wrong."""
        with pytest.raises(errors.InvalidInput, match="give the Secret itself"):
            way(str(Secret("sec")))

    @pytest.mark.parametrize("secret", ["a\n", "a\r", "a\r\n"])
    def test_newline(self, way: type[ClientSecretBasic], secret: str) -> None:
        """A newline at the end gets the advice to strip it."""
        with pytest.raises(errors.InvalidInput, match="ends with a newline: strip it"):
            way(secret)

    @pytest.mark.parametrize("secret", ["a\tb", "\0", "\x7f", "\x9f", "\ud800"])
    def test_control(self, way: type[ClientSecretBasic], secret: str) -> None:
        """Control characters and half surrogate pairs are refused, in a Secret as in a str."""
        for given_ in (secret, Secret(secret)):
            with pytest.raises(errors.InvalidInput, match="control character"):
                way(given_)

    @pytest.mark.parametrize("secret", [None, 5, b"sec", True, ["sec"]])
    def test_no_text(self, way: type[ClientSecretBasic], secret: Any) -> None:
        """Nothing is turned into text."""
        with pytest.raises(errors.InvalidInput, match="give it as a str"):
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
        with pytest.raises(errors.InvalidInput) as caught:
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
        with pytest.raises(errors.InvalidInput, match="gives a field twice, or one that no HTTP message"):
            AuthenticationFields(first, second)

    def test_in_the_open(self) -> None:
        """A value that is no Secret would be shown."""
        open_: Any = (("X-Api-Key", "k3y"),)
        for fields in ({"headers": open_}, {"parameters": open_}):
            with pytest.raises(errors.InvalidInput, match="give the value of each field as a Secret"):
                AuthenticationFields(**fields)
