"""
The key of a stored token: two requests share it if, and only if, the same token serves both.
"""

import hashlib
import hmac

from oauth_cc._wire.json import write
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.methods import AuthenticationFields
from oauth_cc.endpoint import Endpoint
from oauth_cc.request import TokenRequest
from oauth_cc.secret import Secret

# Slow on purpose: a key is no secret, and must not serve to try out weak client secrets.
_ROUNDS = 10_000


def fingerprint(credentials: ClientCredentials) -> bytes:
    """
    Gives 32 bytes that tell the client and what it proves itself with from every other, and reveal neither; but for a
    certificate, which `cache_key` has from the request.

    It takes some milliseconds: take it once for each *credentials*. Raises `InvalidInput` as the way of
    authentication does.

        >>> fingerprint(ClientCredentials("your_id", "s3cret")) == fingerprint(ClientCredentials("your_id", "other"))
        False
    """
    way = credentials.authentication
    salt = write([type(way).__qualname__, credentials.client_id], ascii_only=True).encode("ascii")
    # Written inside the call, so that no local variable holds what is revealed.
    return hashlib.pbkdf2_hmac("sha256", _proof(credentials).reveal().encode("ascii"), salt, _ROUNDS)


def cache_key(request: TokenRequest, endpoint: str | Endpoint, fingerprint: bytes) -> str:
    """
    Gives the key of the token that the token *endpoint* answers to *request*: 64 hexadecimal digits.

    It is the hash of everything that shapes the token, the scope as a set, and the certificate that it may be bound to.
    *fingerprint*: that of the request's credentials. The values of further parameters go in hashed with it, as they may
    be secret.

        >>> from oauth_cc import Scope, token_request
        >>> ours = ClientCredentials("your_id", "s3cret")
        >>> one, same, other = (token_request(ours, Scope.parse(scope)) for scope in ("a b", "b a", "a"))
        >>> keys = [cache_key(each, "https://as.example/token", fingerprint(ours)) for each in (one, same, other)]
        >>> keys[0] == keys[1], keys[0] == keys[2]
        (True, False)
    """
    shape = {
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
    if request.client_certificate is not None:
        shape["x5t#S256"] = request.client_certificate.thumbprint
    return hashlib.sha256(write(shape, ascii_only=True).encode("ascii")).hexdigest()


def public_key(request: TokenRequest, endpoint: str | Endpoint) -> str:
    """
    Return what names the token of *request* in logs where no store is shared: 64 hexadecimal digits, made in no time.

    Nothing that may be secret goes in, so two requests can have one name.

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
