"""
The finding about a refused token request.
"""

import re
from typing import Final

import attrs

from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost, TlsClientAuth
from oauth_cc.doctor._alternatives import has_reserved
from oauth_cc.doctor._connection import with_method
from oauth_cc.doctor._records import Finding, Observed, Topic
from oauth_cc.errors import TokenRequestRefused
from oauth_cc.request import TokenRequest
from oauth_cc.secret import Secret

_WORKED: Final[dict[Topic, tuple[str, str]]] = {
    "audience": ("the server wants another audience of the assertion", "set audience as the lines below do"),
    "basic": ("the server does not decode what HTTP Basic percent-encodes", "send the secret raw"),
    "dialect": ("the server wants a JSON body", "set the dialect that the lines below have"),
    "method": ("the server wants the secret in another place", "use the other client authentication method"),
    "scope": ("the server refuses the scope, and grants a token without", "ask for registered scope-tokens only"),
    "type": ("the server wants another typ of the assertion", "set typ as the lines below do"),
}
# Words of servers about a client's assertion, the likeliest cause first.
_ASSERTION: Final[tuple[tuple[str, Topic, str, str], ...]] = (
    (
        r"\baud(ience)?\b",
        "audience",
        "the server refuses the audience of the assertion",
        "try audience=, its token URL",
    ),
    (r"\balg(orithm)?\b", "algorithm", "the server refuses the algorithm", "use the one that the client registered"),
    (r"\btyp\b", "type", "the server refuses the typ of the assertion", "try typ='JWT'"),
    (
        r"expire|\bexp\b|\biat\b|\bnbf\b|clock|future",
        "clock",
        "the server refuses the times of the assertion",
        "set the clock",
    ),
    (r"\bkid\b|key|jwks|signature|x5t", "key", "the server does not know the key", "compare key id and registered key"),
)
_CODES: Final[dict[str, tuple[Topic, str, str]]] = {
    "invalid_scope": (
        "scope",
        "the server refuses the scope",
        "ask for scope-tokens that the client is registered for",
    ),
    "invalid_target": ("resource", "the server refuses the resource", "use the API's registered URI"),
    "unauthorized_client": ("grant", "the client may not use this grant", "enable client credentials for the client"),
    "unsupported_grant_type": (
        "grant",
        "the server does not support this grant here",
        "check the URL; some servers have another word for the grant, as Dialect(grant_type=...) has",
    ),
    "invalid_authorization_details": ("request", "the server refuses the authorization details", "compare their types"),
    "invalid_dpop_proof": ("dpop", "the server demands a DPoP proof", "use with_dpop(key), or --dpop-key"),
    "use_dpop_nonce": (
        "dpop",
        "the server demands a DPoP proof with a nonce",
        "use with_dpop(key), or --dpop-key",
    ),
}
_WORDS: Final[tuple[tuple[str, Topic, str, str], ...]] = (
    (r"dpop", "dpop", "the server demands a DPoP proof", "use with_dpop(key), or --dpop-key"),
    (r"certificate|\bm-?tls\b|mutual", "certificate", "the server demands a client certificate", "pass one"),
    (r"json|content.type|media type", "dialect", "the server wants another body", "try Dialect(body_format='json')"),
    (r"audience", "audience", "the server wants the audience as a parameter", "add the parameter audience"),
    (r"resource", "resource", "the server wants to know the resource", "add with_resource()"),
    (r"scope", "scope", "the server refuses the scope", "ask for scope-tokens that the client is registered for"),
)
_STATUSES: Final[dict[int, tuple[Topic, str, str]]] = {
    403: (
        "server",
        "the server or a firewall forbids the request",
        "ask its operator; allow this address or User-Agent",
    ),
    404: ("endpoint", "the server knows nothing at this URL", "check the path of the token endpoint"),
    405: ("endpoint", "the URL does not take a POST", "check the path of the token endpoint"),
    407: ("proxy", "the proxy wants to know who asks", "put the proxy's user and password into HTTPS_PROXY"),
    410: ("endpoint", "the URL is gone", "look the new token endpoint up in the server's documentation"),
    415: ("dialect", "the server wants another body", "try Dialect(body_format='json')"),
}
_QUOTA: Final = 429
_FIRST_SERVER_ERROR: Final = 500
_UNAUTHORIZED: Final = 401


def refusal_finding(request: TokenRequest, observed: Observed, error: TokenRequestRefused) -> Finding:
    """
    Return why the server refused *request*.

    Args:
        request: The token request.
        observed: What was observed.
        error: The refusal.
    """
    if observed.worked is not None:
        topic = observed.worked.topic
        return Finding(topic, *_WORKED[topic], observed.worked.request)
    if error.status == _QUOTA:
        return Finding(
            "quota",
            f"the server asks to wait: {said(error)}",
            f"{_wait(error)}, and share tokens between processes by a store",
        )
    if error.status >= _FIRST_SERVER_ERROR or error.retryable:
        return Finding("server", f"the server is failing: {said(error)}", _wait(error))
    if error.code == "invalid_client" or (error.error is None and error.status == _UNAUTHORIZED):
        return _client(request, error)
    words = f"{error.error or ''} {error.server_message or ''}"
    if error.error == "invalid_dpop_proof" and request.dpop_key is not None:
        advice = "compare the clocks, and the algorithm of the key with the server's metadata"
        return Finding("dpop", f"the server rejects the DPoP proof: {said(error)}", advice)
    if error.error in _CODES:
        topic, sentence, advice = _CODES[error.error]
        return Finding(topic, f"{sentence}: {said(error)}", advice, _json(request, topic))
    for pattern, topic, sentence, advice in _WORDS:
        if re.search(pattern, words, re.IGNORECASE):
            return Finding(topic, f"{sentence}: {said(error)}", advice, _json(request, topic))
    topic, sentence, advice = _STATUSES.get(
        error.status, ("request", "the server refuses the request", "read its words")
    )
    return Finding(topic, f"{sentence}: {said(error)}", advice, _json(request, topic))


def said(error: TokenRequestRefused) -> str:
    """
    Return what the server said, without advice.

        >>> said(TokenRequestRefused("invalid_client", "unknown client", status=401))
        'HTTP 401, invalid_client, unknown client'
    """
    parts = [f"HTTP {error.status}", error.error, error.server_message]
    return ", ".join([part for part in parts if part])


def _wait(error: TokenRequestRefused) -> str:
    return "try again later" if error.retry_after is None else f"try again in {error.retry_after:.0f} seconds"


def _json(request: TokenRequest, topic: Topic) -> TokenRequest | None:
    if topic != "dialect":
        return None
    return request.with_dialect(attrs.evolve(request.dialect, body_format="json"))


def _client(request: TokenRequest, error: TokenRequestRefused) -> Finding:
    method = request.credentials.authentication
    words = error.server_message or ""
    if isinstance(method, TlsClientAuth):
        return Finding(
            "certificate", f"the server does not accept the certificate: {said(error)}", "compare its subject"
        )
    if isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        for pattern, topic, sentence, advice in _ASSERTION:
            if re.search(pattern, words, re.IGNORECASE):
                return Finding(topic, f"{sentence}: {said(error)}", advice)
        return Finding(
            "key", f"the server does not accept the assertion: {said(error)}", "compare key, key id and audience"
        )
    if isinstance(method, ClientSecretBasic | ClientSecretPost):
        return _secret(request, method, error)
    return Finding(
        "method", f"the server does not accept the client: {said(error)}", "use the method that it registered"
    )


def _secret(request: TokenRequest, method: ClientSecretBasic | ClientSecretPost, error: TokenRequestRefused) -> Finding:
    secret = method.secret
    if isinstance(secret, Secret) and secret.reveal() != secret.reveal().strip():
        return Finding("secret", "the secret begins or ends with white space", "copy it again, without the white space")
    if isinstance(method, ClientSecretBasic):
        if isinstance(secret, Secret) and has_reserved(secret):
            sentence = "the secret has reserved characters, which some servers never decode"
            raw = ClientSecretBasic(method.secret, encode=not method.encode)
            return Finding("basic", f"{sentence}: {said(error)}", "try encode=False", with_method(request, raw))
        if re.search(r"client_secret|body|form|post", error.server_message or "", re.IGNORECASE):
            post = with_method(request, ClientSecretPost(method.secret))
            return Finding(
                "method", f"the server wants the secret in the body: {said(error)}", "use ClientSecretPost", post
            )
    return Finding(
        "secret", f"the server does not accept client_id and secret: {said(error)}", "compare both, and the tenant"
    )
