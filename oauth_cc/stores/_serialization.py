"""
The serialization of a token together with its key, and the strict parsing of a store's entry.
"""

import re
from typing import Final

from oauth_cc._wire.json import MAX_SIZE, parse_object, write
from oauth_cc.errors import InvalidInput, kind_fault
from oauth_cc.secret import Secret
from oauth_cc.token import Token, token_fault

KEY: Final = re.compile(r"[0-9a-f]{64}")
"""A cache key, as `oauth_cc.flows.cache_key.cache_key` returns it. It is safe as a part of any name."""


def check_key(key: str) -> None:
    """Raise `InvalidInput` unless *key* is a cache key."""
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise InvalidInput("key", "key must be 64 hexadecimal digits, as returned by cache_key()")


def check_wait(wait: float) -> None:
    """Raise `InvalidInput` unless *wait* is a number of seconds."""
    if not (type(wait) is float or type(wait) is int):
        raise kind_fault("wait", wait, "a number of seconds")


def check_entry(key: str, token: Token) -> None:
    """
    Check what a store is called with.

    Args:
        key: The cache key.
        token: The token.

    Raises:
        InvalidInput: *key* is not a cache key, or *token* is not a `Token`.
    """
    check_key(key)
    fault = token_fault(token)
    if fault is not None:
        del token
        raise fault


def dumps(key: str, token: Token) -> Secret | None:
    """
    Return *token* and *key* as ASCII text, or None if the text is too large to be loaded again.

    Args:
        key: The cache key.
        token: The token.
    """
    fault = token_fault(token)
    if fault is not None:
        del token
        raise fault
    text = Secret(write({"key": key, "token": token.to_json()}, ascii_only=True))
    return text if len(text.reveal()) <= MAX_SIZE else None


def loads(content: bytes, key: str) -> Token | None:
    """
    Return the token that `dumps` wrote for *key*, or None if *content* is anything else.

        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)
        >>> content = dumps("k3y", token).reveal().encode()
        >>> loads(content, "k3y") == token, loads(content, "other"), loads(content[1:], "k3y")
        (True, None, None)

    Args:
        content: The entry of the store, any bytes.
        key: The cache key.
    """
    kept = parse_object(content)
    if isinstance(kept, str) or kept.keys() != {"key", "token"} or kept["key"] != key:
        return None
    text = kept["token"]
    try:
        return Token.from_json(text) if isinstance(text, str) else None
    except InvalidInput:
        return None
