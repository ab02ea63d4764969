"""
From arguments to the record of what is asked for.
"""

import argparse

from oauth_cc import ClientCredentials, Scope, TlsClientAuth, TokenRequest, token_request
from oauth_cc._wire.json import freeze, is_array, is_object, parse_object
from oauth_cc.cli.authentication import certificate_of
from oauth_cc.errors import InvalidInput


def request_of(arguments: argparse.Namespace, credentials: ClientCredentials) -> TokenRequest:
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
        request = request.with_client_id_in_body()
    request = request.with_parameters([_name_and_value(text) for text in arguments.parameter])
    # What another way of authentication is shown with binds the token to it.
    certificate = certificate_of(arguments)
    if certificate is None or isinstance(credentials.authentication, TlsClientAuth):
        return request
    return request.with_certificate(certificate)


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
