"""
The response of a token endpoint, read as a `Token` or as the error that says why there is no token.

    HttpResponse ─ parse_token_response ─▶ Token

Responses are untrusted. Faults are values until the last moment, and the function that raises holds records only, so
that no traceback shows a token, with locals or without. Side details are read tolerantly: an odd detail never costs a
good token. The token itself is read strictly.
"""

import re
from collections.abc import Callable
from typing import Final

from oauth_cc._wire.grammar import ACCESS_TOKEN, ERROR, NAME
from oauth_cc._wire.json import MAX_SIZE, JsonValue, is_array, is_dict, parse_object
from oauth_cc.authentication.federated import checked_assertion
from oauth_cc.authentication.methods import Proof
from oauth_cc.dialect import MAX_LIFETIME, NOT_BEARER, Dialect, Member
from oauth_cc.errors import (
    InvalidInput,
    InvalidResponse,
    TokenRequestRefused,
    TokenTypeDowngrade,
    UnexpectedRedirect,
    UnsupportedTokenType,
)
from oauth_cc.http import HttpResponse, check_received
from oauth_cc.refusal import proof_if_any, redact, refusal, secrets_of, shown_location, words_in_success
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.token import DEFAULT_LIFETIME, NO_EXTRA, Oddity, Token

__all__ = ["parse_token_response"]


def __dir__() -> list[str]:
    return __all__


_SUCCESS: Final = frozenset({200, 201})
_SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_COMMAS: Final = re.compile(r"[, \t]+")
_SPACE: Final = " \t"
_MAX_NAMES: Final = 12
_MAX_SHOWN: Final = 40


def parse_token_response(
    response: HttpResponse,
    request: GivenRequest,
    *,
    received_at: float,
    assertion: str | Secret | None = None,
) -> Token:
    """
    Return the token of a token response (RFC 6749 section 5.1).

    Args:
        response: The response of the token endpoint.
        request: The token request that was sent.
        received_at: The time of the response in POSIX seconds, from which the token's lifetime counts.
        assertion: The client's assertion, which no error will show.

    Raises:
        TokenRequestRefused: The server refused the request (RFC 6749 section 5.2).
        InvalidResponse: The response is not a token response.
        InvalidInput: An argument is of another type.

    Example:
        >>> from oauth_cc import ClientCredentials, Scope, token_request
        >>> request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("a"))
        >>> content = b'{"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "bearer", "expires_in": 3600}'
        >>> parse_token_response(HttpResponse(200, (), content), request, received_at=1700000000.0).expires_at
        1700003600.0
    """
    # As it was sent: `http_request` strips the white space around it, too.
    sent = None if assertion is None else checked_assertion(assertion)
    del assertion
    if isinstance(sent, InvalidInput):
        raise sent
    check_received(response, received_at)
    asked = as_request(request)
    outcome = read_token_response(response, asked, received_at, lambda: proof_if_any(asked), sent)
    if isinstance(outcome, Token):
        return outcome
    raise outcome


def read_token_response(
    response: HttpResponse,
    request: TokenRequest,
    received_at: float,
    proof: Callable[[], Proof | None],
    *jwts: Secret | None,
) -> Token | TokenRequestRefused | InvalidResponse:
    """
    Return the token of a token response, or the error as a value.

    Args:
        response: The response of the token endpoint.
        request: The token request that was sent.
        received_at: The time from which the token's lifetime counts, in POSIX seconds.
        proof: Returns what authenticated the request, if there is something to redact.
        jwts: The client's assertion and its DPoP proof, which no error will show.
    """

    def secrets() -> tuple[Secret, ...]:
        return secrets_of(request, proof(), *jwts)

    status = response.status
    if 300 <= status < 400:
        reason = "the token endpoint redirects, and token requests do not follow redirects; correct the endpoint"
        return UnexpectedRedirect(status, reason, shown_location(response, secrets()))
    if status not in _SUCCESS:
        return refusal(response, request, secrets(), received_at)
    members = parse_object(response.content)
    if isinstance(members, str):
        return _no_object(status, members, len(response.content))
    if "error" in members and not _is_empty_error(members):
        error = members["error"]
        if not isinstance(error, str) or not ERROR.fullmatch(error):
            return InvalidResponse(
                status, "the response has a member 'error' that is not an error code; ask the server's operator"
            )
        return refusal(response, request, secrets(), received_at)
    return _token(status, members, request, received_at, secrets)


def _no_object(status: int, fault: str, size: int) -> InvalidResponse:
    advice = "" if size > MAX_SIZE else "; check that the URL is that of a token endpoint"
    return InvalidResponse(status, f"the response {fault}{advice}")


def _is_empty_error(members: dict[str, JsonValue]) -> bool:
    error = members["error"]
    return error is None or error is False or error == ""


def _token(
    status: int,
    members: dict[str, JsonValue],
    request: TokenRequest,
    received_at: float,
    secrets: Callable[[], tuple[Secret, ...]],
) -> Token | InvalidResponse:
    dialect = request.dialect
    oddities: set[Oddity] = set()
    if "error" in members:
        del members["error"]
        oddities.add("error_beside_token")
    access_token = _take(members, dialect, "access_token")
    # This grant does not use a refresh token (section 4.4.3), so it is not kept where it could leak.
    members.pop("refresh_token", None)
    if access_token is None:
        return _no_access_token(status, dict(dialect.members).get("access_token"), members, secrets())
    if not isinstance(access_token, str) or not ACCESS_TOKEN.fullmatch(access_token):
        return _odd_access_token(status, access_token)
    types = [_take(members, dialect, "token_type")]
    if request.dpop_jkt is not None and "token_type" in members:
        # A dialect must not hide that the RFC's own member names another type.
        types.append(members["token_type"])
    for token_type in types:
        fault = _type_fault(status, token_type, request, oddities, lambda: (*secrets(), Secret(access_token)))
        if fault is not None:
            return fault
    lifetime = _lifetime(_take(members, dialect, "expires_in"), dialect, oddities)
    granted = _scope(_take(members, dialect, "scope"), request, oddities)
    assumed = dialect.default_lifetime
    if lifetime is None:
        end = received_at + (DEFAULT_LIFETIME if assumed is None else assumed)
    else:
        end = received_at + lifetime
    return Token(
        Secret(access_token),
        "Bearer" if request.dpop_jkt is None else "DPoP",
        received_at,
        end,
        request.scope if granted is None else granted,
        request.scope,
        members or NO_EXTRA,
        request.dpop_jkt,
        lifetime is None and assumed is None,
        granted is None,
        dialect.placement,
        tuple(sorted(oddities)),
    )


def _take(members: dict[str, JsonValue], dialect: Dialect, name: Member) -> object:
    path = dict(dialect.members).get(name) if dialect.members else None
    if path is None:
        return members.pop(name, None)
    *parents, last = path.split(".")
    where: dict[str, JsonValue] | None = members
    for parent in parents:
        child = where.get(parent) if where is not None else None
        where = child if is_dict(child) else None
    if where is not None and name == "access_token":
        where.pop("refresh_token", None)
    return None if where is None else where.pop(last, None)


def _no_access_token(
    status: int, path: str | None, members: dict[str, JsonValue], secrets: tuple[Secret, ...]
) -> InvalidResponse:
    missing = "the response has no access_token" if path is None else f"{path} was not found in the response"
    words = words_in_success(members, secrets)
    said = "" if words is None else f"; the server says: {words}"
    legal = [name for name in members if NAME.fullmatch(name) and len(name) <= _MAX_SHOWN]
    names = redact(", ".join(legal[:_MAX_NAMES]), secrets) if legal else ""
    advice = "check that the URL is that of a token endpoint"
    if names:
        remedy = "if one of them is the token, set" if path is None else "correct"
        advice = f"its members are {names}; {remedy} Dialect(members=...)"
    return InvalidResponse(status, f"{missing}{said}; {advice}", "access_token")


def _odd_access_token(status: int, access_token: object) -> InvalidResponse:
    fault = "no header can carry"
    if not access_token or not isinstance(access_token, str):
        fault = "is empty" if access_token == "" else "is not text"
    reason = f"the response has an access_token that {fault}; ask the server's operator"
    return InvalidResponse(status, reason, "access_token")


def _type_fault(
    status: int,
    token_type: object,
    request: TokenRequest,
    oddities: set[Oddity],
    secrets: Callable[[], tuple[Secret, ...]],
) -> InvalidResponse | None:
    bound = request.dpop_jkt is not None
    if isinstance(token_type, str):
        token_type = _stripped(token_type, oddities)
    if token_type is None or token_type == "":
        if bound:
            reason = "a token bound to a key was requested, and the response does not say that its token is bound"
            return TokenTypeDowngrade(status, reason, "Bearer")
        oddities.add("token_type_missing")
        return None
    if not isinstance(token_type, str) or not ERROR.fullmatch(token_type):
        reason = "the response has a token_type that is not a token type (RFC 6749 appendix A.13)"
        return InvalidResponse(status, reason, "token_type")
    word = token_type.lower()
    if word == ("dpop" if bound else "bearer"):
        return None
    if not bound and word in [name.lower() for name in request.dialect.bearer_names]:
        return None
    if bound and word == "bearer":
        reason = "a token bound to a key was requested, and the server returned a bearer token"
        return TokenTypeDowngrade(status, reason, "Bearer")
    shown = redact(token_type, secrets())
    reason = f"the server returned a token of type {shown!r}, which was not requested and must not be used"
    if not bound and word not in NOT_BEARER:
        reason += f"; if it is a bearer token, set Dialect(bearer_names=({shown!r},))"
    return UnsupportedTokenType(status, reason, shown)


def _stripped(text: str, oddities: set[Oddity]) -> str:
    word = text.strip(_SPACE)
    if len(word) != len(text):
        oddities.add("white_space")
    return word


def _lifetime(value: object, dialect: Dialect, oddities: set[Oddity]) -> float | None:
    if value is None:
        return None
    seconds: float | None = None
    if type(value) in (int, float) and isinstance(value, int | float) and value >= 0:
        seconds = float(min(value, MAX_LIFETIME * 1000))
    elif isinstance(value, str):
        text = _stripped(value, oddities)
        seconds = min(float(text), MAX_LIFETIME * 1000.0) if _SECONDS.fullmatch(text) else None
    if seconds is None:
        oddities.add("expires_in_unreadable")
        return None
    return float(min(seconds / 1000 if dialect.lifetime_unit == "ms" else seconds, MAX_LIFETIME) // 1)


def _scope(value: object, request: TokenRequest, oddities: set[Oddity]) -> Scope | None:
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return _scope_of(_stripped(value, oddities), request)
        if is_array(value):
            # Not the form of the RFC, but some servers return an array.
            return Scope.of(*[item if isinstance(item, str) else "" for item in value])
    except InvalidInput:
        pass
    oddities.add("scope_unreadable")
    return None


def _scope_of(text: str, request: TokenRequest) -> Scope:
    if request.dialect.scope_separator == ",":
        return Scope.of(*[token for token in _COMMAS.split(text) if token])
    return request.scope if text == str(request.scope) else Scope.parse(text)
