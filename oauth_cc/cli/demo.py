"""
The data flow in a real run: a local server, one token, one API call.
"""

import secrets
import time
from collections.abc import Iterator

import httpx2

from oauth_cc import (
    ClientCredentials,
    HttpRequest,
    HttpResponse,
    Scope,
    authorize,
    compose_body,
    http_request,
    parse_token_response,
    token_request,
)
from oauth_cc.cli.display import http_message, http_response
from oauth_cc.testing import AuthorizationServer, RegisteredClient


def demo() -> str:
    """Return a transcript: get a token from a real authorization server and use it, with secrets redacted."""
    client = RegisteredClient("demo", secrets.token_urlsafe(24), Scope.of("hello", "world"))
    with AuthorizationServer(clients=[client]) as server, httpx2.Client(trust_env=False) as http:
        steps = list(_steps(client, server, http))
    return "\n\n".join([f"{number}. {title}\n{_indented(text)}" for number, (title, text) in enumerate(steps, 1)])


def _steps(client: RegisteredClient, server: AuthorizationServer, http: httpx2.Client) -> Iterator[tuple[str, str]]:
    credentials = ClientCredentials(client.client_id, client.client_secret)
    yield "The client (record)", repr(credentials)

    request = token_request(credentials, Scope.of("hello", "world"))
    yield "The token request (record)", repr(request)
    yield "The body", compose_body(request)

    composed = http_request(request, server.token_endpoint)
    yield "The HTTP request", http_message(composed)

    response = _send(http, composed)
    yield "The response", http_response(response)

    token = parse_token_response(response, request, received_at=time.time())
    yield "The token (record)", repr(token)

    call = authorize(HttpRequest("GET", server.resource_url), token)
    yield "The API call", http_message(call)

    result = _send(http, call)
    yield f"The resource returns {result.status}", result.content.decode("utf-8")


def _send(http: httpx2.Client, request: HttpRequest) -> HttpResponse:
    response = http.request(request.method, request.url, headers=dict(request.headers), content=request.body)
    return HttpResponse(response.status_code, response.headers.multi_items(), response.content)


def _indented(text: str) -> str:
    return "\n".join([f"   {line}".rstrip() for line in text.splitlines()])
