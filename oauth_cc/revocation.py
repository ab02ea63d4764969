"""
The revocation and the introspection of a token (RFC 7009, RFC 7662).

    Token ─ revocation_request ────▶ HttpRequest      HttpResponse ─ check_revocation_response ────▶ None
    Token ─ introspection_request ─▶ HttpRequest      HttpResponse ─ parse_introspection_response ─▶ Introspection

The client authenticates as for a token request.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, final

import attrs

from oauth_cc._wire.grammar import ACCESS_TOKEN
from oauth_cc._wire.json import JsonValue, freeze, is_array, parse_object
from oauth_cc.authentication.federated import checked_assertion
from oauth_cc.authentication.methods import Proof
from oauth_cc.compose import authenticated_form, client_proof_of
from oauth_cc.endpoint import Endpoint, as_endpoint, endpoint_fault
from oauth_cc.errors import InvalidInput, InvalidResponse, OAuthError, TokenRequestRefused, UnexpectedRedirect
from oauth_cc.http import HttpRequest, HttpResponse, check_received
from oauth_cc.refusal import refusal, secrets_of, shown_location
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.scope import Scope
from oauth_cc.secret import REDACTION, Secret
from oauth_cc.token import Token

__all__ = [
    "Introspection",
    "check_revocation_response",
    "introspection_request",
    "parse_introspection_response",
    "revocation_request",
]


def __dir__() -> list[str]:
    return __all__


_NOTHING: Final[Mapping[str, JsonValue]] = MappingProxyType({})
# RFC 7009 section 2.2. Some servers send 204, because the response has no content.
_REVOKED: Final = frozenset({200, 204})
_OK: Final = 200
# The end of the year 9999.
_LAST_MOMENT: Final = 253402300799


@final
@attrs.frozen
class Introspection:
    """
    What an authorization server says about a token. The members have the names of RFC 7662 section 2.2.

    Args:
        active: Whether the token can be used now. False for an unknown token.
        scope: The scope of the token, or None.
        client_id: The client that requested the token, or None.
        token_type: The type of the token, or None.
        exp: When the token expires, in POSIX seconds, or None.
        iat: When the token was issued, in POSIX seconds, or None.
        nbf: The moment before which the token must not be used, in POSIX seconds, or None.
        sub: The subject of the token, or None.
        aud: The audiences of the token.
        iss: The issuer of the token, or None.
        jti: The identifier of the token, or None.
        extra: The other members, read-only.
    """

    active: bool
    scope: Scope | None = None
    client_id: str | None = None
    token_type: str | None = None
    exp: float | None = None
    iat: float | None = None
    nbf: float | None = None
    sub: str | None = None
    aud: tuple[str, ...] = ()
    iss: str | None = None
    jti: str | None = None
    extra: Mapping[str, JsonValue] = attrs.field(default=_NOTHING, repr=False, hash=False)


def revocation_request(
    token: Token | Secret | str,
    client: GivenRequest,
    endpoint: str | Endpoint,
    *,
    assertion: str | Secret | None = None,
) -> HttpRequest:
    """
    Return the HTTP request that revokes an access token (RFC 7009 section 2.1).

    Args:
        token: The token.
        client: The request that got the token, or the credentials of its client.
        endpoint: The revocation endpoint.
        assertion: The client's assertion, if it authenticates by one.

    Raises:
        InvalidInput: An argument is invalid.

    Example:
        >>> from oauth_cc import ClientCredentials
        >>> client = ClientCredentials("your_id", "s3cret")
        >>> revocation_request("2YotnFZFEjr1zCsicMWpAA", client, "https://as.example/revoke").body
        b'token=2YotnFZFEjr1zCsicMWpAA&token_type_hint=access_token'
    """
    given = _given(token, endpoint, assertion)
    # Tracebacks show local variables.
    del token, endpoint, assertion
    return _request(client, given)


def introspection_request(
    token: Token | Secret | str,
    client: GivenRequest,
    endpoint: str | Endpoint,
    *,
    assertion: str | Secret | None = None,
) -> HttpRequest:
    """
    Return the HTTP request that asks about an access token (RFC 7662 section 2.1).

    Args:
        token: The token.
        client: The credentials of the client that sends the request, or one of its token requests.
        endpoint: The introspection endpoint.
        assertion: The client's assertion, if it authenticates by one.

    Raises:
        InvalidInput: An argument is invalid.

    Example:
        >>> from oauth_cc import ClientCredentials
        >>> client = ClientCredentials("your_id", "s3cret")
        >>> introspection_request("2YotnFZFEjr1zCsicMWpAA", client, "https://as.example/introspect").method
        'POST'
    """
    given = _given(token, endpoint, assertion)
    del token, endpoint, assertion
    return _request(client, given)


def check_revocation_response(
    response: HttpResponse,
    client: GivenRequest,
    *,
    received_at: float,
    assertion: str | Secret | None = None,
) -> None:
    """
    Raise an error unless *response* says that the token is revoked (RFC 7009 section 2.2).

    Args:
        response: The response of the revocation endpoint.
        client: The client that sent the request.
        received_at: The time of the response in POSIX seconds.
        assertion: The client's assertion, which no error will show.

    Raises:
        TokenRequestRefused: The server refused the request.
        InvalidResponse: The response is a redirect.
        InvalidInput: An argument is of another type.

    Example:
        >>> from oauth_cc import ClientCredentials
        >>> client = ClientCredentials("your_id", "s3cret")
        >>> check_revocation_response(HttpResponse(200), client, received_at=1700000000.0)
    """
    sent = None if assertion is None else checked_assertion(assertion)
    del assertion
    check_received(response, received_at)
    outcome = read_revocation_response(response, received_at, *_context(client, sent))
    if outcome is not None:
        raise outcome


def parse_introspection_response(
    response: HttpResponse,
    client: GivenRequest,
    *,
    received_at: float,
    assertion: str | Secret | None = None,
) -> Introspection:
    """
    Return what *response* says about a token (RFC 7662 section 2.2).

    A member of another type than the RFC's counts as not given, except ``active``.

    Args:
        response: The response of the introspection endpoint.
        client: The client that sent the request.
        received_at: The time of the response in POSIX seconds.
        assertion: The client's assertion, which no error will show.

    Raises:
        TokenRequestRefused: The server refused the request.
        InvalidResponse: The response does not say whether the token is active.
        InvalidInput: An argument is of another type.

    Example:
        >>> from oauth_cc import ClientCredentials
        >>> client = ClientCredentials("your_id", "s3cret")
        >>> response = HttpResponse(200, (), b'{"active": true, "scope": "a b", "exp": 1700003600}')
        >>> parse_introspection_response(response, client, received_at=1700000000.0).scope
        Scope.of('a', 'b')
    """
    sent = None if assertion is None else checked_assertion(assertion)
    del assertion
    check_received(response, received_at)
    outcome = read_introspection_response(response, received_at, *_context(client, sent))
    if isinstance(outcome, Introspection):
        return outcome
    raise outcome


def checked_token(token: Token | Secret | str) -> Secret | InvalidInput:
    """Return *token* as a secret, or the error as a value."""
    if isinstance(token, Token):
        return token.access_token
    secret = token if isinstance(token, Secret) else Secret(token) if isinstance(token, str) else None
    if secret is None or not ACCESS_TOKEN.fullmatch(secret.reveal()):
        return InvalidInput("token", "token must be a Token, a Secret or a str of visible ASCII characters")
    if REDACTION in secret.reveal():
        # Servers report success for a token that they do not know (RFC 7009 section 2.2).
        reason = "token is the redacted text of a Secret; pass the Secret object instead of str(secret)"
        return InvalidInput("token", reason)
    return secret


def token_form(
    request: TokenRequest,
    endpoint: Endpoint,
    proof: Proof | None,
    assertion: Secret | None,
    token: Secret,
) -> HttpRequest:
    """
    Return the request that names *token* to *endpoint*.

    Args:
        request: The token request whose client authenticates.
        endpoint: The revocation or introspection endpoint.
        proof: What authenticates the client.
        assertion: The client's assertion, if it authenticates by one.
        token: The token.
    """
    # This grant has access tokens only.
    pairs = (("token", token), ("token_type_hint", Secret("access_token")))
    return authenticated_form(request, endpoint, proof, assertion, pairs)


def read_revocation_response(
    response: HttpResponse, received_at: float, request: TokenRequest, secrets: tuple[Secret, ...]
) -> TokenRequestRefused | InvalidResponse | None:
    """
    Return the error of a revocation response, or None if the token is revoked.

    Args:
        response: The response of the revocation endpoint.
        received_at: The time of the response in POSIX seconds.
        request: The token request whose client authenticated.
        secrets: What the error must not show.
    """
    if response.status in _REVOKED:
        return None
    return _redirect(response, secrets) or refusal(response, request, secrets, received_at, endpoint="revocation")


def read_introspection_response(
    response: HttpResponse, received_at: float, request: TokenRequest, secrets: tuple[Secret, ...]
) -> Introspection | TokenRequestRefused | InvalidResponse:
    """
    Return what an introspection response says, or the error as a value.

    Args:
        response: The response of the introspection endpoint.
        received_at: The time of the response in POSIX seconds.
        request: The token request whose client authenticated.
        secrets: What the error must not show.
    """
    if response.status != _OK:
        return _redirect(response, secrets) or refusal(
            response, request, secrets, received_at, endpoint="introspection"
        )
    members = parse_object(response.content)
    if isinstance(members, str):
        reason = f"the response {members}; check that the URL is that of an introspection endpoint"
        return InvalidResponse(_OK, reason)
    active = members.pop("active", None)
    if not isinstance(active, bool):
        reason = "the response does not say whether the token is active; check that the URL is that of an introspection"
        return InvalidResponse(_OK, f"{reason} endpoint", "active")
    return Introspection(
        active=active,
        scope=_scope(members.pop("scope", None)),
        client_id=_text(members.pop("client_id", None)),
        token_type=_text(members.pop("token_type", None)),
        exp=_seconds(members.pop("exp", None)),
        iat=_seconds(members.pop("iat", None)),
        nbf=_seconds(members.pop("nbf", None)),
        sub=_text(members.pop("sub", None)),
        aud=_texts(members.pop("aud", None)),
        iss=_text(members.pop("iss", None)),
        jti=_text(members.pop("jti", None)),
        extra=MappingProxyType({name: freeze(value) for name, value in members.items()}),
    )


@attrs.frozen
class _Given:
    token: Secret
    endpoint: Endpoint
    assertion: Secret | None


def _given(
    token: Token | Secret | str, endpoint: str | Endpoint, assertion: str | Secret | None
) -> _Given | InvalidInput:
    checked = checked_token(token)
    fault = endpoint_fault(endpoint)
    sent = None if assertion is None else checked_assertion(assertion)
    if isinstance(checked, InvalidInput):
        return checked
    if fault is not None:
        return fault
    return sent if isinstance(sent, InvalidInput) else _Given(checked, as_endpoint(endpoint), sent)


def _request(client: GivenRequest, given: _Given | InvalidInput) -> HttpRequest:
    if isinstance(given, InvalidInput):
        raise given
    asked = as_request(client)
    return token_form(asked, given.endpoint, client_proof_of(asked), given.assertion, given.token)


def _context(client: GivenRequest, sent: Secret | InvalidInput | None) -> tuple[TokenRequest, tuple[Secret, ...]]:
    if isinstance(sent, InvalidInput):
        raise sent
    asked = as_request(client)
    try:
        proof = client_proof_of(asked)
    except OAuthError:
        proof = None
    return asked, secrets_of(asked, proof, sent)


def _redirect(response: HttpResponse, secrets: tuple[Secret, ...]) -> UnexpectedRedirect | None:
    if not 300 <= response.status < 400:
        return None
    reason = "the endpoint redirects, and requests with a token do not follow redirects; correct the endpoint"
    return UnexpectedRedirect(response.status, reason, shown_location(response, secrets))


def _scope(value: object) -> Scope | None:
    try:
        return Scope.parse(value) if isinstance(value, str) else None
    except InvalidInput:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple([item for item in value if isinstance(item, str)]) if is_array(value) else ()


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_MOMENT:
        return None
    return float(value)
