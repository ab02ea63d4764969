"""
Scope: what a token is asked for, and what it was granted for (RFC 6749 section 3.3).
"""

from collections.abc import Iterator
from typing import Final, final

import attrs

from oauth_cc._wire.grammar import SCOPE, SCOPE_TOKEN
from oauth_cc.errors import InvalidInput

__all__ = ["Scope"]


def __dir__() -> list[str]:
    return __all__


@final
@attrs.frozen(repr=False)
class Scope:
    """
    An immutable set of scope-tokens, kept in the order given; a token given twice counts once.

    *tokens*: the scope-tokens, a tuple of str. `Scope.of` and `Scope.parse` are the usual ways to make one.
    Equality ignores order; ``in`` takes one scope-token. Raises `InvalidInput` if a token is outside the grammar of
    RFC 6749 section 3.3.

        >>> scope = Scope.of("hello", "world")
        >>> str(scope)
        'hello world'
        >>> scope == Scope.parse("world hello")
        True
        >>> "hello" in scope, len(scope), list(scope)
        (True, 2, ['hello', 'world'])
        >>> str(scope | Scope.of("again")), str(scope - Scope.of("hello"))
        ('hello world again', 'world')
        >>> Scope.of("hello") <= scope
        True
    """

    tokens: tuple[str, ...] = attrs.field(default=(), eq=frozenset)

    def __attrs_post_init__(self) -> None:
        tokens = self.tokens
        if tokens == ():
            return
        try:
            text = " ".join(tokens) if isinstance(tokens, tuple) else None
        except TypeError:
            text = None
        if isinstance(tokens, str):
            raise InvalidInput("scope", "Scope takes a tuple of scope-tokens, not str; use Scope.parse('a b')")
        if text is None:
            raise InvalidInput("scope", "give scope-tokens as str: Scope.of('a', 'b') or Scope.parse('a b')")
        # One match for all; the count tells whether a token brought a space of its own.
        if not SCOPE.fullmatch(text) or text.count(" ") != len(tokens) - 1:
            raise InvalidInput("scope", _fault(tokens))
        if len(set(tokens)) != len(tokens):
            object.__setattr__(self, "tokens", tuple(dict.fromkeys(tokens)))

    @classmethod
    def of(cls, *tokens: str) -> "Scope":
        """
        Gives the scope of these *tokens*, each one scope-token. Raises `InvalidInput`.

            >>> Scope.of("read", "write")
            Scope.of('read', 'write')
        """
        return cls(tokens)

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """
        Gives the scope of *text*, scope-tokens with one space between them; the empty text is the empty scope.

        Raises `InvalidInput`.

            >>> Scope.parse("read write")
            Scope.of('read', 'write')
        """
        if not isinstance(text, str):
            raise InvalidInput("scope", f"Scope.parse takes a str, not {type(text).__name__}")
        return cls(tuple(text.split(" "))) if text else cls()

    def __str__(self) -> str:
        return " ".join(self.tokens)

    def __repr__(self) -> str:
        return f"Scope.of({', '.join([repr(token) for token in self.tokens])})"

    def __iter__(self) -> Iterator[str]:
        return iter(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        if not isinstance(token, str):
            raise InvalidInput("scope", "ask for one scope-token, as a str; whole scopes are compared by <=")
        return token in self.tokens

    def __or__(self, other: "Scope") -> "Scope":
        return Scope(self.tokens + other.tokens) if isinstance(other, Scope) else NotImplemented

    def __sub__(self, other: "Scope") -> "Scope":
        if not isinstance(other, Scope):
            return NotImplemented
        return Scope(tuple([token for token in self.tokens if token not in other.tokens]))

    def __le__(self, other: "Scope") -> bool:
        return frozenset(self.tokens) <= frozenset(other.tokens) if isinstance(other, Scope) else NotImplemented


NO_SCOPE: Final = Scope()
"""The empty scope: the server chooses."""


def _fault(tokens: tuple[str, ...]) -> str:
    position, token = next(
        (position, token) for position, token in enumerate(tokens, 1) if not SCOPE_TOKEN.fullmatch(token)
    )
    if not token:
        return f"scope-token {position} is empty: put one space between scope-tokens and none at the ends"
    stranger = next(character for character in token if not SCOPE_TOKEN.fullmatch(character))
    return (
        f"scope-token {position} holds {stranger!a}, which no scope-token may: "
        "use printable ASCII without space, quote and backslash"
    )
