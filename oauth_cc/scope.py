"""
The scope of a token, requested or granted (RFC 6749 section 3.3).
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
    An immutable set of scope-tokens that keeps its order.

    Usually made by `Scope.of` or `Scope.parse`. Equality ignores order, and ``in`` takes one scope-token.

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

    Args:
        tokens: The scope-tokens, a tuple of str. Repeated tokens are dropped.

    Raises:
        InvalidInput: A token is outside the grammar of RFC 6749 section 3.3.
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
            raise InvalidInput("scope", "scope must be a tuple of scope-tokens, not a str; use Scope.parse('a b')")
        if text is None:
            raise InvalidInput("scope", "scope must be a tuple of str; use Scope.of('a', 'b') or Scope.parse('a b')")
        # One match checks all tokens. The count finds a token that contains a space.
        if not SCOPE.fullmatch(text) or text.count(" ") != len(tokens) - 1:
            raise InvalidInput("scope", _fault(tokens))
        if len(set(tokens)) != len(tokens):
            object.__setattr__(self, "tokens", tuple(dict.fromkeys(tokens)))

    @classmethod
    def of(cls, *tokens: str) -> "Scope":
        """
        Return the scope of these *tokens*, one scope-token each.

            >>> Scope.of("read", "write")
            Scope.of('read', 'write')

        Raises:
            InvalidInput: A token is outside the grammar of RFC 6749 section 3.3.
        """
        return cls(tokens)

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """
        Parse *text*, scope-tokens with one space between them. An empty text is the empty scope.

            >>> Scope.parse("read write")
            Scope.of('read', 'write')

        Raises:
            InvalidInput: *text* is outside the grammar of RFC 6749 section 3.3.
        """
        if not isinstance(text, str):
            kind = type(text).__name__
            raise InvalidInput("scope", f"text of a scope must be a str, not {kind}; use Scope.of('a', 'b')")
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
            raise InvalidInput("scope", "scope membership needs one scope-token as a str; compare whole scopes with <=")
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
"""The empty scope, for which the server chooses."""


def _fault(tokens: tuple[str, ...]) -> str:
    position, token = next(
        (position, token) for position, token in enumerate(tokens, 1) if not SCOPE_TOKEN.fullmatch(token)
    )
    if not token:
        return f"scope-token {position} must not be empty; put one space between scope-tokens and none at the ends"
    stranger = next(character for character in token if not SCOPE_TOKEN.fullmatch(character))
    return (
        f"scope-token {position} must not contain {stranger!a}; use printable ASCII without space, quote and backslash"
    )
