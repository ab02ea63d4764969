"""
Encryption of what a store keeps: by keys of the user's, which can be changed while it is in use.
"""

from typing import Final, Protocol, final

import attrs

from oauth_cc._wire.json import MAX_SIZE
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import Secret
from oauth_cc.stores._serialization import dumps, loads
from oauth_cc.token import Token

MAX_ENCRYPTED: Final = 2 * MAX_SIZE
"""Bytes of a sealed token that are read at the most: encryption makes a text longer by a third."""


class Cipher(Protocol):
    """What is used of a ``MultiFernet``."""

    def encrypt(self, msg: bytes) -> bytes:
        """Gives *msg* encrypted."""
        ...

    def decrypt(self, msg: bytes) -> bytes:
        """Gives what *msg* was."""
        ...


@final
@attrs.frozen(eq=False)
class Encryption:
    """
    Closes tokens and opens them: made by `encryption`. Without a *cipher* they stay in the clear.
    """

    cipher: Cipher | None = attrs.field(default=None, repr=False)

    def encrypt(self, key: str, token: Token) -> Secret | None:
        """
        Gives *token* sealed under *key*, as ASCII text; None if it is too large ever to be read again.

            >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)
            >>> Encryption().decrypt("k3y", Encryption().encrypt("k3y", token).reveal().encode()) == token
            True
        """
        text = dumps(key, token)
        if text is None or self.cipher is None:
            return text
        return Secret(self.cipher.encrypt(text.reveal().encode("ascii")).decode("ascii"))

    def decrypt(self, key: str, encrypted: bytes) -> Token | None:
        """Gives the token that was sealed under *key*; None if *encrypted* is anything else."""
        if len(encrypted) > MAX_ENCRYPTED:
            return None
        return loads(encrypted if self.cipher is None else _decrypted(self.cipher, encrypted), key)


def encryption(keys: NonStringCollection[Secret | str | bytes] = ()) -> Encryption | InvalidInput | ImportError:
    """
    Gives the seal of *keys*, made by ``cryptography.fernet.Fernet.generate_key()``: the first encrypts, all decrypt, so
    that a new one is put in front, and an old one dropped once all that it encrypted has ended. None: in the clear.

    Gives the error, to be raised where no local variable holds a key, if one is none, or without ``cryptography``.
    """
    if not isinstance(keys, str | bytes) and not keys:
        return Encryption()
    try:
        from cryptography.fernet import Fernet, MultiFernet
    except ImportError:
        return ImportError("encryption needs cryptography: install oauth_cc[redis-encryption]")
    try:
        if not isinstance(keys, str | bytes):
            return Encryption(MultiFernet([Fernet(key.reveal() if isinstance(key, Secret) else key) for key in keys]))
    except (TypeError, ValueError):
        pass
    return InvalidInput("keys", "give a list of keys as cryptography.fernet.Fernet.generate_key() makes them")


def _decrypted(cipher: Cipher, encrypted: bytes) -> bytes:
    from cryptography.fernet import InvalidToken

    try:
        return cipher.decrypt(encrypted)
    except InvalidToken:
        return b""
