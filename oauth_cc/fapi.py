"""
The requirements of the FAPI 2.0 Security Profile on a client, and whether a configuration meets them.

    TokenRequest, endpoint ─ fapi2 ─▶ Requirement, Requirement, …
"""

from typing import Final, final

import attrs

from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.grants import JwtBearerGrant
from oauth_cc.authentication.keys import Algorithm
from oauth_cc.authentication.methods import ClientAuthentication, TlsClientAuth
from oauth_cc.endpoint import Endpoint, as_endpoint
from oauth_cc.errors import InvalidInput, kind_fault
from oauth_cc.metadata import ServerMetadata, endpoint_for
from oauth_cc.request import GivenRequest, TokenRequest, as_request

__all__ = ["Requirement", "fapi2"]


def __dir__() -> list[str]:
    return __all__


_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("PS256", "ES256", "EdDSA", "Ed25519")


@final
@attrs.frozen
class Requirement:
    """
    One requirement of a security profile.

    Attributes:
        text: The requirement.
        source: The section of the profile.
        met: Whether the configuration meets it.
        advice: What to do if it does not.
    """

    text: str
    source: str
    met: bool
    advice: str


def fapi2(
    request: GivenRequest, endpoint: str | Endpoint, metadata: ServerMetadata | None = None
) -> tuple[Requirement, ...]:
    """
    Check a configuration against the FAPI 2.0 Security Profile.

    Only requirements that depend on the configuration are listed. This library always meets some others: RSA keys of at
    least 2048 bits, tokens in header fields only, a fresh assertion for each request, no redirects. The HTTP library
    provides TLS 1.2 or later.

        >>> from oauth_cc import ClientCredentials, token_request
        >>> found = fapi2(token_request(ClientCredentials("your_id", "s3cret")), "https://as.example/token")
        >>> [requirement.text for requirement in found if not requirement.met][:2]
        ['authenticate with private_key_jwt or mutual TLS', 'bind tokens to a key or a certificate']

    Args:
        request: The token request.
        endpoint: The token endpoint.
        metadata: The server's metadata, or None if the endpoint was configured without it.

    Raises:
        InvalidInput: An argument is of another type.
    """
    request, endpoint = as_request(request), as_endpoint(endpoint)
    if not (metadata is None or isinstance(metadata, ServerMetadata)):
        raise kind_fault("metadata", metadata, "ServerMetadata or None", "fetch_metadata() returns them")
    method = request.credentials.authentication
    if isinstance(method, JwtBearerGrant):
        method = method.client_authentication
    return (
        Requirement(
            "authenticate with private_key_jwt or mutual TLS",
            "5.3.3.1",
            isinstance(method, PrivateKeyJwt | TlsClientAuth),
            "use a private key or a certificate in place of a shared secret",
        ),
        _bound(request, metadata),
        *_signed(method),
        *_proven(request),
        Requirement(
            "use https",
            "5.2.1",
            endpoint.origin.scheme == "https",
            "use an https endpoint; http to loopback is for tests",
        ),
        _found(request, endpoint, metadata),
    )


def _bound(request: TokenRequest, metadata: ServerMetadata | None) -> Requirement:
    text, source = "bind tokens to a key or a certificate", "5.3.3.1"
    if request.client_certificate is None and request.dpop_key is None:
        return Requirement(text, source, False, "use with_dpop(key), or a client certificate")
    advice = "use the issuer's metadata, which says whether the server binds tokens"
    if metadata is None:
        # A token that is not bound to the DPoP key is rejected, with metadata or without.
        return Requirement(text, source, request.dpop_key is not None, advice)
    if request.dpop_key is not None:
        supported = metadata.dpop_algorithms
        advice = "ask the server's operator, as its metadata does not list DPoP"
        if supported:
            advice = f"use a key for one of the algorithms of the server: {', '.join(supported)}"
        return Requirement(text, source, request.dpop_key.algorithm in supported, advice)
    advice = "ask the server's operator, as its metadata does not list certificate-bound tokens"
    return Requirement(text, source, metadata.tls_client_certificate_bound_access_tokens, advice)


def _signed(method: ClientAuthentication | None) -> tuple[Requirement, ...]:
    if not isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        return ()
    return (
        Requirement(
            "sign with PS256, ES256 or EdDSA",
            "5.4.1",
            method.algorithm in _ALGORITHMS,
            "use a P-256 or Ed25519 key, or an RSA key with PS256",
        ),
        Requirement(
            "name the issuer, as a string, as the audience of assertions",
            "5.3.3.1",
            method.audience in (None, method.issuer),
            "leave out the audience, which defaults to the issuer",
        ),
    )


def _proven(request: TokenRequest) -> tuple[Requirement, ...]:
    if request.dpop_key is None:
        return ()
    met = request.dpop_key.algorithm in _ALGORITHMS
    advice = "use a P-256 or Ed25519 key, or an RSA key with PS256"
    return (Requirement("sign DPoP proofs with PS256, ES256 or EdDSA", "5.4.1", met, advice),)


def _found(request: TokenRequest, endpoint: Endpoint, metadata: ServerMetadata | None) -> Requirement:
    text, source = "take the endpoint from the issuer's metadata", "5.3.3.1"
    if metadata is None:
        return Requirement(text, source, False, "configure the issuer in place of the endpoint")
    try:
        # The algorithm of the DPoP key is judged apart.
        named = endpoint_for(metadata, attrs.evolve(request, dpop_key=None))
    except InvalidInput as fault:
        return Requirement(text, source, False, f"{fault}")
    return Requirement(text, source, named == endpoint, f"use {named}, which the metadata names for this request")
