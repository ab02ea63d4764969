"""
A text that must not be seen.
"""

from typing import TYPE_CHECKING, Final, NoReturn, SupportsIndex, final

from oauth_cc.errors import InvalidInput

__all__ = ["Secret"]


def __dir__() -> list[str]:
    return __all__


REDACTION: Final = "Secret('***')"
"""What every secret shows, and no header field and no client secret holds: checkers take what formats one."""


@final
class Secret:
    """
    Holds a secret *value*, a str, and shows it only to those who call `reveal`.

    ``repr``, ``str`` and ``format`` print a redaction; JSON and pickle refuse it; ``attrs.asdict`` leaves it closed.
    Secrets compare by value in constant time.

    Raises `InvalidInput` if *value* is no str.

        >>> Secret("s3cret")
        Secret('***')
        >>> f"{Secret('s3cret')}"
        "Secret('***')"
        >>> Secret("s3cret").reveal()
        's3cret'
        >>> Secret("s3cret") == Secret("s3cret")
        True
    """

    # Not an attrs record: attrs.asdict would walk into one and copy the value out.
    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            kind = type(value).__name__
            del value
            raise InvalidInput("secret", f"give it as a str, not as {kind}")
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """Gives the value itself: to be called where it is written to the wire, and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return REDACTION

    def __bool__(self) -> bool:
        return bool(self._value)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    if not TYPE_CHECKING:
        # Hidden from type checkers, to which a class with __setattr__ seems to take every attribute, and one with an
        # __eq__ of its own seems to equal a str now and then.

        def __eq__(self, other: object) -> bool:
            if not isinstance(other, Secret):
                return NotImplemented
            # Imported here because hmac loads OpenSSL, which composing a request does not need.
            from hmac import compare_digest

            return compare_digest(
                self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
            )

        def __setattr__(self, name: str, value: object) -> NoReturn:
            del value
            raise AttributeError(f"a Secret cannot be changed: {name}")

        def __delattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"a Secret cannot be changed: {name}")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret is not pickled: store what it came from, or reveal() it on purpose")
