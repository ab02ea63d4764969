"""
Client assertions issued by another party: a cluster, a CI system, SPIFFE (RFC 7521 section 4.2).
"""

import re
from binascii import a2b_base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, TypeAlias, final, runtime_checkable

import attrs

from oauth_cc._wire.grammar import ACCESS_TOKEN, TEXT, URL_TEXT
from oauth_cc._wire.json import is_array, parse_object, write
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import REDACTION, Secret

MAX_ASSERTION: Final = 64 * 1024
"""The maximum length of an assertion, in characters."""

_JWS_PARTS: Final = 3
_LONGEST_CLAIM: Final = 300


@runtime_checkable
class PathLike(Protocol):
    """A path as an object, such as a `pathlib.Path`."""

    def __fspath__(self) -> str:
        """Return the path as text."""
        ...


# PEM; JSON and JWTs; PEM or JSON in base64, as stored in environment variables; the base64 of PEM without its frame.
_CONTENT: Final = re.compile(
    r"-----BEGIN|\A\s*(?:\{|ey|ew[0ko]|LS0tLS1CRUdJTi|M(?:[C-H].[Cw]|I[G-L].)[A-Za-z0-9+/]{40})"
)


_LONGEST_NAME: Final = 255


def checked_path(given: object) -> str | None:
    """
    Return *given* as the text of a path, None if it is not a path but, perhaps, the content of a file.

        >>> checked_path("key.pem")
        'key.pem'
        >>> checked_path("-----BEGIN PRIVATE KEY-----") is None
        True
    """
    text = given.__fspath__() if isinstance(given, PathLike) and not isinstance(given, type) else given
    if not isinstance(text, str) or not text or not TEXT.fullmatch(text) or _CONTENT.search(text):
        return None
    # File systems do not support longer names.
    return text if all([len(name) <= _LONGEST_NAME for name in text.split("/")]) else None


@final
@attrs.frozen(init=False)
class AssertionFile:
    """
    The *path* of a file with an assertion, which its issuer replaces before it expires.

    Raises `InvalidInput` if *path* is not a path.

        >>> AssertionFile("/var/run/secrets/tokens/oauth")
        AssertionFile(path='/var/run/secrets/tokens/oauth')
    """

    path: str

    def __init__(self, path: str | PathLike) -> None:
        text = checked_path(path)
        if text is None:
            # The argument may be the assertion itself.
            del self, path
            reason = "client assertion file must be the path of a file as a str or Path, not its content"
            raise InvalidInput("client assertion", reason)
        object.__setattr__(self, "path", text)


Source: TypeAlias = AssertionFile | Callable[[], str | Secret | Awaitable[str | Secret]]
"""The source of an assertion: a file or a function, which may be a coroutine function in async code."""

AudienceSource: TypeAlias = Callable[[str], str | Secret | Awaitable[str | Secret]]
"""A function that returns an assertion for the audience that it is called with."""


@final
@attrs.frozen
class AssertionSource:
    """
    The source of an assertion that another party issues.

    Args:
        source: The file or function that provides the assertion.
        type: The assertion type, an absolute URI.
        client_id: The identifier of the client that the assertion authenticates.

    Raises:
        InvalidInput: An argument is of another type.
    """

    source: Source = attrs.field(repr=False)
    type: str
    client_id: str

    def __attrs_post_init__(self) -> None:
        is_source = isinstance(self.source, AssertionFile) or callable(self.source)
        if not is_source or not isinstance(self.type, str) or not isinstance(self.client_id, str):
            reason = "client assertion must have an AssertionFile or a function, and a type and a client_id as str"
            raise InvalidInput("client assertion", reason)

    def fingerprint(self) -> Secret:
        """Return text that differs for every other way to authenticate this client."""
        return Secret(
            write([self.type, self.source.path if isinstance(self.source, AssertionFile) else None], ascii_only=True)
        )


def checked_assertion(given: object) -> Secret | InvalidInput:
    """
    Return *given*, an assertion as a str or `Secret`, as a `Secret` without surrounding white space, or the error.

        >>> checked_assertion(" eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl ")
        Secret('***')
    """
    if not isinstance(given, str | Secret):
        reason = f"client assertion must be a str or Secret, not {type(given).__name__}"
        return InvalidInput("client assertion", reason)
    sealed = Secret((given.reveal() if isinstance(given, Secret) else given).strip(" \t\r\n"))
    if not sealed.reveal():
        reason = "client assertion must not be empty; check the program that writes it"
        return InvalidInput("client assertion", reason)
    if REDACTION in sealed.reveal():
        reason = "client assertion is the redacted text of a Secret; pass the Secret object instead of str(secret)"
        return InvalidInput("client assertion", reason)
    if len(sealed.reveal()) > MAX_ASSERTION or not ACCESS_TOKEN.fullmatch(sealed.reveal()):
        reason = f"client assertion must be at most {MAX_ASSERTION} ASCII characters without spaces, such as a JWT"
        return InvalidInput("client assertion", reason)
    return sealed


def assertion_in_file(file: AssertionFile, content: bytes) -> Secret | InvalidInput:
    """
    Return the assertion in *content*, or the error, which names the file.

        >>> str(assertion_in_file(AssertionFile("/run/token"), b""))
        'client assertion file /run/token must not be empty; check the program that writes it'

    Args:
        file: The file that was read.
        content: Its bytes.
    """
    found = checked_assertion(content.decode("utf-8", "replace"))
    if isinstance(found, Secret):
        return found
    fault = found.reason.removeprefix("client assertion ")
    return InvalidInput("client assertion", f"client assertion file {file.path} {fault}")


def remark_on(assertion: Secret, now: float) -> str | None:
    """
    Return what to check about a rejected assertion, None if it is not a JWT.

    Its claims are shown, as the server compares them with what it has registered. Its signature is not.

    Args:
        assertion: The assertion.
        now: The time at which it was sent, POSIX seconds.

    Example:
        >>> claims = "eyJpc3MiOiJodHRwczovL2NpLmV4YW1wbGUiLCJzdWIiOiJqb2IiLCJhdWQiOiJhcyIsImV4cCI6MTAwfQ"
        >>> remark_on(Secret(f"eyJhbGciOiJFUzI1NiJ9.{claims}.c2ln"), 160.0)
        'the assertion expired 60 seconds ago; check that its issuer replaces it, and the clock of this machine'
        >>> remark_on(Secret(f"eyJhbGciOiJFUzI1NiJ9.{claims}.c2ln"), 0.0)
        'the assertion has iss https://ci.example, sub job and aud as; check that the server trusts these values'
    """
    claims = _claims(assertion)
    if claims is None:
        return None
    expires_at = claims.get("exp")
    if isinstance(expires_at, int | float) and expires_at <= now:
        # An int may be too large for a float.
        late = now - max(expires_at, 0)
        return (
            f"the assertion expired {late:.0f} seconds ago; check that its issuer replaces it, and the clock of this "
            "machine"
        )
    iss, sub, aud = [_shown(claims.get(name)) for name in ("iss", "sub", "aud")]
    return f"the assertion has iss {iss}, sub {sub} and aud {aud}; check that the server trusts these values"


def _claims(assertion: Secret) -> Mapping[str, object] | None:
    parts = assertion.reveal().split(".")
    if len(parts) != _JWS_PARTS:
        return None
    try:
        members = parse_object(a2b_base64(parts[1].replace("-", "+").replace("_", "/") + "=="))
    except ValueError:
        # Not base64, or not ASCII.
        return None
    return None if isinstance(members, str) else members


def _shown(claim: object) -> str:
    values = claim if is_array(claim) else [claim]
    texts = [value for value in values if isinstance(value, str) and URL_TEXT.fullmatch(value)]
    return " or ".join(texts)[:_LONGEST_CLAIM] or "of another form"
