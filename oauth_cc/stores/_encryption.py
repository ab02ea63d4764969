"""
Encryption of stored tokens with the user's keys, which can be rotated.
"""

import logging
import threading
from typing import Final, Protocol, final

from oauth_cc._wire.json import MAX_SIZE
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import Secret
from oauth_cc.stores._serialization import dumps, loads
from oauth_cc.token import Token

MAX_ENCRYPTED: Final = 2 * MAX_SIZE
"""The maximum size of an encrypted token in bytes. Encryption makes a text longer by a third."""

# The version of a Fernet token and the first bytes of its time, in base64.
_FERNET: Final = b"gAAAAA"

_log: Final = logging.getLogger("oauth_cc")


class Cipher(Protocol):
    """The methods of a ``MultiFernet`` that are used."""

    def encrypt(self, msg: bytes) -> bytes:
        """Return *msg* encrypted."""
        ...

    def decrypt(self, msg: bytes) -> bytes:
        """Return *msg* decrypted."""
        ...


@final
class Encryption:
    """
    The encryption of one store, made by `encryption`. Without a *cipher* tokens are stored as plain text.

    An entry that cannot be decrypted is logged once for each store.
    """

    def __init__(self, cipher: Cipher | None = None) -> None:
        self._cipher = cipher
        self._mutex = threading.Lock()
        self._warned = False

    def encrypt(self, key: str, token: Token) -> Secret | None:
        """
        Return *token* as encrypted ASCII text that only *key* opens, or None if it is too large to be loaded again.

            >>> token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "Bearer", 1700000000.0)
            >>> Encryption().decrypt("k3y", Encryption().encrypt("k3y", token).reveal().encode()) == token
            True

        Args:
            key: The cache key, which the text is bound to.
            token: The token.
        """
        text = dumps(key, token)
        if text is None or self._cipher is None:
            return text
        return Secret(self._cipher.encrypt(text.reveal().encode("ascii")).decode("ascii"))

    def decrypt(self, key: str, encrypted: bytes) -> Token | None:
        """
        Return the token that `encrypt` bound to *key*, or None if there is none.

        Args:
            key: The cache key.
            encrypted: The entry of the store, any bytes.
        """
        if len(encrypted) > MAX_ENCRYPTED:
            return None
        text = encrypted if self._cipher is None else _decrypted(self._cipher, encrypted)
        if text is None or (self._cipher is None and text.startswith(_FERNET)):
            self._warn(key)
            return None
        return loads(text, key)

    def _warn(self, key: str) -> None:
        with self._mutex:
            known, self._warned = self._warned, True
        if not known:
            text = (
                "stored token (cache key %s) cannot be decrypted and is requested again; pass the same keys to every "
                "process, and keep an old key in second place until the tokens that it encrypted have expired"
            )
            _log.warning(text, key[:8])


def encryption(keys: NonStringCollection[Secret | str | bytes] | None) -> Encryption | InvalidInput | ImportError:
    """
    Return the encryption with *keys*, which ``cryptography.fernet.Fernet.generate_key()`` makes.

    The first key encrypts, and all keys decrypt. To rotate keys, put a new key first, and drop the old key once the
    tokens that it encrypted have expired. Without keys tokens are stored as plain text.

    An illegal key or a missing ``cryptography`` is returned as an error. The caller raises it where no local variable
    holds a key.
    """
    if keys is None:
        return Encryption()
    if not isinstance(keys, str | bytes) and not keys:
        return InvalidInput("keys", "keys must not be empty (is a setting unset?); leave keys out to store plain text")
    try:
        from cryptography.fernet import Fernet, MultiFernet
    except ImportError:
        return ImportError("encryption requires cryptography; install oauth_cc[redis-encryption]")
    try:
        if not isinstance(keys, str | bytes):
            return Encryption(MultiFernet([Fernet(key.reveal() if isinstance(key, Secret) else key) for key in keys]))
    except (TypeError, ValueError):
        pass
    return InvalidInput("keys", "keys must be a list of keys made by cryptography.fernet.Fernet.generate_key()")


def _decrypted(cipher: Cipher, encrypted: bytes) -> bytes | None:
    from cryptography.fernet import InvalidToken

    try:
        return cipher.decrypt(encrypted)
    except InvalidToken:
        return None
