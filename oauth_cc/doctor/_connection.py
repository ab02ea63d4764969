"""
Findings about the way to the server: the URL, the connection and the metadata.
"""

from collections.abc import Iterator
from typing import Final

import attrs

from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost
from oauth_cc.doctor._records import FailureKind, Finding, Observed, Topic
from oauth_cc.endpoint import url_fault
from oauth_cc.errors import InsecureEndpoint, InvalidResponse, IssuerMismatch, OAuthError
from oauth_cc.metadata import METHODS, ServerMetadata, method_name
from oauth_cc.refusal import waiting
from oauth_cc.request import TokenRequest

_AUTHORITY: Final = "name the PEM file of its authority in SSL_CERT_FILE, --ca-file or the client's verify="
_FAILURES: Final[dict[FailureKind, tuple[Topic, str, str]]] = {
    "unknown_host": ("address", "the host name has no address", "check its spelling, the DNS and any VPN"),
    "refused": ("connection", "the connection was refused", "check the host, the port and any firewall"),
    "timeout": (
        "connection",
        "no response arrived in time",
        "check the host, the port and any firewall, or allow more time",
    ),
    "closed": (
        "connection",
        "the server closed the connection without a response",
        "check the port; a port for https does not respond to plain http",
    ),
    "expired": (
        "tls",
        "the server's certificate has expired",
        "its operator must renew it; check this machine's clock",
    ),
    "not_yet_valid": ("tls", "the server's certificate is not valid yet", "check the clock of this machine"),
    "wrong_host": ("tls", "the server's certificate is for another host", "use the host name in the certificate"),
    "unknown_authority": ("tls", "the server's certificate was issued by an unknown authority", _AUTHORITY),
    "self_signed": (
        "tls",
        "the server's certificate is self-signed",
        f"{_AUTHORITY}; here the certificate is its own authority",
    ),
    "not_tls": ("tls", "the port does not support TLS", "check the port, or use http:// if you mean plain http"),
    "certificate_required": (
        "certificate",
        "the server requires a client certificate",
        "pass --certificate, or a client with the certificate and TlsClientAuth or with_certificate()",
    ),
    "tls": ("tls", "the TLS handshake failed", "check the port, the TLS versions of both sides and any proxy"),
    "proxy": (
        "proxy",
        "the proxy blocks the request",
        "correct HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or list the host in NO_PROXY",
    ),
}


_QUOTA: Final = 429
_FIRST_SERVER_ERROR: Final = 500


def url_findings(observed: Observed) -> Iterator[Finding]:
    """Yield what is wrong with the URL of the token endpoint."""
    if observed.endpoint is None:
        return
    fault = url_fault("token endpoint", observed.endpoint, allow_http=observed.allow_http)
    if isinstance(fault, InsecureEndpoint):
        reason = "the token endpoint is plain http, so anyone on the network can read the secret"
        # Without the query, which may hold a key.
        secure = f"https://{observed.endpoint.partition('?')[0].partition('://')[2]}"
        yield Finding(
            "http", reason, "use https; pass --allow-http only for a server in your own network", None, secure
        )
    elif fault is not None:
        yield Finding("endpoint", fault.reason, "correct the URL")


def failure_findings(observed: Observed) -> Iterator[Finding]:
    """Yield why no response arrived."""
    if observed.failure is None:
        return
    topic, sentence, advice = _FAILURES[observed.failure.kind]
    if observed.proxy is not None and topic in ("address", "connection"):
        topic, advice = "proxy", _FAILURES["proxy"][2]
        sentence = f"no response from the proxy {observed.proxy}: {sentence}"
    detail = f" ({observed.failure.detail})" if observed.failure.detail else ""
    yield Finding(topic, f"{sentence}{detail}", advice, outage="no_response")


def metadata_findings(request: TokenRequest, observed: Observed) -> Iterator[Finding]:
    """
    Yield what in the metadata of the issuer does not fit the request.

    Args:
        request: The token request.
        observed: What was observed.
    """
    metadata = observed.metadata
    if isinstance(metadata, InvalidResponse) and (metadata.retryable or metadata.status >= _FIRST_SERVER_ERROR):
        cause: Topic = "quota" if metadata.status == _QUOTA else "server"
        yield Finding(cause, f"{metadata}", waiting(metadata.retry_after), outage="failing")
    elif isinstance(metadata, OAuthError):
        advice = "pass exactly the issuer that the server names" if isinstance(metadata, IssuerMismatch) else ""
        advice = advice or "check the issuer, or pass the token endpoint instead"
        topic: Topic = "http" if isinstance(metadata, InsecureEndpoint) else "metadata"
        yield Finding(topic, f"{metadata}", advice)
    if isinstance(metadata, ServerMetadata):
        yield from _endpoint_findings(request, observed.endpoint, metadata)
        yield from _method_findings(request, metadata)


def _endpoint_findings(request: TokenRequest, endpoint: str | None, metadata: ServerMetadata) -> Iterator[Finding]:
    alias = metadata.mtls_token_endpoint
    if request.client_certificate is not None and alias is not None and endpoint != alias:
        reason = "requests with a client certificate belong to the server's mTLS endpoint"
        yield Finding("certificate", reason, f"use {alias}", None, alias)
    elif endpoint not in (metadata.token_endpoint, alias):
        reason = "the token endpoint is not the one in the issuer's metadata"
        yield Finding("endpoint", reason, f"use {metadata.token_endpoint}", None, metadata.token_endpoint)
    if not metadata.grants_client_credentials:
        reason = "the issuer's metadata does not list the grant client_credentials"
        yield Finding("grant", reason, "ask the server's operator; another issuer may be meant")


def _method_findings(request: TokenRequest, metadata: ServerMetadata) -> Iterator[Finding]:
    method = request.credentials.authentication
    name = None if method is None else method_name(method)
    supported = metadata.token_endpoint_auth_methods_supported
    if name is not None and supported is not None and name not in supported:
        known = ", ".join([other for other in METHODS if other in supported]) or "other methods"
        reason = f"the issuer's metadata does not list the client authentication method {name}, but {known}"
        yield Finding(
            "method", reason, "use the method that the client is registered for", _by_secret(request, supported)
        )
    algorithms = metadata.token_endpoint_auth_signing_alg_values_supported
    if isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        if algorithms is not None and method.algorithm not in algorithms:
            reason = f"the issuer's metadata does not list the algorithm {method.algorithm}"
            yield Finding("algorithm", reason, f"use {', '.join(algorithms)}")
        if method.issuer != metadata.issuer:
            reason = "assertions are for another issuer than the one of the metadata"
            yield Finding("audience", reason, f"use the issuer {metadata.issuer}")


def _by_secret(request: TokenRequest, supported: tuple[str, ...]) -> TokenRequest | None:
    # The other one of the two methods that send the same secret.
    method = request.credentials.authentication
    if isinstance(method, ClientSecretBasic) and "client_secret_post" in supported:
        return with_method(request, ClientSecretPost(method.secret))
    if isinstance(method, ClientSecretPost) and "client_secret_basic" in supported:
        return with_method(request, ClientSecretBasic(method.secret))
    return None


def with_method(
    request: TokenRequest, method: ClientSecretBasic | ClientSecretPost | PrivateKeyJwt | ClientSecretJwt
) -> TokenRequest:
    """
    Return *request* with another client authentication method.

    Args:
        request: The token request.
        method: The client authentication method.
    """
    return attrs.evolve(request, credentials=ClientCredentials(request.credentials.client_id, method))
