"""
An issuer of assertions: the part that a Kubernetes cluster, GitHub or a SPIFFE server has for a client.
"""

import secrets
import time
from typing import final

from joserfc import jwt
from joserfc.jwk import ECKey

from oauth_cc.testing._clients import JwkSet


@final
class AssertionIssuer:
    """
    An issuer of assertions under the name *issuer*, with a generated key for tests.

        >>> cluster = AssertionIssuer("https://kubernetes.default.svc")
        >>> cluster.assertion("system:serviceaccount:default:worker", "https://as.example").count(".")
        2
    """

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)})

    @property
    def jwks(self) -> JwkSet:
        """The public key of the issuer, as a JWK set."""
        return {"keys": [self._key.as_dict(private=False)]}

    def assertion(self, subject: str, audience: str, *, lifetime: int = 600) -> str:
        """
        Return a signed assertion, a JWT.

        Args:
            subject: The client at the issuer.
            audience: The server that accepts the assertion.
            lifetime: Seconds until it expires.
        """
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": subject, "aud": audience, "iat": now, "exp": now + lifetime}
        header = {"alg": "ES256", "kid": self._key.kid}
        return jwt.encode(header, claims | {"jti": secrets.token_urlsafe(16)}, self._key)
