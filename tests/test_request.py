"""
The token request: builders and composing, with the vectors of cases/requests.json.
"""

import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth2 import BackendApplicationClient

from oauth_cc import (
    Certificate,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
    Dialect,
    Endpoint,
    HttpRequest,
    NoAuthentication,
    PrivateKeyJwt,
    Scope,
    Secret,
    SecretFile,
    SigningKey,
    TlsClientAuth,
    TokenRequest,
    compose_body,
    errors,
    http_request,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import AuthenticationFields, JwtBearerGrant, SecretSource
from oauth_cc.dialect import Placement
from oauth_cc.request import as_request
from tests import strategies
from tests.bound import bound_key
from tests.leaks import shown_by
from tests.vectors import Case, load, value

ENDPOINT = "https://as.example/token"

PARAMETERS = {
    "invalid_client_id": {"client_id"},
    "invalid_client_secret": {"client_secret"},
    "unsupported_auth_method": {"client authentication"},
    "missing_credentials": {"client authentication"},
    "invalid_scope": {"scope"},
    "invalid_resource": {"resource"},
    "invalid_authorization_details": {"authorization_details"},
}
"""The parameter that an error names, by the kind of the vectors. Other kinds name the parameter passed."""


class Magic:
    """An object that is not a client authentication method."""


WAYS: dict[str, Any] = {
    "client_secret_basic": lambda secret: secret or ClientSecretBasic(secret),
    "client_secret_post": ClientSecretPost,
    "client_secret_magic": lambda _: Magic(),
}


def build(given: dict[str, Any]) -> TokenRequest:
    """Return the request that *given*, the input of a vector, describes."""
    credentials = ClientCredentials(given["client_id"], WAYS[given["auth"]](given["client_secret"]))
    request = token_request(credentials, scope(given.get("scope")))
    for uri in given.get("resource", ()):
        request = request.with_resource(uri)
    if "authorization_details" in given:
        request = request.with_authorization_details(*given["authorization_details"])
    if "body" in given:
        request = request.with_body(given["body"])
    return request.with_parameters(given.get("extra", ()))


def scope(given: Any) -> Any:
    """Return the scope of a vector, made from a str, a list or a set."""
    if given is None:
        return Scope()
    if isinstance(given, str):
        return Scope.parse(given)
    if isinstance(given, set | frozenset):
        return Scope.of(*sorted(given))
    return Scope.of(*given) if isinstance(given, list | tuple) else given


@pytest.mark.parametrize("case", load("requests.json"), ids=lambda case: case.name)
def test_a_vector_is_composed_or_rejected_without_showing_its_secret(case: Case) -> None:
    """The body is exactly that of the vector."""
    given = value(case.data["input"])
    if case.expect["outcome"] == "ok":
        check_composed(case, build(given), given.get("endpoint", ENDPOINT))
        return
    for hidden in case.expect.get("str_excludes", ()):
        # One vector hides "sec", which is part of the word client_secret. Use another value of the same form.
        given["client_secret"] = given["client_secret"].replace(hidden, f"Q{hidden}7")
    with pytest.raises(errors.InvalidInput) as caught:
        build(given)
    named = [name for kind in case.kinds for name in PARAMETERS.get(kind, ())]
    assert caught.value.parameter in named or not named
    for hidden in case.expect.get("str_excludes", ()):
        assert f"Q{hidden}7" not in str(caught.value)
        assert f"Q{hidden}7" not in repr(caught.value)


def check_composed(case: Case, request: TokenRequest, endpoint: str) -> None:
    """Compare the HTTP request of *request* with what *case* expects."""
    sent = http_request(request, endpoint)
    assert dict(sent.headers).get("Authorization") == case.expect["authorization"]
    assert sent.url == case.expect.get("url", endpoint)
    expected = [tuple(pair) for pair in case.expect["params"]]
    actual = parse_qsl(sent.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    for name in case.expect.get("json_params", ()):
        expected = [(key, json.loads(text) if key == name else text) for key, text in expected]
        actual = [(key, json.loads(text) if key == name else text) for key, text in actual]
    assert expected == actual
    if "body" in case.expect:
        assert case.expect["body"].encode("ascii") == sent.body


class TestComposing:
    """Composing the body (RFC 6749 section 4.4.2 and appendix B)."""

    def test_the_documented_example_composes_to_the_documented_body(self) -> None:
        """It is the first example of the documentation."""
        body = compose_body(token_request(ClientCredentials("your_id"), Scope.of("hello", "world")))
        assert body == "grant_type=client_credentials&scope=hello+world"

    def test_the_parameters_of_a_body_have_a_fixed_order(self) -> None:
        """An embedded body comes first, further parameters come last."""
        request = (
            token_request(ClientCredentials("id", ClientSecretPost("sec")), Scope.of("s"))
            .with_parameters({"z": "1", "a": "2"})
            .with_resource("urn:r")
            .with_authorization_details({"type": "t"})
            .with_body("x=1")
        )
        names = [name for name, _ in parse_qsl(compose_body(request))]
        assert names == (
            ["x", "grant_type", "client_id", "client_secret", "scope", "resource", "authorization_details", "z", "a"]
        )

    def test_client_id_is_never_in_the_body_twice(self) -> None:
        """Some authentication methods send it anyway."""
        basic = token_request(ClientCredentials("id", "sec")).with_client_id_in_body()
        post = token_request(ClientCredentials("id", ClientSecretPost("sec"))).with_client_id_in_body()
        assert compose_body(basic) == "grant_type=client_credentials&client_id=id"
        assert compose_body(post) == "grant_type=client_credentials&client_id=id&client_secret=sec"

    @given(strategies.token_requests())
    def test_a_composed_body_contains_exactly_what_was_requested(self, request_: TokenRequest) -> None:
        """Parsing it returns the parameters."""
        pairs = parse_qsl(
            compose_body(request_, assertion=strategies.assertion_for(request_)),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="utf-8",
        )
        found = dict(pairs)
        assert found["grant_type"] == "client_credentials"
        assert found.get("scope", "") == str(request_.scope)
        assert [text for name, text in pairs if name == "resource"] == list(request_.resources)
        for name, secret in request_.parameters:
            assert secret.reveal() == found[name]

    @given(
        scope_tokens=st.lists(strategies.scope_tokens(), max_size=4, unique=True),
        client_id=strategies.texts(min_size=1),
        include=st.booleans(),
        body=strategies.parameters(),
        extra=strategies.parameters().map(
            lambda pairs: [pair for pair in pairs if pair[0] not in ("code_verifier", "body", "self")]
        ),
    )
    def test_a_body_equals_that_of_oauthlib(
        self,
        scope_tokens: list[str],
        client_id: str,
        include: bool,
        body: list[tuple[str, str]],
        extra: list[tuple[str, str]],
    ) -> None:
        """This holds for every request that both libraries accept."""
        extra = [pair for pair in extra if pair[0] not in dict(body)]
        text = "&".join([f"{name}={'%' + val.encode().hex('%') if val else ''}" for name, val in body])
        request = token_request(ClientCredentials(client_id), Scope.of(*scope_tokens)).with_body(text)
        request = request.with_parameters(extra)
        request = request.with_client_id_in_body() if include else request
        theirs = BackendApplicationClient(client_id).prepare_request_body(
            body=text, scope=scope_tokens, include_client_id=include, **dict(extra)
        )
        assert theirs == compose_body(request)


class TestBuilders:
    """The builders. Each returns a new record."""

    @given(
        st.lists(
            st.sampled_from(
                [
                    lambda request: request.with_client_id_in_body(),
                    lambda request: request.with_parameter("audience", "a"),
                    lambda request: request.with_scope(Scope.of("x")),
                    lambda request: request.with_resource("urn:r"),
                    lambda request: request.with_body("x=1"),
                    lambda request: request.with_dpop(bound_key("thumb")),
                    lambda request: request.with_certificate(Certificate("A" * 43)),
                    lambda request: request.with_authorization_details({"type": "t"}),
                    lambda request: request.with_resource("Graph", uri=False),
                    lambda request: request.with_header("X-Key", "k"),
                    lambda request: request.with_dialect(Dialect(scope_separator=",", body_format="json")),
                ]
            ),
            unique=True,
        ).flatmap(lambda steps: st.tuples(st.just(steps), st.permutations(steps)))
    )
    def test_builders_commute(self, orders: tuple[list[Any], list[Any]]) -> None:
        """The order of different builders does not matter."""
        start = token_request(ClientCredentials("id", "sec"))
        one, other = start, start
        for step in orders[0]:
            one = step(one)
        for step in orders[1]:
            other = step(other)
        assert one == other
        assert hash(one) == hash(other)

    def test_a_builder_does_not_change_its_request(self) -> None:
        """It returns another record."""
        request = token_request(ClientCredentials("id"))
        assert request.with_resource("urn:r") != request
        assert request.resources == ()

    def test_resources_accumulate_without_repetitions(self) -> None:
        """RFC 8707 section 2 allows several."""
        request = token_request(ClientCredentials("id"))
        for uri in ("urn:a", "urn:b", "urn:a"):
            request = request.with_resource(uri)
        assert request.resources == ("urn:a", "urn:b")

    def test_authorization_details_accumulate_as_compact_json(self) -> None:
        """RFC 9396 section 2 allows several."""
        request = token_request(ClientCredentials("id")).with_authorization_details({"type": "a"}, {"type": "b"})
        assert request.authorization_details == ('{"type":"a"}', '{"type":"b"}')

    @pytest.mark.parametrize("detail", [{}, {"type": 5}, [], "text", None, {"type": "x", "y": {1: 2}}, {"type": {1}}])
    def test_invalid_authorization_details_are_rejected(self, detail: Any) -> None:
        """They must be JSON with a str type."""
        with pytest.raises(errors.InvalidInput):
            token_request(ClientCredentials("id")).with_authorization_details(detail)

    def test_endless_or_deep_authorization_details_are_rejected(self) -> None:
        """A parser would reject them, too."""
        endless: dict[str, Any] = {"type": "x"}
        endless["self"] = endless
        deep: Any = {"type": "x"}
        for _ in range(40):
            deep = {"type": "x", "inner": deep}
        for detail in (endless, deep):
            with pytest.raises(errors.InvalidInput):
                token_request(ClientCredentials("id")).with_authorization_details(detail)

    @pytest.mark.parametrize("name", sorted(strategies.RESERVED))
    def test_a_reserved_parameter_name_is_rejected_and_named(self, name: str) -> None:
        """The same holds in an embedded body."""
        request = token_request(ClientCredentials("id", "sec"))
        attempts: list[Callable[[], object]] = [
            lambda: request.with_parameter(name, "x"),
            lambda: request.with_parameter(name, ""),
            lambda: request.with_body(f"{name}=x"),
        ]
        for attempt in attempts:
            with pytest.raises(errors.InvalidInput) as caught:
                attempt()
            assert caught.value.parameter == name

    def test_a_repeated_parameter_is_rejected(self) -> None:
        """RFC 6749 section 3.2 forbids it, in the body, too."""
        request = token_request(ClientCredentials("id")).with_parameter("x", "1")
        with pytest.raises(errors.InvalidInput, match="x must not be repeated"):
            request.with_parameter("x", "2")
        with pytest.raises(errors.InvalidInput, match="x must not be repeated"):
            request.with_body("x=2")

    @pytest.mark.parametrize("text", [5, None, b"a", ["a"], "\ud800"])
    def test_a_parameter_value_that_is_not_utf8_text_is_rejected(self, text: Any) -> None:
        """Nothing is converted to text."""
        with pytest.raises(errors.InvalidInput):
            token_request(ClientCredentials("id")).with_parameter("x", text)

    def test_a_parameter_value_with_the_redaction_of_a_secret_is_rejected(self) -> None:
        """Type checkers do not notice a formatted Secret."""
        with pytest.raises(errors.InvalidInput, match="x holds the redacted text of a Secret; pass the Secret itself"):
            token_request(ClientCredentials("id")).with_parameter("x", f"key {Secret('k3y')}")

    def test_an_invalid_parameter_name_is_rejected(self) -> None:
        """The value does not matter."""
        names: list[Any] = [5, None, "", "a b", "é"]
        for name in names:
            for text in ("x", "", 5):
                with pytest.raises(errors.InvalidInput, match="parameter name"):
                    token_request(ClientCredentials("id")).with_parameter(name, text)  # type: ignore[arg-type]  # bad on purpose

    @pytest.mark.parametrize("given_", [5, None, "ab c", [5], [("a",)], [("a", "b", "c")]])
    def test_parameters_must_be_a_mapping_or_pairs(self, given_: Any) -> None:
        """Anything else is invalid input."""
        with pytest.raises(errors.InvalidInput, match="parameters must be a mapping or "):
            token_request(ClientCredentials("id")).with_parameters(given_)

    @pytest.mark.parametrize("given_", [{"a": 5}, [("b", "x"), ("a", None)]])
    def test_an_invalid_value_is_named_among_several_parameters(self, given_: Any) -> None:
        """The error names its parameter."""
        with pytest.raises(errors.InvalidInput, match=r"^value of a must "):
            token_request(ClientCredentials("id")).with_parameters(given_)

    def test_every_parameter_value_becomes_a_secret(self) -> None:
        """A Secret is accepted, too."""
        request = token_request(ClientCredentials("id")).with_parameters([("a", Secret("x")), ("b", "y")])
        assert request.parameters == (("a", Secret("x")), ("b", Secret("y")))

    def test_a_second_body_replaces_the_first(self) -> None:
        """A request has one embedded body."""
        request = token_request(ClientCredentials("id")).with_body("x=1").with_body("y=2&z")
        assert compose_body(request) == "y=2&z=&grant_type=client_credentials"

    @pytest.mark.parametrize(
        ("key", "reason"),
        [
            ("key.pem", "must be a SigningKey, not str; use oauth_cc.jose"),
            (None, "must be a SigningKey, not NoneType"),
            (SigningKey("ES256", lambda _: bytes(64), "alias/oauth"), "must have its public half for DPoP; pass"),
        ],
        ids=["text", "None", "a KMS without a public half"],
    )
    def test_a_key_that_cannot_prove_its_possession_is_rejected(self, key: Any, reason: str) -> None:
        """The builder rejects it, and so does the record itself unless the key is None."""
        request = token_request(ClientCredentials("id"))
        with pytest.raises(errors.InvalidKey, match=reason):
            request.with_dpop(key)
        if key is not None:
            with pytest.raises(errors.InvalidKey, match=reason):
                attrs.evolve(request, dpop_key=key)

    def test_a_request_has_one_certificate_that_does_not_change_the_body(self) -> None:
        """The certificate of `TlsClientAuth` counts."""
        ours, theirs = Certificate("A" * 43), Certificate("B" * 42 + "A")
        request = token_request(ClientCredentials("id", "sec"))
        assert request.client_certificate is None
        bound = request.with_certificate(ours)
        assert bound.client_certificate == bound.certificate == ours
        assert http_request(bound, ENDPOINT) == http_request(request, ENDPOINT)
        by_certificate = token_request(ClientCredentials("id", TlsClientAuth(ours)))
        assert by_certificate.client_certificate == ours
        assert by_certificate.certificate is None
        assert by_certificate.with_certificate(ours).client_certificate == ours
        assert http_request(by_certificate, ENDPOINT).body == b"grant_type=client_credentials&client_id=id"
        with pytest.raises(errors.InvalidInput, match="as a connection has only one"):
            by_certificate.with_certificate(theirs)

    @pytest.mark.parametrize("given_", [None, "M4RKER", b"M4RKER"])
    def test_an_invalid_certificate_is_rejected_and_not_shown(self, given_: Any) -> None:
        """It may be the private key."""
        request = token_request(ClientCredentials("id", "sec"))
        with pytest.raises(errors.InvalidInput, match=r"use Certificate\.from_pem") as caught:
            request.with_certificate(given_)
        assert "M4RKER" not in shown_by(caught.value)
        if given_ is not None:
            with pytest.raises(errors.InvalidInput, match=r"use Certificate\.from_pem"):
                TokenRequest(request.credentials, certificate=given_)

    def test_an_argument_of_another_type_is_rejected_with_advice(self) -> None:
        """The error says what to pass."""
        text: Any = "a b"
        with pytest.raises(errors.InvalidInput, match=r"must be ClientCredentials\('id', secret\), not str"):
            token_request(text)
        with pytest.raises(errors.InvalidInput, match=r"not str; use Scope\.parse\(.a b.\)"):
            token_request(ClientCredentials("id"), text)
        with pytest.raises(errors.InvalidInput, match=r"not list; use Scope\.of\(.a., .b.\)"):
            token_request(ClientCredentials("id")).with_scope(text.split())

    @pytest.mark.parametrize(
        ("name", "advice"),
        [
            ("Authorization", "pass a client authentication method to ClientCredentials"),
            ("DPoP", r"use with_dpop\(key\), which makes a proof for each request"),
            ("dpop", r"use with_dpop\(key\), which makes a proof for each request"),
        ],
    )
    def test_a_header_that_the_library_sends_has_another_door(self, name: str, advice: str) -> None:
        """The error names it."""
        request = token_request(ClientCredentials("id"))
        with pytest.raises(errors.InvalidInput, match=f"^header must not be {name}; {advice}$"):
            request.with_header(name, "a")

    def test_a_value_that_is_read_for_each_request_is_for_the_client_secret_alone(self) -> None:
        """The error of a header and of a parameter says so."""
        request = token_request(ClientCredentials("id"))
        sources: list[Any] = [SecretFile("/run/secret"), SecretSource(lambda: "s3cret"), lambda: "s3cret"]
        reason = r"value of x must .*, not (Secret|func).*; only a client secret is read for each request$"
        for source in sources:
            with pytest.raises(errors.InvalidInput, match=reason.replace("of x", "of header x")):
                request.with_header("x", source)
            with pytest.raises(errors.InvalidInput, match=reason):
                request.with_parameter("x", source)
            with pytest.raises(errors.InvalidInput, match=reason):
                request.with_parameters({"x": source})

    def test_a_request_made_without_builders_is_checked(self) -> None:
        """The record validates itself."""
        plain: Any = (("x", "not a secret"),)
        with pytest.raises(errors.InvalidInput, match="value of x must be a Secret; use with_parameter"):
            TokenRequest(ClientCredentials("id"), parameters=plain)
        with pytest.raises(errors.InvalidInput):
            TokenRequest(ClientCredentials("id"), resources=("relative",))
        with pytest.raises(errors.InvalidInput, match="is not JSON"):
            TokenRequest(ClientCredentials("id"), authorization_details=("{",))


REQUEST = token_request(ClientCredentials("id", "sec"))
CERTIFIED = token_request(ClientCredentials("id", TlsClientAuth(Certificate("A" * 43))))
GRANTED = token_request(ClientCredentials("id", JwtBearerGrant(bound_key("k"), audience="https://as.example")))
FORMATTED = f"{Secret('x')}"
ANYTHING: Any = object()
ARRAY: Any = []
UNSET: Any = os.environ.get("NOT_SET")
SOURCES: list[Any] = [SecretFile("/run/secret"), SecretSource(lambda: "s3cret"), lambda: "s3cret"]
NO_HALF: Any = SigningKey("ES256", lambda _: bytes(64), "alias/oauth")
NO_NAME = "parameter name must consist of letters, digits, '-', '.' and '_' (RFC 6749 appendix A.18)"
NO_HEADER = "header must have a name such as 'X-Merchant-Id' (RFC 9110 section 5.1)"
NO_DETAIL = "authorization_details must have a str member 'type' in each element (RFC 9396 section 2)"
NO_JSON = "authorization_details must hold JSON values: str, int, finite float, bool, None, list and dict"
NO_OBJECT = "authorization_details must be JSON objects, each a dict, but one"
UNPRINTABLE = "header X-Key must have a value of printable ASCII characters, without surrounding spaces"
ONLY_SECRETS = "only a client secret is read for each request"
REDACTED = "x holds the redacted text of a Secret; pass the Secret itself"
REPEATED = "a must not be repeated (RFC 6749 section 3.2); leave one out"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NO_COMMA = "scope must not contain ',' within a scope-token, as the dialect separates scope-tokens with it"


def record(**fields: Any) -> TokenRequest:
    """Return a request that is made without builders."""
    return TokenRequest(REQUEST.credentials, **fields)


@pytest.mark.parametrize(
    ("attempt", "parameter", "reason"),
    [
        (
            lambda: token_request(ANYTHING),
            "client credentials",
            "credentials must be ClientCredentials('id', secret), not object",
        ),
        (
            lambda: REQUEST.with_scope(ANYTHING),
            "scope",
            "scope must be a Scope, not object; use Scope.of('a', 'b')",
        ),
        (lambda: record(scope="a"), "scope", "scope must be a Scope, not str; use Scope.parse('a b')"),
        (
            lambda: record(resources=["urn:a"]),
            "resources",
            "resources must be a tuple of str, not list; use with_resource()",
        ),
        (
            lambda: record(authorization_details="{}"),
            "authorization_details",
            "authorization_details must be a tuple of str, not str; use with_authorization_details()",
        ),
        (
            lambda: record(parameters={"a": Secret("b")}),
            "parameters",
            "parameters must be a tuple of (name, Secret) pairs; use with_parameter()",
        ),
        (lambda: record(body="a=b"), "body", "body must be a tuple of (name, Secret) pairs; use with_body()"),
        (
            lambda: record(headers=("X-Key", Secret("a"))),
            "headers",
            "headers must be a tuple of (name, Secret) pairs; use with_header()",
        ),
        (
            lambda: record(resource_names="a"),
            "resource_names",
            "resource_names must be a tuple of str, not str; use with_resource(..., uri=False)",
        ),
        (
            lambda: record(includes_client_id="False"),
            "includes_client_id",
            "includes_client_id must be True or False, not str",
        ),
        (lambda: record(parameters=(("a", "b"),)), "a", "value of a must be a Secret; use with_parameter()"),
        (lambda: record(body=(("a", Secret("b")), ("a", Secret("c")))), "a", REPEATED),
        (lambda: record(body=(("a", Secret("b")),), parameters=(("a", Secret("c")),)), "a", REPEATED),
        (
            lambda: record(headers=(("X-Key", "a"),)),
            "header",
            "value of header X-Key must be a Secret; use with_header()",
        ),
        (
            lambda: record(headers=(("X-Key", Secret("a")), ("x-kEY", Secret("b")))),
            "header",
            "header x-kEY must not be repeated; leave one out",
        ),
        (
            lambda: record(dialect="github"),
            "dialect",
            "dialect must be a Dialect, not str; use Dialect(...) or oauth_cc.dialects",
        ),
        (
            lambda: REQUEST.with_resource("a b", uri=False),
            "resource",
            "resource must be a str of visible ASCII characters, without spaces",
        ),
        (
            lambda: record(resource_names=("a", "b c")),
            "resource",
            "resource must be a str of visible ASCII characters, without spaces",
        ),
        (
            lambda: REQUEST.with_dpop(ANYTHING),
            "signing key",
            "signing key must be a SigningKey, not object; use oauth_cc.jose to load or make one",
        ),
        (
            lambda: record(dpop_key=NO_HALF),
            "signing key",
            "signing key must have its public half for DPoP; pass public_jwk= to SigningKey",
        ),
        (
            lambda: REQUEST.with_certificate(ANYTHING),
            "certificate",
            "certificate must be a Certificate, not object; use Certificate.from_pem(...)",
        ),
        (
            lambda: CERTIFIED.with_certificate(Certificate("B" * 42 + "A")),
            "certificate",
            "certificate must be the one of TlsClientAuth, as a connection has only one; leave it out",
        ),
        (
            lambda: GRANTED.with_dialect(Dialect(grant_type="other")),
            "dialect",
            f"dialect must not have a grant_type for credentials that are a grant ({GRANT_TYPE})",
        ),
        (
            lambda: REQUEST.with_scope(Scope.of("a", "b,c")).with_dialect(Dialect(scope_separator=",")),
            "scope",
            NO_COMMA,
        ),
        (
            lambda: REQUEST.with_dpop(bound_key("k")).with_dialect(Dialect(placement=Placement("X-Token", None))),
            "dialect",
            "dialect must not place a DPoP token elsewhere; it belongs in the Authorization header (RFC 9449)",
        ),
        (
            lambda: as_request(ANYTHING),
            "request",
            "request must be a TokenRequest or ClientCredentials, not object; use token_request(credentials, scope)",
        ),
        (lambda: REQUEST.with_parameter("a b", "c"), "parameter name", NO_NAME),
        (lambda: REQUEST.with_parameter("a b", ""), "parameter name", NO_NAME),
        (lambda: REQUEST.with_parameter("a", "b").with_parameter("a", "c"), "a", REPEATED),
        (lambda: REQUEST.with_parameter("a", FORMATTED), "a", REDACTED.replace("x", "a", 1)),
        (
            lambda: REQUEST.with_parameter("a", "\udfff"),
            "a",
            "a must not contain a lone surrogate, which UTF-8 cannot encode",
        ),
        (lambda: REQUEST.with_parameter("a", ANYTHING), "a", "value of a must be a str or a Secret, not object"),
        (
            lambda: REQUEST.with_parameters({"a": ANYTHING}),
            "a",
            "value of a must be a str or a Secret, not object",
        ),
        (
            lambda: REQUEST.with_parameter("a b", ANYTHING),
            "parameter name",
            "value of parameter name must be a str or a Secret, not object",
        ),
        *[
            (
                lambda value=value: REQUEST.with_parameter("a", value),
                "a",
                f"value of a must be a str or a Secret, not {type(value).__name__}; {ONLY_SECRETS}",
            )
            for value in SOURCES
        ],
        (
            lambda: REQUEST.with_parameter("a", UNSET),
            "a",
            "value of a must not be None (is an environment variable unset?)",
        ),
        (
            lambda: REQUEST.with_parameters(ANYTHING),
            "parameters",
            "parameters must be a mapping or (name, value) pairs",
        ),
        (lambda: REQUEST.with_header("a b", "c"), "header", NO_HEADER),
        (
            lambda: REQUEST.with_header("Host", "c"),
            "header",
            "header must not be Host, which the HTTP library sets; leave it out",
        ),
        (
            lambda: REQUEST.with_header("AUTHORIZATION", "c"),
            "header",
            "header must not be AUTHORIZATION; pass a client authentication method to ClientCredentials",
        ),
        (lambda: REQUEST.with_header("X-Key", FORMATTED), "header", REDACTED.replace("x", "header X-Key", 1)),
        *[
            (lambda value=value: REQUEST.with_header("X-Key", value), "header", UNPRINTABLE)
            for value in ("", " a", "a ", "é", "a\n")
        ],
        (
            lambda: REQUEST.with_header("X-Key", ANYTHING),
            "header",
            "value of header X-Key must be a str or a Secret, not object",
        ),
        (
            lambda: REQUEST.with_header("X Key", ANYTHING),
            "header",
            "value of a header must be a str or a Secret, not object",
        ),
        (lambda: REQUEST.with_body(ANYTHING), "body", "body must be form text as str, not object"),
        (
            lambda: REQUEST.with_body("a b"),
            "body",
            "body must be form text, but it contains a character that must be percent-encoded in form text",
        ),
        (lambda: REQUEST.with_authorization_details(ANYTHING), "authorization_details", NO_JSON),
        (
            lambda: REQUEST.with_authorization_details(ARRAY),
            "authorization_details",
            f"{NO_OBJECT} is not a JSON object",
        ),
        (lambda: REQUEST.with_authorization_details({"type": 5}), "authorization_details", NO_DETAIL),
        (lambda: record(authorization_details=("[",)), "authorization_details", f"{NO_OBJECT} is not JSON"),
    ],
)
def test_an_error_names_the_argument_and_says_what_to_pass(
    attempt: Callable[[], object], parameter: str, reason: str
) -> None:
    """Its reason is a sentence, and it has no cause."""
    with pytest.raises(errors.InvalidInput) as caught:
        attempt()
    assert caught.value.args == (parameter, reason)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (lambda: REQUEST.with_dpop(bound_key("k")).dpop_jkt, bound_key("k").jkt),
        (lambda: REQUEST.dpop_jkt, None),
        (lambda: REQUEST.with_header("x-key", "a").with_header("X-Key", "b").headers, (("X-Key", Secret("b")),)),
        (
            lambda: REQUEST.with_header("a", "1").with_header("b", "2").with_header("A", "3").headers,
            (("b", Secret("2")), ("A", Secret("3"))),
        ),
        (lambda: REQUEST.with_parameter("a", "") is REQUEST, True),
        (lambda: REQUEST.with_parameter("a", Secret("")) is REQUEST, True),
        (lambda: REQUEST.with_parameters([("b", "1"), ("a", "")]).parameters, (("b", Secret("1")),)),
        (lambda: REQUEST.with_body("b=1&a=2").body, (("b", Secret("1")), ("a", Secret("2")))),
        (lambda: REQUEST.with_body("").body, ()),
        (lambda: REQUEST.with_client_id_in_body().includes_client_id, True),
        (
            lambda: REQUEST.with_resource("b", uri=False).with_resource("a", uri=False).with_resource("b", uri=False),
            record(resource_names=("b", "a")),
        ),
        (lambda: REQUEST.with_resource("urn:b").with_resource("urn:a"), record(resources=("urn:b", "urn:a"))),
        (lambda: GRANTED.with_dialect(Dialect(scope_separator=",")).dialect.scope_separator, ","),
        (lambda: REQUEST.with_dialect(Dialect(grant_type="other")).dialect.grant_type, "other"),
        (lambda: as_request(REQUEST) is REQUEST, True),
        (lambda: as_request(REQUEST.credentials), REQUEST),
        (lambda: REQUEST.with_scope(Scope.of("a,b")).scope, Scope.of("a,b")),
    ],
    ids=range(17),
)
def test_a_builder_adds_exactly_what_it_is_given(attempt: Callable[[], object], expected: object) -> None:
    """An empty parameter counts as omitted, and a later header replaces an earlier one."""
    assert attempt() == expected


class Twofold:
    """A custom client authentication method that adds the parameters of its test."""

    def __init__(self, **parameters: str) -> None:
        self.parameters = parameters

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Return the parameters."""
        return AuthenticationFields(
            headers=(("X-Key", Secret("k")),),
            parameters=tuple((name, Secret(text)) for name, text in self.parameters.items()),
        )


class TestHttpRequest:
    """The HTTP request (RFC 6749 sections 2.3.1 and 3.2)."""

    def test_the_http_request_is_a_post_with_headers_and_body(self) -> None:
        """The Authorization field is that of the authentication method."""
        sent = http_request(token_request(ClientCredentials("s6BhdRkqt3", "gX1fBat3bV"), Scope.of("a")), ENDPOINT)
        assert sent == HttpRequest(
            "POST",
            ENDPOINT,
            [
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Accept", "application/json"),
                ("Authorization", "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"),
            ],
            b"grant_type=client_credentials&scope=a",
        )

    def test_a_client_without_authentication_is_rejected_unless_explicit(self) -> None:
        """RFC 6749 section 4.4.2 requires authentication."""
        missing: Any = os.environ.get("NOT_SET")
        for credentials in (ClientCredentials("id"), ClientCredentials("id", missing)):
            with pytest.raises(errors.InvalidInput, match=r"^no client authentication; pass a secret to") as caught:
                http_request(token_request(credentials), ENDPOINT)
            assert str(caught.value).endswith("(is an environment variable unset?)")
        sent = http_request(token_request(ClientCredentials("id", NoAuthentication())), ENDPOINT)
        assert sent.body == b"grant_type=client_credentials&client_id=id"

    def test_a_custom_method_adds_its_fields(self) -> None:
        """They are headers and parameters."""
        sent = http_request(token_request(ClientCredentials("id", Twofold(api_key="x"))), ENDPOINT)
        assert dict(sent.headers)["X-Key"] == "k"
        assert sent.body == b"grant_type=client_credentials&api_key=x"

    def test_a_custom_method_that_returns_another_type_is_named(self) -> None:
        """The error does not show what it returned."""

        class Mine:
            def authenticate(self, client_id: str) -> dict[str, str]:
                return {"X-Api-Key": "M4RKER"}

        method: Any = Mine()
        request = token_request(ClientCredentials("id", method))
        for compose in (compose_body, lambda request: http_request(request, ENDPOINT)):
            with pytest.raises(errors.InvalidInput, match="must return AuthenticationFields, not dict") as caught:
                compose(request)
            assert "M4RKER" not in shown_by(caught.value)

    def test_a_parameter_of_both_the_request_and_its_method_is_rejected(self) -> None:
        """The error names it."""
        request = token_request(ClientCredentials("id", Twofold(api_key="x"))).with_parameter("api_key", "y")
        with pytest.raises(errors.InvalidInput, match="api_key"):
            http_request(request, ENDPOINT)
        with pytest.raises(errors.InvalidInput, match="grant_type"):
            http_request(token_request(ClientCredentials("id", Twofold(grant_type="x"))), ENDPOINT)

    def test_a_custom_method_must_not_name_another_client(self) -> None:
        """The client_id is that of the credentials."""
        with pytest.raises(errors.InvalidInput, match="must be for the client_id of the credentials"):
            http_request(token_request(ClientCredentials("id", Twofold(client_id="other"))), ENDPOINT)

    def test_http_is_rejected_except_to_loopback_or_explicitly(self) -> None:
        """An `Endpoint` allows it."""
        request = token_request(ClientCredentials("id", ClientSecretBasic("sec")))
        with pytest.raises(errors.InsecureEndpoint):
            http_request(request, "http://as.example/token")
        allowed = Endpoint("http://as.example/token", allow_http=True)
        assert http_request(request, allowed).url == "http://as.example/token"
        sent = http_request(request, "http://127.0.0.1:8000/token")
        assert sent.url == "http://127.0.0.1:8000/token"


class TestAssertion:
    """Client assertions (RFC 7521 section 4.2)."""

    KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
    SIGNED = token_request(ClientCredentials("id", PrivateKeyJwt(KEY, "https://as.example")))
    FETCHED = token_request(ClientCredentials("id", ClientAssertion(lambda: "eyJ.e30.c2ln")))
    TYPE = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

    def test_an_assertion_is_signed_between_two_pure_steps(self) -> None:
        """The steps are unsigned_assertion and http_request."""
        unsigned = unsigned_assertion(self.SIGNED, now=1700000000.0, unique_id="id-1")
        assertion = unsigned.signed(bytes(64))
        composed = http_request(self.SIGNED, ENDPOINT, assertion=assertion)
        body = f"grant_type=client_credentials&{self.TYPE}&client_assertion={assertion.reveal()}"
        assert composed.body.decode() == body
        assert compose_body(self.SIGNED, assertion=assertion) == body

    def test_an_external_assertion_is_sent_with_client_id(self) -> None:
        """The assertion may name another subject."""
        body = compose_body(self.FETCHED, assertion="eyJ.e30.c2ln\n")
        assert body == f"grant_type=client_credentials&client_id=id&{self.TYPE}&client_assertion=eyJ.e30.c2ln"

    def test_the_error_of_a_missing_assertion_says_who_makes_one(self) -> None:
        """It names the sources and functions."""
        for compose in (compose_body, lambda request: http_request(request, ENDPOINT)):
            with pytest.raises(errors.InvalidInput, match=r"no client assertion; use fetch_token\(\) or an auth"):
                compose(self.SIGNED)

    @pytest.mark.parametrize("assertion", ["", "M4RKER M4RKER", b"M4RKER", 5])
    def test_an_invalid_assertion_is_rejected_and_not_shown(self, assertion: Any) -> None:
        """It may be a secret."""
        for compose in (compose_body, lambda request, assertion: http_request(request, ENDPOINT, assertion=assertion)):
            with pytest.raises(errors.InvalidInput) as caught:
                compose(self.FETCHED, assertion=assertion)
            assert "M4RKER" not in shown_by(caught.value)

    def test_an_assertion_for_a_method_without_assertions_is_rejected(self) -> None:
        """A request has one authentication method (RFC 6749 section 2.3)."""
        ways = (ClientCredentials("id", "s3cret"), ClientCredentials("id", NoAuthentication()), ClientCredentials("id"))
        for request in map(token_request, ways):
            with pytest.raises(errors.InvalidInput):
                http_request(request, ENDPOINT, assertion="M4RKER")
            with pytest.raises(errors.InvalidInput, match="must be left out") as caught:
                compose_body(request, assertion="M4RKER")
            assert "M4RKER" not in shown_by(caught.value)
            with pytest.raises(errors.InvalidInput, match="use PrivateKeyJwt or ClientSecretJwt"):
                unsigned_assertion(request, now=0.0, unique_id="id")
        with pytest.raises(errors.InvalidInput) as refused:
            http_request(self.FETCHED, "http://as.example", assertion="M4RKER")
        assert "M4RKER" not in shown_by(refused.value)
