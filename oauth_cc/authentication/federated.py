"""
Assertions that another party issues: a cluster, a CI system, SPIFFE (RFC 7521 section 4.2).
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeAlias, final, runtime_checkable

import attrs

from oauth_cc._wire.grammar import ACCESS_TOKEN, TEXT
from oauth_cc._wire.json import write
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import REDACTION, Secret

MAX_ASSERTION: Final = 64 * 1024
"""Characters of an assertion that are sent at the most."""


@runtime_checkable
class _PathLike(Protocol):
    def __fspath__(self) -> str: ...


# PEM; JSON and JWTs; PEM or JSON in base64, as environments hold them; and the base64 within PEM, of an ASN.1 sequence.
_CONTENT: Final = re.compile(
    r"-----BEGIN|\A\s*(?:\{|ey|ew[0ko]|LS0tLS1CRUdJTi|M(?:[C-H].[Cw]|I[G-L].)[A-Za-z0-9+/]{40})"
)


_LONGEST_NAME: Final = 255


def checked_path(given: object) -> str | None:
    """
    Gives the path that *given* is, as text, or None if it is none, but perhaps what such a file holds.

        >>> checked_path("key.pem")
        'key.pem'
        >>> checked_path("-----BEGIN PRIVATE KEY-----") is None
        True
    """
    text = given.__fspath__() if isinstance(given, _PathLike) and not isinstance(given, type) else given
    if not isinstance(text, str) or not text or not TEXT.fullmatch(text) or _CONTENT.search(text):
        return None
    # No system has longer names.
    return text if all([len(name) <= _LONGEST_NAME for name in text.split("/")]) else None


@final
@attrs.frozen(init=False)
class AssertionFile:
    """
    The file of *path*, in which someone else puts an assertion, and a new one before that ends. Raises
    `InvalidInput`.

        >>> AssertionFile("/var/run/secrets/tokens/oauth")
        AssertionFile(path='/var/run/secrets/tokens/oauth')
    """

    path: str

    def __init__(self, path: str | _PathLike) -> None:
        text = checked_path(path)
        if text is None:
            # What was given may be the assertion itself.
            del self, path
            reason = "give the path of the file that holds it, and not what it holds"
            raise InvalidInput("client assertion", reason)
        object.__setattr__(self, "path", text)


Source: TypeAlias = AssertionFile | Callable[[], str | Secret | Awaitable[str | Secret]]
"""Where an assertion comes from: a file, or a function; a coroutine function does in async code."""


@final
@attrs.frozen
class AssertionSource:
    """
    Where an assertion of *client_id* comes from that someone else makes: *source*; *type*: what it is, a URI.
    """

    source: Source = attrs.field(repr=False)
    type: str
    client_id: str

    def fingerprint(self) -> Secret:
        """Gives what tells this way to prove oneself from every other, as text."""
        return Secret(
            write([self.type, self.source.path if isinstance(self.source, AssertionFile) else None], ascii_only=True)
        )


def checked_assertion(given: object) -> Secret | InvalidInput:
    """
    Gives *given*, an assertion as str or `Secret`, without white space around it; or the error that says what is wrong.

        >>> checked_assertion(" eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl ")
        Secret('***')
    """
    if not isinstance(given, str | Secret):
        return InvalidInput("client assertion", f"give it as str or Secret, not as {type(given).__name__}")
    sealed = Secret((given.reveal() if isinstance(given, Secret) else given).strip(" \t\r\n"))
    if not sealed.reveal():
        return InvalidInput("client assertion", "is empty: see whether whoever makes it has done so")
    if REDACTION in sealed.reveal():
        return InvalidInput("client assertion", "is a Secret made text: give the Secret itself")
    if len(sealed.reveal()) > MAX_ASSERTION or not ACCESS_TOKEN.fullmatch(sealed.reveal()):
        reason = f"is no assertion: that is up to {MAX_ASSERTION} characters of ASCII without spaces, such as a JWT"
        return InvalidInput("client assertion", reason)
    return sealed
