"""
Client authentication from command line options. Secrets and passwords never come from an argument.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO, TypedDict

from oauth_cc import (
    AssertionFile,
    Certificate,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    NoAuthentication,
    PrivateKeyJwt,
    Secret,
    SecretFile,
    SigningKey,
    TlsClientAuth,
)
from oauth_cc.authentication.client_secret import ClientSecret
from oauth_cc.authentication.credentials import sources_of
from oauth_cc.authentication.jwt import JWT_BEARER
from oauth_cc.authentication.keys import MacAlgorithm
from oauth_cc.authentication.methods import ClientAuthentication
from oauth_cc.cli.options import SECRET_VARIABLE
from oauth_cc.errors import InvalidInput

# Replaces a missing secret in a printed request, where it is redacted. Long enough to key any HMAC.
_HIDDEN: Final = "*" * 64

_SECRET: Final = ("secret_env", "secret_file", "secret_stdin")
_JWT: Final = ("algorithm", "audience", "typ", "lifetime")
_USED: Final[Mapping[str, tuple[str, ...]]] = {
    "basic": _SECRET,
    "basic-raw": _SECRET,
    "post": _SECRET,
    "secret-jwt": (*_SECRET, *_JWT),
    "private-key-jwt": ("key", "key_id", "key_certificate", "key_password_env", "claims", *_JWT),
    "assertion": ("assertion_file", "assertion_type"),
    "tls": (),
    "self-signed-tls": (),
    "none": (),
}
"""The options that each client authentication method uses, besides the options common to all methods."""


def authentication_of(
    arguments: argparse.Namespace, stdin: TextIO | None, *, shown: bool = False
) -> ClientAuthentication:
    """
    Return the client authentication method that *arguments* describe.

    Args:
        arguments: The parsed command line.
        stdin: Provides the secret for ``--secret-stdin``. None if it is closed.
        shown: Whether the request is only printed, so that no secret is required.

    Raises:
        InvalidInput: An option is missing, or the method does not use an option. A user who passes a key does not mean
            to send a secret.
    """
    if arguments.environment is not None:
        return _described(arguments.described.credentials, shown=shown)
    _check_used(arguments)
    without_secret: Mapping[str, Callable[[argparse.Namespace], ClientAuthentication]] = {
        "none": _none,
        "assertion": _assertion,
        "tls": _tls,
        "self-signed-tls": _tls,
        "private-key-jwt": _private_key_jwt,
    }
    if arguments.auth in without_secret:
        return without_secret[arguments.auth](arguments)
    secret = _secret(arguments, stdin)
    if shown and not isinstance(secret, Secret):
        # A file is read when a request is sent.
        secret = Secret(_HIDDEN)
    if secret is None:
        sources = f"set {SECRET_VARIABLE}, or pass --secret-env, --secret-file or --secret-stdin"
        raise InvalidInput("client_secret", f"no client_secret; {sources}")
    return _by_secret(arguments, secret)


def certificate_of(arguments: argparse.Namespace) -> Certificate | None:
    """Return the client certificate of the connections, or None."""
    # Some commands do not have the option.
    file: Path | None = getattr(arguments, "certificate", None)
    return None if file is None else Certificate.from_pem(_text("--certificate", file))


def dpop_key_of(file: Path) -> SigningKey:
    """Return the key in *file* to which tokens are bound."""
    from oauth_cc.jose import key_from_file

    return key_from_file(file)


def password_of(arguments: argparse.Namespace) -> Secret | None:
    """Return the password of the private key, or None."""
    return None if arguments.key_password_env is None else _variable("--key-password-env", arguments.key_password_env)


def token_of(arguments: argparse.Namespace, stdin: TextIO | None) -> Secret:
    """
    Return the token that *arguments* name.

    Args:
        arguments: The parsed command line.
        stdin: Provides the token unless an option names another source. None if it is closed.

    Raises:
        InvalidInput: There is no token.
    """
    if arguments.token_env is not None:
        return _variable("--token-env", arguments.token_env)
    if arguments.token_file is not None:
        return _one_line("--token-file", _text("--token-file", arguments.token_file))
    if arguments.secret_stdin:
        reason = "--token-stdin cannot be combined with --secret-stdin; pass --token-file or --token-env"
        raise InvalidInput("--token-stdin", reason)
    text = _read("--token-stdin", stdin)
    if not text.strip():
        reason = "no token on standard input; pipe it in, or pass --token-file or --token-env"
        raise InvalidInput("--token-stdin", reason)
    return _one_line("--token-stdin", text)


def _check_used(arguments: argparse.Namespace) -> None:
    used = _USED[arguments.auth]
    for name in sorted({option for options in _USED.values() for option in options}):
        given: object = getattr(arguments, name)
        if given is not None and given is not False and name not in used and not _is_for_tls(arguments, name):
            ways = " or ".join([way for way, options in _USED.items() if name in options])
            option = _option(name)
            raise InvalidInput(option, f"{option} does not apply to --auth {arguments.auth}; use --auth {ways}")


def _is_for_tls(arguments: argparse.Namespace, name: str) -> bool:
    return name == "key_password_env" and arguments.certificate is not None


def _described(credentials: ClientCredentials, *, shown: bool) -> ClientAuthentication:
    if shown and any([isinstance(source, SecretFile) for source in sources_of(credentials)]):
        credentials = credentials.with_secret(Secret(_HIDDEN))
    # The variables name an identity.
    return credentials.authentication or NoAuthentication()


def _none(_arguments: argparse.Namespace) -> NoAuthentication:
    return NoAuthentication()


def _assertion(arguments: argparse.Namespace) -> ClientAssertion:
    return ClientAssertion(AssertionFile(_given(arguments, "assertion_file")), arguments.assertion_type or JWT_BEARER)


def _tls(arguments: argparse.Namespace) -> TlsClientAuth:
    certificate = Certificate.from_pem(_text("--certificate", _given(arguments, "certificate")))
    return TlsClientAuth(certificate, self_signed=arguments.auth == "self-signed-tls")


def _private_key_jwt(arguments: argparse.Namespace) -> PrivateKeyJwt:
    file, issuer, named = _given(arguments, "key"), _issuer(arguments), arguments.key_certificate
    try:
        from oauth_cc.jose import key_from_file
    except ImportError as error:
        raise ImportError("signing needs more packages; run pip install 'oauth_cc[cli,jwt]'") from error
    key = key_from_file(
        file,
        algorithm=arguments.algorithm,
        key_id=arguments.key_id,
        certificate=None if named is None else Certificate.from_pem(_text("--key-certificate", named)),
        password=password_of(arguments),
    )
    return PrivateKeyJwt(key, issuer, audience=arguments.audience, claims=arguments.claims, **_terms(arguments))


def _by_secret(arguments: argparse.Namespace, secret: ClientSecret) -> ClientAuthentication:
    match arguments.auth:
        case "post":
            return ClientSecretPost(secret)
        case "secret-jwt":
            algorithm: MacAlgorithm = arguments.algorithm or "HS256"
            issuer, audience = _issuer(arguments), arguments.audience
            return ClientSecretJwt(secret, issuer, algorithm=algorithm, audience=audience, **_terms(arguments))
        case _:
            return ClientSecretBasic(secret, encode=arguments.auth == "basic")


class _Terms(TypedDict, total=False):
    typ: str | None
    lifetime: int


def _terms(arguments: argparse.Namespace) -> _Terms:
    given: _Terms = {}
    if arguments.typ is not None:
        given["typ"] = None if arguments.typ == "none" else arguments.typ
    if arguments.lifetime is not None:
        given["lifetime"] = arguments.lifetime
    return given


def _issuer(arguments: argparse.Namespace) -> str:
    issuer: str | None = arguments.issuer
    if issuer is None:
        reason = f"--issuer is required by --auth {arguments.auth}; pass the server's issuer identifier"
        raise InvalidInput("--issuer", reason)
    return issuer


def _given(arguments: argparse.Namespace, name: str) -> Path:
    file: Path | None = getattr(arguments, name)
    if file is None:
        option = _option(name)
        raise InvalidInput(option, f"{option} is required by --auth {arguments.auth}; pass the path of a file")
    return file


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(option: str, file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError as error:
        reason = error.strerror
    raise InvalidInput(option, f"{option} cannot be read: {reason}")


def _secret(arguments: argparse.Namespace, stdin: TextIO | None) -> Secret | SecretFile | None:
    if arguments.secret_stdin:
        return _one_line("--secret-stdin", _read("--secret-stdin", stdin))
    if arguments.secret_file is not None:
        # Absolute, because stored tokens are cached by the path.
        return SecretFile(arguments.secret_file.absolute())
    if arguments.secret_env is not None:
        return _variable("--secret-env", arguments.secret_env)
    value = os.environ.get(SECRET_VARIABLE)
    return None if value is None else _not_empty(SECRET_VARIABLE, value)


def _variable(option: str, name: str) -> Secret:
    value = os.environ.get(name)
    if value is None:
        # Its name is not repeated, because it may be the secret by mistake.
        raise InvalidInput(option, f"{option} must name a variable that is set; export it, or correct the name")
    return _not_empty(name, value)


def _not_empty(source: str, value: str) -> Secret:
    # Most often a variable that a deployment did not fill in.
    if value:
        return Secret(value)
    raise InvalidInput(source, f"{source} must not be empty; provide the value, or leave it out")


def _read(option: str, stdin: TextIO | None) -> str:
    if stdin is None:
        raise InvalidInput(option, f"{option} cannot be read: standard input is closed")
    try:
        return stdin.read()
    except (OSError, UnicodeDecodeError):
        reason = f"{option} cannot be read: standard input must be UTF-8 text"
    raise InvalidInput(option, reason)


def _one_line(option: str, text: str) -> Secret:
    # A byte order mark and the newline at the end of a file or a pipe are not part of the secret.
    return _not_empty(option, text.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r"))
