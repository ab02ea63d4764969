"""
A client secret: its value, or the file or function that it is read from for each token request.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeGuard, final

import attrs

from oauth_cc._wire.grammar import TEXT
from oauth_cc.authentication.federated import PathLike, checked_path
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import REDACTION, Secret

MAX_SECRET: Final = 64 * 1024
"""The maximum length of a file with a secret, in bytes."""

SecretFunction: TypeAlias = Callable[[], str | Secret | Awaitable[str | Secret]]
"""A function that returns a client secret. In async code it may be a coroutine function."""


@final
@attrs.frozen(init=False)
class SecretFile:
    """
    The *path* of a file with a client secret, which is read for each token request.

    A byte order mark and the line ends after the secret are not part of it. The cache key covers the path and not the
    secret, so processes started before and after a rotation share a token.

    Raises `InvalidInput` if *path* is not a path.

        >>> SecretFile("/run/secrets/oauth")
        SecretFile(path='/run/secrets/oauth')
    """

    path: str

    def __init__(self, path: str | PathLike) -> None:
        text = checked_path(path)
        if text is None:
            # The argument may be the secret itself.
            del self, path
            reason = "client_secret file must be the path of a file as a str or Path, not its content"
            raise InvalidInput("client_secret", reason)
        object.__setattr__(self, "path", text)


@final
@attrs.frozen(init=False)
class SecretSource:
    """
    A function that returns the client secret, called for each token request.

    Args:
        read: The function, which reads a vault for example. In async code it may be a coroutine function.
        name: A name of the secret, such as its path in the vault. It takes the place of the secret in the cache key.
            Without a name, tokens are cached in memory only, as nothing identifies the secret to other processes.

    Raises:
        InvalidInput: *read* is not a function, or *name* is not text without line breaks.

    Example:
        >>> SecretSource(lambda: "s3cret", name="vault:billing")
        SecretSource(name='vault:billing')
    """

    # The repr of a function may show a secret, for example one bound by functools.partial.
    read: SecretFunction = attrs.field(repr=False)
    name: str | None = None

    def __init__(self, read: SecretFunction, *, name: str | None = None) -> None:
        fault = _source_fault(read, name)
        if fault is not None:
            # The argument may be the secret itself.
            del self, read, name
            raise InvalidInput("client_secret", fault)
        object.__setattr__(self, "read", read)
        object.__setattr__(self, "name", name)


ClientSecret: TypeAlias = Secret | SecretFile | SecretSource
"""A client secret, or where it is read from."""

GivenSecret: TypeAlias = str | ClientSecret | SecretFunction
"""What is accepted as a client secret. A function becomes a `SecretSource` without a name."""


def client_secret(given: object) -> ClientSecret | InvalidInput:
    """
    Return *given* as the secret of a client authentication method, or the error, which does not quote it.

        >>> client_secret("s3cret"), client_secret(SecretFile("/run/secret"))
        (Secret('***'), SecretFile(path='/run/secret'))
        >>> str(client_secret(5))
        'client_secret must be a str or Secret, not int'
    """
    if isinstance(given, SecretFile | SecretSource):
        return given
    if isinstance(given, str | Secret):
        return checked_secret(given)
    if is_function(given):
        return SecretSource(given)
    return InvalidInput("client_secret", f"client_secret must be a str or Secret, not {type(given).__name__}")


def is_function(given: object) -> TypeGuard[SecretFunction]:
    """
    Return whether *given* is a function and not a class, so that it may return a client secret.

        >>> is_function(lambda: "s3cret"), is_function(str)
        (True, False)
    """
    return callable(given) and not isinstance(given, type)


def checked_secret(given: object) -> Secret | InvalidInput:
    r"""
    Return *given*, the value of a client secret, as a `Secret`, or the error.

        >>> str(checked_secret("s3cret\n"))
        'client_secret must not end with a newline; strip it (a secret read from a file usually has one)'
    """
    if not isinstance(given, str | Secret):
        return InvalidInput("client_secret", f"client_secret must be a str or Secret, not {type(given).__name__}")
    sealed = given if isinstance(given, Secret) else Secret(given)
    fault = _secret_fault(sealed)
    return sealed if fault is None else InvalidInput("client_secret", fault)


def secret_in_file(file: SecretFile, content: bytes) -> Secret | InvalidInput:
    r"""
    Return the secret in *content*, or the error, which names the file.

        >>> secret_in_file(SecretFile("/run/secret"), b"s3cret\r\n").reveal()
        's3cret'

    Args:
        file: The file that was read.
        content: Its bytes: UTF-8, with or without a line break at the end.
    """
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n") if len(content) <= MAX_SECRET else ""
    except UnicodeDecodeError:
        fault = "is not UTF-8; save it as UTF-8 text"
    else:
        found = checked_secret(text)
        if isinstance(found, Secret) and text:
            return found
        fault = "must contain one line with the secret; check the program that writes it"
        del text, found
    del content
    return InvalidInput("client_secret", f"client_secret file {file.path} {fault}")


def opened(secret: ClientSecret) -> Secret:
    """
    Return *secret*, the value itself.

    Raises `InvalidInput` if it is still to be read, which a flow does before it composes a request.

        >>> opened(Secret("s3cret"))
        Secret('***')
    """
    if isinstance(secret, Secret):
        return secret
    reason = (
        "client_secret is read for each token request; use fetch_token() or an auth, which read it, or compose the "
        "request of credentials.with_secret(...)"
    )
    raise InvalidInput("client_secret", reason)


def _source_fault(read: object, name: object) -> str | None:
    if not callable(read):
        return f"client_secret source must be a function that returns the secret, not {type(read).__name__}"
    if name is not None and not (isinstance(name, str) and name and TEXT.fullmatch(name)):
        return "client_secret source must have a name of text without line breaks"
    return None


def _secret_fault(secret: Secret) -> str | None:
    if REDACTION in secret.reveal():
        return "client_secret is the redacted text of a Secret; pass the Secret object instead of str(secret)"
    if TEXT.fullmatch(secret.reveal()):
        return None
    if secret.reveal().endswith(("\n", "\r")):
        return "client_secret must not end with a newline; strip it (a secret read from a file usually has one)"
    return "client_secret must not contain a control character or a lone surrogate; check where it comes from"
