"""
The choice of an endpoint and of a request from metadata, and the checks of a request against them.
"""

from collections.abc import Mapping
from typing import Final

from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.grants import JwtBearerGrant
from oauth_cc.authentication.methods import (
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    NoAuthentication,
    TlsClientAuth,
)
from oauth_cc.endpoint import Endpoint
from oauth_cc.errors import InvalidInput, IssuerNotNamed, kind_fault
from oauth_cc.metadata._document import OK, listed
from oauth_cc.metadata._resource import ResourceMetadata
from oauth_cc.metadata._server import CLIENT_CREDENTIALS, ServerMetadata
from oauth_cc.refusal import known_secrets, redact, redacted
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.scope import NO_SCOPE, Scope

METHODS: Final[Mapping[str, type[object]]] = {
    "client_secret_basic": ClientSecretBasic,
    "client_secret_post": ClientSecretPost,
    "client_secret_jwt": ClientSecretJwt,
    "private_key_jwt": PrivateKeyJwt,
    "none": NoAuthentication,
    "tls_client_auth": TlsClientAuth,
    "self_signed_tls_client_auth": TlsClientAuth,
}
"""
The client authentication methods, by their registered names (RFC 7591 section 2, RFC 8705 section 2).
"""

_ELSE: Final = "or pass the token endpoint, which needs no metadata"


def method_name(authentication: ClientAuthentication) -> str | None:
    """
    Return the registered name of a client *authentication* method, or None for a custom method.

        >>> method_name(ClientSecretPost("s3cret"))
        'client_secret_post'
    """
    if isinstance(authentication, TlsClientAuth) and authentication.self_signed:
        return "self_signed_tls_client_auth"
    return next((name for name, kind in METHODS.items() if isinstance(authentication, kind)), None)


def endpoint_for(metadata: ServerMetadata, request: GivenRequest) -> Endpoint:
    """
    Return the token endpoint of *metadata* for *request*.

    For a request with a client certificate, this is the mutual-TLS alias if there is one (RFC 8705 section 5). A list
    that the metadata omit is not checked, because many servers list little.

        >>> from oauth_cc import ClientCredentials, token_request
        >>> metadata = ServerMetadata("https://as.example", "https://as.example/token")
        >>> endpoint_for(metadata, token_request(ClientCredentials("your_id", "s3cret")))
        Endpoint(url='https://as.example/token', allow_http=False)

    Args:
        metadata: The server's metadata.
        request: The token request.

    Raises:
        InvalidInput: The server does not support the grant, the client authentication method, its algorithm, the
            algorithm of the DPoP key, the certificate-bound token or the mutual TLS of *request*.
    """
    request = as_request(request)
    if not isinstance(metadata, ServerMetadata):
        reason = f"metadata must be ServerMetadata, not {type(metadata).__name__}; use parse_metadata()"
        raise InvalidInput("metadata", reason)
    method = request.credentials.authentication
    grant_type = method.grant_type if isinstance(method, JwtBearerGrant) else CLIENT_CREDENTIALS
    if isinstance(method, JwtBearerGrant):
        method = method.client_authentication
    missing = _missing("grant_type", grant_type, metadata.grant_types_supported, "ask its operator") or _missing(
        "client authentication method",
        None if method is None else method_name(method),
        metadata.token_endpoint_auth_methods_supported,
        "use the method that the client is registered for",
    )
    if missing is None and isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        missing = _unsigned(metadata, method)
    if missing is None and request.dpop_key is not None:
        supported = metadata.dpop_signing_alg_values_supported
        missing = _missing("DPoP algorithm", request.dpop_key.algorithm, supported, "use a key for one of these")
    if missing is not None:
        # The server may list a secret of the request.
        raise redacted(missing, known_secrets(request))
    if request.certificate is not None and not metadata.tls_client_certificate_bound_access_tokens:
        reason = (
            "certificate cannot bind the token, as the server's metadata does not list certificate-bound tokens; ask "
            "its operator, or leave the certificate out"
        )
        raise InvalidInput("certificate", reason)
    if request.client_certificate is not None and metadata.mtls_alias_is_unusable:
        reason = "mtls_endpoint_aliases in the metadata have no https URL as token_endpoint"
        raise InvalidInput("certificate", f"{reason}; ask the server's operator, {_ELSE}")
    alias = None if request.client_certificate is None else metadata.mtls_token_endpoint
    # `ServerMetadata` has checked whether its issuer may name this URL.
    return Endpoint(alias or metadata.token_endpoint, allow_http=True)


def request_for_resource(
    metadata: ResourceMetadata,
    request: GivenRequest,
    issuer: str | Endpoint,
    challenged: Scope = NO_SCOPE,
) -> TokenRequest:
    """
    Return the token request for the resource of *metadata* (RFC 9728, RFC 8707).

    The scope of *request* is kept. Without one, the request gets the scope *challenged*, or else every scope-token that
    the resource uses.

        >>> from oauth_cc import ClientCredentials
        >>> metadata = ResourceMetadata("https://api.example/", ("https://as.example",), ("read",))
        >>> asked = request_for_resource(metadata, ClientCredentials("your_id", "s3cret"), "https://as.example")
        >>> asked.scope, asked.resources
        (Scope.of('read'), ('https://api.example/',))

    Args:
        metadata: The resource's metadata.
        request: The token request, or credentials.
        issuer: The issuer that the credentials are for.
        challenged: The scope that the resource requires in a 401, by `oauth_cc.challenge.challenged_scope`.

    Raises:
        IssuerNotNamed: The resource does not name *issuer*. Send nothing to it, nor to a server that it names.
        InvalidInput: The resource does not accept the token of *request*, or an argument is of another type.
    """
    request = as_request(request)
    if not isinstance(metadata, ResourceMetadata):
        reason = f"metadata must be ResourceMetadata, not {type(metadata).__name__}; use parse_resource_metadata()"
        raise InvalidInput("metadata", reason)
    if not isinstance(challenged, Scope):
        raise kind_fault("challenged", challenged, "a Scope", "challenged_scope() returns one")
    if not metadata.names_issuer(issuer):
        servers = redact(listed(metadata.authorization_servers), known_secrets(request))
        reason = f"the resource {metadata.resource} names {servers} as authorization servers, not {issuer}"
        raise IssuerNotNamed(OK, f"{reason}, so nothing was sent; check the resource and the issuer")
    if metadata.dpop_bound_access_tokens_required and request.dpop_jkt is None:
        reason = f"the resource {metadata.resource} accepts only tokens that are bound to a key"
        raise InvalidInput("dpop", f"{reason}; add .with_dpop(key) to the request")
    if not metadata.takes_header:
        methods = redact(listed(metadata.bearer_methods_supported or ()), known_secrets(request))
        reason = f"the resource {metadata.resource} does not accept a token in a header; it lists {methods}"
        raise InvalidInput("resource", f"{reason}; ask its operator")
    named = request if metadata.resource in request.resources else request.with_resource(metadata.resource)
    return named if named.scope else named.with_scope(challenged or metadata.scope)


def _missing(what: str, name: str | None, supported: tuple[str, ...] | None, advice: str) -> InvalidInput | None:
    if name is None or supported is None or name in supported:
        return None
    missing = f"{what} {name} is missing from the server's metadata, which lists {listed(supported)}"
    return InvalidInput(" ".join(what.split(" ")[:2]), f"{missing}; {advice}, {_ELSE}")


def _unsigned(metadata: ServerMetadata, method: PrivateKeyJwt | ClientSecretJwt) -> InvalidInput | None:
    if method.issuer != metadata.issuer:
        reason = "client authentication is for another issuer than the metadata; use the same issuer for both"
        return InvalidInput("client authentication", reason)
    supported = metadata.token_endpoint_auth_signing_alg_values_supported
    return _missing("client authentication algorithm", method.algorithm, supported, "use a key for one of these")
