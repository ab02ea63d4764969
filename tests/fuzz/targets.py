"""
The parsers that take bytes of a server, an API or a store, each as a target for fuzzing.

A target raises only what its parser may raise, and `AssertionError` if the result breaks a promise.
"""

import gzip
import json
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Final, ParamSpec
from urllib.parse import urlsplit

import attrs

from oauth_cc import ClientCredentials, Dialect, Endpoint, HttpResponse, Scope, Secret, Token, errors, token_request
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.form import decode, encode
from oauth_cc._wire.json import MAX_SIZE, parse_object, write
from oauth_cc._wire.redaction import echoes
from oauth_cc.authentication.federated import checked_assertion, remark_on
from oauth_cc.authentication.keys import ALGORITHMS
from oauth_cc.challenge import (
    challenged_scope,
    insufficient_scope,
    parse_challenges,
    resource_metadata,
    token_rejected,
)
from oauth_cc.dialect import MAX_LIFETIME
from oauth_cc.dpop import accepted_algorithms, dpop_nonce, proof_rejected, retry_nonce
from oauth_cc.endpoint import check_resource, check_url
from oauth_cc.flows.platform import github_assertion, google_assertion
from oauth_cc.http import MAX_RETRY_AFTER, date, retry_after
from oauth_cc.metadata import (
    ResourceMetadata,
    ServerMetadata,
    metadata_lifetime,
    parse_metadata,
    parse_resource_metadata,
)
from oauth_cc.response import read_token_response
from oauth_cc.stores._encryption import Encryption
from oauth_cc.stores._redis_commands import Commands
from oauth_cc.stores._serialization import dumps, loads
from tests.bound import bound_key
from tests.world import World

P = ParamSpec("P")

NOW: Final = 1700000000.0
SECRET: Final = "s3cr3t/va<l>ue+%"
KEY: Final = "0123456789abcdef" * 4
MAX_ACCEPTED: Final = len(ALGORITHMS) + 5
ISSUER: Final = "https://as.example/tenant"
RESOURCE: Final = "https://api.example/mcp"
REQUEST: Final = token_request(ClientCredentials("your_id", SECRET), Scope.of("a", "b"))
REQUESTS: Final = (
    REQUEST,
    REQUEST.with_dpop(bound_key("thumbprint")),
    REQUEST.with_dialect(Dialect(bearer_names=("x",), members={"access_token": "data.token"}, lifetime_unit="ms")),
)
TOKEN: Final = Token(Secret("tok-1"), "Bearer", NOW, NOW + 3600, Scope.of("a"), extra={"a": [1, {"b": None}]})
FORMATS: Final = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


@attrs.frozen
class Target:
    """
    One parser.

    Args:
        call: Parses bytes, and checks the result.
        seeds: Valid inputs, from which others are made.
        pieces: What is put into them.
    """

    call: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    pieces: tuple[bytes, ...]


def _caught(parse: Callable[P, object], *arguments: P.args, **named: P.kwargs) -> object:
    try:
        return parse(*arguments, **named)
    except errors.OAuthError as error:
        return error


def token_response(data: bytes) -> None:
    """Read *data* as a token response of each status. The outcome shows no secret and no token."""
    for request in REQUESTS:
        for status in (200, 400, 401, 503):
            outcome = read_token_response(HttpResponse(status, (), data), request, NOW, lambda: None)
            shown = f"{outcome}{outcome!r}"
            assert SECRET not in shown
            assert all([character.isprintable() for character in shown])
            if isinstance(outcome, Token):
                assert 0 <= outcome.expires_at - NOW <= MAX_LIFETIME
                assert Token.from_json(outcome.to_json()) == outcome


def metadata(data: bytes) -> None:
    """Read *data* as metadata. Endpoints are https."""
    found = _caught(parse_metadata, HttpResponse(200, (), data), ISSUER)
    if isinstance(found, errors.OAuthError):
        assert str(found).isprintable()
        return
    assert isinstance(found, ServerMetadata)
    assert found.issuer == ISSUER
    assert found.token_endpoint.lower().startswith("https://")


def resource(data: bytes) -> None:
    """Read *data* as metadata of a protected resource. Its authorization servers are URLs."""
    found = _caught(parse_resource_metadata, HttpResponse(200, (), data), RESOURCE)
    if isinstance(found, errors.OAuthError):
        assert str(found).isprintable()
        return
    assert isinstance(found, ResourceMetadata)
    assert found.resource == RESOURCE
    assert all([server.lower().startswith(("https://", "http://")) for server in found.authorization_servers])


def caching(data: bytes) -> None:
    """Read *data* as Cache-Control and Age of metadata."""
    text = data.decode("latin-1")
    assert 60 <= metadata_lifetime(HttpResponse(200, (("Cache-Control", text), ("Age", text)), b"")) <= 24 * 3600


def challenges(data: bytes) -> None:
    """Read *data* as WWW-Authenticate and DPoP-Nonce."""
    lines = data.decode("latin-1").split("\n")
    for challenge in parse_challenges(lines):
        assert challenge.scheme == challenge.scheme.lower()
    for status in (401, 403):
        response = HttpResponse(status, [("WWW-Authenticate", line) for line in lines] + [("DPoP-Nonce", lines[0])])
        token_rejected(response)
        insufficient_scope(response)
        challenged_scope(response)
        assert (resource_metadata(response) or "https://").lower().startswith(("https://", "http://"))
        nonce = dpop_nonce(response)
        assert retry_nonce(response, None) in (None, nonce)
        assert retry_nonce(response, nonce) is None
        proof_rejected(response)
        assert len(accepted_algorithms(response)) <= MAX_ACCEPTED


def json_text(data: bytes) -> None:
    """Parse *data* as JSON as strictly as Python does, or more so."""
    found = parse_object(data)
    if isinstance(found, str):
        return
    assert json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant).keys() == found.keys()
    try:
        assert parse_object(write(found)) == found
    except ValueError:
        assert b"\\u" in data  # a lone surrogate, which JSON text can escape and UTF-8 cannot encode


def _no_constant(name: str) -> object:
    raise AssertionError(name)


def date_field(data: bytes) -> None:
    """Read *data* as a Date header."""
    found = date(HttpResponse(400, {"Date": data.decode("latin-1")}), NOW)
    assert found is None or -(10**11) < found < 10**12


def retry_after_field(data: bytes) -> None:
    """Read *data* as a Retry-After header."""
    found = retry_after(HttpResponse(503, {"Retry-After": data.decode("latin-1")}), NOW)
    assert found is None or 0 <= found <= MAX_RETRY_AFTER


def store_entry(data: bytes) -> None:
    """Load *data* as an entry of a store. No other key's token is returned."""
    found = loads(data, KEY)
    assert found is None or loads(data, KEY[::-1]) is None


def redis_reply(data: bytes) -> None:
    """Read *data* as Redis's reply to a look at an entry."""
    commands = Commands("p:", 60.0, 1.0, 2.0, Encryption())
    found = commands.token(KEY, data)
    assert found is None or commands.digest(KEY, found, data) is not None
    for reply in (data.decode("latin-1"), list(data), None, len(data)):
        assert commands.token(KEY, reply) is None


def coding(data: bytes) -> None:
    """Decode *data* from each content coding, within its limit."""
    for name in ("gzip", "deflate", "br", "gzip, gzip"):
        assert len(decode_content(data, [name], max_size=1000)) <= 1001
    decode_content(data, [data.decode("latin-1")], max_size=1000)


def url(data: bytes) -> None:
    """Check *data* as a URL. The host is the one that Python sees."""
    text = data.decode("utf-8", "surrogateescape")
    for check in (Endpoint, check_url, check_resource):
        found = _caught(check, text)
        if isinstance(found, errors.InvalidInput):
            assert len(text) < 20 or text not in str(found)
        elif check is not check_resource:
            parts = urlsplit(text)
            assert parts.hostname
            assert Endpoint(text).origin.host.strip("[]") == parts.hostname


def form(data: bytes) -> None:
    """Decode *data* as form text."""
    found = decode(data.decode("latin-1"))
    assert isinstance(found, str) or decode(encode(found)) == found


def assertion(data: bytes) -> None:
    """Read *data* as the content of an assertion file."""
    found = checked_assertion(data.decode("utf-8", "replace"))
    assert isinstance(found, Secret | errors.InvalidInput)


def echo(data: bytes) -> None:
    """Look for a secret in *data*. The spans are in order."""
    text, last = data.decode("utf-8", "replace"), -1
    for start, end in echoes(text, [SECRET, "aaaaaaaaaaaaab"]):
        assert last < start < end <= len(text)
        last = end
    for plain in (SECRET, "aaaaaaaaaaaaab"):
        assert plain not in text or echoes(text, [plain])


_STORED: Final = dumps(KEY, TOKEN)
assert _STORED is not None
_ENTRY: Final = _STORED.reveal().encode()
_ANSWER: Final = b'{"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600, "scope": "a b", "x": [{}]}'
_REFUSAL: Final = b'{"error": "invalid_client", "error_description": "s3cr3t", "error_uri": "https://as.example/e"}'
_METADATA: Final = (
    b'{"issuer": "https://as.example/tenant", "token_endpoint": "https://as.example/token", "grant_types_supported": '
    b'["client_credentials"], "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.as.example/token"}}'
)
_RESOURCE: Final = (
    b'{"resource": "https://api.example/mcp", "authorization_servers": ["https://as.example"], "scopes_supported": '
    b'["a"], "bearer_methods_supported": ["header"], "dpop_bound_access_tokens_required": false}'
)
_CHALLENGE: Final = b'Basic realm="a, b", DPoP error="use_dpop_nonce", Bearer error=invalid_token, scope="a b"'
_JSON: Final = (b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\u", b"\\ud800", b"null", b"NaN", b"1e999", b"9" * 40)
_DATES: Final = (b"Tue, 14 Nov 2023 22:13:20 GMT", b"Tuesday, 14-Nov-23 22:13:20 GMT", b"Tue Nov 14 22:13:20 2023")
_DATE_PIECES: Final = (b"0", b"99", b"31", b"Feb", b"GMT", b" ", b":", b"\xff", b"-1", b"60")


def claims(data: bytes) -> None:
    """Call `remark_on` with a JWT whose claims are *data*."""
    encoded = urlsafe_b64encode(data).decode().rstrip("=")
    for text in (f"a.{encoded}.c2ln", data.decode("utf-8", "replace")):
        found = remark_on(Secret(text), NOW)
        assert found is None or (found.isprintable() and found.isascii() and len(found) < 1500)


def platform(data: bytes) -> None:
    """Call the flows of platforms with a response."""
    for flow in (github_assertion("aud", "https://a.example", Secret("b")), google_assertion("aud", "a.example")):
        try:
            found = World([HttpResponse(200, (), data)]).run(flow)
        except errors.InvalidResponse:
            continue
        assert isinstance(checked_assertion(found), Secret)


TARGETS: Final = {
    "token response": Target(token_response, (_ANSWER, _REFUSAL), (*_JSON, b"s3cr3t/va", b"%2f", b"&lt;")),
    "metadata": Target(metadata, (_METADATA,), (*_JSON, b"http://", b"@", b"#")),
    "resource metadata": Target(resource, (_RESOURCE,), (*_JSON, b"http://", b"@", b"#")),
    "Cache-Control": Target(caching, (b"public, max-age=600", b"no-store"), (b",", b"max-age=", b"9" * 40, b"-", b'"')),
    "challenges": Target(
        challenges, (_CHALLENGE, b"Negotiate YWJj=="), (b",", b" ", b'"', b"\\", b"=", b"\n", b"\xff")
    ),
    "JSON": Target(json_text, (_ANSWER, b"{}", b'{"a": [1.5e3, "\\u00e9", {"": null}]}'), _JSON),
    "Date": Target(date_field, _DATES, _DATE_PIECES),
    "Retry-After": Target(retry_after_field, (b"7", *_DATES), _DATE_PIECES),
    "store entry": Target(store_entry, (_ENTRY,), (*_JSON, b'\\"')),
    "Redis reply": Target(redis_reply, (b"1700000000000000 " + _ENTRY,), (*_JSON, b" ", b"0")),
    "content coding": Target(coding, (gzip.compress(_ANSWER, mtime=0), zlib.compress(_ANSWER)), (b"\0", b"\xff" * 9)),
    "URL": Target(
        url,
        (b"https://as.example:8443/token?a=b", b"http://[::1]:80/", b"urn:example:api"),
        (b"/", b"\\", b"@", b":", b"#", b"?", b"%", b"[", b"]", b".", b"\t", b"\xe3\x80\x82", b"//", b"0x7f", b"xn--"),
    ),
    "form": Target(form, (b"scope=a+b&x=%C3%A9",), (b"&", b"=", b"%", b"+", b";", b"%C3", b"\xff")),
    "claims of an assertion": Target(
        claims, (b'{"iss": "https://a", "sub": "b", "aud": ["c"], "exp": 1.5e9}',), (*_JSON, b"1e400", b"-", b"\\u0000")
    ),
    "assertion of a platform": Target(
        platform,
        (b'{"value": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}', b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln"),
        (*_JSON, b"\n", b" "),
    ),
    "assertion": Target(assertion, (b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln\n",), (b".", b"\n", b" ", b"=", b"\0")),
    "echoed secret": Target(
        echo,
        (SECRET.encode(), b"s3cr3t%2fva%3Cl%3eue%2B%25", b"YTpzM2NyM3QvdmE8bD51ZSsl", b"aaaaaaaaaaaaab"),
        (b"%", b"&#x", b";", b"\\u", b"\\", b"=", b"+", b"\xff", b"aaaa"),
    ),
}
"""The targets by their names."""

assert len(_ANSWER) < MAX_SIZE
