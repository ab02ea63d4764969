"""
Tokens that are bound to a key, with an auth and in pure steps around one signature.
"""

from typing import assert_type

import httpx2

from oauth_cc import (
    ClientCredentials,
    HttpRequest,
    HttpResponse,
    Secret,
    SigningKey,
    Token,
    TokenRequest,
    authorize,
    http_request,
    token_request,
)
from oauth_cc.authentication import UnsignedJwt
from oauth_cc.dpop import dpop_nonce, dpop_proof, retry_nonce
from oauth_cc.httpx2 import ClientCredentialsAuth
from oauth_cc.jose import key_from_file, new_key, sign
from oauth_cc.testing import AuthorizationServer, RegisteredClient

ENDPOINT = "https://as.example/token"


def keys(signing_input: bytes) -> list[SigningKey]:
    """Return a new key, one that lasts, and one in a KMS with its public half."""
    public = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
    remote = SigningKey("ES256", lambda given: signing_input, "alias/dpop", public_jwk=public)
    assert_type(remote.public_jwk, str | None)
    assert_type(remote.jkt, str | None)
    return [new_key(), new_key("Ed25519"), key_from_file("dpop.pem"), remote]


def bound(key: SigningKey) -> TokenRequest:
    """Return a request for a bound token."""
    request = token_request(ClientCredentials("your_id", "s3cret")).with_dpop(key)
    assert_type(request.dpop_key, SigningKey | None)
    assert_type(request.dpop_jkt, str | None)
    return request


def called(key: SigningKey) -> int:
    """Call an API with a proof for each request."""
    with httpx2.Client(auth=ClientCredentialsAuth(bound(key), ENDPOINT)) as api:
        return api.get("https://api.example/things").status_code


def composed(key: SigningKey, now: float, unique_id: str, nonce: str | None) -> HttpRequest:
    """Compose a token request with its proof."""
    unsigned = dpop_proof(key, "POST", ENDPOINT, now=now, unique_id=unique_id, nonce=nonce)
    assert_type(unsigned, UnsignedJwt)
    assert_type(sign(unsigned), Secret)
    return http_request(bound(key), ENDPOINT, proof=sign(unsigned))


def call(token: Token, key: SigningKey, now: float, unique_id: str) -> HttpRequest:
    """Compose an API call with its proof."""
    asked = HttpRequest("GET", "https://api.example/things")
    unsigned = dpop_proof(key, asked.method, asked.url, now=now, unique_id=unique_id, access_token=token.access_token)
    return authorize(asked, token, proof=unsigned.signed(b""))


def next_nonce(response: HttpResponse, sent: str | None) -> tuple[str | None, str | None]:
    """Return the nonce to keep, and the one to retry with."""
    assert_type(dpop_nonce(response), str | None)
    return dpop_nonce(response), retry_nonce(response, sent)


def served() -> str | None:
    """Ask a server that requires nonces, and a client that must send proofs."""
    with AuthorizationServer(
        clients=[RegisteredClient("your_id", "s3cret", dpop_bound=True)], dpop_nonces=True
    ) as server:
        assert_type(server.token_requests[0].dpop_jkt, str | None)
        return server.token_requests[0].dpop_jkt
