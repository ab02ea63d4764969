"""
Hypothesis strategies for the records, with a pool of awkward values.

Each function is cached, because Hypothesis validates a strategy anew for each object.
"""

import string
from functools import cache

from hypothesis import strategies as st

from oauth_cc import (
    AssertionFile,
    Certificate,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    Dialect,
    NoAuthentication,
    Placement,
    PrivateKeyJwt,
    Scope,
    SigningKey,
    TlsClientAuth,
    TokenRequest,
)
from oauth_cc.authentication import AssertionDraft, AssertionSource, ClientAuthentication
from oauth_cc.compose import proof_of
from oauth_cc.dialect import MAX_LIFETIME
from oauth_cc.secret import REDACTION

VSCHAR = "".join(map(chr, range(0x20, 0x7F)))
NQCHAR = "".join([character for character in VSCHAR if character not in ' "\\'])
NAME_CHAR = "".join([character for character in VSCHAR if character.isalnum() or character in "-._"])
RESERVED = frozenset(
    [
        "grant_type",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "scope",
        "resource",
        "authorization_details",
    ]
)

_BOOLEANS = st.booleans()
_RESOURCE_NAMES = st.lists(st.sampled_from(["00000003-0000", "Graph", "a&b=c"]), max_size=2)
AWKWARD = ["a:b", "p%+ /", "%41", "+", "a&b=c", "日本", "🔑", "é", "e\u0301", "\u2028", "'\"\\", "None", "~", " "]


@cache
def texts(min_size: int = 0) -> st.SearchStrategy[str]:
    """Draw any text that a client id or secret may contain."""
    anything = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=min_size, max_size=30)
    return st.one_of(st.sampled_from(AWKWARD), anything.filter(_is_no_redaction), ascii_texts(min_size=min_size))


@cache
def ascii_texts(alphabet: str = VSCHAR, min_size: int = 0, max_size: int = 30) -> st.SearchStrategy[str]:
    """Draw text that a header may carry."""
    return st.text(alphabet, min_size=min_size, max_size=max_size).filter(_is_no_redaction)


def _is_no_redaction(text: str) -> bool:
    # Records refuse it, and Hypothesis takes it from the constants of the package.
    return REDACTION not in text


@cache
def scope_tokens() -> st.SearchStrategy[str]:
    """Draw a scope-token."""
    return st.text(NQCHAR, min_size=1, max_size=12)


@cache
def scopes() -> st.SearchStrategy[Scope]:
    """Draw a scope, possibly empty."""
    return st.lists(scope_tokens(), max_size=6).map(lambda tokens: Scope.of(*tokens))


@cache
def names() -> st.SearchStrategy[str]:
    """Draw the name of a parameter that has no builder of its own."""
    return st.text(NAME_CHAR, min_size=1, max_size=12).filter(lambda name: name not in RESERVED)


@cache
def parameters() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Draw further parameters with unique names and non-empty values."""
    return st.lists(st.tuples(names(), texts(min_size=1)), max_size=4, unique_by=lambda pair: pair[0])


@cache
def resources() -> st.SearchStrategy[str]:
    """Draw a resource indicator."""
    return st.sampled_from(
        ["https://api.example/", "https://b.example/x?t=1", "urn:example:api", "https://[::1]/", "api://id/a%20b"]
    )


_RESOURCES = st.lists(resources(), max_size=3)


@cache
def certificates() -> st.SearchStrategy[Certificate]:
    """Draw a client certificate."""
    return st.text("-_" + string.ascii_letters + string.digits, min_size=42, max_size=42).map(
        lambda begin: Certificate(f"{begin}A")
    )


@cache
def signing_keys() -> st.SearchStrategy[SigningKey]:
    """Draw a private key that signs with zeros."""
    return st.builds(SigningKey, st.just("ES256"), st.just(_zeros), st.sampled_from(["key-1", "key-2"]))


def _zeros(_: bytes) -> bytes:
    return bytes(64)


@cache
def authentications() -> st.SearchStrategy[ClientAuthentication]:
    """Draw a client authentication method."""
    return st.one_of(
        st.builds(ClientSecretBasic, texts(), encode=st.just(True)),
        st.builds(ClientSecretPost, texts()),
        st.just(NoAuthentication()),
        st.builds(TlsClientAuth, certificates(), self_signed=st.booleans()),
        st.builds(PrivateKeyJwt, signing_keys(), st.just("https://as.example"), lifetime=st.integers(1, 3600)),
        st.builds(ClientSecretJwt, texts(min_size=1).map(lambda text: text * 32), st.just("https://as.example")),
        st.builds(ClientAssertion, st.sampled_from([AssertionFile("/a"), AssertionFile("/b")])),
    )


@cache
def credentials() -> st.SearchStrategy[ClientCredentials]:
    """Draw credentials that can authenticate."""
    return st.builds(ClientCredentials, texts(min_size=1), authentications())


@cache
@st.composite
def token_requests(draw: st.DrawFn) -> TokenRequest:
    """Draw a token request, with any of its builders applied."""
    request = TokenRequest(draw(credentials()), draw(scopes()))
    for uri in draw(_RESOURCES):
        request = request.with_resource(uri)
    request = request.with_parameters(draw(parameters()))
    return request.with_client_id_in_body() if draw(_BOOLEANS) else request


@cache
def headers() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Draw headers of a token request."""
    values = ascii_texts(min_size=1, max_size=12).filter(lambda text: text == text.strip())
    named = st.tuples(st.sampled_from(["X-Merchant-Id", "User-Agent", "accept", "X-API-Key"]), values)
    return st.lists(named, max_size=3, unique_by=lambda pair: pair[0])


@cache
def placements() -> st.SearchStrategy[Placement]:
    """Draw where an API expects the token."""
    return st.builds(
        Placement,
        st.sampled_from(["Authorization", "authorization", "X-Shopify-Access-Token", "x-amz-access-token"]),
        st.sampled_from(["Bearer", "bearer", "OAuth", "Token", None]),
    )


@cache
def dialects(names: tuple[str, ...] | None = None) -> st.SearchStrategy[Dialect]:
    """Draw a dialect whose paths consist of *names*."""
    name = st.sampled_from(names or ["access_token", "token_type", "scope", "data", "token", "é"])
    word = st.sampled_from(["Application Access Token", "BearerToken", "expired", "tok-1", "a b", "~"])
    members = st.sampled_from(["access_token", "token_type", "expires_in", "scope"])
    return st.builds(
        Dialect,
        bearer_names=st.lists(word, max_size=2).map(tuple),
        default_lifetime=st.none() | st.sampled_from([0.5, 1, 7200, 7200.0, MAX_LIFETIME]),
        lifetime_unit=st.sampled_from(["s", "ms"]),
        members=st.dictionaries(members, st.lists(name, min_size=1, max_size=3).map(".".join), max_size=3),
        scope_separator=st.sampled_from([" ", ","]),
        body_format=st.sampled_from(["form", "json"]),
        grant_type=st.sampled_from(["client_credentials", "account_credentials", "urn:ibm:params:oauth:x"]),
        placement=placements(),
        rejection_words=st.lists(word, max_size=2).map(tuple),
        rejection_statuses=st.lists(st.integers(400, 499), max_size=2).map(tuple),
    )


@cache
@st.composite
def departing_requests(draw: st.DrawFn) -> TokenRequest:
    """Draw a token request with any of its builders applied, for a server that departs from RFC 6749."""
    request, dialect = draw(token_requests()), draw(dialects())
    for name in draw(_RESOURCE_NAMES):
        request = request.with_resource(name, uri=False)
    for name, text in draw(headers()):
        request = request.with_header(name, text)
    if draw(_BOOLEANS):
        request = request.with_authorization_details({"type": "t", "n": [1, 2.5, None, {"é": '"'}]}, {"type": "u"})
    if dialect.scope_separator == ",":
        request = request.with_scope(Scope.of(*[token.replace(",", ".") for token in request.scope]))
    return request.with_dialect(dialect)


def assertion_for(request: TokenRequest) -> str | None:
    """Return an assertion if *request* needs one."""
    proof = proof_of(request)
    return "eyJhbGciOiJFUzI1NiJ9.e30.c2ln" if isinstance(proof, AssertionDraft | AssertionSource) else None
