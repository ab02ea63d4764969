"""
Challenges: what an API says, in WWW-Authenticate, about the token it was called with (RFC 9110 section 11.6.1).

    HttpResponse ─ token_rejected ─────▶ would a new token help?
                 └ insufficient_scope ─▶ the Scope it would need

Whatever a server sends is hostile until it is read: no text raises, and reading takes time linear in its length.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final, TypeAlias, final

import attrs

from oauth_cc._wire.grammar import HEADER_NAME
from oauth_cc._wire.hidden import Hidden
from oauth_cc.errors import InvalidInput
from oauth_cc.http import HttpResponse
from oauth_cc.scope import Scope

__all__ = ["Challenge", "insufficient_scope", "parse_challenges", "token_rejected"]


def __dir__() -> list[str]:
    return __all__


MAX_CHALLENGE_TEXT: Final = 16 * 1024
"""Characters of WWW-Authenticate that are read at the most, all lines of a response together."""

MAX_CHALLENGES: Final = 32
"""Challenges of a response that are read at the most: servers send one to three."""

_TOKEN: Final = f"(?>{HEADER_NAME.pattern})"
_TOKEN68: Final = r"(?>[-._~+/0-9A-Za-z]+=*)"
# No control character but the tab; beyond ASCII anything, since libraries decode obs-text in ways of their own.
_CONTROL: Final = r"\x00-\x08\x0A-\x1F\x7F"
_QUOTED: Final = rf'"(?P<quoted>(?:[^{_CONTROL}"\\]|\\[^{_CONTROL}])*+)"'
_GAP: Final = r"[ \t,]*+"
_END: Final = r"[ \t]*+(?:,|\Z)"

_VALUE: Final = re.compile(rf"[^{_CONTROL}]*")
_ONE_TOKEN68: Final = re.compile(_TOKEN68)
_PAIR: Final = re.compile(r"\\(.)")
# What follows a scheme decides whether it is one: nothing, a token68, or the name of a parameter.
_SCHEME: Final = re.compile(
    rf"{_GAP}(?P<scheme>{_TOKEN})(?:{_END}|[ \t]++(?:(?P<token68>{_TOKEN68}){_END}|(?={_TOKEN}[ \t]*+=)))"
)
# A value without quotes counts only if it is whole. One in quotes always is, but what stands in place of the comma
# after it is not understood, nor is the rest of the line.
_PARAMETER: Final = re.compile(
    rf"{_GAP}(?P<name>{_TOKEN})[ \t]*+=[ \t]*+(?:(?P<token>{_TOKEN}){_END}|{_QUOTED}(?:{_END}|.*+))"
)

_TOKEN_SCHEMES: Final = frozenset({"bearer", "dpop"})
_SHOWN_SCHEMES: Final = frozenset({*_TOKEN_SCHEMES, "basic", "digest", "mutual", "negotiate", "ntlm"})
_SHOWN_NAMES: Final = frozenset(
    {"algs", "error", "error_description", "error_uri", "realm", "resource_metadata", "scope"}
)
_SHOWN_ERRORS: Final = frozenset(
    {"insufficient_scope", "invalid_dpop_proof", "invalid_request", "invalid_token", "use_dpop_nonce"}
)


_Parameters: TypeAlias = tuple[tuple[str, str], ...]


def _hidden_parameters(given: _Parameters | Hidden[_Parameters]) -> Hidden[_Parameters]:
    return given if isinstance(given, Hidden) else Hidden(given)


def _hidden_token68(given: str | Hidden[str | None] | None) -> Hidden[str | None]:
    return given if isinstance(given, Hidden) else Hidden(given)


@final
@attrs.frozen(repr=False)
class Challenge:
    """
    One challenge: a *scheme* with *parameters*, with a *token68*, or alone (RFC 9110 section 11.3).

    *scheme* and the names of *parameters*, (name, value) pairs, are in lower case; no name repeats; values are without
    their quotes, as the server sent them. ``repr`` shows registered words only, since a server may echo a token in any
    other. Raises `InvalidInput` if a part is outside the grammar.

        >>> challenge = Challenge("bearer", (("realm", "api"), ("error", "invalid_token")))
        >>> challenge
        Challenge(bearer, realm=***, error=invalid_token)
        >>> challenge.get("realm")
        'api'
    """

    __match_args__ = ("scheme", "parameters", "token68")

    scheme: str
    # Printers that walk the fields of a record find these closed: a server may echo a token.
    _parameters: Hidden[tuple[tuple[str, str], ...]] = attrs.field(
        default=Hidden(()), converter=_hidden_parameters, alias="parameters"
    )
    _token68: Hidden[str | None] = attrs.field(default=Hidden(None), converter=_hidden_token68, alias="token68")

    def __attrs_post_init__(self) -> None:
        if not _is_name(self.scheme):
            raise InvalidInput("scheme", "give an authentication scheme in lower case, such as 'bearer'")
        if not _are_parameters(self.parameters):
            raise InvalidInput("parameters", "give a tuple of (name, value) pairs, each lower-case name once")
        if self.token68 is not None and not _is_token68(self.token68, self.parameters):
            raise InvalidInput("token68", "give the characters of RFC 9110 section 11.2, and no parameters beside them")

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The parameters, (name, value) pairs in their order."""
        return self._parameters.open()

    @property
    def token68(self) -> str | None:
        """The token68, None where there is none."""
        return self._token68.open()

    def get(self, name: str) -> str | None:
        """
        Gives the value of the parameter *name*, compared without case, or None.

            >>> Challenge("basic", (("realm", ""),)).get("Realm")
            ''
        """
        return next((value for key, value in self.parameters if key == name.lower()), None)

    def __repr__(self) -> str:
        parts = [self.scheme if self.scheme in _SHOWN_SCHEMES else "***"]
        for name, value in self.parameters:
            if name in _SHOWN_NAMES:
                parts.append(f"{name}={value if name == 'error' and value in _SHOWN_ERRORS else '***'}")
        others = len(self.parameters) + 1 - len(parts)
        if others or self.token68 is not None:
            parts.append(f"{others} more" if others else "***")
        return f"Challenge({', '.join(parts)})"


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """
    Gives the challenges of *values*, the WWW-Authenticate lines of a response (a str is one line), in their order.

    What is not understood ends the reading of its line; what stood before it counts (RFC 9110 section 11.6.1). A
    challenge that repeats a parameter is left out, since nobody can know which one is meant (RFC 6750 section 3), and
    so is what exceeds `MAX_CHALLENGES`, and every line from the one on that exceeds `MAX_CHALLENGE_TEXT`.

        >>> parse_challenges(['Basic realm="a, b", Bearer', 'DPoP algs="ES256", error=use_dpop_nonce'])
        (Challenge(basic, realm=***), Challenge(bearer), Challenge(dpop, algs=***, error=use_dpop_nonce))
    """
    lines = _bounded((values,) if isinstance(values, str) else values)
    read = islice(chain.from_iterable(map(_challenges, lines)), MAX_CHALLENGES)
    return tuple([challenge for challenge in read if challenge is not None])


NOTABLE: Final = frozenset({401, 403})
"""The statuses of a response that may say something about the token; after any other, a call is done."""


def token_rejected(response: HttpResponse) -> bool:
    """
    Whether *response*, an API's answer to a call with a token, means that another token may do better.

    That is a 401 whose Bearer or DPoP challenge says ``invalid_token`` (RFC 6750 section 3.1, RFC 9449 section 7.1),
    and one that gives no reason: no error code in these challenges, or no challenge that can be read. Section 3.1 keeps
    the silent challenge for calls without a token, but many servers and gateways say no more of an expired one, or
    leave out the field; trying another token costs one request. Not so for any other reason given, nor where only
    other schemes are offered: the next token would fare the same. Get at most one new token for a call that was
    refused, and send it only to the origin it is meant for.

        >>> token_rejected(HttpResponse(401, {"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'}))
        True
        >>> token_rejected(HttpResponse(401, {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}))
        False
    """
    if response.status != 401:
        return False
    challenges = parse_challenges(response.header("WWW-Authenticate"))
    ours = _about_tokens(challenges)
    errors = [error for error in [challenge.get("error") for challenge in ours] if error]
    return "invalid_token" in errors if errors else bool(ours or not challenges)


def insufficient_scope(response: HttpResponse) -> Scope | None:
    """
    Gives the scope that *response*, a 403, asks for in a Bearer or DPoP challenge with ``insufficient_scope``.

    The empty scope if it names none in the grammar of RFC 6750 section 3; None if the answer is no such thing. To call
    again with the same token is of no use (section 3.1).

        >>> fields = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="a b"'}
        >>> insufficient_scope(HttpResponse(403, fields))
        Scope.of('a', 'b')
    """
    if response.status != 403:
        return None
    challenges = _about_tokens(parse_challenges(response.header("WWW-Authenticate")))
    asked = [_scope(challenge) for challenge in challenges if challenge.get("error") == "insufficient_scope"]
    return next((scope for scope in asked if scope), Scope()) if asked else None


def _about_tokens(challenges: tuple[Challenge, ...]) -> list[Challenge]:
    return [challenge for challenge in challenges if challenge.scheme in _TOKEN_SCHEMES]


def _scope(challenge: Challenge) -> Scope:
    try:
        return Scope.parse(challenge.get("scope") or "")
    except InvalidInput:
        return Scope()


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    size = 0
    for line in lines:
        # One more for the end of the line, so that no number of empty ones is within the bound.
        size += len(line) + 1
        if size > MAX_CHALLENGE_TEXT:
            return
        yield line


def _challenges(line: str) -> Iterator[Challenge | None]:
    start = _SCHEME.match(line)
    while start is not None:
        token68: str | None = start["token68"]
        pairs, position = ([], start.end()) if token68 is not None else _parameters(line, start.end())
        yield Challenge(start["scheme"].lower(), tuple(pairs), token68) if len(dict(pairs)) == len(pairs) else None
        start = _SCHEME.match(line, position)


def _parameters(line: str, position: int) -> tuple[list[tuple[str, str]], int]:
    pairs: list[tuple[str, str]] = []
    found = _PARAMETER.match(line, position)
    while found is not None:
        quoted: str | None = found["quoted"]
        value: str = found["token"] if quoted is None else _PAIR.sub(r"\1", quoted)
        pairs.append((found["name"].lower(), value))
        position = found.end()
        found = _PARAMETER.match(line, position)
    return pairs, position


def _is_name(name: str) -> bool:
    return isinstance(name, str) and name == name.lower() and HEADER_NAME.fullmatch(name) is not None


def _are_parameters(parameters: tuple[tuple[str, str], ...]) -> bool:
    pairs = isinstance(parameters, tuple) and all([isinstance(pair, tuple) and len(pair) == 2 for pair in parameters])
    return (
        pairs
        and all([_is_name(name) and isinstance(value, str) and _VALUE.fullmatch(value) for name, value in parameters])
        and len(dict(parameters)) == len(parameters)
    )


def _is_token68(text: str, parameters: tuple[tuple[str, str], ...]) -> bool:
    return isinstance(text, str) and _ONE_TOKEN68.fullmatch(text) is not None and not parameters
