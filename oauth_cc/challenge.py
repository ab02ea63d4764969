"""
Challenges in WWW-Authenticate, an API's statement about a token (RFC 9110 section 11.6.1).

    HttpResponse ─ token_rejected ─────▶ would a new token help?
                 ├ insufficient_scope ─▶ the Scope it would need
                 └ resource_metadata ──▶ where the resource describes itself

Fields are untrusted input: no text raises an exception, and parsing takes time linear in its length.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final, TypeAlias, final

import attrs

from oauth_cc._wire.grammar import HEADER_NAME
from oauth_cc._wire.hidden import Hidden
from oauth_cc.dialect import RFC_6749, Dialect
from oauth_cc.endpoint import check_url
from oauth_cc.errors import InvalidInput, kind_fault
from oauth_cc.http import HttpResponse, check_response
from oauth_cc.scope import Scope

__all__ = [
    "Challenge",
    "challenged_scope",
    "insufficient_scope",
    "parse_challenges",
    "resource_metadata",
    "token_rejected",
]


def __dir__() -> list[str]:
    return __all__


MAX_CHALLENGE_TEXT: Final = 16 * 1024
"""The maximum number of characters of WWW-Authenticate, all lines of a response together."""

MAX_CHALLENGES: Final = 32
"""The maximum number of challenges of a response. Servers send one to three."""

_TOKEN: Final = f"(?>{HEADER_NAME.pattern})"
_TOKEN68: Final = r"(?>[-._~+/0-9A-Za-z]+=*)"
# No control character but the tab. Beyond ASCII anything, because HTTP libraries decode obs-text differently.
_CONTROL: Final = r"\x00-\x08\x0A-\x1F\x7F"
_QUOTED: Final = rf'"(?P<quoted>(?:[^{_CONTROL}"\\]|\\[^{_CONTROL}])*+)"'
_GAP: Final = r"[ \t,]*+"
_END: Final = r"[ \t]*+(?:,|\Z)"

_VALUE: Final = re.compile(rf"[^{_CONTROL}]*")
_ONE_TOKEN68: Final = re.compile(_TOKEN68)
_PAIR: Final = re.compile(r"\\(.)")
# A scheme is followed by nothing, by a token68, or by the name of a parameter.
_SCHEME: Final = re.compile(
    rf"{_GAP}(?P<scheme>{_TOKEN})(?:{_END}|[ \t]++(?:(?P<token68>{_TOKEN68}){_END}|(?={_TOKEN}[ \t]*+=)))"
)
# A value without quotes must extend to a comma or the end. A value in quotes is complete, but if no comma follows, the
# rest of the line is skipped.
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


_LINES: Final = "values must be the WWW-Authenticate lines as str; pass response.header('WWW-Authenticate')"
_Parameters: TypeAlias = tuple[tuple[str, str], ...]


def _hidden_parameters(given: _Parameters | Hidden[_Parameters]) -> Hidden[_Parameters]:
    return given if isinstance(given, Hidden) else Hidden(given)


def _hidden_token68(given: str | Hidden[str | None] | None) -> Hidden[str | None]:
    return given if isinstance(given, Hidden) else Hidden(given)


@final
@attrs.frozen(repr=False)
class Challenge:
    """
    A challenge (RFC 9110 section 11.3).

    ``repr`` only shows registered words, because a server may echo a token anywhere else.

        >>> challenge = Challenge("bearer", (("realm", "api"), ("error", "invalid_token")))
        >>> challenge
        Challenge(bearer, realm=***, error=invalid_token)
        >>> challenge.get("realm")
        'api'

    Args:
        scheme: The authentication scheme, in lower case.
        parameters: (name, value) pairs, with unique names in lower case and values without quotes.
        token68: The token68 in place of parameters, or None.

    Raises:
        InvalidInput: An argument is outside the grammar.
    """

    __match_args__ = ("scheme", "parameters", "token68")

    scheme: str
    # Hidden from code that prints the fields of a record, because a server may echo a token.
    _parameters: Hidden[tuple[tuple[str, str], ...]] = attrs.field(
        default=Hidden(()), converter=_hidden_parameters, alias="parameters"
    )
    _token68: Hidden[str | None] = attrs.field(default=Hidden(None), converter=_hidden_token68, alias="token68")

    def __attrs_post_init__(self) -> None:
        if not _is_name(self.scheme):
            raise InvalidInput("scheme", "scheme must be an authentication scheme in lower case, such as 'bearer'")
        if not _are_parameters(self.parameters):
            reason = "parameters must be a tuple of (name, value) pairs, with unique names in lower case"
            raise InvalidInput("parameters", reason)
        if self.token68 is not None and not _is_token68(self.token68, self.parameters):
            reason = "token68 must match RFC 9110 section 11.2 and must not be combined with parameters"
            raise InvalidInput("token68", reason)

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The parameters, (name, value) pairs in their order."""
        return self._parameters.open()

    @property
    def token68(self) -> str | None:
        """The token68, or None."""
        return self._token68.open()

    def get(self, name: str) -> str | None:
        """
        Return the value of the parameter *name*, in any case, or None.

            >>> Challenge("basic", (("realm", ""),)).get("Realm")
            ''

        Raises:
            InvalidInput: *name* is not a str.
        """
        if not isinstance(name, str):
            raise kind_fault("name", name, "the name of a parameter as a str")
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
    Parse the WWW-Authenticate lines of a response into challenges, in their order (RFC 9110 section 11.6.1).

    A syntax error ends the parsing of its line, and the challenges before it count. A challenge that repeats a
    parameter is dropped (RFC 6750 section 3). So are challenges beyond `MAX_CHALLENGES` and lines beyond
    `MAX_CHALLENGE_TEXT`.

        >>> parse_challenges(['Basic realm="a, b", Bearer', 'DPoP algs="ES256", error=use_dpop_nonce'])
        (Challenge(basic, realm=***), Challenge(bearer), Challenge(dpop, algs=***, error=use_dpop_nonce))

    Args:
        values: The lines. A str is one line.

    Raises:
        InvalidInput: *values* is not a str or a collection of str.
    """
    if not isinstance(values, Iterable):
        raise InvalidInput("values", f"{_LINES}, not {type(values).__name__}")
    lines = _bounded((values,) if isinstance(values, str) else values)
    read = islice(chain.from_iterable(map(_challenges, lines)), MAX_CHALLENGES)
    return tuple([challenge for challenge in read if challenge is not None])


_REGISTERED_ERRORS: Final = _SHOWN_ERRORS - {"invalid_token"}


def token_rejected(response: HttpResponse, dialect: Dialect = RFC_6749) -> bool:
    """
    Return whether an API's response means that a new token may do better.

    A 401 means it with any challenge, unless a Bearer or DPoP challenge gives another registered reason: many
    servers do not say that the token expired, or say it in words of their own (RFC 6750 section 3.1, RFC 9449 section
    7.1). A 403 means it with ``invalid_token``. Request at most one new token for a rejected call, and send it to the
    same origin only.

    Args:
        response: The API's response to a call with a token.
        dialect: The further words and statuses of the API.

    Example:
        >>> token_rejected(HttpResponse(401, {"WWW-Authenticate": 'Bearer realm="api", error="expired_token"'}))
        True
        >>> token_rejected(HttpResponse(401, {"WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}))
        False
    """
    check_response(response)
    if not isinstance(dialect, Dialect):
        raise InvalidInput("dialect", f"dialect must be a Dialect, not {type(dialect).__name__}")
    if response.status not in notable_statuses(dialect):
        return False
    challenges = _about_tokens(parse_challenges(response.header("WWW-Authenticate")))
    errors = {error for error in [challenge.get("error") for challenge in challenges] if error}
    if "invalid_token" in errors or not errors.isdisjoint(dialect.rejection_words):
        return True
    return response.status in dialect.rejection_statuses and errors.isdisjoint(_REGISTERED_ERRORS)


def notable_statuses(dialect: Dialect) -> frozenset[int]:
    """Return the statuses of a response that may say something about the token. A call ends with any other status."""
    return _NOTABLE if dialect is RFC_6749 else _NOTABLE.union(dialect.rejection_statuses)


_NOTABLE: Final = frozenset({401, 403})


def insufficient_scope(response: HttpResponse) -> Scope | None:
    """
    Return the scope that *response*, a 403 with ``insufficient_scope``, requires (RFC 6750 section 3.1).

    The scope is empty if the Bearer or DPoP challenge does not name a valid one. None for any other response. A retry
    with the same token does not help.

        >>> fields = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="a b"'}
        >>> insufficient_scope(HttpResponse(403, fields))
        Scope.of('a', 'b')
    """
    check_response(response)
    if response.status != 403:
        return None
    challenges = _about_tokens(parse_challenges(response.header("WWW-Authenticate")))
    asked = [_scope(challenge) for challenge in challenges if challenge.get("error") == "insufficient_scope"]
    return next((scope for scope in asked if scope), Scope()) if asked else None


def resource_metadata(response: HttpResponse) -> str | None:
    """
    Return the URL of the protected resource's metadata that *response*, a 401, names (RFC 9728 section 5.1).

    None for any other response, and for a URL that is neither https nor http to loopback. Request a URL of the
    resource's own origin only, as any other is a choice of the resource.

        >>> named = 'Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource"'
        >>> resource_metadata(HttpResponse(401, {"WWW-Authenticate": named}))
        'https://api.example/.well-known/oauth-protected-resource'
    """
    named = [challenge.get("resource_metadata") for challenge in _of_401(response)]
    return next((url for url in named if url is not None and _is_usable(url)), None)


def challenged_scope(response: HttpResponse) -> Scope:
    """
    Return the scope that *response*, a 401, requires (RFC 6750 section 3). Empty if it names none.

        >>> challenged_scope(HttpResponse(401, {"WWW-Authenticate": 'Bearer scope="a b"'}))
        Scope.of('a', 'b')
    """
    return next((scope for scope in map(_scope, _of_401(response)) if scope), Scope())


def _of_401(response: HttpResponse) -> list[Challenge]:
    check_response(response)
    return _about_tokens(parse_challenges(response.header("WWW-Authenticate"))) if response.status == 401 else []


def _is_usable(url: str) -> bool:
    try:
        check_url(url)
    except InvalidInput:
        return False
    return True


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
        if not isinstance(line, str):
            raise InvalidInput("values", f"{_LINES}, not {type(line).__name__}")
        # One more for the end of the line, so that empty lines count, too.
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
