"""
JSON text and values (RFC 8259), parsed strictly and within limits, as the text may be hostile.
"""

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NoReturn, TypeAlias, TypeGuard

MAX_SIZE: Final = 1024 * 1024
"""The maximum number of bytes of JSON text. The largest known token responses have a tenth of it."""

MAX_DEPTH: Final = 32
"""The maximum number of nested levels, far below Python's own recursion limit."""

MAX_VALUES: Final = 30_000
"""The maximum number of values, as each costs memory and time, and the smallest takes two bytes."""

_MAX_DIGITS: Final = 4300

JsonValue: TypeAlias = str | int | float | bool | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
"""A JSON value. `freeze` returns it read-only, with tuples and read-only mappings."""


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Return whether *value* is a JSON array: a list or a tuple."""
    return isinstance(value, list | tuple)


def is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Return whether *value* is a JSON object: a mapping with str names only."""
    return _is_mapping(value) and all([isinstance(name, str) for name in value])


def is_dict(value: object) -> TypeGuard[dict[str, JsonValue]]:
    """Return whether *value*, which decoding made, is a JSON object; decoding makes JSON values only."""
    return isinstance(value, dict)


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    # Nearly every mapping is a dict, and a look at the abstract class takes longer.
    return type(value) is dict or isinstance(value, Mapping)


class _RepeatedMember(ValueError):
    pass


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RepeatedMember
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _float(text: str) -> float:
    number = float(text)
    return math.copysign(sys.float_info.max, number) if math.isinf(number) else number


def _int(text: str) -> int | float:
    # Python refuses to convert more digits, in either direction.
    return int(text) if len(text) <= _MAX_DIGITS else _float(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_float, parse_int=_int
)


def parse_object(content: bytes | str, *, max_size: int = MAX_SIZE) -> dict[str, JsonValue] | str:
    """
    Parse *content* as one JSON object, or return what is wrong with it as a str that completes "the text …".

    Rejected as RFC 8259 sections 4, 6, 8.1 and 9 allow: NaN and numbers out of range, repeated members, other
    encodings, nesting deeper than `MAX_DEPTH`, more values than `MAX_VALUES`. The str never quotes *content*.

        >>> parse_object(b'{"a": [1, 2]}')
        {'a': [1, 2]}
        >>> parse_object(b'{"a": 1, "a": 2}')
        'repeats a member'

    Args:
        content: UTF-8 bytes, with at most one byte order mark, or text.
        max_size: The maximum length of *content*, in bytes or characters.
    """
    # Errors are returned, not raised: the frames of an exception would hold the text, which may contain a token.
    if len(content) > max_size:
        return f"exceeds {max_size} bytes"
    try:
        text = content if isinstance(content, str) else content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        # A text never has more arrays and objects, or deeper ones, than brackets.
        brackets = text.count("[") + text.count("{")
        if brackets + text.count(",") > MAX_VALUES:
            return f"has more than {MAX_VALUES} values"
        value: object = _DECODER.decode(text)
    except _RepeatedMember:
        return "repeats a member"
    except UnicodeDecodeError:
        return "is not UTF-8"
    except RecursionError:
        return "is nested too deeply"
    except ValueError:
        return "is not JSON"
    if not is_dict(value):
        return "is not a JSON object"
    # Most responses need no walk through their values.
    if brackets > MAX_DEPTH and not _within_depth(value):
        return "is nested too deeply"
    return value


def _within_depth(members: Mapping[str, object]) -> bool:
    level: list[object] = [members]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value) if is_array(child) or is_dict(child)]
        if not level:
            return True
    return False


def _children(value: object) -> Iterable[object]:
    if is_array(value):
        return value
    return value.values() if is_dict(value) else ()


def freeze(value: object) -> JsonValue:
    """
    Return a read-only copy of *value*: every array a tuple, every object a read-only mapping.

        >>> freeze({"a": [1, {"b": None}]})
        mappingproxy({'a': (1, mappingproxy({'b': None}))})

    Raises:
        TypeError: Something in *value* is not a JSON value.
        RecursionError: *value* is nested too deeply.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if is_array(value):
        return tuple([freeze(item) for item in value])
    if is_object(value):
        return MappingProxyType({name: freeze(member) for name, member in value.items()})
    raise TypeError(f"{type(value).__name__} is not a JSON value")


# Shared, because json.dumps makes an encoder for each call.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=dict)
_ASCII_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=dict)


def write(value: object, *, ascii_only: bool = False) -> str:
    """
    Serialize *value* as compact JSON text, its members in the order given.

        >>> write({"type": "payment", "actions": ("read",)})
        '{"type":"payment","actions":["read"]}'

    Args:
        value: A JSON value.
        ascii_only: Escape every character outside ASCII, lone surrogates included.

    Raises:
        TypeError: Something in *value* is not a JSON value.
        ValueError: *value* contains NaN, an infinity or a lone surrogate.
        RecursionError: *value* is nested too deeply or contains itself.
    """
    # The encoder accepts more than JSON values, for example objects with int names. `freeze` rejects these.
    freeze(value)
    text = (_ASCII_ENCODER if ascii_only else _ENCODER).encode(value)
    # json leaves a lone surrogate in the text, but UTF-8 cannot encode it (UnicodeEncodeError is a ValueError).
    text.encode("utf-8")
    return text
