"""
The token request that command line options describe.
"""

import argparse
import os
from contextlib import suppress
from pathlib import Path

import attrs

from oauth_cc import ClientCredentials, Scope, Secret, TlsClientAuth, TokenRequest, token_request
from oauth_cc._wire.json import freeze, is_array, is_object, parse_object
from oauth_cc.authentication.client_secret import SecretFile, secret_in_file
from oauth_cc.authentication.credentials import sources_of
from oauth_cc.cli.authentication import certificate_of, dpop_key_of
from oauth_cc.cli.display import SHOWN_PARAMETERS
from oauth_cc.errors import InvalidInput
from oauth_cc.refusal import known_secrets
from oauth_cc.variables import named_dialect


def request_of(arguments: argparse.Namespace, credentials: ClientCredentials) -> TokenRequest:
    """
    Return the token request that the options describe.

    Args:
        arguments: The parsed options.
        credentials: The credentials that authenticate the request.

    Raises:
        InvalidInput: An option has an invalid value.
    """
    described: TokenRequest | None = getattr(arguments, "described", None)
    request = token_request(credentials) if described is None else attrs.evolve(described, credentials=credentials)
    for text in arguments.scope:
        request = request.with_scope(request.scope | Scope.parse(text))
    for uri in arguments.resource:
        request = request.with_resource(uri)
    request = _with_departures(request, arguments)
    if arguments.authorization_details is not None:
        request = _with_details(request, arguments.authorization_details)
    if arguments.body is not None:
        request = request.with_body(arguments.body)
    if arguments.include_client_id:
        request = request.with_client_id_in_body()
    # The command body has no such option.
    key_file: Path | None = getattr(arguments, "dpop_key", None)
    if key_file is not None:
        if request.dpop_key is not None:
            reason = "--dpop-key must not be combined with the variable DPOP_KEY_FILE of --environment; leave one out"
            raise InvalidInput("--dpop-key", reason)
        request = request.with_dpop(dpop_key_of(key_file))
    request = request.with_parameters([_name_and_value(text, "--parameter") for text in arguments.parameter])
    # With another client authentication method, the certificate binds the token.
    certificate = certificate_of(arguments)
    if certificate is None or isinstance(credentials.authentication, TlsClientAuth):
        return request
    return request.with_certificate(certificate)


def hidden_values(request: TokenRequest) -> tuple[Secret, ...]:
    """Return what no text of a server may show of *request*: what is known to be secret, less what is public."""
    for source in sources_of(request.credentials):
        # Only of a regular file, as a pipe can be read once.
        if isinstance(source, SecretFile) and Path(source.path).is_file():
            with suppress(OSError):
                secret = secret_in_file(source, Path(source.path).read_bytes())
                if isinstance(secret, Secret):
                    request = attrs.evolve(request, credentials=request.credentials.with_secret(secret))
    public = {value.reveal() for name, value in request.parameters if name in SHOWN_PARAMETERS}
    return tuple([secret for secret in known_secrets(request) if secret.reveal() not in public])


def _with_departures(request: TokenRequest, arguments: argparse.Namespace) -> TokenRequest:
    for name in arguments.resource_name:
        request = request.with_resource(name, uri=False)
    if arguments.dialect is not None:
        request = request.with_dialect(named_dialect(arguments.dialect))
    for text in arguments.header:
        request = request.with_header(*_name_and_value(text, "--header"))
    for text in arguments.header_env:
        request = request.with_header(*_name_and_variable(text))
    return request


def _with_details(request: TokenRequest, text: str) -> TokenRequest:
    # Wrapped into an object, because the strict JSON parser accepts objects only.
    members = parse_object(f'{{"details":{text}}}')
    details = None if isinstance(members, str) else members["details"]
    objects = details if is_array(details) else [details]
    frozen = [{name: freeze(value) for name, value in detail.items()} for detail in objects if is_object(detail)]
    if len(frozen) != len(objects):
        reason = "--authorization-details must be a JSON array of objects, each with a string 'type'"
        raise InvalidInput("--authorization-details", reason)
    return request.with_authorization_details(*frozen)


def _name_and_value(text: str, option: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InvalidInput(option, f"{option} must be NAME=VALUE")
    return name, value


def _name_and_variable(text: str) -> tuple[str, Secret]:
    name, separator, variable = text.partition("=")
    if not separator:
        raise InvalidInput("--header-env", "--header-env must be NAME=VARIABLE")
    if variable not in os.environ:
        # The name is not repeated, because it may be the value by mistake.
        reason = "--header-env must name a variable that is set; export it, or correct the name"
        raise InvalidInput("--header-env", reason)
    return name, Secret(os.environ[variable])
