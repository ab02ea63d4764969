"""
The key of a stored token: everything that shapes the token is in it, and nothing that must stay secret.
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
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoAuthentication,
    PrivateKeyJwt,
    Scope,
    Secret,
    SigningKey,
    TlsClientAuth,
    TokenRequest,
    errors,
    token_request,
)
from oauth_cc.authentication import ClientAuthentication
from oauth_cc.flows.cache_key import cache_key, fingerprint
from tests import strategies
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
    .with_dpop_jkt("jkt")
)
ISSUER = "https://as.example"
KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
OURS, THEIRS = Certificate("A" * 43), Certificate("B" * 42 + "A")

# As slow as it is meant to be; a test asks it again and again.
proof = cache(fingerprint)


def key(request: TokenRequest, endpoint: str = ENDPOINT) -> str:
    """Gives the key as a source makes it."""
    return cache_key(request, endpoint, proof(request.credentials))


def with_credentials(client_id: str, way: str | ClientAuthentication) -> TokenRequest:
    """Gives the request of other credentials."""
    return attrs.evolve(REQUEST, credentials=ClientCredentials(client_id, way))


def with_parameters(*pairs: tuple[str, str]) -> TokenRequest:
    """Gives the request with other parameters."""
    return attrs.evolve(REQUEST, parameters=()).with_parameters(pairs)


OTHERS: dict[str, Callable[[], TokenRequest]] = {
    "client_id": lambda: with_credentials("ie", "s3c:ret"),
    "where client_id ends": lambda: with_credentials("ids", "3c:ret"),
    "secret": lambda: with_credentials("id", "s3c:reT"),
    "encode": lambda: with_credentials("id", ClientSecretBasic("s3c:ret", encode=False)),
    "post": lambda: with_credentials("id", ClientSecretPost("s3c:ret")),
    "no authentication": lambda: with_credentials("id", NoAuthentication()),
    "no way at all": lambda: attrs.evolve(REQUEST, credentials=ClientCredentials("id")),
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
    "another key": lambda: REQUEST.with_dpop_jkt("jkT"),
    "no key": lambda: attrs.evolve(REQUEST, dpop_jkt=None),
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
    "by certificate": lambda: with_credentials("id", TlsClientAuth(OURS)),
    "by another certificate": lambda: with_credentials("id", TlsClientAuth(THEIRS)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_shapes_a_token_alone_is_a_miss(name: str) -> None:
    """One thing that differs is enough: the token of one request never serves another."""
    assert key(OTHERS[name]()) != key(REQUEST)


def test_a_certificate_that_authenticates_binds_too() -> None:
    """A token of a client that authenticates by its certificate may be bound to it: to say so changes nothing."""
    request = with_credentials("id", TlsClientAuth(OURS))
    assert key(request) == key(request.with_certificate(OURS))


def test_no_two_of_these_share_a_key() -> None:
    """Things that differ do not stand for each other."""
    assert len({key(REQUEST), *[key(make()) for make in OTHERS.values()]}) == len(OTHERS) + 1


@pytest.mark.parametrize(
    "endpoint", ["https://as.example/token/", "https://as.example/token?tenant=1", "https://b.example/token"]
)
def test_another_endpoint_is_a_miss(endpoint: str) -> None:
    """The token of one server never serves for another."""
    assert key(REQUEST, endpoint) != key(REQUEST)


def test_another_fingerprint_is_another_key_for_parameters_too() -> None:
    """The same value of a parameter is hashed in another way for other credentials, so that it cannot be looked up."""
    assert cache_key(REQUEST, ENDPOINT, b"a" * 32) != cache_key(REQUEST, ENDPOINT, b"b" * 32)


def requests() -> st.SearchStrategy[TokenRequest]:
    """Requests from few values each, so that two of them are often equal in most."""
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
    return st.builds(
        TokenRequest,
        credentials=st.builds(ClientCredentials, st.sampled_from(["i", "is"]), ways),
        scope=st.permutations(["a", "b"]).flatmap(lambda t: st.sampled_from([Scope(), Scope.of(*t), Scope.of(t[0])])),
        resources=st.sampled_from([(), ("urn:a",), ("urn:a", "urn:b"), ("urn:b", "urn:a")]),
        authorization_details=st.sampled_from([(), ('{"type":"a"}',), ('{"type":"a"}', '{"type":"a"}')]),
        parameters=pairs.map(tuple),
        body=others.map(tuple),
        includes_client_id=st.booleans(),
        dpop_jkt=st.sampled_from([None, "j", "k"]),
        certificate=st.sampled_from([None, OURS]),
    )


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[TokenRequest, TokenRequest]:
    """Gives two requests that differ in few fields, in none at times."""
    left, right = draw(requests()), draw(requests())
    names = [field.name for field in attrs.fields(TokenRequest)]
    taken = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    return left, attrs.evolve(left, **{name: getattr(right, name) for name in taken})


def shape(request: TokenRequest) -> tuple[object, ...]:
    """Gives what the server sees of *request*, its scope as a set, and by which way the client proves itself."""
    who = request.credentials
    proof = None if who.authentication is None else who.authentication.authenticate(who.client_id)
    rest = attrs.evolve(request, credentials=ClientCredentials(who.client_id), certificate=None)
    return type(who.authentication), proof, request.client_certificate, rest


@given(near_pairs())
def test_two_requests_share_a_key_exactly_if_one_token_serves_both(pair: tuple[TokenRequest, TokenRequest]) -> None:
    """Equal in everything, with the scope as a set: a hit. Anything else: a miss."""
    left, right = pair
    assert (key(left) == key(right)) == (shape(left) == shape(right))


@given(
    st.lists(strategies.scope_tokens(), unique=True, max_size=6).flatmap(
        lambda t: st.tuples(st.just(t), st.permutations(t))
    )
)
def test_the_order_of_a_scope_does_not_matter(orders: tuple[list[str], list[str]]) -> None:
    """A scope is a set: its order is a hit."""
    left, right = (REQUEST.with_scope(Scope.of(*order)) for order in orders)
    assert key(left) == key(right)


@given(strategies.texts(min_size=1), strategies.texts(min_size=1))
@example("\u2028", " ")
@example("e\u0301", "é")
@example('","', ",")
def test_values_with_odd_characters_are_told_apart(one: str, other: str) -> None:
    """Whatever characters a value holds, it has a key, and another value has another."""
    assume(one != other)
    base = token_request(ClientCredentials("id", "s"))
    assert key(base.with_parameter("p", one)) != key(base.with_parameter("p", other))


@given(strategies.texts(min_size=1), strategies.authentications(), strategies.token_requests())
def test_every_request_that_can_be_made_has_a_key(
    client_id: str, way: ClientSecretBasic, request: TokenRequest
) -> None:
    """A key is 64 hexadecimal digits, for any characters, and the same one when asked again."""
    request = attrs.evolve(request, credentials=ClientCredentials(client_id, way))
    first = cache_key(request, ENDPOINT, fingerprint(request.credentials))
    assert len(bytes.fromhex(first)) == 32
    assert first == key(request)


def test_half_a_surrogate_pair_never_gets_as_far_as_the_key() -> None:
    """What has no UTF-8 form is refused where it is given, so that no key is ever asked of it."""
    attempts: list[Callable[[], object]] = [
        lambda: token_request(ClientCredentials("id", "s")).with_parameter("p", "\ud800"),
        lambda: token_request(ClientCredentials("\udfff", "s")),
        lambda: token_request(ClientCredentials("id", "\ud800")),
    ]
    for make in attempts:
        with pytest.raises(errors.InvalidInput):
            make()


def test_the_scheme_of_the_key_stays_as_it_is() -> None:
    """A change of the scheme makes every stored token unknown, so it has to be made on purpose."""
    assert key(REQUEST) == "984b017d7e3eee943b87fe7bbd68c1d0e0da84020bfeb67c81404a36150bf256"
    assert (
        key(token_request(ClientCredentials("your_id", "s3cret")))
        == "1328cc84b0f11e430fb08c9f1471dc8c872dcec39473372ed00fb819a18f9b31"
    )


def test_a_fingerprint_reveals_nothing() -> None:
    """Neither a fingerprint nor a key holds the secret, its hash without a salt, or a parameter's value."""
    plain = token_request(ClientCredentials("id", "M4RKER")).with_parameter("api_key", "M4RKER")
    assert len(fingerprint(plain.credentials)) == 32
    assert fingerprint(plain.credentials) != fingerprint(ClientCredentials("ie", "M4RKER"))
    assert b"M4RKER" not in fingerprint(plain.credentials)
    assert b"M4RKER".hex() not in fingerprint(plain.credentials).hex() + key(plain)


def test_a_way_that_cannot_prove_itself_says_so_without_its_secret() -> None:
    """What the way of authentication raises passes through, and no frame of it shows the secret."""
    with pytest.raises(errors.InvalidInput) as caught:
        fingerprint(ClientCredentials("a:b", ClientSecretBasic("M4RKER", encode=False)))
    assert "M4RKER" not in shown_by(caught.value)
