"""
Authorization server metadata, and the choice of an endpoint from it (RFC 8414).

    issuer ─ metadata_urls ─▶ (GET) HttpResponse ─ parse_metadata ─▶ ServerMetadata ─┐
                                                                        TokenRequest ─┴─ endpoint_for ─▶ token endpoint

Metadata never changes how a client authenticates, or which issuer its assertions are for.
"""

import re
from collections.abc import Mapping
from typing import Final, final

import attrs

from oauth_cc._wire.grammar import SCOPE_TOKEN
from oauth_cc._wire.json import is_array, is_object, parse_object
from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.grants import JwtBearerGrant
from oauth_cc.authentication.jwt import ALGORITHMS, MAC_ALGORITHMS
from oauth_cc.authentication.methods import (
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    NoAuthentication,
    TlsClientAuth,
)
from oauth_cc.endpoint import Endpoint, endpoint_of_issuer_fault, issuer_fault, issuer_of
from oauth_cc.errors import (
    InvalidInput,
    InvalidResponse,
    IssuerMismatch,
    UnexpectedRedirect,
)
from oauth_cc.http import RETRYABLE, HttpResponse
from oauth_cc.request import TokenRequest, as_request

__all__ = ["ServerMetadata", "endpoint_for", "metadata_lifetime", "metadata_urls", "parse_metadata"]


def __dir__() -> list[str]:
    return __all__


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

DEFAULT_METADATA_LIFETIME: Final = 3600.0
"""How long metadata is cached if the server does not say, in seconds."""

_DEFAULT_METHODS: Final = ("client_secret_basic",)
_LISTS: Final = (
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "grant_types_supported",
    "scopes_supported",
    "authorization_details_types_supported",
    "dpop_signing_alg_values_supported",
)
_GRANT: Final = "client_credentials"
_OK: Final = 200
_MAX_SHOWN: Final = 200
_LEAST_LIFETIME: Final = 60.0
_GREATEST_LIFETIME: Final = 86400.0
# Limited to nine digits, so that no float is infinite.
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_MAX_AGE: Final = re.compile(r"""max-age=("?)([0-9]{1,9})\1""", re.IGNORECASE)


@final
@attrs.frozen
class ServerMetadata:
    """
    The metadata of an authorization server.

    Members are named as in RFC 8414 section 2, RFC 8705 sections 3.3 and 5, RFC 9396 section 10 and RFC 9449 section
    5.1. A member that the server omits is None.

        >>> ServerMetadata("https://as.example", "https://as.example/token").token_endpoint_auth_methods_supported
        ('client_secret_basic',)

    Args:
        issuer: The issuer identifier.
        token_endpoint: The URL of the token endpoint.
        token_endpoint_auth_methods_supported: The supported client authentication methods.
        token_endpoint_auth_signing_alg_values_supported: The supported algorithms of client assertions.
        grant_types_supported: The supported grants.
        scopes_supported: The supported scope-tokens.
        authorization_details_types_supported: The supported types of authorization details.
        dpop_signing_alg_values_supported: The supported algorithms of DPoP proofs.
        mtls_token_endpoint: The token endpoint among the ``mtls_endpoint_aliases``.
        tls_client_certificate_bound_access_tokens: Whether the server binds tokens to client certificates.
        revocation_endpoint: The URL of the revocation endpoint.
        introspection_endpoint: The URL of the introspection endpoint.

    Raises:
        InvalidInput: The issuer or an endpoint is not a valid URL, or a list is not a tuple.
    """

    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = _DEFAULT_METHODS
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] | None = None
    grant_types_supported: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    authorization_details_types_supported: tuple[str, ...] | None = None
    dpop_signing_alg_values_supported: tuple[str, ...] | None = None
    mtls_token_endpoint: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None

    def __attrs_post_init__(self) -> None:
        fault = issuer_fault(self.issuer, allow_http=True)
        endpoints = {
            "token endpoint": (self.token_endpoint, self.mtls_token_endpoint),
            "revocation endpoint": (self.revocation_endpoint,),
            "introspection endpoint": (self.introspection_endpoint,),
        }
        named = [(name, url) for name, urls in endpoints.items() for url in urls if url is not None]
        faults = [] if fault is not None else [endpoint_of_issuer_fault(url, self.issuer, name) for name, url in named]
        for found in (fault, *faults):
            if found is not None:
                raise found
        for name in _LISTS:
            # `in` would find any part of a name in a str.
            if not isinstance(getattr(self, name), tuple | None):
                raise InvalidInput(name, f"{name} must be a tuple of str, or None")

    @property
    def grants_client_credentials(self) -> bool:
        """True if the client credentials grant is listed, or no list is given, as many servers omit it."""
        return self.grant_types_supported is None or _GRANT in self.grant_types_supported

    @property
    def dpop_algorithms(self) -> tuple[str, ...]:
        """The supported algorithms of DPoP proofs that are asymmetric (RFC 9449 section 4.2)."""
        listed = self.dpop_signing_alg_values_supported or ()
        return tuple([name for name in listed if name != "none" and not name.startswith("HS")])


def metadata_urls(issuer: str | Endpoint) -> tuple[str, str]:
    """
    Return the two possible URLs of the metadata of *issuer*, to try in order.

    RFC 8414 section 3.1 inserts the well-known path, OpenID Connect Discovery 1.0 section 4 appends it.

        >>> metadata_urls("https://as.example/tenant")[0]
        'https://as.example/.well-known/oauth-authorization-server/tenant'
        >>> metadata_urls("https://as.example/tenant")[1]
        'https://as.example/tenant/.well-known/openid-configuration'

    Raises:
        InvalidInput: *issuer* is not https, not http to loopback, and not an `Endpoint` that allows http.
    """
    base = issuer_of(issuer)[0].removesuffix("/")
    scheme, _, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    return (
        f"{scheme}://{authority}/.well-known/oauth-authorization-server{slash}{path}",
        f"{base}/.well-known/openid-configuration",
    )


def parse_metadata(response: HttpResponse, issuer: str | Endpoint) -> ServerMetadata:
    """
    Parse the metadata of *issuer* (RFC 8414 section 3.2). The endpoints of an https issuer must be https.

        >>> content = b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
        >>> parse_metadata(HttpResponse(200, (), content), "https://as.example").token_endpoint
        'https://as.example/token'

    Args:
        response: The response to a GET of one of the `metadata_urls`.
        issuer: The issuer identifier. The metadata must contain exactly the same (section 3.3).

    Raises:
        UnexpectedRedirect: The response is a redirect.
        IssuerMismatch: The metadata is of another issuer.
        InvalidResponse: The response is not metadata, or the metadata is invalid.
        InvalidInput: *issuer* is not an issuer identifier.
    """
    issuer, _ = issuer_of(issuer)
    members = _members(response)
    if "issuer" not in members:
        raise InvalidResponse(_OK, f"the response has no issuer, so it is not metadata; {_ADVICE}")
    if members["issuer"] != issuer:
        raise IssuerMismatch(_OK, _mismatch(members["issuer"]))
    token_endpoint = _endpoint(members.get("token_endpoint"), "token_endpoint", issuer)
    if token_endpoint is None:
        raise InvalidResponse(
            _OK, "the metadata has no token_endpoint; check that the issuer issues tokens", "token_endpoint"
        )
    methods = _texts(members, "token_endpoint_auth_methods_supported")
    aliases = _object(members, "mtls_endpoint_aliases")
    return ServerMetadata(
        issuer,
        token_endpoint,
        _DEFAULT_METHODS if methods is None else methods,
        _texts(members, "token_endpoint_auth_signing_alg_values_supported"),
        _texts(members, "grant_types_supported"),
        _texts(members, "scopes_supported"),
        _texts(members, "authorization_details_types_supported"),
        _texts(members, "dpop_signing_alg_values_supported"),
        _endpoint(aliases.get("token_endpoint"), "token_endpoint of mtls_endpoint_aliases", issuer),
        _flag(members, "tls_client_certificate_bound_access_tokens"),
        _side_endpoint(members, "revocation_endpoint", issuer),
        _side_endpoint(members, "introspection_endpoint", issuer),
    )


def metadata_lifetime(response: HttpResponse) -> float:
    """
    Return how long the metadata of *response* may be cached, in seconds.

    Computed from Cache-Control and Age (RFC 9111 section 4.2.1). At least a minute, so that servers are not polled, and
    at most a day.

        >>> metadata_lifetime(HttpResponse(200, {"Cache-Control": "public, max-age=600"}))
        600.0
    """
    directives = [part.strip(" \t") for value in response.header("Cache-Control") for part in value.split(",")]
    if {"no-store", "no-cache"} & {directive.lower() for directive in directives}:
        return _LEAST_LIFETIME
    ages = [found[2] for found in map(_MAX_AGE.fullmatch, directives) if found is not None]
    if not ages:
        return DEFAULT_METADATA_LIFETIME
    spent = [value for value in response.header("Age") if _SECONDS.fullmatch(value)]
    left = min(map(float, ages)) - (float(spent[0]) if spent else 0.0)
    return min(max(left, _LEAST_LIFETIME), _GREATEST_LIFETIME)


def method_name(authentication: ClientAuthentication) -> str | None:
    """
    Return the registered name of a client *authentication* method, or None for a custom method.

        >>> method_name(ClientSecretPost("s3cret"))
        'client_secret_post'
    """
    if isinstance(authentication, TlsClientAuth) and authentication.self_signed:
        return "self_signed_tls_client_auth"
    return next((name for name, kind in METHODS.items() if isinstance(authentication, kind)), None)


def endpoint_for(metadata: ServerMetadata, request: TokenRequest | ClientCredentials) -> Endpoint:
    """
    Return the token endpoint of *metadata* for *request*.

    For a request with a client certificate, this is the mutual-TLS alias if there is one (RFC 8705 section 5).

        >>> from oauth_cc import ClientCredentials, token_request
        >>> metadata = ServerMetadata("https://as.example", "https://as.example/token")
        >>> endpoint_for(metadata, token_request(ClientCredentials("your_id", "s3cret")))
        Endpoint(url='https://as.example/token', allow_http=False)

    Args:
        metadata: The server's metadata.
        request: The token request.

    Raises:
        InvalidInput: The server does not support the grant, the client authentication method, its algorithm, or the
            certificate-bound token of *request*.
    """
    request = as_request(request)
    if not isinstance(metadata, ServerMetadata):
        reason = f"metadata must be ServerMetadata, not {type(metadata).__name__}; use parse_metadata()"
        raise InvalidInput("metadata", reason)
    method = request.credentials.authentication
    grant_type = method.grant_type if isinstance(method, JwtBearerGrant) else _GRANT
    if metadata.grant_types_supported is not None and grant_type not in metadata.grant_types_supported:
        advice = "ask its operator, or pass the token endpoint"
        reason = f"grant_type {grant_type} is missing from the server's metadata; {advice}"
        raise InvalidInput("grant_type", reason)
    if isinstance(method, JwtBearerGrant):
        method = method.client_authentication
    name = None if method is None else method_name(method)
    supported = metadata.token_endpoint_auth_methods_supported
    if name is not None and name not in supported:
        others = ", ".join([other for other in METHODS if other in supported]) or "other methods"
        reason = (
            f"client authentication method {name} is missing from the server's metadata, which lists {others}; use the "
            "method that the client is registered for"
        )
        raise InvalidInput("client authentication", reason)
    if isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        _check_signed(metadata, method)
    if request.certificate is not None and not metadata.tls_client_certificate_bound_access_tokens:
        reason = (
            "certificate cannot bind the token, as the server's metadata does not list certificate-bound tokens; ask "
            "its operator, or leave the certificate out"
        )
        raise InvalidInput("certificate", reason)
    alias = None if request.client_certificate is None else metadata.mtls_token_endpoint
    # `ServerMetadata` has checked whether its issuer may name this URL.
    return Endpoint(alias or metadata.token_endpoint, allow_http=True)


def _check_signed(metadata: ServerMetadata, method: PrivateKeyJwt | ClientSecretJwt) -> None:
    if method.issuer != metadata.issuer:
        reason = "client authentication is for another issuer than the metadata; use the same issuer for both"
        raise InvalidInput("client authentication", reason)
    supported = metadata.token_endpoint_auth_signing_alg_values_supported
    if supported is not None and method.algorithm not in supported:
        known = [name for name in (*ALGORITHMS, *MAC_ALGORITHMS) if name in supported]
        reason = (
            f"client authentication algorithm {method.algorithm} is missing from the server's metadata; use "
            f"{' or '.join(known) or 'another'}"
        )
        raise InvalidInput("client authentication", reason)


_ADVICE: Final = "check the issuer, or pass the token endpoint"


def _members(response: HttpResponse) -> Mapping[str, object]:
    status = response.status
    if 300 <= status < 400:
        raise UnexpectedRedirect(status, f"the metadata URL redirects, and redirects are not followed; {_ADVICE}")
    if status != _OK:
        raise InvalidResponse(status, f"the response is not metadata; {_ADVICE}", retryable=status in RETRYABLE)
    members = parse_object(response.content)
    if isinstance(members, str):
        raise InvalidResponse(status, f"the response {members}, so it is not metadata; {_ADVICE}")
    return members


def _mismatch(found: object) -> str:
    # Most often an issuer with a slash too many. Only a valid issuer is quoted.
    if isinstance(found, str) and len(found) <= _MAX_SHOWN and issuer_fault(found) is None:
        return f"the metadata is of another issuer, {found!r}; if you mean this server, pass exactly this issuer"
    return "the metadata is of another issuer; check the issuer"


def _endpoint(url: object, name: str, issuer: str) -> str | None:
    if url is None:
        return None
    if not isinstance(url, str):
        raise InvalidResponse(_OK, f"{name} in the metadata is not a string", name)
    fault = endpoint_of_issuer_fault(url, issuer, f"{name} in the metadata")
    if fault is not None:
        raise InvalidResponse(_OK, fault.reason, name)
    return url


def _side_endpoint(members: Mapping[str, object], name: str, issuer: str) -> str | None:
    # No token request fails because of an endpoint that it does not use.
    try:
        return _endpoint(members.get(name), name, issuer)
    except InvalidResponse:
        return None


def _object(members: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = members.get(name)
    if value is None:
        return {}
    if not is_object(value):
        raise InvalidResponse(_OK, f"{name} in the metadata is not an object", name)
    return value


def _texts(members: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    value = members.get(name)
    # Metadata omits a member that has no values (RFC 8414 section 3.2).
    if value is None or value == []:
        return None
    texts = [item for item in value if isinstance(item, str)] if is_array(value) else []
    if not is_array(value) or len(texts) != len(value):
        raise InvalidResponse(_OK, f"{name} in the metadata is not an array of strings", name)
    # A value outside the grammar can neither be requested nor printed.
    return tuple([text for text in texts if SCOPE_TOKEN.fullmatch(text)])


def _flag(members: Mapping[str, object], name: str) -> bool:
    value = members.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidResponse(_OK, f"{name} in the metadata is not a boolean", name)
    return value
