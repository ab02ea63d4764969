"""
MAC tokens, in the two drafts that oauthlib knows (draft-ietf-oauth-v2-http-mac, 00 and 01): expired, never an RFC.
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
    Gives the Authorization field of a request made now, with a fresh nonce: `mac_header` with its time and chance.

    *issue_time*: when the token came, which draft 0 needs unless *nonce* is given. Raises as oauthlib does where
    something is missing: AttributeError without *hash_algorithm*, TypeError without *key* or *issue_time*.
    """
    # Unchecked, as in oauthlib: what is missing shows where it is used.
    name, secret, text = cast("str", hash_algorithm), cast("str", key), cast("str", body)
    hash_name(name)
    if draft != 0:
        return mac_header(
            token, uri, secret, http_method, nonce=new_nonce(), ts=timestamp(), body=text, ext=ext, hash_algorithm=name
        )
    own = nonce or f"{age(cast('datetime', issue_time))}:{new_nonce()}"
    return mac_header(token, uri, secret, http_method, nonce=own, body=text, ext=ext, hash_algorithm=name)


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
    Gives the Authorization field of a request to *uri* with a MAC *token*: pure, all it needs is given.

    *key*: the ``mac_key`` that came with the token; *ts*: the time in seconds, which means draft 01; without it draft
    00, whose signature covers *body*. Raises ValueError for a *hash_algorithm* other than hmac-sha-1 and hmac-sha-256.

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
    Gives the name that hashlib has for *algorithm*, a ``mac_algorithm`` in any case. Raises ValueError for another.

        >>> hash_name("hmac-sha-256")
        'sha256'
    """
    found = _HASHES.get(algorithm.lower())
    if found is None:
        raise ValueError("unknown hash algorithm")
    return found


def age(issue_time: datetime) -> str:
    """Gives the seconds since *issue_time*, a local time, as draft 00 puts them before its nonce."""
    return str((datetime.now() - issue_time).total_seconds())


def timestamp() -> str:
    """Gives the time in whole POSIX seconds."""
    return str(int(time.time()))


def new_nonce() -> str:
    """Gives a text that will not come again: 64 random bits and the time."""
    return f"{randbits(64)}{timestamp()}"


def _target(uri: str) -> tuple[str, str, str]:
    parts = urlparse(uri)
    host, colon, port = parts.netloc.partition(":")
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    # A scheme without port passes only with OAUTHLIB_INSECURE_TRANSPORT, and fails where the text is joined.
    return path, host, port if colon else cast("str", _PORTS.get(parts.scheme.lower()))


def _base64(content: bytes) -> str:
    return b2a_base64(content, newline=False).decode("ascii")
