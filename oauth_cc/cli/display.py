"""
Requests, responses and metadata as text for people, with every secret redacted.
"""

import shlex
from collections.abc import Sequence
from typing import Final

from oauth_cc._wire.form import decode, encode_value
from oauth_cc._wire.json import JsonValue, freeze, is_array, is_object, parse_object, write
from oauth_cc.authentication.keys import ALGORITHMS, MAC_ALGORITHMS
from oauth_cc.fapi import Requirement
from oauth_cc.http import SHOWN_HEADERS, HttpRequest, HttpResponse
from oauth_cc.metadata import METHODS, ResourceMetadata, ServerMetadata

_QUOTA: Final = frozenset(
    {"ratelimit", "ratelimit-limit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "x-rate-limit-limit"}
    | {"x-rate-limit-remaining", "x-rate-limit-reset", "x-ratelimit-limit", "x-ratelimit-remaining"}
    | {"x-ratelimit-reset"}
)
TRACED_HEADERS: Final = SHOWN_HEADERS | _QUOTA | {"connection", "host", "transfer-encoding"}
"""Header fields whose values are not redacted."""

SHOWN_PARAMETERS: Final = frozenset(
    {"grant_type", "client_id", "scope", "resource", "audience", "authorization_details", "client_assertion_type"}
    | {"api-version", "organization", "requested_token_type", "tenant", "token_type_hint", "version"}
)
"""Parameters of a URL, a form or a JSON body whose values are not redacted. Any other may be a secret."""

_SHOWN_MEMBERS: Final = frozenset({"token_type", "expires_in", "scope", "error", "error_description", "error_uri"})
_METADATA: Final = frozenset(
    {"authorization_endpoint", "introspection_endpoint", "issuer", "jwks_uri", "mtls_endpoint_aliases"}
    | {"revocation_endpoint", "token_endpoint", "authorization_servers", "resource", "resource_name"}
    | {"authorization_details_types_supported", "bearer_methods_supported", "code_challenge_methods_supported"}
    | {"dpop_signing_alg_values_supported", "grant_types_supported", "response_types_supported", "scopes_supported"}
    | {"introspection_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported"}
    | {"token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported"}
    | {"dpop_bound_access_tokens_required", "tls_client_certificate_bound_access_tokens"}
)
"""Members of metadata (RFC 8414, RFC 9728), which are public."""


def http_message(request: HttpRequest) -> str:
    """
    Return *request* as sent (RFC 9112), with every value redacted that may be secret.

        >>> print(http_message(HttpRequest("GET", "https://api.example/a?b=c", {"Authorization": "Bearer tok-1"})))
        GET https://api.example/a?b=***
        Authorization: Bearer ***
    """
    lines = [f"{request.method} {_url(request)}", *_headers(request)]
    return "\n".join([*lines, "", _body(request)] if request.body else lines)


def http_response(response: HttpResponse) -> str:
    """
    Return the status and the members of a token response, with every value redacted that may be secret.

        >>> print(http_response(HttpResponse(200, (), b'{"access_token": "tok-1", "expires_in": 60}')))
        200
        {"access_token":"***","expires_in":60}
    """
    return f"{response.status}\n{_members(response)}"


def answer_message(response: HttpResponse, *, is_metadata: bool = False) -> str:
    """
    Return *response* as received (RFC 9112), with every value redacted that may be secret.

    Args:
        response: The response.
        is_metadata: Whether metadata was requested, so that its members are shown, without the query of a URL.

    Example:
        >>> print(answer_message(HttpResponse(200, {"Server": "x", "Set-Cookie": "y"}, b'{"expires_in": 60}')))
        200
        Server: x
        Set-Cookie: ***
        <BLANKLINE>
        {"expires_in":60}
    """
    headers = [printable(header) for header in _headers(response)]
    return "\n".join(
        [f"{response.status}", *headers, "", _members(response, _METADATA if is_metadata else frozenset())]
    )


def curl(request: HttpRequest, options: Sequence[tuple[str, str]] = ()) -> str:
    r"""
    Return *request* as a curl command for a POSIX shell. Replace each ``***`` by the value it redacts.

    Args:
        request: The request.
        options: Names and values of further options, such as the files of a certificate.

    Example:
        >>> print(curl(HttpRequest("POST", "https://as.example/token", {"Accept": "a/b"}, b"client_secret=x&scope=y")))
        curl --request POST \
          --header 'Accept: a/b' \
          --data 'client_secret=***&scope=y' \
          https://as.example/token
    """
    parts = [f"curl --request {shlex.quote(request.method)}"]
    parts += [f"{name} {shlex.quote(value)}" for name, value in options]
    parts += [f"--header {shlex.quote(header)}" for header in _headers(request)]
    if request.body:
        parts.append(f"--data {shlex.quote(_body(request))}")
    return " \\\n  ".join([*parts, shlex.quote(_url(request))])


def metadata_table(metadata: ServerMetadata) -> str:
    """
    Return what a server supports, one item a line. A star marks each method and signing algorithm that oauth_cc
    supports.

        >>> print(metadata_table(ServerMetadata("https://as.example", "https://as.example/token")))
        issuer               https://as.example
        token endpoint       https://as.example/token
        mTLS token endpoint  -
        revocation           -
        introspection        -
        authentication       -
        signing algorithms   -
        DPoP algorithms      -
        binds to certificate no
        grants               -
        scopes               -
        <BLANKLINE>
        * supported by this client
    """
    known = {*METHODS, *ALGORITHMS, *MAC_ALGORITHMS}
    starred = [
        [f"{name} *" if name in known else name for name in listed or ()]
        for listed in (
            metadata.token_endpoint_auth_methods_supported,
            metadata.token_endpoint_auth_signing_alg_values_supported,
            metadata.dpop_algorithms,
        )
    ]
    rows: dict[str, Sequence[str] | None] = {
        "issuer": [metadata.issuer],
        "token endpoint": [metadata.token_endpoint],
        "mTLS token endpoint": [metadata.mtls_token_endpoint or "-"],
        "revocation": [metadata.revocation_endpoint or "-"],
        "introspection": [metadata.introspection_endpoint or "-"],
        "authentication": starred[0],
        "signing algorithms": starred[1],
        "DPoP algorithms": starred[2],
        "binds to certificate": ["yes" if metadata.tls_client_certificate_bound_access_tokens else "no"],
        "grants": metadata.grant_types_supported,
        "scopes": metadata.scopes_supported,
    }
    lines = [f"{name:<21}{', '.join(values or '-')}" for name, values in rows.items()]
    return "\n".join([*lines, *_notes(metadata)])


def resource_table(metadata: ResourceMetadata) -> str:
    """
    Return what a protected resource says of itself, one item a line.

        >>> print(resource_table(ResourceMetadata("https://api.example/", ("https://as.example",))))
        resource             https://api.example/
        issuers              https://as.example
        scopes               -
        accepts the token in -
        requires DPoP        no
    """
    rows: dict[str, Sequence[str] | None] = {
        "resource": [metadata.resource],
        "issuers": metadata.authorization_servers,
        "scopes": metadata.scopes_supported,
        "accepts the token in": metadata.bearer_methods_supported,
        "requires DPoP": ["yes" if metadata.dpop_bound_access_tokens_required else "no"],
    }
    return "\n".join([f"{name:<21}{', '.join(values or '-')}" for name, values in rows.items()])


def requirements_table(requirements: Sequence[Requirement]) -> str:
    """
    Return *requirements*, one a line: met or not, its section, and what to do if it is not met.

        >>> print(requirements_table([Requirement("sign", "5.4.1", False, "make a key")]))
        NO   5.4.1    sign: make a key
    """
    lines = [
        f"yes  {item.source:<9}{item.text}" if item.met else f"NO   {item.source:<9}{item.text}: {item.advice}"
        for item in requirements
    ]
    return "\n".join(lines)


def printable(text: str) -> str:
    r"""
    Return *text* without the control sequences of a terminal, which a server may send.

        >>> printable("a\x1b[2Jb")
        'a?[2Jb'
    """
    return "".join([character if character.isprintable() else "?" for character in text])


def _notes(metadata: ServerMetadata) -> list[str]:
    notes = ["", "* supported by this client"]
    return notes if metadata.grants_client_credentials else [*notes, "! the server does not list client_credentials"]


def _members(response: HttpResponse, public: frozenset[str] = frozenset()) -> str:
    members = parse_object(response.content)
    if isinstance(members, str):
        return f"(the response {members})"
    shown = {name: freeze(value) if name in _SHOWN_MEMBERS else "***" for name, value in members.items()}
    shown |= {name: _without_queries(value) for name, value in members.items() if name in public}
    return write(shown, ascii_only=True)


def _without_queries(value: object) -> JsonValue:
    # Of a URL, as in requests.
    if isinstance(value, str):
        where, mark, _ = value.partition("?")
        return f"{where}?***" if mark else where
    if is_object(value):
        return {name: _without_queries(each) for name, each in value.items()}
    return [_without_queries(each) for each in value] if is_array(value) else freeze(value)


def _headers(message: HttpRequest | HttpResponse) -> list[str]:
    return [f"{name}: {_value(name, value)}" for name, value in message.headers]


def _value(name: str, value: str) -> str:
    if name.lower() in TRACED_HEADERS:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space and name.lower() == "authorization" else "***"


def _url(request: HttpRequest) -> str:
    where, mark, query = request.url.partition("?")
    return f"{where}{mark}{_form(query)}"


def _body(request: HttpRequest) -> str:
    members = parse_object(request.body)
    if isinstance(members, str):
        return _form(request.body.decode("ascii", "replace"))
    return write({name: freeze(value) if name in SHOWN_PARAMETERS else "***" for name, value in members.items()})


def _form(text: str) -> str:
    pairs = decode(text)
    if not isinstance(pairs, tuple):
        return "***"
    shown = [(name, encode_value(value) if name in SHOWN_PARAMETERS else "***") for name, value in pairs]
    return "&".join([f"{encode_value(name)}={value}" for name, value in shown])
