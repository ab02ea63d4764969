"""
MAC tokens in the two drafts that oauthlib supports (draft-ietf-oauth-v2-http-mac, 00 and 01). Neither became an RFC.
"""

import hashlib
import hmac
import time
from binascii import b2a_base64
from collections.abc import Mapping
from datetime import datetime
from secrets import randbits
from typing import Final, cast
from urllib.parse import urlparse

_HASHES: Final[Mapping[str, str]] = {"hmac-sha-1": "sha1", "hmac-sha-256": "sha256"}
_PORTS: Final[Mapping[str, str]] = {"http": "80", "https": "443"}


def prepare_mac_header(
    token: object,
    uri: str,
    key: str | bytes | None,
    http_method: str,
    *,
    nonce: str | None = None,
    body: str | bytes | None = None,
    ext: str | None = None,
    hash_algorithm: str | None = None,
    issue_time: datetime | None = None,
    draft: int = 0,
) -> str:
    """
    Return the Authorization header of a request made now: `mac_header` with the current time and a fresh nonce.

    Args:
        token: The token.
        uri: The URL of the request.
        key: The ``mac_key`` of the token.
        http_method: The method of the request.
        nonce: The nonce of draft 00; None makes one.
        body: The body of the request, which draft 00 signs.
        ext: An extension text, signed too.
        hash_algorithm: ``hmac-sha-1`` or ``hmac-sha-256``.
        issue_time: When the token was received; draft 00 needs it unless *nonce* is passed.
        draft: 0, or any other number for draft 01.

    Raises:
        AttributeError: If *hash_algorithm* is missing, as in oauthlib.
        TypeError: If *key* or a needed *issue_time* is missing, as in oauthlib.
        ValueError: For another *hash_algorithm*.
    """
    # Unchecked, as in oauthlib: a missing argument fails where it is used.
    name, secret, text = cast("str", hash_algorithm), cast("str", key), cast("str", body)
    hash_name(name)
    if draft != 0:
        return mac_header(
            token, uri, secret, http_method, nonce=new_nonce(), ts=timestamp(), body=text, ext=ext, hash_algorithm=name
        )
    unique = nonce or f"{age(cast('datetime', issue_time))}:{new_nonce()}"
    return mac_header(token, uri, secret, http_method, nonce=unique, body=text, ext=ext, hash_algorithm=name)


def mac_header(
    token: object,
    uri: str,
    key: str | bytes,
    http_method: str,
    *,
    nonce: str,
    ts: str | None = None,
    body: str | None = None,
    ext: str | None = None,
    hash_algorithm: str = "hmac-sha-1",
) -> str:
    """
    Return the Authorization header of a request with a MAC token. Pure: reads neither clock nor randomness.

    Args:
        token: The token.
        uri: The URL of the request.
        key: The ``mac_key`` of the token.
        http_method: The method of the request.
        nonce: A text that is unique to this request.
        ts: The time in POSIX seconds, for draft 01; None means draft 00.
        body: The body of the request, which draft 00 signs.
        ext: An extension text, signed too.
        hash_algorithm: ``hmac-sha-1`` or ``hmac-sha-256``.

    Raises:
        ValueError: For another *hash_algorithm*.

    Example:
        >>> print(mac_header("tok", "https://example.com/path", "secret", "GET", nonce="abc123", ts="123456789"))
        MAC id="tok", ts="123456789", nonce="abc123", mac="qfs9m0Z+NJ/eNUEDTGzuvm3Tg0Q="
    """
    algorithm = hash_name(hash_algorithm)
    bodyhash = "" if body is None or ts is not None else _base64(hashlib.new(algorithm, body.encode("utf-8")).digest())
    parts = [nonce] if ts is None else [ts, nonce]
    parts += [http_method.upper(), *_target(uri)]
    parts += [bodyhash, ext or ""] if ts is None else [ext or ""]
    secret = key.encode("utf-8") if isinstance(key, str) else key
    signature = hmac.new(secret, ("\n".join(parts) + "\n").encode("utf-8"), algorithm)
    fields = {
        "id": token,
        "ts": ts,
        "nonce": nonce,
        "bodyhash": bodyhash,
        "ext": ext,
        "mac": _base64(signature.digest()),
    }
    always = ("id", "nonce", "mac")
    return "MAC " + ", ".join([f'{name}="{value}"' for name, value in fields.items() if value or name in always])


def hash_name(algorithm: str) -> str:
    """
    Return hashlib's name of *algorithm*, a ``mac_algorithm`` in any case. Raise ValueError for an unknown one.

        >>> hash_name("hmac-sha-256")
        'sha256'
    """
    found = _HASHES.get(algorithm.lower())
    if found is None:
        raise ValueError("unknown hash algorithm")
    return found


def age(issue_time: datetime) -> str:
    """Return the seconds since *issue_time*, a local time, which draft 00 puts before its nonce."""
    return str((datetime.now() - issue_time).total_seconds())


def timestamp() -> str:
    """Return the current time in whole POSIX seconds."""
    return str(int(time.time()))


def new_nonce() -> str:
    """Return a unique text: 64 random bits and the time."""
    return f"{randbits(64)}{timestamp()}"


def _target(uri: str) -> tuple[str, str, str]:
    parts = urlparse(uri)
    host, colon, port = parts.netloc.partition(":")
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # A scheme without a default port gets here only with OAUTHLIB_INSECURE_TRANSPORT, and fails in the join.
    return path, host, port if colon else cast("str", _PORTS.get(parts.scheme.lower()))


def _base64(content: bytes) -> str:
    return b2a_base64(content, newline=False).decode("ascii")
