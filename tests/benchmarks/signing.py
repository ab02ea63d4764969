"""
Client assertions compared with joserfc's bare signing of the same claims, and with requests_oauth2client.
"""

import secrets
import time
from collections.abc import Callable

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from requests_oauth2client import ClientSecretJwt as TheirSecretJwt
from requests_oauth2client import PrivateKeyJwt as TheirKeyJwt

from oauth_cc import (
    ClientCredentials,
    ClientSecretJwt,
    PrivateKeyJwt,
    Secret,
    TokenRequest,
    http_request,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import Algorithm
from oauth_cc.jose import key_from_pem, sign
from tests.benchmarks.measure import Row, microseconds
from tests.keys import KEYS, jwk, pem, private

ISSUER = "https://as.example"
ENDPOINT = "https://as.example/token"
SECRET = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"


def table() -> list[Row]:
    """Measure one assertion for each kind of key, alone and with the whole request."""
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "Ed25519")
    return [*[_by_key(algorithm) for algorithm in algorithms], _by_secret()]


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
