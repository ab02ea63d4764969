"""
The renewal of a session's token by the source that renews every token of this library.
"""

import json
import re
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import attrs
import requests

from oauth_cc._io.arguments import source_context
from oauth_cc._io.clock import moment
from oauth_cc._io.options import DEFAULTS
from oauth_cc._io.requests_repeating import beside_a_stand_in
from oauth_cc._io.source import TokenSource
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.methods import NoAuthentication
from oauth_cc.compat._errors import ServerError, TemporarilyUnavailableError
from oauth_cc.compat._token import OAuth2Token
from oauth_cc.compat.requests_oauthlib._asked import LONGEST
from oauth_cc.compat.requests_oauthlib._types import SessionClient
from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.events import TokenObtained
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.renewal import Renewed
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import token_request
from oauth_cc.response import parse_token_response

_ENDLESS: Final = 10 * 365 * 86400
"""Seconds that a token without an expiry is used: until the API rejects it, as in the original."""

_UNPRINTABLE: Final = re.compile(r"[^ -~]|\*")
_TRANSIENT: Final = (requests.ConnectionError, requests.Timeout, ServerError, TemporarilyUnavailableError)
_PERMANENT: Final = (requests.exceptions.SSLError, requests.exceptions.ProxyError)


def renewing(
    client: SessionClient,
    asked_at: Origin,
    first: OAuth2Token,
    ask: Callable[[], OAuth2Token | Exception],
    *,
    timeout: float,
    seconds: float,
) -> TokenSource:
    """
    Return a source that holds the token of *client* and renews it by *ask*.

    The source has a hash of the access token, and its expiry. The client has the token.

    Args:
        client: The client of the session.
        asked_at: The origin of the token endpoint, for the log.
        first: The token that was fetched.
        ask: Sends the token request again. Returns the new token of *client*, or the error to raise.
        timeout: The seconds that a token request may take.
        seconds: The duration of the request for *first* in seconds, for the log.
    """

    def send(_: HttpRequest) -> Received | Failed:
        outcome = ask()
        if isinstance(outcome, Exception):
            is_transient = isinstance(outcome, _TRANSIENT) and not isinstance(outcome, _PERMANENT)
            return Failed(outcome, retryable=is_transient)
        now = time.time()
        return Received(_as_response(outcome["access_token"], client, now), now)

    # The client composes the request and authenticates, so this one only names client and server.
    client_id = _UNPRINTABLE.sub("?", str(getattr(client, "client_id", None) or "without id"))
    request = token_request(ClientCredentials(client_id, NoAuthentication()))
    waiting = max(DEFAULTS.wait_timeout, timeout)
    options = attrs.evolve(DEFAULTS, timeout=min(timeout, LONGEST), wait_timeout=min(waiting, LONGEST))
    context = source_context(request, Endpoint(f"{asked_at}/", allow_http=True), None, options)
    now = moment()
    token = parse_token_response(_as_response(first["access_token"], client, now.now), request, received_at=now.now)
    context.cache.offer(context.terms.slot, Renewed(token, now.jitter), context.limits)
    lifetime = token.expires_at - token.received_at
    context.report(TokenObtained(*context.terms.labels, lifetime, seconds * 1000, renewed=False))
    return TokenSource(context, send, beside=beside_a_stand_in)


def _as_response(access_token: str, client: SessionClient, now: float) -> HttpResponse:
    ends_at: object = getattr(client, "_expires_at", None)
    lifetime = max(0, round(ends_at - now)) if isinstance(ends_at, int | float) else _ENDLESS
    # The source needs to tell tokens apart, and no more.
    name = sha256(access_token.encode()).hexdigest()
    members = {"access_token": name, "token_type": "Bearer", "expires_in": lifetime}
    return HttpResponse(200, (), json.dumps(members).encode())
