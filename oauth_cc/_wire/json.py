"""
JSON text and its values: RFC 8259, read strictly and within bounds, because whoever wrote it may be hostile.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NoReturn, TypeAlias, TypeGuard

MAX_SIZE: Final = 1024 * 1024
"""Bytes of JSON text that are read at the most: the largest token answers seen are a tenth of it."""

MAX_DEPTH: Final = 32
"""Levels of nesting that are read at the most; far below where Python's own recursion ends."""

JsonValue: TypeAlias = str | int | float | bool | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
"""A JSON value: what `freeze` gives is read-only (tuples and read-only mappings)."""


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Whether *value* is a JSON array: a list or a tuple."""
    return isinstance(value, list | tuple)


def is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether *value* is a JSON object: a mapping with str names only."""
    return _is_mapping(value) and all([isinstance(name, str) for name in value])


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


class _RepeatedMember(ValueError):
    pass


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RepeatedMember
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("beyond every float")
    return number


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)


def parse_object(content: bytes | str, *, max_size: int = MAX_SIZE) -> dict[str, object] | str:
    """
    Gives the members of the one JSON object that *content* is; or, as a str that completes "the text …", why it is
    none, quoting nothing of it.

    *content*: UTF-8 bytes with at most one byte order mark, or text; *max_size*: its bound in bytes (characters).
    Refused as RFC 8259 sections 4, 6, 8.1 and 9 allow: NaN and numbers beyond every float, repeated members, other
    encodings, nesting deeper than `MAX_DEPTH`.

        >>> parse_object(b'{"a": [1, 2]}')
        {'a': [1, 2]}
        >>> parse_object(b'{"a": 1, "a": 2}')
        'repeats a member'
    """
    # Faults are values here: an exception would carry frames that hold the text, and with it a token.
    if len(content) > max_size:
        return f"exceeds {max_size} bytes"
    try:
        text = content if isinstance(content, str) else content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        value: object = _DECODER.decode(text)
    except _RepeatedMember:
        return "repeats a member"
    except UnicodeDecodeError:
        return "is not UTF-8"
    except RecursionError:
        return "is nested too deeply"
    except ValueError:
        return "is not JSON"
    if not _is_decoded_object(value):
        return "is not a JSON object"
    # No text is deeper than it has brackets, so that the everyday answer is not walked through.
    if text.count("[") + text.count("{") > MAX_DEPTH and not _within_depth(value):
        return "is nested too deeply"
    return value


def _is_decoded_object(value: object) -> TypeGuard[dict[str, object]]:
    # Decoding makes str names only.
    return isinstance(value, dict)


def _within_depth(members: Mapping[str, object]) -> bool:
    level: list[object] = [members]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value) if is_array(child) or is_object(child)]
        if not level:
            return True
    return False


def _children(value: object) -> Iterable[object]:
    if is_array(value):
        return value
    return value.values() if is_object(value) else ()


def freeze(value: object) -> JsonValue:
    """
    Gives *value*, as decoding made it or as a caller wrote it, with every array a tuple and every object read-only.

    Raises TypeError if something in it is no JSON value, RecursionError if it is nested without end.

        >>> freeze({"a": [1, {"b": None}]})
        mappingproxy({'a': (1, mappingproxy({'b': None}))})
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if is_array(value):
        return tuple([freeze(item) for item in value])
    if is_object(value):
        return MappingProxyType({name: freeze(member) for name, member in value.items()})
    raise TypeError(f"{type(value).__name__} is no JSON value")


def thaw(value: object) -> object:
    """
    Gives *value* as decoding made it: every array a list, every object a dict.

        >>> thaw(freeze({"a": [1, {"b": None}]}))
        {'a': [1, {'b': None}]}
    """
    if is_object(value):
        return {name: thaw(member) for name, member in value.items()}
    return [thaw(item) for item in value] if is_array(value) else value


# Made once: json.dumps makes one for each call.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=dict)
_ASCII_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=dict)


def write(value: object, *, ascii_only: bool = False) -> str:
    """
    Gives *value* as compact JSON text, its members in the order given; *ascii_only* escapes every other character, and
    so half a surrogate pair too.

    Raises TypeError if something in it is no JSON value, ValueError if it holds NaN, an infinity or a lone surrogate,
    RecursionError if it is nested without end or holds itself.

        >>> write({"type": "payment", "actions": ("read",)})
        '{"type":"payment","actions":["read"]}'
    """
    # What cannot be frozen is no JSON value, though the encoder would make one of it, of an object with int names say.
    freeze(value)
    text = (_ASCII_ENCODER if ascii_only else _ENCODER).encode(value)
    # json writes a lone surrogate as it is; UTF-8 has no form for it (UnicodeEncodeError is a ValueError).
    text.encode("utf-8")
    return text
