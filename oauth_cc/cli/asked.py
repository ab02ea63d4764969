"""
From arguments to records: what is asked for, by whom, and how they prove it.
"""

import argparse
import os
from pathlib import Path
from typing import TextIO

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
    Scope,
    Secret,
    TlsClientAuth,
    TokenRequest,
    token_request,
)
from oauth_cc.assertion import MacAlgorithm
from oauth_cc.authentication import ClientAuthentication
from oauth_cc.cli.options import SECRET_VARIABLE
from oauth_cc.errors import InvalidInput
from oauth_cc.jsontext import freeze, is_array, is_object, parse_object

__all__ = ["asked", "way"]

# What stands in for a secret where one is only shown, as a redaction: long enough to key any HMAC.
_HIDDEN = "*" * 64


def asked(arguments: argparse.Namespace, credentials: ClientCredentials) -> TokenRequest:
    """Gives the request that *arguments* describe, of *credentials*."""
    scope = Scope()
    for text in arguments.scope:
        scope |= Scope.parse(text)
    request = token_request(credentials, scope)
    for uri in arguments.resource:
        request = request.with_resource(uri)
    if arguments.authorization_details is not None:
        request = _with_details(request, arguments.authorization_details)
    if arguments.body is not None:
        request = request.with_body(arguments.body)
    if arguments.include_client_id:
        request = request.with_client_id()
    request = request.with_parameters([_name_and_value(text) for text in arguments.parameter])
    # What another way of authentication is shown with binds the token to it.
    certificate = getattr(arguments, "certificate", None)
    if certificate is None or isinstance(credentials.authentication, TlsClientAuth):
        return request
    return request.with_certificate(Certificate.from_pem(_text("--certificate", certificate)))


def way(arguments: argparse.Namespace, stdin: TextIO, *, shown: bool = False) -> ClientAuthentication:
    """
    Gives the way of authentication that *arguments* describe; *shown*: a secret that is not given is none that is
    missing, as it will not be sent.
    """
    match arguments.auth:
        case "none":
            return NoAuthentication()
        case "assertion":
            return ClientAssertion(AssertionFile(_given(arguments, "assertion_file")))
        case "tls" | "self-signed-tls":
            certificate = Certificate.from_pem(_text("--certificate", _given(arguments, "certificate")))
            return TlsClientAuth(certificate, self_signed=arguments.auth == "self-signed-tls")
        case "private-key-jwt":
            return _private_key_jwt(arguments)
        case _:
            secret = _secret(arguments, stdin) or (Secret(_HIDDEN) if shown else None)
            if secret is None:
                sources = f"set {SECRET_VARIABLE}, or give --secret-env, --secret-file or --secret-stdin"
                raise InvalidInput("client_secret", sources)
            return _by_secret(arguments, secret)


def _by_secret(arguments: argparse.Namespace, secret: Secret) -> ClientAuthentication:
    match arguments.auth:
        case "post":
            return ClientSecretPost(secret)
        case "secret-jwt":
            algorithm: MacAlgorithm = arguments.algorithm or "HS256"
            return ClientSecretJwt(secret, _issuer(arguments), algorithm=algorithm, audience=arguments.audience)
        case _:
            return ClientSecretBasic(secret, encode=arguments.auth == "basic")


def _private_key_jwt(arguments: argparse.Namespace) -> PrivateKeyJwt:
    file, issuer = _given(arguments, "key"), _issuer(arguments)
    try:
        from oauth_cc.jose import key_from_file
    except ImportError as error:
        raise ImportError("signing needs pip install 'oauth_cc[cli,jwt]'") from error
    key = key_from_file(file, algorithm=arguments.algorithm, key_id=arguments.key_id)
    return PrivateKeyJwt(key, issuer, audience=arguments.audience)


def _issuer(arguments: argparse.Namespace) -> str:
    issuer: str | None = arguments.issuer
    if issuer is None:
        raise InvalidInput("--issuer", f"--auth {arguments.auth} needs it: the server's issuer identifier")
    return issuer


def _given(arguments: argparse.Namespace, name: str) -> Path:
    file: Path | None = getattr(arguments, name)
    if file is None:
        option = f"--{name.replace('_', '-')}"
        raise InvalidInput(option, f"--auth {arguments.auth} needs it")
    return file


def _text(option: str, file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError as error:
        reason = error.strerror
    raise InvalidInput(option, f"cannot be read: {reason}")


def _with_details(request: TokenRequest, text: str) -> TokenRequest:
    # One member, so that an array is read by the same strict reader as every other JSON text.
    members = parse_object(f'{{"details":{text}}}')
    details = None if isinstance(members, str) else members["details"]
    objects = details if is_array(details) else [details]
    frozen = [{name: freeze(value) for name, value in detail.items()} for detail in objects if is_object(detail)]
    if len(frozen) != len(objects):
        raise InvalidInput("--authorization-details", "give a JSON array of objects, each with a string 'type'")
    return request.with_authorization_details(*frozen)


def _name_and_value(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InvalidInput("--parameter", "give NAME=VALUE")
    return name, value


def _secret(arguments: argparse.Namespace, stdin: TextIO) -> Secret | None:
    if arguments.secret_stdin:
        return _one_line(stdin.read())
    if arguments.secret_file is not None:
        try:
            return _one_line(arguments.secret_file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput("--secret-file", f"cannot be read: {reason}")
    value = os.environ.get(arguments.secret_env or SECRET_VARIABLE)
    if value is None and arguments.secret_env is not None:
        raise InvalidInput("--secret-env", f"the environment has no variable {arguments.secret_env}")
    return None if value is None else Secret(value)


def _one_line(text: str) -> Secret:
    # A file and a pipe end in a newline that is not part of the secret.
    return Secret(text.removesuffix("\n").removesuffix("\r"))
