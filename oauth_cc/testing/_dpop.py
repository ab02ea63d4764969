"""
DPoP at the test server (RFC 9449): every check of a proof, replay, and nonces. joserfc verifies the signatures.
"""

import base64
import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, final
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from oauth_cc._wire.json import is_object, parse_object
from oauth_cc.testing._assertions import registry
from oauth_cc.testing._messages import Call

ALGORITHMS: Final = (
    "ES256",
    "ES384",
    "ES512",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
    "EdDSA",
    "Ed25519",
)
"""The algorithms of proofs. All are asymmetric."""

FaultCode: TypeAlias = Literal["invalid_dpop_proof", "use_dpop_nonce"]
"""The error codes of RFC 9449 section 12.2."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_WINDOW: Final = 60.0
_AHEAD: Final = 5.0
_MAX_NONCES: Final = 10_000
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_UNRESERVED: Final = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9Aa]|5[Ff]|6[1-9A-Fa-f]|7[0-9Aa]|7[Ee])")
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")


@final
class ProofRejected(Exception):
    """
    A proof that the server rejects.

    Args:
        code: The error code (RFC 9449 section 7.1).
        reason: What is wrong with the proof.
    """

    def __init__(self, code: FaultCode, reason: str) -> None:
        super().__init__(reason)
        self.code: Final = code
        self.reason: Final = reason


@final
class Nonces:
    """The nonces of one endpoint. Each is accepted once, so that each response has a new one."""

    def __init__(self) -> None:
        self._open: dict[str, None] = {}
        self._lock = threading.Lock()

    def new(self) -> str:
        """Return a new nonce."""
        nonce = secrets.token_urlsafe(16)
        with self._lock:
            self._open[nonce] = None
            if len(self._open) > _MAX_NONCES:
                del self._open[next(iter(self._open))]
        return nonce

    def use(self, nonce: object) -> bool:
        """Return whether *nonce* was issued, and was not used or ended."""
        with self._lock:
            return isinstance(nonce, str) and self._open.pop(nonce, self) is None

    def end_all(self) -> None:
        """Accept none of the nonces issued so far."""
        with self._lock:
            self._open.clear()


@final
class ProofVerifier:
    """
    The verifier of one endpoint.

    Args:
        issuer: The issuer identifier, whose origin is that of the server's URLs.
        now: Returns the time of the server.
        nonces: The nonces that proofs must have, None to demand none.
    """

    def __init__(self, issuer: str, now: Callable[[], float], nonces: Nonces | None) -> None:
        parts = urlsplit(issuer)
        self._scheme, self._host = parts.scheme, parts.netloc
        self._now = now
        self.nonces: Final = nonces
        self._used: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def thumbprint(self, call: Call, access_token: str | None = None) -> str | None:
        """
        Return the thumbprint of the key of the proof of *call*, or None if it has no proof.

        The checks are these of section 4.3, in its order.

        Args:
            call: The request.
            access_token: The token that the request carries, None at the token endpoint.

        Raises:
            ProofRejected: A check failed.
        """
        proof = call.headers.get("Dpop")
        if proof is None:
            return None
        header, claims = _members(proof)
        key = _verified(proof, header)
        jkt = key.thumbprint()
        url = f"{self._scheme}://{call.headers.get('Host', self._host)}{call.path}"
        self._check(claims, call.method, url, access_token)
        self._accept(jkt, str(claims["jti"]))
        return jkt

    def _check(self, claims: Mapping[str, object], method: str, url: str, access_token: str | None) -> None:
        jti, htu, iat = claims.get("jti"), claims.get("htu"), claims.get("iat")
        _require("jti is missing", isinstance(jti, str) and len(jti) >= 1)
        _require("htm is not the method of the request", claims.get("htm") == method)
        _require("htu has a query or a fragment", isinstance(htu, str) and not {"?", "#"} & set(htu))
        _require("htu is not the URL of the request", normalized(str(htu)) == normalized(url))
        now = self._now()
        is_number = isinstance(iat, int | float) and not isinstance(iat, bool)
        _require("iat is missing", is_number)
        _require(
            "iat is too old or in the future", isinstance(iat, int | float) and now - _WINDOW <= iat <= now + _AHEAD
        )
        if access_token is not None:
            digest = hashlib.sha256(access_token.encode("utf-8")).digest()
            expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
            _require("ath is not the hash of the access token", claims.get("ath") == expected)
        if self.nonces is not None and not self.nonces.use(claims.get("nonce")):
            raise ProofRejected("use_dpop_nonce", "The proof needs the nonce of the last response.")

    def _accept(self, jkt: str, jti: str) -> None:
        now = self._now()
        with self._lock:
            self._used = {key: expiry for key, expiry in self._used.items() if expiry > now}
            _require("the proof was used before", (jkt, jti) not in self._used)
            self._used[jkt, jti] = now + _WINDOW + _AHEAD


def normalized(url: str) -> tuple[str, str, int | None, str]:
    """
    Return the parts of *url* to compare, without query and fragment (RFC 3986 sections 6.2.2 and 6.2.3).

        >>> normalized("HTTPS://AS.example/%7ea?b") == normalized("https://as.example:443/~a")
        True
    """
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        port = parts.port or _DEFAULT_PORTS.get(scheme)
    except ValueError:
        # Not a URL, so equal to none.
        return "", url, None, ""
    path = _UNRESERVED.sub(lambda escape: chr(int(escape[1], 16)), parts.path)
    return scheme, parts.hostname or "", port, _without_dots(_ESCAPE.sub(lambda escape: escape[0].upper(), path))


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:] or [""]:
        kept = kept[:-1] if segment == ".." else kept if segment == "." else [*kept, segment]
    return "/" + "/".join([*kept, ""] if path.endswith(("/.", "/..")) else kept)


def _require(fault: str, condition: bool) -> None:
    if not condition:
        raise ProofRejected("invalid_dpop_proof", f"The proof is invalid: {fault}.")


def _members(proof: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    # Two header fields arrive joined by a comma, which no JWT has.
    parts = proof.split(".")
    _require("it is not one JWT", len(parts) == 3 and "," not in proof)
    header, claims = _object(parts[0]), _object(parts[1])
    _require("typ is not dpop+jwt", header.get("typ") == "dpop+jwt")
    _require("alg is not supported, or not asymmetric", header.get("alg") in ALGORITHMS)
    return header, claims


def _object(part: str) -> Mapping[str, object]:
    try:
        found = parse_object(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        found = "is not base64url"
    if isinstance(found, str):
        raise ProofRejected("invalid_dpop_proof", "The proof is invalid: it is not a JWT.")
    return found


def _verified(proof: str, header: Mapping[str, object]) -> RSAKey | ECKey | OKPKey:
    jwk = header.get("jwk")
    if not is_object(jwk):
        raise ProofRejected("invalid_dpop_proof", "The proof is invalid: jwk is missing.")
    _require("jwk has a private member", not _PRIVATE & jwk.keys())
    try:
        key = JWKRegistry.import_key({name: value for name, value in jwk.items() if isinstance(value, str)})
        jws.deserialize_compact(proof, key, registry=registry([str(header["alg"])]))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        reason = f"The proof is invalid: its signature does not match ({type(error).__name__})."
        raise ProofRejected("invalid_dpop_proof", reason) from error
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise ProofRejected("invalid_dpop_proof", "The proof is invalid: jwk is not asymmetric.")
    return key
