"""
Client assertions and DPoP proofs, compared with joserfc's signing of the same claims and with requests_oauth2client.
"""

import hashlib
import secrets
import time
from collections.abc import Callable

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from requests_oauth2client import ClientSecretJwt as TheirSecretJwt
from requests_oauth2client import DPoPKey, DPoPToken
from requests_oauth2client import PrivateKeyJwt as TheirKeyJwt

from oauth_cc import (
    ClientCredentials,
    ClientSecretJwt,
    HttpRequest,
    PrivateKeyJwt,
    Secret,
    Token,
    TokenRequest,
    authorize,
    http_request,
    token_request,
    unsigned_assertion,
)
from oauth_cc._wire.base64url import base64url
from oauth_cc.authentication import Algorithm
from oauth_cc.dpop import dpop_proof
from oauth_cc.jose import key_from_pem, sign
from tests.benchmarks.measure import Row, microseconds
from tests.keys import KEYS, jwk, pem, private

ISSUER = "https://as.example"
ENDPOINT = "https://as.example/token"
API = "https://api.example/things"
SECRET = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"


def table() -> list[Row]:
    """Measure one assertion for each kind of key, alone and with the whole request."""
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "Ed25519")
    return [*[_by_key(algorithm) for algorithm in algorithms], _by_secret(), _call_with_proof()]


def _by_key(algorithm: Algorithm) -> Row:
    key = KEYS[algorithm]
    request = token_request(
        ClientCredentials("your_id", PrivateKeyJwt(key_from_pem(pem(key), algorithm=algorithm), ISSUER))
    )
    # requests_oauth2client supports only the older name of the algorithm.
    theirs = TheirKeyJwt("your_id", jwk(key, kid="1"), alg="EdDSA" if algorithm == "Ed25519" else algorithm)
    return _row(algorithm, request, private(key), lambda: theirs.client_assertion(ISSUER))


def _by_secret() -> Row:
    request = token_request(ClientCredentials("your_id", ClientSecretJwt(SECRET, ISSUER)))
    theirs = TheirSecretJwt("your_id", SECRET)
    return _row("HS256", request, OctKey.import_key(SECRET), lambda: theirs.client_assertion(ISSUER))


def _call_with_proof() -> Row:
    key = KEYS["ES256"]
    ours, bare, theirs = key_from_pem(pem(key)), private(key), DPoPKey(jwk(key), alg="ES256")
    token = Token(Secret("2YotnFZFEjr1zCsicMWpAA"), "DPoP", 1700000000.0, dpop_jkt=ours.jkt)
    call = HttpRequest("GET", API)
    bound = DPoPToken(access_token="2YotnFZFEjr1zCsicMWpAA", _dpop_key=theirs)
    prepared = requests.Request("GET", API).prepare()
    registry = JWSRegistry(algorithms=["ES256"])
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": bare.as_dict(private=False)}

    def proof() -> Secret:
        unsigned = dpop_proof(
            ours,
            "GET",
            API,
            now=time.time(),
            unique_id=secrets.token_urlsafe(16),
            access_token=token.access_token,
        )
        return sign(unsigned)

    figures = microseconds(
        {
            "oauth_cc": proof,
            "joserfc": lambda: jwt.encode(header, _proof_claims(), bare, registry=registry),
            "requests_oauth2client": lambda: theirs.proof("GET", API, _ath()),
            "oauth_cc, whole call": lambda: authorize(call, token, proof=proof()),
            "requests_oauth2client, whole call": lambda: bound(prepared.copy()),
        }
    )
    return Row("DPoP proof by ES256", figures, "1.3x joserfc", figures["oauth_cc"] <= 1.3 * figures["joserfc"])


def _ath() -> str:
    return base64url(hashlib.sha256(b"2YotnFZFEjr1zCsicMWpAA").digest())


def _proof_claims() -> dict[str, object]:
    jti = secrets.token_urlsafe(16)
    return {"jti": jti, "htm": "GET", "htu": API, "iat": int(time.time()), "ath": _ath()}


def _row(
    algorithm: str, request: TokenRequest, key: RSAKey | ECKey | OKPKey | OctKey, theirs: Callable[[], str]
) -> Row:
    registry = JWSRegistry(algorithms=[algorithm])
    figures = microseconds(
        {
            "oauth_cc": lambda: _signed(request),
            "joserfc": lambda: jwt.encode({"alg": algorithm}, _claims(), key, registry=registry),
            "requests_oauth2client": theirs,
            "oauth_cc, whole request": lambda: http_request(request, ENDPOINT, assertion=_signed(request)),
        }
    )
    return Row(f"sign by {algorithm}", figures, "1.3x joserfc", figures["oauth_cc"] <= 1.3 * figures["joserfc"])


def _signed(request: TokenRequest) -> Secret:
    return sign(unsigned_assertion(request, now=time.time(), unique_id=secrets.token_urlsafe(16)))


def _claims() -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": "your_id",
        "sub": "your_id",
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_urlsafe(16),
    }
