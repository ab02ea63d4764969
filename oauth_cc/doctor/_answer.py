"""
Findings about the response of the token endpoint.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

import attrs

from oauth_cc import dialects
from oauth_cc._wire.grammar import ACCESS_TOKEN
from oauth_cc._wire.json import is_object, parse_object
from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.dialect import Dialect
from oauth_cc.doctor._records import Finding, Observed
from oauth_cc.doctor._refusal import refusal_finding
from oauth_cc.endpoint import origin, url_fault
from oauth_cc.errors import (
    InvalidInput,
    OAuthError,
    TokenRequestRefused,
    TokenTypeDowngrade,
    UnexpectedRedirect,
    UnsupportedTokenType,
)
from oauth_cc.http import HttpResponse, date
from oauth_cc.request import TokenRequest
from oauth_cc.response import parse_token_response
from oauth_cc.scope import Scope
from oauth_cc.token import Token

_PERMANENT: Final = frozenset({301, 308})
_CLOCK: Final = 60.0
_SHORT: Final = 60.0
_LONG: Final = 30 * 86400.0
_TOKEN_NAMES: Final = ("access_token", "accesstoken", "token", "id_token", "jwt", "sessionid")
_QUOTA: Final = re.compile(
    r"(x-)?rate-?limit(-(limit|policy|remaining|reset))?|auth0-client-quota-limit", re.IGNORECASE
)
_VALUE: Final = re.compile(r"[\x20-\x7E]{1,200}")
# Nothing is left, in a field of its own or as a parameter of a policy.
_NOTHING_LEFT: Final = re.compile(r"0|.*\br=0\b.*")


def answer_findings(request: TokenRequest, observed: Observed) -> Iterator[Finding]:
    """
    Yield what is wrong with the response of the token endpoint.

    Args:
        request: The token request.
        observed: What was observed, with a response.
    """
    response = observed.response
    if response is None:
        return
    outcome = read(request, response, observed.received_at)
    if isinstance(outcome, Token):
        yield from _token_findings(request, observed, outcome)
        yield from _clock_findings(response, observed.received_at)
        yield from _quota_findings(response)
        return
    method = request.credentials.authentication
    if isinstance(outcome, TokenRequestRefused) and isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        yield from _clock_findings(response, observed.received_at)
    yield _failed(request, observed, response, outcome)


def read(request: TokenRequest, response: HttpResponse, received_at: float) -> Token | OAuthError:
    """
    Return the token of *response*, or the error instead.

    Args:
        request: The token request.
        response: The response of the token endpoint.
        received_at: The time of the response in POSIX seconds.
    """
    try:
        return parse_token_response(response, request, received_at=received_at)
    except OAuthError as error:
        return error


def _failed(request: TokenRequest, observed: Observed, response: HttpResponse, error: OAuthError) -> Finding:
    if isinstance(error, TokenRequestRefused):
        return refusal_finding(request, observed, error)
    if isinstance(error, UnexpectedRedirect):
        where = error.location or "another URL"
        advice = "use the new URL if you trust it; a login page means that the URL is not a token endpoint"
        return Finding("redirect", f"the token endpoint redirects to {where}", advice, None, _moved(observed, error))
    if isinstance(error, TokenTypeDowngrade):
        advice = "ask the server's operator for tokens bound to a key, or leave out with_dpop() or --dpop-key"
        return Finding("dpop", f"{error}", advice)
    if isinstance(error, UnsupportedTokenType) and error.token_type.lower() == "dpop":
        return Finding("dpop", f"{error}", "use with_dpop(key), or --dpop-key")
    fitting = _fitting(request, response, observed.received_at)
    if fitting is not None:
        reason = f"the response departs from RFC 6749: {f'{error}'.partition(';')[0]}"
        return Finding("dialect", reason, "set the dialect as in the lines below", fitting)
    if isinstance(error, UnsupportedTokenType):
        return Finding("type", f"{error}", "ask the server's operator for bearer tokens")
    return Finding("response", f"{error}", "check that the URL is that of the token endpoint")


def _moved(observed: Observed, error: UnexpectedRedirect) -> str | None:
    # Lines to paste must not send the secret to a host that only a redirect names.
    if error.status not in _PERMANENT or error.location is None or observed.endpoint is None:
        return None
    if url_fault("", error.location, allow_http=False) is not None:
        return None
    same = origin(error.location).host == origin(observed.endpoint).host
    return error.location if same else None


def _fitting(request: TokenRequest, response: HttpResponse, received_at: float) -> TokenRequest | None:
    # The first dialect with which the response is a token: a ready-made one, or one for where the token is.
    ready: list[Dialect] = [getattr(dialects, name) for name in dialects.__all__]
    members = parse_object(response.content)
    path = None if isinstance(members, str) else _path(members)
    found = [] if path is None else [attrs.evolve(request.dialect, members={"access_token": path})]
    kind = None if isinstance(members, str) else members.get("token_type")
    if isinstance(kind, str):
        # InvalidInput for the type of another kind of token.
        with suppress(InvalidInput):
            found.append(attrs.evolve(request.dialect, bearer_names=(kind.strip(" "),)))
    for dialect in [each for each in (*ready, *found) if each.body_format == request.dialect.body_format]:
        if dialect.grant_type != request.dialect.grant_type:
            continue
        # InvalidInput for a dialect of bearer tokens if the request is for a token bound to a key.
        with suppress(InvalidInput):
            changed = request.with_dialect(dialect)
            if isinstance(read(changed, response, received_at), Token):
                return changed
    return None


def _path(members: Mapping[str, object], parents: tuple[str, ...] = ()) -> str | None:
    for name, value in members.items():
        if name.lower().replace("-", "_") in _TOKEN_NAMES and isinstance(value, str) and ACCESS_TOKEN.fullmatch(value):
            return ".".join((*parents, name))
    if len(parents) >= 2:
        return None
    below = [_path(value, (*parents, name)) for name, value in members.items() if is_object(value)]
    return next((path for path in below if path is not None), None)


def _token_findings(request: TokenRequest, observed: Observed, token: Token) -> Iterator[Finding]:
    if any(["," in granted for granted in token.scope.tokens]) and request.dialect.scope_separator == " ":
        commas = request.with_dialect(attrs.evolve(request.dialect, scope_separator=","))
        yield Finding("dialect", "the server separates scope-tokens by commas", "set scope_separator", commas)
    missing = Scope() if token.scope_assumed else request.scope - token.scope
    if missing and request.dialect.scope_separator == " " and not any(["," in text for text in token.scope.tokens]):
        reason = f"the server granted less scope than was requested: {missing} is missing"
        yield Finding("scope", reason, "register the client for the missing scope, or do not request it")
    lifetime = token.expires_at - observed.received_at
    if token.lifetime_assumed:
        dialect = attrs.evolve(request.dialect, default_lifetime=3600.0)
        reason = f"the response has no readable lifetime, so {lifetime:.0f} seconds are assumed"
        advice = "set default_lifetime to the lifetime in the server's documentation, in seconds"
        yield Finding("lifetime", reason, advice, request.with_dialect(dialect))
    elif lifetime < _SHORT:
        reason = f"the token expires after only {max(0.0, lifetime):.0f} seconds"
        yield Finding("lifetime", reason, "ask the server's operator for a longer lifetime")
    elif lifetime >= _LONG and lifetime % 1000 == 0 and request.dialect.lifetime_unit == "s":
        milliseconds = request.with_dialect(attrs.evolve(request.dialect, lifetime_unit="ms"))
        reason = f"the token expires after {lifetime / 86400:.0f} days, unless its lifetime is in milliseconds"
        yield Finding("lifetime", reason, "if the API rejects it earlier, set lifetime_unit='ms'", milliseconds)


def _clock_findings(response: HttpResponse, received_at: float) -> Iterator[Finding]:
    shown = date(response, received_at)
    if shown is None or abs(shown - received_at) <= _CLOCK:
        return
    difference = received_at - shown
    side = "ahead of" if difference > 0 else "behind"
    reason = f"the clock of this machine is {abs(difference):.0f} seconds {side} the server's"
    yield Finding("clock", reason, "set the clock of this machine by NTP")


def quota_fields(response: HttpResponse) -> list[tuple[str, str]]:
    """Return the header fields of *response* about quotas, (name, value) pairs."""
    return [(name, value) for name, value in response.headers if _QUOTA.fullmatch(name) and _VALUE.fullmatch(value)]


def _quota_findings(response: HttpResponse) -> Iterator[Finding]:
    for name, value in quota_fields(response):
        is_left = name.lower().endswith(("-limit", "-policy", "-reset")) and "r=" not in value
        if not is_left and _NOTHING_LEFT.fullmatch(value.strip()):
            reason = f"the quota of token requests is used up ({name}: {value})"
            advice = "share tokens between processes with a store, and look for other programs with this client_id"
            yield Finding("quota", reason, advice, outage="failing")
