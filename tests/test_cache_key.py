"""
The cache key: it covers everything that shapes a token, and reveals no secret.
"""

from collections.abc import Callable
from functools import cache

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    Certificate,
    CertificateFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    Dialect,
    NoAuthentication,
    PrivateKeyJwt,
    Scope,
    Secret,
    SecretFile,
    SigningKey,
    TlsClientAuth,
    TokenRequest,
    errors,
    token_request,
)
from oauth_cc.authentication import ClientAuthentication, KeySource, SecretSource
from oauth_cc.flows.cache_key import cache_key, fingerprint, public_key
from tests import strategies
from tests.bound import bound_key
from tests.leaks import shown_by

ENDPOINT = "https://as.example/token"
REQUEST = (
    token_request(ClientCredentials("id", "s3c:ret"), Scope.of("a", "b"))
    .with_resource("https://api.example/")
    .with_resource("urn:example:api")
    .with_authorization_details({"type": "payment"})
    .with_parameter("audience", "x")
    .with_parameter("tenant", "t")
    .with_body("first=1")
    .with_dpop(bound_key("jkt"))
)
ISSUER = "https://as.example"
KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
OURS, THEIRS = Certificate("A" * 43), Certificate("B" * 42 + "A")

# Deliberately slow, and the tests call it often.
proof = cache(fingerprint)


def key(request: TokenRequest, endpoint: str = ENDPOINT) -> str:
    """Return the cache key, as a source computes it."""
    return cache_key(request, endpoint, proof(request.credentials))


def with_credentials(client_id: str, method: str | ClientAuthentication) -> TokenRequest:
    """Return the request with other credentials."""
    return attrs.evolve(REQUEST, credentials=ClientCredentials(client_id, method))


def with_parameters(*pairs: tuple[str, str]) -> TokenRequest:
    """Return the request with other parameters."""
    return attrs.evolve(REQUEST, parameters=()).with_parameters(pairs)


OTHERS: dict[str, Callable[[], TokenRequest]] = {
    "client_id": lambda: with_credentials("ie", "s3c:ret"),
    "where client_id ends": lambda: with_credentials("ids", "3c:ret"),
    "secret": lambda: with_credentials("id", "s3c:reT"),
    "encode": lambda: with_credentials("id", ClientSecretBasic("s3c:ret", encode=False)),
    "post": lambda: with_credentials("id", ClientSecretPost("s3c:ret")),
    "no authentication": lambda: with_credentials("id", NoAuthentication()),
    "without a method": lambda: attrs.evolve(REQUEST, credentials=ClientCredentials("id")),
    "one scope-token less": lambda: REQUEST.with_scope(Scope.of("a")),
    "one scope-token more": lambda: REQUEST.with_scope(Scope.of("a", "b", "c")),
    "another scope-token": lambda: REQUEST.with_scope(Scope.of("a", "B")),
    "scope-tokens in one": lambda: REQUEST.with_scope(Scope.of("a,b")),
    "no scope": lambda: REQUEST.with_scope(Scope()),
    "one resource less": lambda: attrs.evolve(REQUEST, resources=REQUEST.resources[:1]),
    "another resource": lambda: attrs.evolve(REQUEST, resources=("https://api.example/", "urn:example:b")),
    "one resource more": lambda: REQUEST.with_resource("urn:example:b"),
    "no details": lambda: attrs.evolve(REQUEST, authorization_details=()),
    "other details": lambda: attrs.evolve(REQUEST, authorization_details=('{"type":"account"}',)),
    "more details": lambda: REQUEST.with_authorization_details({"type": "account"}),
    "a parameter's name": lambda: with_parameters(("audienc3", "x"), ("tenant", "t")),
    "a parameter's value": lambda: with_parameters(("audience", "X"), ("tenant", "t")),
    "values exchanged": lambda: with_parameters(("audience", "t"), ("tenant", "x")),
    "one parameter less": lambda: with_parameters(("audience", "x")),
    "one parameter more": lambda: REQUEST.with_parameter("more", "1"),
    "body's name": lambda: REQUEST.with_body("firsT=1"),
    "body's value": lambda: REQUEST.with_body("first=2"),
    "no body": lambda: attrs.evolve(REQUEST, body=()),
    "from the body to the parameters": lambda: attrs.evolve(
        REQUEST, body=(), parameters=REQUEST.body + REQUEST.parameters
    ),
    "client_id in the body": REQUEST.with_client_id_in_body,
    "another key": lambda: REQUEST.with_dpop(bound_key("jkT")),
    "no key": lambda: attrs.evolve(REQUEST, dpop_key=None),
    "a resource by name": lambda: REQUEST.with_resource("urn:example:b", uri=False),
    "another resource by name": lambda: REQUEST.with_resource("Graph", uri=False),
    "a header": lambda: REQUEST.with_header("X-Key", "1"),
    "a header's value": lambda: REQUEST.with_header("X-Key", "2"),
    "a header's name": lambda: REQUEST.with_header("X-Kez", "1"),
    "more headers": lambda: REQUEST.with_header("X-Key", "1").with_header("X-Kez", "1"),
    "a dialect": lambda: REQUEST.with_dialect(Dialect(scope_separator=",")),
    "another dialect": lambda: REQUEST.with_dialect(Dialect(body_format="json")),
    "bound to a certificate": lambda: REQUEST.with_certificate(OURS),
    "bound to another certificate": lambda: REQUEST.with_certificate(THEIRS),
    "by key": lambda: with_credentials("id", PrivateKeyJwt(KEY, ISSUER)),
    "by another key": lambda: with_credentials("id", PrivateKeyJwt(attrs.evolve(KEY, thumbprint="key-2"), ISSUER)),
    "by a key of another name": lambda: with_credentials("id", PrivateKeyJwt(attrs.evolve(KEY, key_id="2"), ISSUER)),
    "for another audience": lambda: with_credentials("id", PrivateKeyJwt(KEY, ISSUER, audience=ENDPOINT)),
    "for longer": lambda: with_credentials("id", PrivateKeyJwt(KEY, ISSUER, lifetime=61)),
    "of another type": lambda: with_credentials("id", PrivateKeyJwt(KEY, ISSUER, typ="JWT")),
    "keyed by a secret": lambda: with_credentials("id", ClientSecretJwt("s3c:ret" * 9, ISSUER)),
    "keyed by another secret": lambda: with_credentials("id", ClientSecretJwt("s3c:reT" * 9, ISSUER)),
    "by an assertion": lambda: with_credentials("id", ClientAssertion(AssertionFile("/a"))),
    "by another file's assertion": lambda: with_credentials("id", ClientAssertion(AssertionFile("/b"))),
    "by the file of a certificate": lambda: with_credentials("id", TlsClientAuth(CertificateFile("svid.pem"))),
    "bound to the file of a certificate": lambda: REQUEST.with_certificate(CertificateFile("svid.pem")),
    "bound to another file": lambda: REQUEST.with_certificate(CertificateFile("other.pem")),
    "by certificate": lambda: with_credentials("id", TlsClientAuth(OURS)),
    "by another certificate": lambda: with_credentials("id", TlsClientAuth(THEIRS)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_request_that_differs_in_one_thing_has_another_key(name: str) -> None:
    """Its token never serves the other request."""
    assert key(OTHERS[name]()) != key(REQUEST)


def test_naming_the_certificate_of_mutual_tls_again_changes_no_key() -> None:
    """The token may be bound to it in both cases."""
    request = with_credentials("id", TlsClientAuth(OURS))
    assert key(request) == key(request.with_certificate(OURS))


def test_no_two_different_requests_share_a_key() -> None:
    """Each pair of the requests above is different."""
    assert len({key(REQUEST), *[key(make()) for make in OTHERS.values()]}) == len(OTHERS) + 1


@pytest.mark.parametrize(
    "endpoint", ["https://as.example/token/", "https://as.example/token?tenant=1", "https://b.example/token"]
)
def test_another_endpoint_has_another_key(endpoint: str) -> None:
    """The token of one server never serves for another."""
    assert key(REQUEST, endpoint) != key(REQUEST)


def test_the_fingerprint_is_part_of_the_hash_of_parameters() -> None:
    """The hash of a parameter cannot be looked up in a table."""
    assert cache_key(REQUEST, ENDPOINT, b"a" * 32) != cache_key(REQUEST, ENDPOINT, b"b" * 32)


def requests() -> st.SearchStrategy[TokenRequest]:
    """Draw requests from few values, so that two of them are often equal in most fields."""
    secrets = st.sampled_from(["s", "s:", "é"])
    ways = st.one_of(
        st.builds(ClientSecretBasic, secrets, encode=st.booleans()),
        st.builds(ClientSecretPost, secrets),
        st.just(NoAuthentication()),
        st.just(TlsClientAuth(OURS)),
        st.none(),
    )
    values = st.sampled_from([Secret("1"), Secret("2"), Secret("1\u2028")])
    pairs = st.lists(st.tuples(st.sampled_from("ab"), values), max_size=2, unique_by=lambda pair: pair[0])
    others = st.lists(st.tuples(st.sampled_from("cd"), values), max_size=2, unique_by=lambda pair: pair[0])
    headers = st.sampled_from(
        [[], [("a", Secret("1"))], [("a", Secret("2"))], [("a", Secret("1")), ("b", Secret("1"))]]
    )
    return st.builds(
        TokenRequest,
        credentials=st.builds(ClientCredentials, st.sampled_from(["i", "is"]), ways),
        scope=st.permutations(["a", "b"]).flatmap(lambda t: st.sampled_from([Scope(), Scope.of(*t), Scope.of(t[0])])),
        resources=st.sampled_from([(), ("urn:a",), ("urn:a", "urn:b"), ("urn:b", "urn:a")]),
        authorization_details=st.sampled_from([(), ('{"type":"a"}',), ('{"type":"a"}', '{"type":"a"}')]),
        parameters=pairs.map(tuple),
        body=others.map(tuple),
        includes_client_id=st.booleans(),
        dpop_key=st.sampled_from([None, bound_key("j"), bound_key("k")]),
        certificate=st.sampled_from([None, OURS]),
        resource_names=st.sampled_from([(), ("urn:a",), ("urn:a", "b")]),
        headers=headers.map(tuple),
        dialect=st.builds(
            Dialect,
            grant_type=st.sampled_from(["client_credentials", "client_credential"]),
            default_lifetime=st.sampled_from([None, 60, 60.0, 60.5]),
            rejection_words=st.sampled_from([(), ("a",), ("a", "b"), ("b", "a")]),
        ),
    )


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[TokenRequest, TokenRequest]:
    """Draw two requests that differ in at most two fields."""
    left, right = draw(requests()), draw(requests())
    names = [field.name for field in attrs.fields(TokenRequest)]
    taken = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    return left, attrs.evolve(left, **{name: getattr(right, name) for name in taken})


def shape(request: TokenRequest) -> tuple[object, ...]:
    """Return what the server sees of *request*, with its scope as a set and its authentication method."""
    who = request.credentials
    proof = None if who.authentication is None else who.authentication.authenticate(who.client_id)
    rest = attrs.evolve(request, credentials=ClientCredentials(who.client_id), certificate=None)
    return type(who.authentication), proof, request.client_certificate, rest


@given(near_pairs())
def test_two_requests_share_a_key_exactly_if_one_token_serves_both(pair: tuple[TokenRequest, TokenRequest]) -> None:
    """They must be equal in everything, with the scope as a set."""
    left, right = pair
    assert (key(left) == key(right)) == (shape(left) == shape(right))


@given(
    st.lists(strategies.scope_tokens(), unique=True, max_size=6).flatmap(
        lambda t: st.tuples(st.just(t), st.permutations(t))
    )
)
def test_the_order_of_a_scope_does_not_change_the_key(orders: tuple[list[str], list[str]]) -> None:
    """A scope is a set."""
    left, right = (REQUEST.with_scope(Scope.of(*order)) for order in orders)
    assert key(left) == key(right)


@given(strategies.texts(min_size=1), strategies.texts(min_size=1))
@example("\u2028", " ")
@example("e\u0301", "é")
@example('","', ",")
def test_different_parameter_values_have_different_keys(one: str, other: str) -> None:
    """Unusual characters make no exception."""
    assume(one != other)
    base = token_request(ClientCredentials("id", "s"))
    assert key(base.with_parameter("p", one)) != key(base.with_parameter("p", other))


@given(strategies.texts(min_size=1), strategies.authentications(), strategies.token_requests())
def test_every_valid_request_has_a_stable_key_of_64_hexadecimal_digits(
    client_id: str, method: ClientSecretBasic, request: TokenRequest
) -> None:
    """Any characters are supported."""
    request = attrs.evolve(request, credentials=ClientCredentials(client_id, method))
    first = cache_key(request, ENDPOINT, fingerprint(request.credentials))
    assert len(bytes.fromhex(first)) == 32
    assert first == key(request)


def test_a_lone_surrogate_is_rejected_before_it_reaches_the_key() -> None:
    """UTF-8 cannot encode it."""
    attempts: list[Callable[[], object]] = [
        lambda: token_request(ClientCredentials("id", "s")).with_parameter("p", "\ud800"),
        lambda: token_request(ClientCredentials("\udfff", "s")),
        lambda: token_request(ClientCredentials("id", "\ud800")),
    ]
    for make in attempts:
        with pytest.raises(errors.InvalidInput):
            make()


def test_the_cache_key_of_a_request_is_stable_across_releases() -> None:
    """A change makes every stored token a miss, so it must be deliberate."""
    assert key(REQUEST) == "57ce6701b039b04c8b9b48c9ef1f5cc8723c2be0b1aa70105cef1ddf9cf9db0d"
    assert (
        key(token_request(ClientCredentials("your_id", "s3cret")))
        == "1328cc84b0f11e430fb08c9f1471dc8c872dcec39473372ed00fb819a18f9b31"
    )


STABLE = {
    "no authentication": "3f5724b2e4879ad5310d095faeca3b71b2ebc566801f248054c4699ef25925e5",
    "without a method": "48e985bede4ad48a6c4add3c32fbf809df47b26c3d7c75065f8043c0403009cd",
    "client_id in the body": "c562768653b41d2a3efb4aa157c04cfe8c6cf7d5486ec8a4dcc70a841d035177",
    "a resource by name": "44c25839f7862b5be8a481571cdb463a809bc9e667c7110b91460df2874d29d1",
    "more headers": "07146173c5280ff74f1bb705e2de39f5d9b67522c024c5529555ffcd45f52acb",
    "a dialect": "c9f684550c6610cd8b0d2d83cf9eb06bd907c4f378877034f95459cfbb75c6ba",
    "bound to a certificate": "27cf490dc4ce68011fb19d4c6e44bc79eef74f96211ca82997ef8af2d6b1ab3c",
    "bound to the file of a certificate": "b974ef103a1b3dd2d4c3bd591d54867e689937c781282cdebc51b133a3a6fdcd",
    "by key": "92554b4520eca7773b8f5a556ee117f5aa6c826c0b62e316677286b47fa812f0",
    "by an assertion": "25b01fb830b5984353d011046fcf530d836f84eeccd9434aea3d40effb7a76c8",
    "keyed by a secret": "7f001a78200b760f1bf56e56378707761e8ddabf5afcf41ac162fa397bd6635b",
    "by certificate": "1a03a65174fcaaea0e44dbfc2fdfed522eba8b01aec3e9f752127d69854c7bff",
}


@pytest.mark.parametrize(("name", "expected"), STABLE.items())
def test_the_cache_key_of_each_kind_of_request_is_stable_across_releases(name: str, expected: str) -> None:
    """It covers fields that most requests leave at their defaults."""
    assert key(OTHERS[name]()) == expected


def test_the_cache_key_of_unusual_characters_is_stable_across_releases() -> None:
    """So are the key of a resource that names the issuer, and the name in logs without a store."""
    request = token_request(ClientCredentials("é\u2028", ClientSecretPost("sé")), Scope.of("a"))
    request = request.with_parameter("e", "é\u2028").with_resource("https://api.example/e")
    assert key(request) == "c6ec6d2b61f9f196dad1a5220bb6fd8b975293771b45480a5cb832b6c7a5b7db"
    assert cache_key(request, ENDPOINT, proof(request.credentials), by_resource=True) == (
        "2dcc20778661593e6c9fecd10cef573b408050bb5b4084b8c7387004d7dd9bba"
    )
    assert public_key(request, ENDPOINT) == "cb7d65eb589c607278e453af69eb42779d16b06b813692feba0aade1718482e1"
    assert public_key(REQUEST, ENDPOINT) == "dfe5bf026a8ab03122434901baf8948e9d09f7f47725992f4500aee522b6c46f"


def test_fingerprint_and_key_reveal_no_secret() -> None:
    """They contain neither the secret, its plain hash, nor a parameter's value."""
    plain = token_request(ClientCredentials("id", "M4RKER")).with_parameter("api_key", "M4RKER")
    assert len(fingerprint(plain.credentials)) == 32
    assert fingerprint(plain.credentials) != fingerprint(ClientCredentials("ie", "M4RKER"))
    assert b"M4RKER" not in fingerprint(plain.credentials)
    assert b"M4RKER".hex() not in fingerprint(plain.credentials).hex() + key(plain)


def test_the_error_of_an_unusable_method_does_not_show_its_secret() -> None:
    """The error of the method passes through."""
    with pytest.raises(errors.InvalidInput) as caught:
        fingerprint(ClientCredentials("a:b", ClientSecretBasic("M4RKER", encode=False)))
    assert "M4RKER" not in shown_by(caught.value)


def test_what_is_read_anew_counts_by_its_path_or_name() -> None:
    """Two processes have one key for one file, even if it is rotated between their starts."""
    loaded = [attrs.evolve(KEY, thumbprint=name, source=KeySource("a.pem", lambda: KEY)) for name in ("old", "new")]
    old, new = [key(with_credentials("id", PrivateKeyJwt(one, ISSUER))) for one in loaded]
    assert old == new != key(with_credentials("id", PrivateKeyJwt(KEY, ISSUER)))
    methods: list[ClientAuthentication] = [
        ClientSecretBasic(SecretFile("a")),
        ClientSecretBasic(SecretFile("b")),
        ClientSecretPost(SecretFile("a")),
        ClientSecretBasic(SecretSource(str, name="a")),
        PrivateKeyJwt(loaded[0], ISSUER),
        PrivateKeyJwt(loaded[0], ISSUER, audience="a"),
        PrivateKeyJwt(attrs.evolve(loaded[0], thumbprint="b", source=KeySource("b.pem", lambda: KEY)), ISSUER),
    ]
    assert len({key(with_credentials("id", method)) for method in methods}) == len(methods)
    same = ClientSecretBasic(SecretSource(lambda: "another function", name="a"))
    assert key(with_credentials("id", same)) == key(with_credentials("id", methods[3]))
