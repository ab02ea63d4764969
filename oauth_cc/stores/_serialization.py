"""
A token as text that leaves the process, with the key it belongs to; and back, from whoever had it meanwhile.
"""

import re
from typing import Final

from oauth_cc._wire.json import MAX_SIZE, parse_object, write
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import Secret
from oauth_cc.token import Token

KEY: Final = re.compile(r"[0-9a-f]{64}")
"""What `oauth_cc.flows.cache_key.cache_key` makes: a part of a name that is safe anywhere."""


def check_key(key: str) -> None:
    """Raises `InvalidInput` unless *key* is one as `oauth_cc.flows.cache_key.cache_key` makes them."""
    if not KEY.fullmatch(key):
        raise InvalidInput("key", "give one that cache_key() made: 64 hexadecimal digits")


def dumps(key: str, token: Token) -> Secret | None:
    """
    Gives *token* and *key* as ASCII text; None if that is too large ever to be read again.
    """
    text = Secret(write({"key": key, "token": token.to_json()}, ascii_only=True))
    return text if len(text.reveal()) <= MAX_SIZE else None


def loads(content: bytes, key: str) -> Token | None:
    """
    Gives the token that `dumps` put into *content* under *key*; None if *content* is anything else.

        >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)
        >>> content = dumps("k3y", token).reveal().encode()
        >>> loads(content, "k3y") == token, loads(content, "other"), loads(content[1:], "k3y")
        (True, None, None)
    """
    kept = parse_object(content)
    if isinstance(kept, str) or kept.keys() != {"key", "token"} or kept["key"] != key:
        return None
    text = kept["token"]
    try:
        return Token.from_json(text) if isinstance(text, str) else None
    except InvalidInput:
        return None
