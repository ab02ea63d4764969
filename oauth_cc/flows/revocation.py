"""
The flows that revoke a token and ask about one (RFC 7009, RFC 7662).

    Token, TokenRequest ─ revoke ─▶ Send … Sleep … Send ─▶ None
    Token, TokenRequest ─ introspect ─▶ Send … Sleep … Send ─▶ Introspection
"""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from oauth_cc.compose import client_proof_of
from oauth_cc.endpoint import Endpoint, as_endpoint
from oauth_cc.errors import InvalidInput, InvalidResponse, TokenRequestRefused
from oauth_cc.flows.effects import Failed, Flow, send
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries, assertion_of, check_retries, read_anew, wait_to_retry
from oauth_cc.http import HttpResponse
from oauth_cc.refusal import conceal, secrets_of
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.revocation import (
    Introspection,
    checked_token,
    read_introspection_response,
    read_revocation_response,
    token_form,
)
from oauth_cc.secret import Secret
from oauth_cc.token import Token

T = TypeVar("T")
_Read: TypeAlias = Callable[
    [HttpResponse, float, TokenRequest, tuple[Secret, ...]], T | TokenRequestRefused | InvalidResponse
]


def revoke(
    token: Token | Secret | str,
    client: GivenRequest,
    endpoint: str | Endpoint,
    *,
    retries: Retries = DEFAULT_RETRIES,
) -> Flow[None]:
    """
    Return the flow that revokes an access token (RFC 7009).

    Args:
        token: The token. A token that is unknown to the server counts as revoked.
        client: The request that got the token, or the credentials of its client.
        endpoint: The revocation endpoint.
        retries: How often and after which pauses a failed attempt is repeated.

    Raises:
        TokenRequestRefused: The server refused the request.
        InvalidResponse: The response is a redirect.
        InvalidInput: An argument is invalid.
    """
    checked = checked_token(token)
    del token
    return _ask(checked, as_request(client), as_endpoint(endpoint), retries, read_revocation_response)


def introspect(
    token: Token | Secret | str,
    client: GivenRequest,
    endpoint: str | Endpoint,
    *,
    retries: Retries = DEFAULT_RETRIES,
) -> Flow[Introspection]:
    """
    Return the flow that asks the server about an access token (RFC 7662).

    Args:
        token: The token.
        client: The credentials of the client that sends the request, or one of its token requests.
        endpoint: The introspection endpoint.
        retries: How often and after which pauses a failed attempt is repeated.

    Raises:
        TokenRequestRefused: The server refused the request.
        InvalidResponse: The response does not say whether the token is active.
        InvalidInput: An argument is invalid.
    """
    checked = checked_token(token)
    del token
    return _ask(checked, as_request(client), as_endpoint(endpoint), retries, read_introspection_response)


def _ask(
    token: Secret | InvalidInput, request: TokenRequest, endpoint: Endpoint, retries: Retries, read: _Read[T]
) -> Flow[T]:
    if isinstance(token, InvalidInput):
        raise token
    check_retries(retries)
    attempt = 0
    while True:
        attempt += 1
        current = yield from read_anew(request)
        if isinstance(current, Failed):
            raise current.error
        proof = client_proof_of(current)
        assertion = yield from assertion_of(proof)
        if isinstance(assertion, Failed):
            raise assertion.error
        sent = yield from send(token_form(current, endpoint, proof, assertion, token))
        secrets = (*secrets_of(request, proof, assertion), token)
        if isinstance(sent, Failed):
            # The server's metadata may have chosen the host that the error names.
            conceal(sent.error, secrets)
            error, retryable, wait = sent.error, sent.retryable, None
        else:
            outcome = read(sent.response, sent.received_at, request, secrets)
            if not isinstance(outcome, TokenRequestRefused | InvalidResponse):
                return outcome
            error, retryable, wait = outcome, outcome.retryable, outcome.retry_after
        if not retryable or not (yield from wait_to_retry(retries, attempt, wait)):
            raise error
