"""
A token as other libraries hand one out: for what stands in their place.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, overload

T = TypeVar("T")

_Text: TypeAlias = Literal["access_token", "token_type", "refresh_token"]
_SHOWN: Final = frozenset({"expires_at", "expires_in", "scope", "token_type"})


class TokenDict(dict[str, object]):
    """
    The members of a token as a dict, which is how other libraries hand one out, **with its secret**. The everyday ones
    have the types that a server gives them (RFC 6749 section 5.1), so that callers need no cast.

    ``repr`` shows no member that may be secret; the dict itself holds them all.

        >>> token = TokenDict(access_token="2YotnFZFEjr1zCsicMWpAA", token_type="Bearer")
        >>> token
        {'access_token': '***', 'token_type': 'Bearer'}
        >>> token["access_token"]
        '2YotnFZFEjr1zCsicMWpAA'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self._shown())

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        yield from self._shown().items()

    def __pretty__(self, fmt: Callable[[object], object], **_: object) -> Iterator[object]:
        # For devtools, which would walk into a dict.
        yield repr(self)

    def __sentry_repr__(self) -> str:
        return repr(self)

    def _shown(self) -> dict[str, object]:
        return {name: value if name in _SHOWN else "***" for name, value in self.items()}

    if TYPE_CHECKING:
        # At run time these are dict's own method.
        @overload
        def __getitem__(self, key: _Text, /) -> str: ...
        @overload
        def __getitem__(self, key: Literal["expires_in"], /) -> int: ...
        @overload
        def __getitem__(self, key: Literal["expires_at"], /) -> float: ...
        @overload
        def __getitem__(self, key: Literal["scope"], /) -> list[str]: ...
        @overload
        def __getitem__(self, key: str, /) -> object: ...
        def __getitem__(self, key: str, /) -> object: ...
        # Of the base class, any key may come with any default, for any object: mypy sees that hidden by the first ones.
        @overload  # type: ignore[override]
        def get(self, key: _Text, default: None = None, /) -> str | None: ...
        @overload
        def get(self, key: _Text, default: T, /) -> str | T: ...
        @overload
        def get(self, key: Literal["expires_in"], default: None = None, /) -> int | None: ...
        @overload
        def get(self, key: Literal["expires_in"], default: T, /) -> int | T: ...
        @overload
        def get(self, key: Literal["expires_at"], default: None = None, /) -> float | None: ...
        @overload
        def get(self, key: Literal["expires_at"], default: T, /) -> float | T: ...
        @overload
        def get(self, key: Literal["scope"], default: None = None, /) -> list[str] | None: ...
        @overload
        def get(self, key: Literal["scope"], default: T, /) -> list[str] | T: ...
        @overload
        def get(self, key: str, default: None = None, /) -> object: ...
        @overload
        def get(self, key: str, default: object, /) -> object: ...
        # As above, where pyright looks for it; what it does is written at dict's own.
        def get(self, key: str, default: object = None, /) -> object: ...  # pyright: ignore[reportIncompatibleMethodOverride]
