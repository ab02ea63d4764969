"""
A token as a plain dict, for replacements of other libraries.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, overload

T = TypeVar("T")

_Text: TypeAlias = Literal["access_token", "token_type", "refresh_token"]
_SHOWN: Final = frozenset({"expires_at", "expires_in", "scope", "token_type"})


class TokenDict(dict[str, object]):
    """
    The members of a token as a dict, **with its secret**, as other libraries return it.

    Common members have the types that RFC 6749 section 5.1 defines, so that callers need no cast. ``repr`` redacts
    every member that may be secret; the dict itself holds them all.

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
        # For devtools, which would otherwise print the dict's items.
        yield repr(self)

    def __sentry_repr__(self) -> str:
        return repr(self)

    def _shown(self) -> dict[str, object]:
        return {name: value if name in _SHOWN else "***" for name, value in self.items()}

    if TYPE_CHECKING:
        # At run time these are dict's methods.
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
        # The base class allows any key with any default; mypy reports that the first overloads hide this signature.
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
        # The same override, where pyright reports it.
        def get(self, key: str, default: object = None, /) -> object: ...  # pyright: ignore[reportIncompatibleMethodOverride]
