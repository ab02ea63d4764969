"""
The cache key of a token. Two requests have the same key if and only if the same token serves both.
"""

import hashlib
import hmac

from oauth_cc._wire.json import write
from oauth_cc.authentication.certificate import CertificateFile
from oauth_cc.authentication.credentials import ClientCredentials, by_name
from oauth_cc.authentication.methods import AuthenticationFields
from oauth_cc.endpoint import Endpoint
from oauth_cc.request import TokenRequest
from oauth_cc.secret import Secret

# Slow on purpose: a cache key is not secret, and must not help to guess a weak client secret.
_ROUNDS = 10_000


def fingerprint(credentials: ClientCredentials) -> bytes:
    """
    Return 32 bytes that identify the client and its authentication without revealing either.

    For a secret or a key that is read for each token request, they cover its path or name. They do not cover a client
    certificate, which `cache_key` takes from the request. Deriving them takes some milliseconds: do so once for each
    *credentials*. Raises `InvalidInput` if the client authentication method does.

        >>> fingerprint(ClientCredentials("your_id", "s3cret")) == fingerprint(ClientCredentials("your_id", "other"))
        False
    """
    credentials = by_name(credentials)
    method = type(credentials.authentication).__qualname__
    salt = write([method, credentials.client_id], ascii_only=True).encode("ascii")
    # Revealed inside the call, so that no local variable holds the secret.
    return hashlib.pbkdf2_hmac("sha256", _proof(credentials).reveal().encode("ascii"), salt, _ROUNDS)


def cache_key(request: TokenRequest, endpoint: str | Endpoint, fingerprint: bytes, *, by_resource: bool = False) -> str:
    """
    Return the cache key of the token for *request* at *endpoint*: 64 hexadecimal digits.

    The key is the hash of everything that shapes the token, with the scope as a set. The values of further parameters
    may be secret, so the fingerprint keys a hash of them first.

    Args:
        request: The token request.
        endpoint: The token endpoint.
        fingerprint: The `fingerprint` of the request's credentials.
        by_resource: Whether the resource's metadata complete the request.

    Example:
        >>> from oauth_cc import Scope, token_request
        >>> ours = ClientCredentials("your_id", "s3cret")
        >>> one, same, other = (token_request(ours, Scope.parse(scope)) for scope in ("a b", "b a", "a"))
        >>> keys = [cache_key(each, "https://as.example/token", fingerprint(ours)) for each in (one, same, other)]
        >>> keys[0] == keys[1], keys[0] == keys[2]
        (True, False)
    """
    shape: dict[str, object] = {
        "endpoint": str(endpoint),
        "client_id": request.credentials.client_id,
        "authentication": fingerprint.hex(),
        "scope": sorted(request.scope.tokens),
        "resources": request.resources,
        "authorization_details": request.authorization_details,
        "parameters": [[name, _digest(value, fingerprint)] for name, value in request.parameters],
        "body": [[name, _digest(value, fingerprint)] for name, value in request.body],
        "includes_client_id": request.includes_client_id,
        "dpop_jkt": request.dpop_jkt,
    }
    # Only what departs from the default, so that a new field changes no key.
    if request.resource_names:
        shape["resource_names"] = request.resource_names
    if request.headers:
        headers = sorted([name.lower(), _digest(value, fingerprint)] for name, value in request.headers)
        shape["headers"] = headers
    departures = request.dialect.departures()
    if departures:
        shape["dialect"] = departures
    if by_resource:
        shape["by_resource"] = True
    certificate = request.client_certificate
    if isinstance(certificate, CertificateFile):
        shape["certificate_file"] = certificate.path
    elif certificate is not None:
        shape["x5t#S256"] = certificate.thumbprint
    return hashlib.sha256(write(shape, ascii_only=True).encode("ascii")).hexdigest()


def public_key(request: TokenRequest, endpoint: str | Endpoint) -> str:
    """
    Return the name of the token of *request* in logs without a shared store: 64 hexadecimal digits, cheap to compute.

    It covers nothing that may be secret, so two different requests can have the same name.

    Args:
        request: The token request.
        endpoint: The token endpoint, a URL or an `Endpoint`.

    Example:
        >>> request = TokenRequest(ClientCredentials("your_id", "s3cret"))
        >>> public_key(request, "https://as.example/token") == public_key(request, "https://as.example/other")
        False
    """
    shape = [str(endpoint), request.credentials.client_id, sorted(request.scope.tokens), request.resources]
    return hashlib.sha256(write(shape, ascii_only=True).encode("ascii")).hexdigest()


def _proof(credentials: ClientCredentials) -> Secret:
    if credentials.authentication is None:
        return Secret("[]")
    fields = credentials.authentication.authenticate(credentials.client_id)
    if not isinstance(fields, AuthenticationFields):
        return fields.fingerprint()
    named = [[name, value.reveal()] for name, value in (*fields.headers, *fields.parameters)]
    return Secret(write([named, [value.reveal() for value in fields.secrets]], ascii_only=True))


def _digest(value: Secret, fingerprint: bytes) -> str:
    return hmac.digest(fingerprint, value.reveal().encode("utf-8"), "sha256").hex()
