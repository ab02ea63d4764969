"""
The base of sources and auths: copies that share tokens, and an error for pickling.
"""

from typing import NoReturn, Self, SupportsIndex

from oauth_cc._io.context import SourceContext


class Sharing:
    """A source or an auth. Copies, deep ones included, share cache, client and renewals with it."""

    _context: SourceContext

    def __copy__(self) -> Self:
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        return other

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self.__copy__()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        # Another process shares neither threads nor connections.
        advice = "make it in each process, and give it a FileStore or a RedisStore to share tokens"
        raise TypeError(f"{type(self).__module__}.{type(self).__qualname__} cannot be pickled; {advice}")

    def __repr__(self) -> str:
        # Tracebacks show the repr of an object whose constructor raised.
        request = repr(self._context.terms.request) if hasattr(self, "_context") else ""
        return f"{type(self).__name__}({request})"
