"""
A string that never shows up in output.
"""

from typing import TYPE_CHECKING, Final, NoReturn, SupportsIndex, final

from oauth_cc.errors import InvalidInput

__all__ = ["Secret"]


def __dir__() -> list[str]:
    return __all__


REDACTION: Final = "Secret('***')"
"""
The text of every Secret.

Headers and client secrets reject it, because type checkers do not notice a Secret that is formatted by accident.
"""


@final
class Secret:
    """
    A secret str that only `reveal` returns.

    ``repr``, ``str`` and ``format`` return a redaction. JSON and pickle raise an error. ``attrs.asdict`` keeps the
    Secret. Secrets are compared by value in constant time.

        >>> Secret("s3cret")
        Secret('***')
        >>> f"{Secret('s3cret')}"
        "Secret('***')"
        >>> Secret("s3cret").reveal()
        's3cret'
        >>> Secret("s3cret") == Secret("s3cret")
        True

    Raises:
        InvalidInput: *value* is not a str.
    """

    # Not an attrs record, because attrs.asdict would copy the value out of one.
    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            kind = type(value).__name__
            del value
            raise InvalidInput("secret", f"secret must be a str, not {kind}")
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """Return the value. Call this only where the value is sent."""
        return self._value

    def __repr__(self) -> str:
        return REDACTION

    def __bool__(self) -> bool:
        return bool(self._value)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    if not TYPE_CHECKING:
        # Hidden from type checkers: with a __setattr__ they accept every attribute, and with an __eq__ they accept a
        # comparison with a str.

        def __eq__(self, other: object) -> bool:
            if not isinstance(other, Secret):
                return NotImplemented
            # Imported late, because hmac loads OpenSSL, which composing a request does not need.
            from hmac import compare_digest

            return compare_digest(
                self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
            )

        def __setattr__(self, name: str, value: object) -> NoReturn:
            del value
            raise AttributeError(f"attribute {name} of a Secret cannot be changed")

        def __delattr__(self, name: str) -> NoReturn:
            raise AttributeError(f"attribute {name} of a Secret cannot be changed")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; store where it came from, or call reveal()")
