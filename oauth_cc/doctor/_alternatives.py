"""
Other ways to send a rejected request, each of which some servers require.
"""

import attrs

from oauth_cc._wire.form import percent_encode
from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.client_secret import ClientSecret
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost
from oauth_cc.doctor._connection import with_method
from oauth_cc.doctor._records import Alternative
from oauth_cc.errors import InvalidInput
from oauth_cc.request import GivenRequest, as_request
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret


def alternatives(request: GivenRequest, endpoint: str) -> tuple[Alternative, ...]:
    """
    Return other ways to send *request*, the likeliest first. They send the same secret to the same *endpoint*.

    Args:
        request: The token request, or credentials for a request without scope.
        endpoint: The URL of the token endpoint.

    Raises:
        InvalidInput: An argument is of another type.

    Example:
        >>> from oauth_cc import ClientCredentials, token_request
        >>> request = token_request(ClientCredentials("your_id", "s3cret+"))
        >>> [found.topic for found in alternatives(request, "https://as.example/token")]
        ['basic', 'method', 'dialect']
    """
    asked = as_request(request)
    if not isinstance(endpoint, str):
        raise InvalidInput("endpoint", f"endpoint must be a URL as a str, not {type(endpoint).__name__}")
    found: list[Alternative] = []
    method = asked.credentials.authentication
    match method:
        case ClientSecretBasic(secret, encode):
            if has_reserved(secret):
                found.append(Alternative("basic", with_method(asked, ClientSecretBasic(secret, encode=not encode))))
            found.append(Alternative("method", with_method(asked, ClientSecretPost(secret))))
        case ClientSecretPost(secret):
            found.append(Alternative("method", with_method(asked, ClientSecretBasic(secret))))
        case PrivateKeyJwt() | ClientSecretJwt():
            other = endpoint if method.audience is None else None
            found.append(Alternative("audience", with_method(asked, attrs.evolve(method, audience=other))))
            if method.typ != "JWT":
                found.append(Alternative("type", with_method(asked, attrs.evolve(method, typ="JWT"))))
        case _:
            pass
    if asked.dialect.body_format == "form":
        json = attrs.evolve(asked.dialect, body_format="json")
        found.append(Alternative("dialect", asked.with_dialect(json)))
    if asked.scope:
        found.append(Alternative("scope", asked.with_scope(Scope())))
    return tuple(found)


def has_reserved(secret: ClientSecret) -> bool:
    """
    Return whether *secret* differs from its percent-encoded form, which some servers never decode.

    A secret that is read for each token request may differ.
    """
    if not isinstance(secret, Secret):
        return True
    return percent_encode(secret.reveal()) != secret.reveal()
