"""
The departures of a server from RFC 6749, as data.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, final, get_args

import attrs

from oauth_cc._wire.grammar import ERROR, HEADER_NAME
from oauth_cc.errors import InvalidInput
from oauth_cc.http import SHOWN_HEADERS, frames_message

__all__ = ["Dialect", "Placement"]


def __dir__() -> list[str]:
    return __all__


Member: TypeAlias = Literal["access_token", "token_type", "expires_in", "scope"]
"""The members of a token response that a dialect can place elsewhere (RFC 6749 section 5.1)."""

MAX_LIFETIME: Final = 10 * 365 * 86400
"""The longest ``expires_in`` that is accepted, in seconds."""

NOT_BEARER: Final = frozenset({"dpop", "mac", "n_a"})
"""Registered token types, in lower case, that never mean a bearer token."""

_MEMBERS: Final[tuple[Member, ...]] = get_args(Member)
_PATH: Final = re.compile(r"[^\x00-\x1F\x7F.]+(?:\.[^\x00-\x1F\x7F.]+)*")
_REGISTERED_GRANTS: Final = frozenset({"authorization_code", "implicit", "password", "refresh_token"})
_REGISTERED_PREFIXES: Final = ("urn:ietf:params:oauth:grant-type:", "urn:openid:params:grant-type:")
# Schemes and headers that have another meaning in HTTP.
_OTHER_SCHEMES: Final = frozenset({"basic", "digest", "dpop", "mac", "negotiate"})
_OTHER_HEADERS: Final = SHOWN_HEADERS | {"dpop", "origin", "referer"}


@final
@attrs.frozen
class Placement:
    """
    The header of an API call that carries the token.

    Args:
        header: The name of the header.
        scheme: The word in front of the token; None for the bare token.

    Raises:
        InvalidInput: *header* has another meaning in HTTP, or *scheme* belongs to another kind of credentials.

    Example:
        >>> Placement("X-Shopify-Access-Token", scheme=None).header
        'X-Shopify-Access-Token'
    """

    header: str = "Authorization"
    scheme: str | None = "Bearer"

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.header, str) or not HEADER_NAME.fullmatch(self.header):
            raise InvalidInput("header", "header must be the name of an HTTP header, such as 'X-Access-Token'")
        if frames_message(self.header) or self.header.lower() in _OTHER_HEADERS:
            raise InvalidInput(
                "header",
                f"header must not be {self.header}, which has another meaning in HTTP; see the API's documentation",
            )
        if self.scheme is None:
            return
        if not isinstance(self.scheme, str) or not HEADER_NAME.fullmatch(self.scheme):
            raise InvalidInput("scheme", "scheme must be one word such as 'Bearer', or None for the bare token")
        if self.scheme.lower() in _OTHER_SCHEMES:
            raise InvalidInput("scheme", f"scheme must not be {self.scheme}, which is for other credentials")


BEARER: Final = Placement()
"""The Authorization header with the Bearer scheme (RFC 6750 section 2.1)."""


def _pairs(
    members: Mapping[Member, str] | tuple[tuple[Member, str], ...],
) -> tuple[tuple[Member, str], ...]:
    # attrs.evolve passes the pairs of another record. Sorted, so that equal dialects have one cache key.
    pairs = tuple(members.items()) if isinstance(members, Mapping) else members
    try:
        return tuple(sorted(pairs)) if isinstance(pairs, tuple) else pairs
    except TypeError:
        return pairs


def _seconds(lifetime: float | None) -> float | None:
    # Equal dialects have one cache key, and JSON text tells an int from a float.
    return float(lifetime) if type(lifetime) is int and 0 < lifetime <= MAX_LIFETIME else lifetime


@final
@attrs.frozen
class Dialect:
    """
    How a server departs from RFC 6749. The default is the RFC itself.

    A dialect changes how a request is written, how a response is read and where the token goes on an API call. It
    cannot turn a request for a DPoP token into one for a bearer token.

    Args:
        bearer_names: Further ``token_type`` values that mean a bearer token, in any case.
        default_lifetime: The lifetime of a token in seconds, if the response has none. None for the library's default.
        lifetime_unit: The unit of ``expires_in``: ``"s"`` or ``"ms"``.
        members: Where members of the response are: ``{"access_token": "data.token"}``, a path of names.
        scope_separator: The separator of scope-tokens in requests and responses: ``" "`` or ``","``.
        body_format: ``"form"``, or ``"json"`` for a flat JSON object.
        grant_type: The server's word for this grant, such as ``account_credentials``.
        placement: Where the API expects the token.
        rejection_words: Further error codes in a 401 or 403 that mean a rejected token.
        rejection_statuses: The statuses of an API that mean a rejected token, unless a challenge says otherwise.

    Raises:
        InvalidInput: A field is outside its range.

    Example:
        >>> Dialect(bearer_names=("Application Access Token",), default_lifetime=7200.0).scope_separator
        ' '
    """

    bearer_names: tuple[str, ...] = ()
    default_lifetime: float | None = attrs.field(default=None, converter=_seconds)
    lifetime_unit: Literal["s", "ms"] = "s"
    members: tuple[tuple[Member, str], ...] = attrs.field(default=(), converter=_pairs)
    scope_separator: Literal[" ", ","] = " "
    body_format: Literal["form", "json"] = "form"
    grant_type: str = "client_credentials"
    placement: Placement = BEARER
    rejection_words: tuple[str, ...] = ()
    rejection_statuses: tuple[int, ...] = (401,)

    def __attrs_post_init__(self) -> None:
        for check in (_names_fault, _lifetime_fault, _members_fault, _writing_fault, _rejection_fault):
            fault = check(self)
            if fault is not None:
                raise fault

    def departures(self) -> dict[str, object]:
        """
        Return the fields that differ from the default, as JSON values by name.

            >>> Dialect(lifetime_unit="ms").departures()
            {'lifetime_unit': 'ms'}
        """
        if self == RFC_6749:
            return {}
        mine, default = attrs.asdict(self), attrs.asdict(RFC_6749)
        return {name: value for name, value in mine.items() if value != default[name]}


def _names_fault(dialect: Dialect) -> InvalidInput | None:
    names = dialect.bearer_names
    if not _is_tuple_of_words(names) or any([name != name.strip(" ") for name in names]):
        return InvalidInput("bearer_names", "bearer_names must be a tuple of token types, such as ('BearerToken',)")
    if NOT_BEARER & {name.lower() for name in names}:
        return InvalidInput("bearer_names", "bearer_names must not hold a token type that is not a bearer token")
    return None


def _lifetime_fault(dialect: Dialect) -> InvalidInput | None:
    seconds = dialect.default_lifetime
    if seconds is not None and not (type(seconds) is float and 0 < seconds <= MAX_LIFETIME):
        reason = "default_lifetime must be seconds above 0 and up to ten years, or None"
        return InvalidInput("default_lifetime", reason)
    if dialect.lifetime_unit not in ("s", "ms"):
        return InvalidInput("lifetime_unit", "lifetime_unit must be 's' or 'ms'")
    return None


def _members_fault(dialect: Dialect) -> InvalidInput | None:
    members: object = dialect.members
    pairs = isinstance(members, tuple) and all([isinstance(pair, tuple) and len(pair) == 2 for pair in members])
    if not pairs:
        return InvalidInput("members", "members must be a mapping, such as {'access_token': 'data.token'}")
    if not all([name in _MEMBERS for name, _ in dialect.members]):
        return InvalidInput("members", f"members must have no names but {', '.join(_MEMBERS)}")
    if len(dict(dialect.members)) != len(dialect.members):
        return InvalidInput("members", "members must place each member once")
    for name, path in dialect.members:
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            return InvalidInput("members", f"members must place {name} by a path of names, such as 'data.token'")
    return None


def _writing_fault(dialect: Dialect) -> InvalidInput | None:
    if dialect.scope_separator not in (" ", ","):
        return InvalidInput("scope_separator", "scope_separator must be ' ' or ','")
    if dialect.body_format not in ("form", "json"):
        return InvalidInput("body_format", "body_format must be 'form' or 'json'")
    if not isinstance(dialect.placement, Placement):
        return InvalidInput("placement", "placement must be a Placement, such as Placement('X-Access-Token', None)")
    grant = dialect.grant_type
    if not isinstance(grant, str) or not ERROR.fullmatch(grant) or " " in grant:
        return InvalidInput("grant_type", "grant_type must be the server's word for this grant")
    if grant.lower() in _REGISTERED_GRANTS or grant.lower().startswith(_REGISTERED_PREFIXES):
        return InvalidInput("grant_type", f"grant_type must not be {grant}, which is another grant")
    return None


def _rejection_fault(dialect: Dialect) -> InvalidInput | None:
    if not _is_tuple_of_words(dialect.rejection_words):
        return InvalidInput("rejection_words", "rejection_words must be a tuple of error codes, as in ('expired',)")
    statuses: object = dialect.rejection_statuses
    if not isinstance(statuses, tuple) or not all([type(status) is int and 400 <= status < 500 for status in statuses]):
        return InvalidInput("rejection_statuses", "rejection_statuses must be a tuple of statuses from 400 to 499")
    return None


def _is_tuple_of_words(words: tuple[str, ...]) -> bool:
    return isinstance(words, tuple) and all([isinstance(word, str) and ERROR.fullmatch(word) for word in words])


RFC_6749: Final = Dialect()
"""The dialect of RFC 6749 and RFC 6750, without departures."""
