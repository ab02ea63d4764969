"""
What a security profile asks of a client, and whether a configuration meets it.

    TokenRequest, endpoint ─ fapi2 ─▶ Requirement, Requirement, …
"""

from typing import Final, final

import attrs

from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.jwt import Algorithm
from oauth_cc.authentication.methods import ClientAuthentication, TlsClientAuth
from oauth_cc.endpoint import Endpoint, as_endpoint
from oauth_cc.errors import InvalidInput
from oauth_cc.metadata import ServerMetadata, endpoint_for
from oauth_cc.request import TokenRequest, as_request

__all__ = ["Requirement", "fapi2"]


def __dir__() -> list[str]:
    return __all__


_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("PS256", "ES256", "EdDSA", "Ed25519")


@final
@attrs.frozen
class Requirement:
    """
    One duty: what it is in *text*, its section in *source*, whether it is *met*, and in *advice* what to do if not.
    """

    text: str
    source: str
    met: bool
    advice: str


def fapi2(
    request: TokenRequest | ClientCredentials, endpoint: str | Endpoint, metadata: ServerMetadata | None = None
) -> tuple[Requirement, ...]:
    """
    Gives the duties of a client under the FAPI 2.0 Security Profile that a configuration decides: what *request* asks
    for, of which *endpoint*, and by which *metadata* of the server, None if it was not found by any.

    What this library does whatever the configuration (RSA keys of 2048 bits or more, tokens in header fields alone, a
    new assertion for each request, by the server's clock if this one is wrong, no redirect) is left out, as is what the
    HTTP library does (TLS 1.2 or later).

        >>> from oauth_cc import ClientCredentials, token_request
        >>> duties = fapi2(token_request(ClientCredentials("your_id", "s3cret")), "https://as.example/token")
        >>> [duty.text for duty in duties if not duty.met][:2]
        ['authenticate by private_key_jwt or mutual TLS', 'have tokens bound to a key or a certificate']
    """
    request, endpoint = as_request(request), as_endpoint(endpoint)
    way = request.credentials.authentication
    return (
        Requirement(
            "authenticate by private_key_jwt or mutual TLS",
            "5.3.3.1",
            isinstance(way, PrivateKeyJwt | TlsClientAuth),
            "prove who the client is by a private key or a certificate",
        ),
        _bound(request, metadata),
        *_signed(way),
        Requirement(
            "use https",
            "5.2.1",
            endpoint.origin.scheme == "https",
            "give an https endpoint: http to this machine is for tests",
        ),
        _found(request, endpoint, metadata),
    )


def _bound(request: TokenRequest, metadata: ServerMetadata | None) -> Requirement:
    text, source = "have tokens bound to a key or a certificate", "5.3.3.1"
    if request.client_certificate is None and request.dpop_jkt is None:
        return Requirement(text, source, False, "ask for a token that is bound to a certificate")
    if metadata is None:
        return Requirement(text, source, False, "let the metadata of the issuer say whether the server binds them")
    if request.client_certificate is None:
        advice = "ask the server's operator: by its metadata it takes no DPoP proof"
        return Requirement(text, source, bool(metadata.dpop_algorithms), advice)
    advice = "ask the server's operator: by its metadata it binds no token to a certificate"
    return Requirement(text, source, metadata.tls_client_certificate_bound_access_tokens, advice)


def _signed(way: ClientAuthentication | None) -> tuple[Requirement, ...]:
    if not isinstance(way, PrivateKeyJwt | ClientSecretJwt):
        return ()
    return (
        Requirement(
            "sign by PS256, ES256 or EdDSA",
            "5.4.1",
            way.key.algorithm in _ALGORITHMS,
            "sign by a key of P-256 or Ed25519, or by an RSA key with PS256",
        ),
        Requirement(
            "name the issuer as the audience of assertions, as a string",
            "5.3.3.1",
            way.audience in (None, way.issuer),
            "name no other audience",
        ),
    )


def _found(request: TokenRequest, endpoint: Endpoint, metadata: ServerMetadata | None) -> Requirement:
    text, source = "take the endpoint from the metadata of the issuer", "5.3.3.1"
    if metadata is None:
        return Requirement(text, source, False, "let the metadata of the issuer name it")
    try:
        named = endpoint_for(metadata, request)
    except InvalidInput as fault:
        return Requirement(text, source, False, f"{fault}")
    return Requirement(text, source, named == endpoint, f"for this request they name {named}")
