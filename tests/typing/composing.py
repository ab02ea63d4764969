"""
Composing a request and parsing its response, with the program's I/O.
"""

from typing import assert_type

from oauth_cc import (
    ClientCredentials,
    HttpRequest,
    HttpResponse,
    Scope,
    Token,
    TokenRequest,
    authorize,
    compose_body,
    http_request,
    is_expired,
    parse_token_response,
    token_request,
)

creds = ClientCredentials("your_id", "s3cret")
request = token_request(creds, Scope.of("hello", "world"))
assert_type(request, TokenRequest)
assert_type(request.scope, Scope)
assert_type(request.resources, tuple[str, ...])
assert_type(compose_body(request), str)

http = http_request(request, "https://as.example/token")
assert_type(http, HttpRequest)
assert_type(http.headers, tuple[tuple[str, str], ...])
assert_type(http.body, bytes)


def use(status: int, headers: dict[str, str], content: bytes, now: float) -> HttpRequest | None:
    """Use the token of a response."""
    token = parse_token_response(HttpResponse(status, headers, content), request, received_at=now)
    assert_type(token, Token)
    assert_type(token.scope, Scope)
    assert_type(token.expires_at, float)
    assert_type(token.access_token.reveal(), str)
    if is_expired(token, now):
        return None
    return authorize(HttpRequest("GET", "https://api.example/things"), token)
