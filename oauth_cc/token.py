"""
The access token, its expiry, and the header that carries it on an API call.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NoReturn, SupportsIndex, TypeAlias, final, get_args

import attrs

from oauth_cc._wire.grammar import ACCESS_TOKEN
from oauth_cc._wire.hidden import Hidden
from oauth_cc._wire.json import JsonValue, freeze, is_object, parse_object, write
from oauth_cc.authentication.jwt import checked_proof
from oauth_cc.dialect import BEARER, Placement
from oauth_cc.endpoint import check_url
from oauth_cc.errors import InvalidInput
from oauth_cc.http import HttpRequest
from oauth_cc.scope import NO_SCOPE, Scope
from oauth_cc.secret import Secret

__all__ = ["Token", "authorize", "is_expired"]


def __dir__() -> list[str]:
    return __all__


DEFAULT_LIFETIME: Final = 300.0
"""The lifetime in seconds of a token whose response has no ``expires_in``."""

NO_EXTRA: Final[Mapping[str, JsonValue]] = MappingProxyType({})

TokenType: TypeAlias = Literal["Bearer", "DPoP"]
"""The supported token types, in their canonical case (RFC 6749 section 7.1)."""

Oddity: TypeAlias = Literal[
    "error_beside_token",
    "expires_in_unreadable",
    "scope_unreadable",
    "token_type_missing",
    "white_space",
]
"""A departure from RFC 6749 in a response whose token is good nonetheless."""

_ODDITIES: Final[tuple[Oddity, ...]] = get_args(Oddity)


_Extra: TypeAlias = Mapping[str, JsonValue]


_NOTHING: Final = Hidden(NO_EXTRA)


def _hidden(given: _Extra | Hidden[_Extra]) -> Hidden[_Extra]:
    if given is NO_EXTRA:
        return _NOTHING
    return given if isinstance(given, Hidden) else Hidden(given)


_ELSEWHERE: Final = {
    "expires_in": "token.expires_at - time.time()",
    "ends_at": "token.expires_at",
    "members": "token.extra",
    "refresh_token": "a new token request: this grant has no refresh tokens (RFC 6749 section 4.4.3)",
}


def _assumed_end(token: "Token") -> float:
    # Any other value is rejected after all fields are set.
    return token.received_at + DEFAULT_LIFETIME if _is_moment(token.received_at) else token.received_at


@final
@attrs.frozen(repr=False)
class Token:
    """
    An access token and the rest of its response (RFC 6749 section 5.1).

    ``repr`` shows neither the token nor *extra*, and a token cannot be pickled; `to_json` serializes it.

    Args:
        access_token: The token itself.
        token_type: ``"Bearer"`` or ``"DPoP"``.
        received_at: The time of the token request, in POSIX seconds.
        expires_at: The end of the token, in POSIX seconds; `DEFAULT_LIFETIME` after *received_at* if left out.
        scope: The granted scope.
        requested_scope: The requested scope.
        extra: The other members of the response, read-only, without the refresh_token, which this grant does not use
            (section 4.4.3).
        dpop_jkt: The thumbprint of the key that the token is bound to, or None.
        lifetime_assumed: Whether *expires_at* is assumed, as neither the response nor the dialect has a lifetime.
        scope_assumed: Whether *scope* is the requested one, as the response has no scope that can be read.
        placement: Where the API expects the token. It is not compared, and no store keeps it.
        oddities: The departures from RFC 6749 in the response. They are not compared, and no store keeps them.

    Raises:
        InvalidInput: A field is of another type, or a header cannot carry the token.

    Example:
        >>> Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0, 1700003600.0, Scope.of("a")).scope
        Scope.of('a')
    """

    __match_args__ = ("access_token", "token_type", "received_at", "expires_at", "scope", "requested_scope", "extra")

    access_token: Secret
    token_type: TokenType
    received_at: float
    expires_at: float = attrs.field(default=attrs.Factory(_assumed_end, takes_self=True))
    scope: Scope = NO_SCOPE
    requested_scope: Scope = NO_SCOPE
    # Hidden from code that prints the fields of a record, because it may have an id_token.
    _extra: Hidden[_Extra] = attrs.field(default=_NOTHING, converter=_hidden, alias="extra", hash=False)
    dpop_jkt: str | None = None
    lifetime_assumed: bool = False
    scope_assumed: bool = False
    placement: Placement = attrs.field(default=BEARER, eq=False)
    oddities: tuple[Oddity, ...] = attrs.field(default=(), eq=False)

    def __attrs_post_init__(self) -> None:
        self._check_assumptions()
        if not isinstance(self.access_token, Secret) or not ACCESS_TOKEN.fullmatch(self.access_token.reveal()):
            reason = "access_token must be a Secret of visible ASCII characters (RFC 6749 appendix A.12)"
            raise InvalidInput("access_token", reason)
        if self.token_type not in ("Bearer", "DPoP"):
            raise InvalidInput("token_type", "token_type must be 'Bearer' or 'DPoP'")
        if not _is_moment(self.received_at) or not _is_moment(self.expires_at):
            raise InvalidInput("expiry", "expiry must be POSIX seconds as finite floats")
        if not isinstance(self.scope, Scope) or not isinstance(self.requested_scope, Scope):
            raise InvalidInput("scope", "scope must be a Scope")
        if self.dpop_jkt is not None and not isinstance(self.dpop_jkt, str):
            raise InvalidInput("dpop_jkt", "dpop_jkt must be the key's thumbprint as a str (RFC 7638), or None")
        if self._extra is not _NOTHING:
            object.__setattr__(self, "_extra", Hidden(_read_only(self.extra)))

    def _check_assumptions(self) -> None:
        if not isinstance(self.lifetime_assumed, bool):
            raise InvalidInput("lifetime_assumed", "lifetime_assumed must be True or False")
        if not isinstance(self.scope_assumed, bool):
            raise InvalidInput("scope_assumed", "scope_assumed must be True or False")
        if not isinstance(self.placement, Placement):
            raise InvalidInput("placement", "placement must be a Placement")
        oddities: object = self.oddities
        if not isinstance(oddities, tuple) or not all([oddity in _ODDITIES for oddity in oddities]):
            raise InvalidInput("oddities", f"oddities must be a tuple of {', '.join(_ODDITIES)}")
        if self.placement is not BEARER and self.token_type == "DPoP" and self.placement != BEARER:
            raise InvalidInput("placement", "placement must be left out for a DPoP token (RFC 9449 section 7.1)")

    def __repr__(self) -> str:
        times = f"received_at={self.received_at!r}, expires_at={self.expires_at!r}"
        scopes = f"scope={self.scope!r}, requested_scope={self.requested_scope!r}"
        rest = f"dpop_jkt={self.dpop_jkt!r}, lifetime_assumed={self.lifetime_assumed!r}"
        rest += f", scope_assumed={self.scope_assumed!r}, placement={self.placement!r}, oddities={self.oddities!r}"
        shown = f"access_token={self.access_token!r}, token_type={self.token_type!r}, {times}, {scopes}"
        return f"Token({shown}, extra=<{len(self.extra)} not shown>, {rest})"

    @property
    def extra(self) -> Mapping[str, JsonValue]:
        """Every other member of the response, read-only."""
        return self._extra.open()

    @property
    def missing_scope(self) -> Scope:
        """The scope that was requested and not granted (RFC 6749 section 3.3)."""
        return self.requested_scope - self.scope

    @property
    def additional_scope(self) -> Scope:
        """The scope that was granted and not requested; empty if the choice was left to the server."""
        return self.scope - self.requested_scope if self.requested_scope else Scope()

    def to_json(self) -> str:
        """
        Return the token as JSON text **with its secret**: for a store that only its owner can read.

            >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)
            >>> Token.from_json(token.to_json()) == token
            True
        """
        return write(
            {
                "access_token": self.access_token.reveal(),
                "token_type": self.token_type,
                "received_at": self.received_at,
                "expires_at": self.expires_at,
                "scope": str(self.scope),
                "requested_scope": str(self.requested_scope),
                "extra": self.extra,
                "dpop_jkt": self.dpop_jkt,
                "lifetime_assumed": self.lifetime_assumed,
                "scope_assumed": self.scope_assumed,
            },
            ascii_only=True,
        )

    @classmethod
    def from_json(cls, text: str) -> "Token":
        """
        Return the token that `to_json` wrote as *text*. Raises `InvalidInput` for any other text.
        """
        token = _read_stored(text)
        del text
        if isinstance(token, Token):
            return token
        raise token

    if not TYPE_CHECKING:
        # Hidden from type checkers, to which a class with __getattr__ seems to have every attribute.

        def __getattr__(self, name: str) -> NoReturn:
            advice = f"; use {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""
            raise AttributeError(f"'Token' object has no attribute {name!r}{advice}")

    def __copy__(self) -> "Token":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Token":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Token cannot be pickled; use to_json() and from_json()")


def is_expired(token: Token, now: float) -> bool:
    """
    Return whether *token* has expired (RFC 6749 section 5.1).

        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0, 1700003600.0)
        >>> is_expired(token, 1700003599.0), is_expired(token, 1700003600.0)
        (False, True)

    Args:
        token: The token.
        now: The current time in POSIX seconds, such as ``time.time()``.

    Raises:
        InvalidInput: An argument is of another type.
    """
    # Caught, because a check would take as long as the comparison.
    try:
        return now >= token.expires_at
    except (AttributeError, TypeError):
        fault = token_fault(token) or InvalidInput("now", "now must be POSIX seconds as a float; use time.time()")
    del token
    raise fault


def token_fault(given: object) -> InvalidInput | None:
    """Return the error for *given* in place of a token, None if it is a `Token`."""
    if isinstance(given, Token):
        return None
    kind = type(given).__name__
    reason = f"token must be a Token, not {kind}; pass what source.token() or parse_token_response() returned"
    return InvalidInput("token", reason)


def authorize(request: HttpRequest, token: Token, *, proof: str | Secret | None = None) -> HttpRequest:
    """
    Return an API call with a token in its Authorization header, or in the header that the token's dialect names.

    The header replaces any other of its name (RFC 6750 section 2.1).

    Args:
        request: The API call.
        token: The token.
        proof: The signed proof for exactly this call, if the token is a DPoP token (RFC 9449 section 7.1);
            `oauth_cc.dpop.dpop_proof` makes it.

    Raises:
        InvalidInput: The request is neither https nor http to loopback, a DPoP token has no proof, or a bearer token
            has one.

    Example:
        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)
        >>> authorize(HttpRequest("GET", "https://api.example/things"), token).headers
        (('Authorization', 'Bearer 2YotnFZFEjr1zCsicMWpAA'),)
    """
    signed = None if proof is None else checked_proof(proof)
    del proof
    if not isinstance(request, HttpRequest):
        reason = f"request must be an HttpRequest, not {type(request).__name__}; use HttpRequest('GET', url)"
        del request
        raise InvalidInput("request", reason)
    fault = None if isinstance(token, Token) else token_fault(token)
    if fault is not None:
        del token
        raise fault
    if isinstance(signed, InvalidInput):
        raise signed
    if (token.token_type == "DPoP") != (signed is not None):
        reason = (
            "no DPoP proof; a call with a DPoP token needs one of its own, made by dpop_proof() (RFC 9449 section 7)"
            if signed is None
            else "DPoP proof must be left out for a bearer token"
        )
        raise InvalidInput("DPoP proof", reason)
    check_url(request.url)
    if signed is None:
        return request.with_header(token.placement.header, authorization(token).reveal())
    return request.with_header("Authorization", dpop_authorization(token).reveal()).with_header("DPoP", signed.reveal())


def authorization(token: Token) -> Secret:
    """
    Return the value of the header that carries *token* (RFC 6750 section 2.1).

    Raises `InvalidInput` for a DPoP token, which needs a proof for each request.

        >>> authorization(Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)).reveal()
        'Bearer 2YotnFZFEjr1zCsicMWpAA'
    """
    if token.token_type != "Bearer":
        reason = "token must be a Bearer token; a call with a DPoP token needs a proof (RFC 9449 section 7)"
        raise InvalidInput("token", reason)
    scheme = token.placement.scheme
    # Written inside the call, so that no local variable holds the token.
    return token.access_token if scheme is None else Secret(f"{scheme} {token.access_token.reveal()}")


def dpop_authorization(token: Token) -> Secret:
    """
    Return the value of the Authorization header that carries a DPoP *token* beside a proof (RFC 9449 section 7.1).

        >>> dpop_authorization(Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "DPoP", 1700000000.0)).reveal()
        'DPoP 2YotnFZFEjr1zCsicMWpAA'
    """
    return Secret(f"DPoP {token.access_token.reveal()}")


def bearer_authorization(token: Token) -> Secret:
    """
    Return the value of an ``Authorization`` header with *token*, for programs that set this header themselves.

    Raises `InvalidInput` for a token that needs more than this header: a DPoP token, or one with its own placement.

        >>> bearer_authorization(Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)).reveal()
        'Bearer 2YotnFZFEjr1zCsicMWpAA'
    """
    if token.token_type != "Bearer":
        reason = "token must be a Bearer token; a DPoP token needs a proof for each call, so use authorize(call, token)"
        raise InvalidInput("token", reason)
    if token.placement != BEARER:
        header, scheme = token.placement.header, token.placement.scheme
        written = f"header {header}, {'alone' if scheme is None else f'after {scheme}'}"
        raise InvalidInput("token", f"token goes into the {written}, as its dialect says; use authorize(call, token)")
    return authorization(token)


def _read_only(extra: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    try:
        if is_object(extra):
            return MappingProxyType({name: freeze(value) for name, value in extra.items()})
    except (TypeError, RecursionError):
        pass
    raise InvalidInput("extra", "extra must be a mapping of JSON values")


def _is_moment(seconds: float) -> bool:
    return type(seconds) in (float, int) and abs(seconds) < math.inf


_STORED: Final = frozenset(
    (
        "access_token",
        "token_type",
        "received_at",
        "expires_at",
        "scope",
        "requested_scope",
        "extra",
        "dpop_jkt",
        "lifetime_assumed",
        "scope_assumed",
    )
)


def _read_stored(text: str) -> Token | InvalidInput:
    stored = parse_object(text) if isinstance(text, str) else "is not a str"
    if isinstance(stored, str):
        return InvalidInput("stored token", f"stored token {stored}; discard it and request a new one")
    token = _stored_token(stored) if stored.keys() == _STORED else None
    reason = "stored token must be text that to_json() wrote; discard it and request a new one"
    return token or InvalidInput("stored token", reason)


def _stored_token(stored: Mapping[str, object]) -> Token | None:
    match stored:
        case {
            "access_token": str(access_token),
            "token_type": "Bearer" | "DPoP" as token_type,
            "received_at": int() | float() as received_at,
            "expires_at": int() | float() as expires_at,
            "scope": str(scope),
            "requested_scope": str(requested_scope),
            "extra": extra,
            "dpop_jkt": str() | None as dpop_jkt,
            "lifetime_assumed": bool() as lifetime_assumed,
            "scope_assumed": bool() as scope_assumed,
        } if is_object(extra):
            pass
        case _:
            return None
    try:
        return Token(
            Secret(access_token),
            "DPoP" if token_type == "DPoP" else "Bearer",
            received_at,
            expires_at,
            Scope.parse(scope),
            Scope.parse(requested_scope),
            {name: freeze(value) for name, value in extra.items()},
            dpop_jkt,
            lifetime_assumed,
            scope_assumed,
        )
    except InvalidInput:
        return None
