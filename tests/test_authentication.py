"""
Client authentication methods (RFC 6749 section 2.3).
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
    """Return the client_id and the secret of a Basic header as they are sent."""
    ((name, value),) = fields.headers
    assert name == "Authorization"
    scheme, _, credentials = value.reveal().partition(" ")
    assert scheme == "Basic"
    first, _, second = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    return first, second


class TestBasic:
    """RFC 6749 section 2.3.1."""

    @given(strategies.texts(min_size=1), strategies.texts())
    def test_basic_decodes_to_the_client_id_and_secret(self, client_id: str, secret: str) -> None:
        """A server that decodes both halves, with either reading of '+', gets exactly the client_id and the secret."""
        first, second = decoded(ClientSecretBasic(secret).authenticate(client_id))
        assert (client_id, secret) == (unquote(first), unquote(second))
        assert (client_id, secret) == (unquote_plus(first), unquote_plus(second))
        assert (first + second).isascii()

    @given(strategies.texts(min_size=1), strategies.texts())
    def test_encode_false_sends_raw_values_and_rejects_a_colon_in_the_client_id(
        self, client_id: str, secret: str
    ) -> None:
        """A colon in client_id would move the boundary between client_id and secret (RFC 7617 section 2)."""
        method = ClientSecretBasic(secret, encode=False)
        if ":" in client_id:
            with pytest.raises(errors.InvalidInput, match="':'"):
                method.authenticate(client_id)
        else:
            assert (client_id, secret) == decoded(method.authenticate(client_id))

    def test_basic_sends_nothing_in_the_body(self) -> None:
        """A request uses one client authentication method."""
        assert ClientSecretBasic("sec").authenticate("id").parameters == ()


class TestPost:
    """RFC 6749 section 2.3.1, the alternative."""

    @given(strategies.texts(min_size=1), strategies.texts())
    def test_post_sends_client_id_and_secret_as_parameters(self, client_id: str, secret: str) -> None:
        """The body carries both values unchanged, and there is no header."""
        fields = ClientSecretPost(secret).authenticate(client_id)
        assert fields.parameters == (("client_id", Secret(client_id)), ("client_secret", Secret(secret)))
        assert fields.headers == ()


def test_no_authentication_sends_the_client_id_only() -> None:
    """The only field is the client_id."""
    assert NoAuthentication().authenticate("id") == AuthenticationFields(parameters=(("client_id", Secret("id")),))


class TestTls:
    """RFC 8705 section 2."""

    def test_tls_client_auth_sends_the_client_id_only(self) -> None:
        """The TLS connection authenticates the client, so the body only identifies it."""
        for self_signed in (False, True):
            method = TlsClientAuth(Certificate("A" * 43), self_signed=self_signed)
            assert method.authenticate("id") == AuthenticationFields(parameters=(("client_id", Secret("id")),))

    def test_tls_client_auth_is_equal_by_certificate_and_kind(self) -> None:
        """Records differ by certificate, and by whether it is self-signed."""
        ours, theirs = Certificate("A" * 43), Certificate("B" * 42 + "A")
        assert len({TlsClientAuth(ours), TlsClientAuth(ours), TlsClientAuth(theirs)}) == 2
        assert TlsClientAuth(ours) != TlsClientAuth(ours, self_signed=True)

    @pytest.mark.parametrize("given_", [None, "-----BEGIN PRIVATE KEY-----M4RKER", b"M4RKER", ("M4RKER", "M4RKER")])
    def test_tls_client_auth_rejects_other_types_without_quoting_them(self, given_: Any) -> None:
        """The argument may be a private key."""
        with pytest.raises(
            errors.InvalidInput, match=r"must be a Certificate, not \w+; use Certificate\.from_pem"
        ) as caught:
            TlsClientAuth(given_)
        assert "M4RKER" not in shown_by(caught.value)


ISSUER = "https://as.example"
LONG = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"
KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")


def private_key_jwt(**options: Any) -> PrivateKeyJwt:
    """Return a `PrivateKeyJwt`."""
    return PrivateKeyJwt(KEY, **{"issuer": ISSUER, **options})


def client_secret_jwt(**options: Any) -> ClientSecretJwt:
    """Return a `ClientSecretJwt`."""
    return ClientSecretJwt(LONG, **{"issuer": ISSUER, **options})


@pytest.mark.parametrize("method", [private_key_jwt, client_secret_jwt])
class TestJwt:
    """RFC 7523 section 2.2."""

    def test_jwt_audience_is_the_issuer_unless_an_option_says_otherwise(
        self, method: Callable[..., PrivateKeyJwt | ClientSecretJwt]
    ) -> None:
        """Options for older servers set another audience, typ and lifetime."""
        drafted = method().authenticate("id")
        assert (drafted.client_id, drafted.audience, drafted.typ) == ("id", ISSUER, "client-authentication+jwt")
        assert drafted.lifetime == 60
        drafted = method(audience=f"{ISSUER}/token", typ="JWT", lifetime=300).authenticate("id")
        assert (drafted.audience, drafted.typ, drafted.lifetime) == (f"{ISSUER}/token", "JWT", 300)
        assert method(typ=None).authenticate("id").typ is None

    def test_jwt_methods_are_equal_by_their_fields(
        self, method: Callable[..., PrivateKeyJwt | ClientSecretJwt]
    ) -> None:
        """Each field makes a difference."""
        others = [
            method(),
            method(issuer="https://b.example"),
            method(audience="a"),
            method(typ=None),
            method(lifetime=61),
        ]
        assert len(set(others)) == 5
        assert method() == method()

    @pytest.mark.parametrize("issuer", ["as.example", "http://as.example", "", None, f"{ISSUER}?a"])
    def test_jwt_rejects_an_issuer_outside_rfc_8414(
        self, method: Callable[..., PrivateKeyJwt | ClientSecretJwt], issuer: Any
    ) -> None:
        """An issuer is an https URL without a query; http is allowed on loopback."""
        with pytest.raises(errors.InvalidInput):
            method(issuer=issuer)
        assert method(issuer="http://127.0.0.1:8080").issuer == "http://127.0.0.1:8080"

    @pytest.mark.parametrize("option", [{"audience": ""}, {"audience": ["a"]}, {"typ": "a\n"}, {"typ": 5}])
    def test_jwt_audience_and_typ_must_be_one_text_each(
        self, method: Callable[..., PrivateKeyJwt | ClientSecretJwt], option: dict[str, Any]
    ) -> None:
        """A list of audiences would let another server use the assertion."""
        with pytest.raises(errors.InvalidInput, match=r"^client assertion audience and typ must be text"):
            method(**option)

    @pytest.mark.parametrize("lifetime", [0, -1, 3601, 60.0, True, "60", None])
    def test_jwt_lifetime_must_be_whole_seconds_up_to_an_hour(
        self, method: Callable[..., PrivateKeyJwt | ClientSecretJwt], lifetime: Any
    ) -> None:
        """Other numbers and types are rejected."""
        with pytest.raises(errors.InvalidInput, match="lifetime must be a whole number of seconds from 1 to 3600"):
            method(lifetime=lifetime)


@pytest.mark.parametrize("given_", ["-----BEGIN PRIVATE KEY-----M4RKER", b"M4RKER", {"d": "M4RKER"}, None])
def test_private_key_jwt_rejects_an_unloaded_key_without_quoting_it(given_: Any) -> None:
    """The error of a PEM or JWK in place of a `SigningKey` does not contain the key."""
    with pytest.raises(
        errors.InvalidInput, match=r"^signing key must be a SigningKey, not \w+; use oauth_cc\.jose"
    ) as caught:
        PrivateKeyJwt(given_, ISSUER)
    assert "M4RKER" not in shown_by(caught.value)


def test_client_secret_jwt_rejects_a_short_secret_without_quoting_it() -> None:
    """The error does not contain the secret."""
    with pytest.raises(errors.InvalidInput, match="at least 64 bytes for HS512") as caught:
        ClientSecretJwt("M4RKER" * 8, ISSUER, algorithm="HS512")
    assert "M4RKER" not in shown_by(caught.value)


def test_client_secret_jwt_can_be_evolved() -> None:
    """Its attributes are its constructor's arguments."""
    method = ClientSecretJwt("7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1", ISSUER)
    assert attrs.evolve(method, lifetime=30).lifetime == 30
    assert attrs.evolve(method, lifetime=30).secret == method.secret


class TestClientAssertion:
    """RFC 7521 section 4.2."""

    def test_client_assertion_keeps_source_and_type(self) -> None:
        """The source is a file or a function."""
        method = ClientAssertion(AssertionFile("/run/token"), "urn:example:type")
        assert method.authenticate("id") == AssertionSource(AssertionFile("/run/token"), "urn:example:type", "id")
        assert callable(ClientAssertion(lambda: "a").authenticate("id").source)

    @pytest.mark.parametrize("given_", ["eyJM4RKER", b"M4RKER", None, Secret("M4RKER")])
    def test_client_assertion_rejects_an_assertion_as_its_source(self, given_: Any) -> None:
        """An assertion would be sent again after it expired. The error does not contain it."""
        with pytest.raises(errors.InvalidInput, match="source must be an AssertionFile or a function, not") as caught:
            ClientAssertion(given_)
        assert "M4RKER" not in shown_by(caught.value)

    def test_client_assertion_repr_hides_the_function(self) -> None:
        """The repr of a partial shows its arguments, and the repr of a method its object."""
        method = ClientAssertion(functools.partial(str, "M4RKER"))
        assert repr(method) == f"ClientAssertion(source=<function>, assertion_type='{method.assertion_type}')"
        assert "path='/run/token'" in repr(ClientAssertion(AssertionFile("/run/token")))

    @pytest.mark.parametrize("type_", ["jwt-bearer", "", None])
    def test_assertion_type_must_be_an_absolute_uri(self, type_: Any) -> None:
        """Other values are rejected."""
        with pytest.raises(errors.InvalidInput, match=r"^client_assertion_type must be an absolute URI"):
            ClientAssertion(lambda: "a", type_)


@pytest.mark.parametrize("method", [ClientSecretBasic, ClientSecretPost])
class TestSecret:
    """RFC 6749 appendix A.2."""

    def test_str_and_secret_make_equal_records(self, method: type[ClientSecretBasic]) -> None:
        """The records are equal and hash equally."""
        assert method("sec") == method(Secret("sec"))
        assert hash(method("sec")) == hash(method(Secret("sec")))
        assert method("sec") != method("other")

    def test_redacted_text_is_rejected_as_a_secret(self, method: type[ClientSecretBasic]) -> None:
        """Type checkers do not report an accidental str(secret)."""
        with pytest.raises(errors.InvalidInput, match="pass the Secret object instead of"):
            method(str(Secret("sec")))

    @pytest.mark.parametrize("secret", ["a\n", "a\r", "a\r\n"])
    def test_secret_with_a_trailing_newline_is_rejected(self, method: type[ClientSecretBasic], secret: str) -> None:
        """The error says to strip it."""
        with pytest.raises(errors.InvalidInput, match=r"^client_secret must not end with a newline; strip it"):
            method(secret)

    @pytest.mark.parametrize("secret", ["a\tb", "\0", "\x7f", "\x9f", "\ud800"])
    def test_secret_with_a_control_character_is_rejected(self, method: type[ClientSecretBasic], secret: str) -> None:
        """So is one with a lone surrogate, in a Secret as in a str."""
        for given_ in (secret, Secret(secret)):
            with pytest.raises(errors.InvalidInput, match="control character"):
                method(given_)

    @pytest.mark.parametrize("secret", [None, 5, b"sec", True, ["sec"]])
    def test_secret_of_another_type_is_rejected(self, method: type[ClientSecretBasic], secret: Any) -> None:
        """No value is converted to text."""
        with pytest.raises(errors.InvalidInput, match=r"^client_secret must be a str or Secret, not"):
            method(secret)


class TestFields:
    """RFC 6749 section 2.3: one client authentication method per request."""

    @pytest.mark.parametrize(
        ("headers", "parameters"),
        [
            (["authorization"], ["client_secret"]),
            (["Authorization"], ["client_assertion"]),
            ([], ["client_secret", "client_assertion"]),
            (["Authorization", "authorization"], []),
        ],
    )
    def test_two_methods_in_one_request_are_rejected(self, headers: list[str], parameters: list[str]) -> None:
        """The error names both."""
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
    def test_illegal_fields_are_rejected(
        self, headers: list[tuple[str, str]], parameters: list[tuple[str, str]]
    ) -> None:
        """The error does not contain the value."""
        first, second = [tuple((name, Secret(value)) for name, value in pairs) for pairs in (headers, parameters)]
        with pytest.raises(errors.InvalidInput, match="must not repeat a field, or have one that is illegal"):
            AuthenticationFields(first, second)

    def test_field_values_must_be_secrets(self) -> None:
        """A plain str would appear in logs."""
        open_: Any = (("X-Api-Key", "k3y"),)
        for fields in ({"headers": open_}, {"parameters": open_}):
            with pytest.raises(errors.InvalidInput, match="must have a Secret as the value of every field"):
                AuthenticationFields(**fields)
