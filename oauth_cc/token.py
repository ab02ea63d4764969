"""
A token, whether it is fresh, and how it is put on an API call.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NoReturn, SupportsIndex, TypeAlias, final

import attrs

from oauth_cc._wire.grammar import ACCESS_TOKEN
from oauth_cc._wire.hidden import Hidden
from oauth_cc._wire.json import JsonValue, freeze, is_object, parse_object, write
from oauth_cc.endpoint import check_url
from oauth_cc.errors import InvalidInput
from oauth_cc.http import HttpRequest
from oauth_cc.scope import NO_SCOPE, Scope
from oauth_cc.secret import Secret

__all__ = ["Token", "authorize", "is_expired"]


def __dir__() -> list[str]:
    return __all__


DEFAULT_LIFETIME: Final = 300.0
"""Seconds that a token without ``expires_in`` is taken to live: no expiry given is not eternity."""

NO_EXTRA: Final[Mapping[str, JsonValue]] = MappingProxyType({})

TokenType: TypeAlias = Literal["Bearer", "DPoP"]
"""The token types that are understood, in their canonical case (RFC 6749 section 7.1)."""


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
    return token.received_at + DEFAULT_LIFETIME


@final
@attrs.frozen(repr=False)
class Token:
    """
    An access token and what the server said about it (RFC 6749 section 5.1).

    *access_token*: the token itself; *token_type*: ``Bearer`` or ``DPoP``; *received_at*, *expires_at*: POSIX seconds,
    where *expires_at* is `DEFAULT_LIFETIME` after *received_at* if left out; *lifetime_assumed*: whether that is so
    because the server named no lifetime; *scope*: what was granted; *requested_scope*: what was asked for;
    *extra*: every other member of the answer, read-only, but no refresh_token, which this grant has no use for
    (section 4.4.3); *dpop_jkt*: the thumbprint of the key it is bound to, or None.

    ``repr`` shows neither the token nor *extra*; pickle refuses it, `to_json` is the way to keep it.
    Raises `InvalidInput` if a field is not of its type, or the token cannot stand in a header field.

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
    # Printers that walk the fields of a record find it closed: it may hold an id_token.
    _extra: Hidden[_Extra] = attrs.field(default=_NOTHING, converter=_hidden, alias="extra", hash=False)
    dpop_jkt: str | None = None
    lifetime_assumed: bool = False

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.access_token, Secret) or not ACCESS_TOKEN.fullmatch(self.access_token.reveal()):
            raise InvalidInput("access_token", "give a Secret of visible ASCII characters (RFC 6749 appendix A.12)")
        if self.token_type not in ("Bearer", "DPoP"):
            raise InvalidInput("token_type", "give 'Bearer' or 'DPoP'")
        if not isinstance(self.lifetime_assumed, bool):
            raise InvalidInput("lifetime_assumed", "give True or False")
        if not _is_moment(self.received_at) or not _is_moment(self.expires_at):
            raise InvalidInput("expiry", "give POSIX seconds as finite floats")
        if not isinstance(self.scope, Scope) or not isinstance(self.requested_scope, Scope):
            raise InvalidInput("scope", "give a Scope")
        if self.dpop_jkt is not None and not isinstance(self.dpop_jkt, str):
            raise InvalidInput("dpop_jkt", "give None or the key's thumbprint as text (RFC 7638)")
        if self._extra is not _NOTHING:
            object.__setattr__(self, "_extra", Hidden(_read_only(self.extra)))

    def __repr__(self) -> str:
        times = f"received_at={self.received_at!r}, expires_at={self.expires_at!r}"
        scopes = f"scope={self.scope!r}, requested_scope={self.requested_scope!r}"
        rest = f"dpop_jkt={self.dpop_jkt!r}, lifetime_assumed={self.lifetime_assumed!r}"
        shown = f"access_token={self.access_token!r}, token_type={self.token_type!r}, {times}, {scopes}"
        return f"Token({shown}, extra=<{len(self.extra)} not shown>, {rest})"

    @property
    def extra(self) -> Mapping[str, JsonValue]:
        """Every other member of the response, read-only."""
        return self._extra.open()

    @property
    def missing_scope(self) -> Scope:
        """What was asked for and not granted (RFC 6749 section 3.3)."""
        return self.requested_scope - self.scope

    @property
    def additional_scope(self) -> Scope:
        """What was granted and not asked for; empty if nothing was asked for, as the server chooses then."""
        return self.scope - self.requested_scope if self.requested_scope else Scope()

    def to_json(self) -> str:
        """
        Gives the token as JSON text **with its secret**: for a store that only its owner can read.

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
            },
            ascii_only=True,
        )

    @classmethod
    def from_json(cls, text: str) -> "Token":
        """
        Gives the token that `to_json` wrote as *text*. Raises `InvalidInput` for any other text.
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
        raise TypeError("a Token is not pickled: use to_json() and from_json()")


def is_expired(token: Token, now: float) -> bool:
    """
    Return whether *token* has ended at *now*, POSIX seconds (RFC 6749 section 5.1). A lifetime of 0 has ended at once.

        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0, 1700003600.0)
        >>> is_expired(token, 1700003599.0), is_expired(token, 1700003600.0)
        (False, True)
    """
    return now >= token.expires_at


def authorize(request: HttpRequest, token: Token) -> HttpRequest:
    """
    Gives *request* with *token* in its Authorization field, in place of any other (RFC 6750 section 2.1).

    Raises `InvalidInput` if the request is neither https nor http to loopback,
    `InvalidInput` for a DPoP token, which needs a proof of its own for each request.

        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)
        >>> authorize(HttpRequest("GET", "https://api.example/things"), token).headers
        (('Authorization', 'Bearer 2YotnFZFEjr1zCsicMWpAA'),)
    """
    if not isinstance(request, HttpRequest):
        reason = f"request must be an HttpRequest, not {type(request).__name__}; use HttpRequest('GET', url)"
        del request
        raise InvalidInput("request", reason)
    if not isinstance(token, Token):
        reason = f"token must be a Token, not {type(token).__name__}; parse_token_response() returns one"
        del token
        raise InvalidInput("token", reason)
    check_url(request.url)
    return request.with_header("Authorization", authorization(token).reveal())


def authorization(token: Token) -> Secret:
    """
    Gives the value of the Authorization field that carries *token* (RFC 6750 section 2.1).

    Raises `InvalidInput` for a DPoP token, which needs a proof of its own for each request.

        >>> authorization(Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)).reveal()
        'Bearer 2YotnFZFEjr1zCsicMWpAA'
    """
    if token.token_type != "Bearer":
        raise InvalidInput("token", "is bound to a key: a call with it needs a DPoP proof (RFC 9449 section 7)")
    return Secret(f"Bearer {token.access_token.reveal()}")


def _read_only(extra: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    try:
        if is_object(extra):
            return MappingProxyType({name: freeze(value) for name, value in extra.items()})
    except (TypeError, RecursionError):
        pass
    raise InvalidInput("extra", "give a mapping of JSON values")


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
    )
)


def _read_stored(text: str) -> Token | InvalidInput:
    stored = parse_object(text) if isinstance(text, str) else "is no text"
    if isinstance(stored, str):
        return InvalidInput("stored token", f"the text {stored}: discard it and ask for a new token")
    token = _stored_token(stored) if stored.keys() == _STORED else None
    return token or InvalidInput("stored token", "is not what to_json() wrote: discard it and ask for a new one")


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
        )
    except InvalidInput:
        return None
