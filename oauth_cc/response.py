"""
Reading the answer of a token endpoint: a `Token`, or the error that says why there is none.

    HttpResponse ─ parse_token_response ─▶ Token

Whatever a server sends is hostile until it is read. Faults are values until the last moment, and the function that
raises holds records only: no traceback, with locals or without, shows a token.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote_plus

from oauth_cc._wire.form import percent_encode
from oauth_cc._wire.grammar import ACCESS_TOKEN, ERROR, URL_TEXT
from oauth_cc._wire.json import MAX_SIZE, freeze, is_array, parse_object
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.federated import checked_assertion
from oauth_cc.authentication.methods import AuthenticationFields, Proof
from oauth_cc.errors import (
    InvalidInput,
    InvalidResponse,
    OAuthError,
    TokenRequestRefused,
    TokenTypeDowngrade,
    UnexpectedRedirect,
    UnsupportedTokenType,
)
from oauth_cc.http import RETRYABLE, HttpResponse, retry_after
from oauth_cc.request import TokenRequest, as_request, proof_of
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.token import DEFAULT_LIFETIME, NO_EXTRA, Token

__all__ = ["parse_token_response"]


def __dir__() -> list[str]:
    return __all__


MAX_LIFETIME: Final = 10 * 365 * 86400
"""Seconds of ``expires_in`` that are believed at the most."""

_SUCCESS: Final = frozenset({200, 201})
_RETRYABLE_ERRORS: Final = frozenset({"server_error", "temporarily_unavailable"})
_DIGITS: Final = re.compile(r"[0-9]{1,20}")
_PAGE: Final = re.compile(r"https?://[\x21\x23-\x5B\x5D-\x7E]{1,500}")
_MAX_DESCRIPTION: Final = 500


def parse_token_response(
    response: HttpResponse,
    request: TokenRequest | ClientCredentials,
    *,
    received_at: float,
    assertion: str | Secret | None = None,
) -> Token:
    """
    Gives the token that *response* holds for *request* (RFC 6749 section 5.1).

    *received_at*: when the answer came, POSIX seconds: the lifetime counts from there; *assertion*: what `http_request`
    was given, which no error shows then.
    Raises `TokenRequestRefused` for an error of RFC 6749 section 5.2, `InvalidResponse` for everything else that is no
    token; neither shows a secret of *request* that the server echoes. Raises `InvalidInput` if *assertion* is
    none.

        >>> from oauth_cc import ClientCredentials, Scope, token_request
        >>> request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("a"))
        >>> content = b'{"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "bearer", "expires_in": 3600}'
        >>> parse_token_response(HttpResponse(200, (), content), request, received_at=1700000000.0).expires_at
        1700003600.0
    """
    # As it was sent: `http_request` takes the white space around it away, too.
    sent = None if assertion is None else checked_assertion(assertion)
    del assertion
    if isinstance(sent, InvalidInput):
        raise sent
    if not isinstance(response, HttpResponse):
        kind = type(response).__name__
        del response
        reason = f"response must be an HttpResponse, not {kind}; use HttpResponse(status, headers, content)"
        raise InvalidInput("response", reason)
    if type(received_at) not in (int, float) or not math.isfinite(received_at):
        raise InvalidInput("received_at", "received_at must be POSIX seconds as a finite float; use time.time()")
    asked = as_request(request)
    outcome = read_token_response(response, asked, received_at, lambda: _proof(asked), sent)
    if isinstance(outcome, Token):
        return outcome
    raise outcome


def read_token_response(
    response: HttpResponse,
    request: TokenRequest,
    received_at: float,
    proof: Callable[[], Proof | None],
    assertion: Secret | None = None,
) -> Token | TokenRequestRefused | InvalidResponse:
    """
    Gives what `parse_token_response` gives, and the error as a value where that one raises it.

    *proof*, asked for where there is something to redact, and *assertion* are what the request carried, which no error
    shows.
    """
    status = response.status
    if 300 <= status < 400:
        reason = "the token endpoint redirects, and a token request is sent nowhere else: correct the endpoint"
        return UnexpectedRedirect(status, reason, _location(response, _secrets(request, proof, assertion)))
    members = parse_object(response.content)
    if isinstance(members, str):
        return _no_object(response, members, received_at)
    if "error" in members:
        return _refusal(response, _secrets(request, proof, assertion), members, received_at)
    if status not in _SUCCESS:
        return _unexpected_status(response, received_at)
    return _token(status, members, request, received_at, proof, assertion)


def _location(response: HttpResponse, secrets: tuple[Secret, ...]) -> str | None:
    # Shown up to its path: what follows may hold anything.
    found = next((value for name, value in response.headers if name.lower() == "location"), "")
    shown = _redact(re.split(r"[?#]", found, maxsplit=1)[0], secrets)
    return shown if URL_TEXT.fullmatch(shown) and len(shown) <= _MAX_DESCRIPTION and "@" not in shown else None


def _proof(request: TokenRequest) -> Proof | None:
    try:
        return proof_of(request)
    except OAuthError:
        return None


def _no_object(response: HttpResponse, fault: str, received_at: float) -> TokenRequestRefused | InvalidResponse:
    if response.status not in _SUCCESS:
        return _unexpected_status(response, received_at)
    if len(response.content) > MAX_SIZE:
        return InvalidResponse(response.status, f"the answer {fault}")
    return InvalidResponse(response.status, f"the answer {fault}: check that the URL is that of a token endpoint")


def _unexpected_status(response: HttpResponse, received_at: float) -> TokenRequestRefused:
    status = response.status
    return TokenRequestRefused(
        None, status=status, retryable=status in RETRYABLE, retry_after=retry_after(response, received_at)
    )


def _refusal(
    response: HttpResponse, secrets: tuple[Secret, ...], members: Mapping[str, object], received_at: float
) -> TokenRequestRefused | InvalidResponse:
    status = response.status
    error = members["error"]
    if not isinstance(error, str) or not ERROR.fullmatch(error):
        if status in _SUCCESS:
            return InvalidResponse(status, "the answer has a member 'error' that is no error code")
        return _unexpected_status(response, received_at)
    code = _redact(error, secrets)
    return TokenRequestRefused(
        code,
        _description(members.get("error_description"), secrets),
        _page(members.get("error_uri"), secrets),
        status,
        status in RETRYABLE or code in _RETRYABLE_ERRORS,
        retry_after(response, received_at),
    )


def _description(text: object, secrets: tuple[Secret, ...]) -> str | None:
    if not isinstance(text, str):
        return None
    # Redacted before it is cut, so that no secret survives by standing across the cut.
    printable = "".join([character if character.isprintable() else " " for character in _redact(text, secrets)])
    return printable if len(printable) <= _MAX_DESCRIPTION else f"{printable[:_MAX_DESCRIPTION]}…"


def _page(uri: object, secrets: tuple[Secret, ...]) -> str | None:
    legal = isinstance(uri, str) and _PAGE.fullmatch(uri) and _redact(uri, secrets) == uri
    return uri if legal and isinstance(uri, str) else None


# Shorter parts of an assertion are words that a sentence may have too.
_LEAST_ECHOED: Final = 16


def _secrets(request: TokenRequest, proof: Callable[[], Proof | None], assertion: Secret | None) -> tuple[Secret, ...]:
    known = [value for _, value in (*request.body, *request.parameters)]
    # A server echoes an assertion as a whole, or what it read of it.
    if assertion is not None:
        parts = [Secret(part) for part in assertion.reveal().split(".") if len(part) >= _LEAST_ECHOED]
        known += [assertion, *parts]
    fields = proof()
    if isinstance(fields, AuthenticationFields):
        known += fields.secrets
        # A server echoes the field as a whole, or what follows its scheme.
        known += [Secret(part) for _, value in fields.headers for part in value.reveal().split(" ")[-1:]]
        known += [value for name, value in fields.parameters if name != "client_id"]
    return tuple(known)


def _redact(text: str, secrets: tuple[Secret, ...]) -> str:
    for secret in secrets:
        for form in _forms(secret):
            text = text.replace(form, "***")
    return text


def _forms(secret: Secret) -> list[str]:
    value = secret.reveal()
    return [form for form in (value, percent_encode(value), quote_plus(value)) if form]


def _token(
    status: int,
    members: dict[str, object],
    request: TokenRequest,
    received_at: float,
    proof: Callable[[], Proof | None],
    assertion: Secret | None,
) -> Token | InvalidResponse:
    access_token, token_type = members.pop("access_token", None), members.pop("token_type", None)
    if not isinstance(access_token, str) or not ACCESS_TOKEN.fullmatch(access_token):
        return _invalid(status, "access_token", "is missing or cannot stand in a header field")
    if not isinstance(token_type, str):
        return _invalid(status, "token_type", "is missing or no text")
    if token_type.lower() != ("bearer" if request.dpop_jkt is None else "dpop"):
        return _wrong_type(status, token_type, access_token, request, proof, assertion)
    lifetime = _lifetime(members.pop("expires_in", None))
    if isinstance(lifetime, str):
        return _invalid(status, "expires_in", lifetime)
    scope = _scope(members.pop("scope", None), request.scope)
    if scope is None:
        return _invalid(status, "scope", "is no scope in the grammar of RFC 6749 section 3.3")
    # Section 4.4.3: this grant has no use for one, so it is not kept where it could leak.
    members.pop("refresh_token", None)
    return Token(
        Secret(access_token),
        "Bearer" if request.dpop_jkt is None else "DPoP",
        received_at,
        received_at + (DEFAULT_LIFETIME if lifetime is None else lifetime),
        scope,
        request.scope,
        {name: freeze(value) for name, value in members.items()} if members else NO_EXTRA,
        request.dpop_jkt,
        lifetime_assumed=lifetime is None,
    )


def _invalid(status: int, member: str, reason: str) -> InvalidResponse:
    return InvalidResponse(status, f"the member {member!r} of the answer {reason}", member)


def _wrong_type(
    status: int,
    token_type: str,
    access_token: str,
    request: TokenRequest,
    proof: Callable[[], Proof | None],
    assertion: Secret | None,
) -> InvalidResponse:
    if not ERROR.fullmatch(token_type):
        return _invalid(status, "token_type", "is no token type (RFC 6749 appendix A.13)")
    if request.dpop_jkt is not None and token_type.lower() == "bearer":
        reason = "a token bound to a key was asked for, and the server sent a bearer token"
        return TokenTypeDowngrade(status, reason, "Bearer")
    shown = _redact(token_type, (*_secrets(request, proof, assertion), Secret(access_token)))
    reason = f"the server sent a token of type {shown!r}, which was not asked for and must not be used"
    return UnsupportedTokenType(status, reason, shown)


def _lifetime(value: object) -> float | str | None:
    if value is None:
        return None
    if type(value) is int and value >= 0:
        return float(min(value, MAX_LIFETIME))
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return float(min(int(value), MAX_LIFETIME))
    if isinstance(value, float) and 0 <= value < math.inf:
        return float(min(value, MAX_LIFETIME) // 1)
    return "is no finite number of seconds (RFC 6749 appendix A.14)"


def _scope(value: object, requested: Scope) -> Scope | None:
    if value is None:
        return requested
    try:
        if isinstance(value, str):
            return requested if value == str(requested) else Scope.parse(value)
        if is_array(value):
            # Not the form of the RFC, but some servers send an array.
            return Scope.of(*[item if isinstance(item, str) else "" for item in value])
    except InvalidInput:
        return None
    return None
