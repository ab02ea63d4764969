"""
The token request that command line options describe.
"""

import argparse

from oauth_cc import ClientCredentials, Scope, TlsClientAuth, TokenRequest, token_request
from oauth_cc._wire.json import freeze, is_array, is_object, parse_object
from oauth_cc.cli.authentication import certificate_of
from oauth_cc.errors import InvalidInput


def request_of(arguments: argparse.Namespace, credentials: ClientCredentials) -> TokenRequest:
    """Return the token request that *arguments* describe, authenticated by *credentials*."""
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
        request = request.with_client_id_in_body()
    request = request.with_parameters([_name_and_value(text) for text in arguments.parameter])
    # With another client authentication method, the certificate binds the token.
    certificate = certificate_of(arguments)
    if certificate is None or isinstance(credentials.authentication, TlsClientAuth):
        return request
    return request.with_certificate(certificate)


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


def _name_and_value(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InvalidInput("--parameter", "--parameter must be NAME=VALUE")
    return name, value
