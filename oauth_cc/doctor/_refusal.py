"""
The finding about a refused token request.
"""

import re
from typing import Final, TypeAlias

import attrs

from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost, TlsClientAuth
from oauth_cc.doctor._alternatives import has_reserved
from oauth_cc.doctor._connection import with_method
from oauth_cc.doctor._records import Finding, Observed, Topic
from oauth_cc.errors import TokenRequestRefused
from oauth_cc.metadata import ServerMetadata
from oauth_cc.refusal import waiting
from oauth_cc.request import TokenRequest
from oauth_cc.secret import Secret

_Row: TypeAlias = tuple[Topic, str, str]
_WORKED: Final[dict[Topic, tuple[str, str]]] = {
    "audience": ("the server requires another audience in the assertion", "set audience as in the lines below"),
    "basic": ("the server does not decode a percent-encoded secret", "send the secret unencoded"),
    "dialect": ("the server requires a JSON body", "set the dialect as in the lines below"),
    "method": ("the server requires the secret in another place", "use the client authentication method below"),
    "scope": ("the server rejects the scope, and issues a token without one", "request registered scope-tokens only"),
    "type": ("the server requires another typ in the assertion", "set typ as in the lines below"),
}
# What servers say that look for the secret in the body. The name of a method, or "invalid client_secret", says less.
_IN_BODY: Final = re.compile(
    r"\b(no|missing|lacks|requires|without)( the| a| required| parameters?)*:? ['\"]?client_secret\b"
    r"|\bclient_secret\b['\"]?( parameter)?( is| was)? (missing|required|not (found|given|present|provided|sent|set))\b"
    r"|\b(no|missing|requires?|required|must|expects?)\b[^.;]*\bin the ((request|form|post) )?(body|form)\b"
    r"|\b(body|form) (must|requires|lacks|is missing)\b",
    re.IGNORECASE,
)
# Words of servers about a client's assertion, the likeliest cause first.
_ASSERTION: Final[tuple[tuple[str, Topic, str, str], ...]] = (
    (
        r"\baud(ience)?\b",
        "audience",
        "the server rejects the audience of the assertion",
        "try the token URL as audience=",
    ),
    (r"\balg(orithm)?\b", "algorithm", "the server rejects the algorithm", "use the algorithm of the registered key"),
    (r"\btyp\b", "type", "the server rejects the typ of the assertion", "try typ='JWT'"),
    (
        r"expire|\bexp\b|\biat\b|\bnbf\b|clock|future",
        "clock",
        "the server rejects the times in the assertion",
        "set the clock of this machine by NTP",
    ),
    (
        r"\bkid\b|key|jwks|signature|x5t",
        "key",
        "the server rejects the key of the assertion",
        "compare the key and its id with the registered key",
    ),
)
# The advice where the other way was tried, and failed too.
_FAILED: Final[dict[Topic, str]] = {
    "audience": "another audience failed too; look up the required one in the server's documentation",
    "dialect": "a JSON body failed too; look up the required one in the server's documentation",
    "type": "typ='JWT' failed too; look up the required one in the server's documentation",
}
_CODES: Final[dict[str, tuple[Topic, str, str]]] = {
    "invalid_scope": (
        "scope",
        "the server rejects the scope",
        "request scope-tokens that the client is registered for",
    ),
    "invalid_target": ("resource", "the server rejects the resource", "use the URI that the API is registered with"),
    "unauthorized_client": ("grant", "the client may not use this grant", "enable client credentials for the client"),
    "unsupported_grant_type": (
        "grant",
        "the token endpoint does not support this grant",
        "check the URL; if the server has its own name for the grant, pass it as Dialect(grant_type=...)",
    ),
    "invalid_authorization_details": ("request", "the server rejects the authorization details", "check their types"),
    "invalid_dpop_proof": ("dpop", "the server requires a DPoP proof", "use with_dpop(key), or --dpop-key"),
    "use_dpop_nonce": (
        "dpop",
        "the server requires a DPoP proof with a nonce",
        "use with_dpop(key), or --dpop-key",
    ),
}
_WORDS: Final[tuple[tuple[str, Topic, str, str], ...]] = (
    (r"dpop", "dpop", "the server requires a DPoP proof", "use with_dpop(key), or --dpop-key"),
    (
        r"certificate|\bm-?tls\b|mutual",
        "certificate",
        "the server requires a client certificate",
        "use TlsClientAuth or with_certificate(), or --certificate",
    ),
    (r"json|content.type|media type", "dialect", "the server requires another body", "try Dialect(body_format='json')"),
    (r"audience", "audience", "the server requires a parameter audience", "add with_parameter('audience', ...)"),
    (r"resource", "resource", "the server requires a resource", "add with_resource(...)"),
    (r"scope", "scope", "the server rejects the scope", "request scope-tokens that the client is registered for"),
)
_STATUSES: Final[dict[int, tuple[Topic, str, str]]] = {
    403: (
        "server",
        "the server or a firewall forbids the request",
        "ask its operator to allow this address and this User-Agent",
    ),
    404: ("endpoint", "there is nothing at this URL", "check the path of the token endpoint"),
    405: ("endpoint", "the URL does not accept a POST", "check the path of the token endpoint"),
    407: ("proxy", "the proxy requires authentication", "put the proxy's user and password into HTTPS_PROXY"),
    410: ("endpoint", "the token endpoint has moved", "look up its new URL in the server's documentation"),
    415: ("dialect", "the server requires another body", "try Dialect(body_format='json')"),
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
            f"the server limits token requests: {said(error)}",
            f"{waiting(error.retry_after)}, and share tokens between processes with a store",
            outage="failing",
        )
    if error.status >= _FIRST_SERVER_ERROR or error.retryable:
        return Finding("server", f"the server is failing: {said(error)}", waiting(error.retry_after), outage="failing")
    if error.code == "invalid_client" or (error.error is None and error.status == _UNAUTHORIZED):
        return _client(request, observed, error)
    words = f"{error.error or ''} {error.server_message or ''}"
    if error.error == "invalid_dpop_proof" and request.dpop_key is not None:
        advice = "check this machine's clock, and that the server's metadata lists the algorithm of the key"
        return Finding("dpop", f"the server rejects the DPoP proof: {said(error)}", advice)
    if error.error in _CODES:
        return _listed(request, observed, error, _CODES[error.error])
    for pattern, topic, sentence, advice in _WORDS:
        if re.search(pattern, words, re.IGNORECASE):
            return _listed(request, observed, error, (topic, sentence, advice))
    unknown: _Row = ("request", "the server rejects the request", "see what the server says")
    return _listed(request, observed, error, _STATUSES.get(error.status, unknown))


def said(error: TokenRequestRefused) -> str:
    """
    Return what the server said, without the advice of this library.

        >>> said(TokenRequestRefused("invalid_client", "unknown client", status=401))
        'HTTP 401, invalid_client, unknown client'
    """
    parts = [f"HTTP {error.status}", error.error, error.server_message]
    return ", ".join([part for part in parts if part])


def _listed(request: TokenRequest, observed: Observed, error: TokenRequestRefused, row: _Row) -> Finding:
    topic, sentence, advice = row
    if topic != "dialect":
        return Finding(topic, f"{sentence}: {said(error)}", advice)
    if topic in _tried(observed):
        return Finding(topic, f"{sentence}: {said(error)}", _FAILED[topic])
    json = request.with_dialect(attrs.evolve(request.dialect, body_format="json"))
    return Finding(topic, f"{sentence}: {said(error)}", advice, json)


def _tried(observed: Observed) -> frozenset[Topic]:
    return frozenset([each.topic for each in observed.tried])


def _lists_basic(observed: Observed) -> bool:
    metadata = observed.metadata
    listed = metadata.token_endpoint_auth_methods_supported if isinstance(metadata, ServerMetadata) else None
    return "client_secret_basic" in (listed or ())


def _client(request: TokenRequest, observed: Observed, error: TokenRequestRefused) -> Finding:
    method = request.credentials.authentication
    words = error.server_message or ""
    if isinstance(method, TlsClientAuth):
        return Finding(
            "certificate",
            f"the server rejects the certificate: {said(error)}",
            "compare its subject with the registered one",
        )
    if isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        for pattern, topic, sentence, advice in _ASSERTION:
            if re.search(pattern, words, re.IGNORECASE):
                failed = _FAILED.get(topic) if topic in _tried(observed) else None
                return Finding(topic, f"{sentence}: {said(error)}", failed or advice)
        return Finding(
            "key",
            f"the server rejects the assertion: {said(error)}",
            "compare its key, key id and audience with the registered ones",
        )
    if isinstance(method, ClientSecretBasic | ClientSecretPost):
        return _secret(request, method, observed, error)
    return Finding(
        "method",
        f"the server rejects the client: {said(error)}",
        "use the client authentication method that the client is registered for",
    )


def _secret(
    request: TokenRequest, method: ClientSecretBasic | ClientSecretPost, observed: Observed, error: TokenRequestRefused
) -> Finding:
    secret = method.secret
    tried = _tried(observed)
    if isinstance(secret, Secret) and secret.reveal() != secret.reveal().strip():
        return Finding("secret", "the secret begins or ends with white space", "copy it again without the white space")
    if isinstance(method, ClientSecretBasic):
        if isinstance(secret, Secret) and has_reserved(secret) and "basic" not in tried:
            served = "never decode" if method.encode else "require percent-encoded"
            sentence = f"the secret has reserved characters, which some servers {served}"
            other = ClientSecretBasic(method.secret, encode=not method.encode)
            advice = f"try encode={other.encode}"
            return Finding("basic", f"{sentence}: {said(error)}", advice, with_method(request, other))
        if "method" not in tried and not _lists_basic(observed) and _IN_BODY.search(error.server_message or ""):
            post = with_method(request, ClientSecretPost(method.secret))
            return Finding(
                "method", f"the server requires the secret in the body: {said(error)}", "use ClientSecretPost", post
            )
    return Finding(
        "secret",
        f"the server rejects the client_id or the secret: {said(error)}",
        "compare both with the registered ones, and check the tenant",
    )
