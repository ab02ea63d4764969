"""
DPoP: proofs of possession of a key, and the nonces that servers require in them (RFC 9449).

    SigningKey, method, URL, now, unique_id ─ dpop_proof ─▶ UnsignedJwt ─ (the key signs) ─ signed ─▶ Secret

A token that is bound to a key cannot be used without the key: each request needs a new proof, a JWT that the key signs.
"""

import hashlib
import re
from typing import Final

from oauth_cc._wire.base64url import base64url
from oauth_cc._wire.grammar import ACCESS_TOKEN, HEADER_NAME, NONCE, URL_TEXT, is_text
from oauth_cc._wire.json import parse_object, write
from oauth_cc._wire.url import DEFAULT_PORTS
from oauth_cc.authentication.jwt import UnsignedJwt
from oauth_cc.authentication.keys import ALGORITHMS, SigningKey, dpop_key_fault
from oauth_cc.challenge import parse_challenges
from oauth_cc.errors import InvalidInput, moment_fault
from oauth_cc.http import HttpResponse, check_response
from oauth_cc.secret import Secret

__all__ = ["accepted_algorithms", "dpop_nonce", "dpop_proof", "retry_nonce"]


def __dir__() -> list[str]:
    return __all__


_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>[^/?#@\\:\[\]]+|\[[^/?#@\\\[\]]+\])(?::(?P<port>[0-9]{0,5}))?(?P<path>(?:/[^?#]*)?)"
    r"(?:[?#].*)?"
)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[-._~0-9A-Za-z]")
_DOTS: Final = re.compile(r"/\.{1,2}(?:/|$)")
_UNAUTHORIZED: Final = 401
_REFUSED: Final = frozenset({400, _UNAUTHORIZED})
# Those of `SigningKey`, and the other asymmetric ones of the registry. Any other word may be an echoed token.
_REGISTERED: Final = frozenset({*ALGORITHMS, "ES256K", "Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"})


def dpop_proof(
    key: SigningKey,
    method: str,
    url: str,
    *,
    now: float,
    unique_id: str,
    nonce: str | None = None,
    access_token: str | Secret | None = None,
) -> UnsignedJwt:
    """
    Return the proof for one request, before it is signed (RFC 9449 section 4.2). Each request needs a proof of its own.

    Args:
        key: The key that signs. It has a ``public_jwk``, as the keys of `oauth_cc.jose` have.
        method: The HTTP method of the request.
        url: The URL of the request. Its query and its fragment are left out of the proof.
        now: The time in POSIX seconds.
        unique_id: Text for the ``jti``, hard to guess and never used before.
        nonce: The newest nonce of the server (section 8), or None.
        access_token: The token of an API call. None for a token request.

    Raises:
        InvalidKey: *key* is not a `SigningKey` with a ``public_jwk``.
        InvalidInput: Another argument is outside its grammar. The error quotes none of them.

    Example:
        >>> public = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
        >>> key = SigningKey("ES256", lambda signing_input: bytes(64), "alias/dpop", public_jwk=public)
        >>> unsigned = dpop_proof(key, "POST", "https://as.example/token", now=1700000000.0, unique_id="3f1c")
        >>> unsigned.signed(key.signer(unsigned.signing_input))
        Secret('***')
    """
    claims = _claims(key, method, url, now, unique_id, nonce, access_token)
    # Tracebacks show local variables, and a URL may hold credentials.
    del url, access_token
    if isinstance(claims, InvalidInput):
        del key
        raise claims
    payload = base64url(write(claims).encode("utf-8"))
    return UnsignedJwt(key, f"{key.proof_header}.{payload}".encode("ascii"))


def normalized_htu(url: str) -> str | None:
    """
    Return the ``htu`` of a proof: *url* without query and fragment, normalized (RFC 3986 sections 6.2.2 and 6.2.3).

    None if it is not an http or https URL.

        >>> normalized_htu("HTTPS://AS.Example:443/%7ejo/../a%2fb?c=d")
        'https://as.example/a%2Fb'
    """
    match = _URL.fullmatch(url) if isinstance(url, str) and URL_TEXT.fullmatch(url) else None
    scheme = "" if match is None else match["scheme"].lower()
    if match is None or scheme not in DEFAULT_PORTS:
        return None
    port, path = match["port"], match["path"]
    if "%" in path:
        path = _ESCAPE.sub(_normal_escape, path)
    if _DOTS.search(path):
        path = _without_dots(path)
    shown = "" if not port or int(port) == DEFAULT_PORTS[scheme] else f":{int(port)}"
    return f"{scheme}://{match['host'].lower()}{shown}{path or '/'}"


def dpop_nonce(response: HttpResponse) -> str | None:
    """
    Return the nonce for the next proof that *response*, of any status, names (RFC 9449 section 8.2).

    None if there is no nonce, more than one, or one outside the grammar of section 8.1.

        >>> dpop_nonce(HttpResponse(200, {"DPoP-Nonce": "n-1"}))
        'n-1'
    """
    check_response(response)
    values = response.header("DPoP-Nonce")
    return values[0] if len(values) == 1 and _is_nonce(values[0]) else None


def retry_nonce(response: HttpResponse, sent: str | None) -> str | None:
    """
    Return the nonce for a retry of the same request, or None if a retry does not help (RFC 9449 sections 8 and 9).

    A token endpoint says ``use_dpop_nonce`` in its body, an API in its challenge. None if the server rejects the nonce
    that it issued itself, so that retries cannot loop.

        >>> fields = {"DPoP-Nonce": "n-1", "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
        >>> retry_nonce(HttpResponse(401, fields), None)
        'n-1'

    Args:
        response: The response.
        sent: The nonce in the rejected proof, or None.
    """
    if sent is not None and not isinstance(sent, str):
        raise InvalidInput("sent", f"sent must be the nonce as a str, or None, not {type(sent).__name__}")
    nonce = dpop_nonce(response)
    if nonce is None or nonce == sent or "use_dpop_nonce" not in _errors(response):
        return None
    return nonce


def accepted_algorithms(response: HttpResponse) -> tuple[str, ...]:
    """
    Return the algorithms of the proofs that an API accepts, as its *response*, a 401, says (RFC 9449 section 7.1).

    Empty if it names none. Words that are not registered as asymmetric algorithms are left out.

        >>> accepted_algorithms(HttpResponse(401, {"WWW-Authenticate": 'DPoP algs="ES256 PS256"'}))
        ('ES256', 'PS256')
    """
    check_response(response)
    challenges = parse_challenges(response.header("WWW-Authenticate")) if response.status == _UNAUTHORIZED else ()
    named = " ".join([challenge.get("algs") or "" for challenge in challenges if challenge.scheme == "dpop"])
    return tuple([name for name in dict.fromkeys(named.split()) if name in _REGISTERED])


def proof_rejected(response: HttpResponse) -> bool:
    """
    Return whether *response* rejects the proof itself (RFC 9449 sections 5 and 7.1), as a wrong clock makes servers do.

        >>> proof_rejected(HttpResponse(401, {"WWW-Authenticate": 'DPoP error="invalid_dpop_proof"'}))
        True
    """
    return "invalid_dpop_proof" in _errors(response)


def _claims(
    key: SigningKey,
    method: str,
    url: str,
    now: float,
    unique_id: str,
    nonce: str | None,
    access_token: str | Secret | None,
) -> dict[str, object] | InvalidInput:
    fault = dpop_key_fault(key)
    if fault is not None:
        return fault
    if not isinstance(method, str) or not HEADER_NAME.fullmatch(method):
        return InvalidInput("method", "method must be an HTTP method such as 'GET'")
    htu = normalized_htu(url)
    if htu is None:
        return InvalidInput("URL", "URL must be an http or https URL in ASCII, without userinfo")
    if moment_fault("now", now) is not None or not is_text(unique_id):
        reason = "DPoP proof requires now in POSIX seconds, and unique_id as text without line breaks"
        return InvalidInput("DPoP proof", reason)
    if nonce is not None and not _is_nonce(nonce):
        return InvalidInput("nonce", "nonce must be the value of a DPoP-Nonce header (RFC 9449 section 8.1)")
    claims: dict[str, object] = {"jti": unique_id, "htm": method, "htu": htu, "iat": int(now)}
    if access_token is not None:
        text = access_token.reveal() if isinstance(access_token, Secret) else access_token
        if not isinstance(text, str) or not ACCESS_TOKEN.fullmatch(text):
            return InvalidInput("access_token", "access_token must be a str or Secret of visible ASCII characters")
        claims["ath"] = base64url(hashlib.sha256(text.encode("ascii")).digest())
    if nonce is not None:
        claims["nonce"] = nonce
    return claims


def _errors(response: HttpResponse) -> set[str]:
    if response.status not in _REFUSED:
        return set()
    members = parse_object(response.content) if response.content else "is empty"
    named = None if isinstance(members, str) else members.get("error")
    challenges = parse_challenges(response.header("WWW-Authenticate"))
    return {code for code in (named, *[each.get("error") for each in challenges]) if isinstance(code, str)}


def _is_nonce(value: object) -> bool:
    return isinstance(value, str) and NONCE.fullmatch(value) is not None


def _normal_escape(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()


def _without_dots(path: str) -> str:
    # RFC 3986 section 5.2.4.
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return f"/{'/'.join(kept)}"
