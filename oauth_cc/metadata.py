"""
Authorization server metadata: what a server says of itself, and which of its endpoints to use (RFC 8414).

    issuer ─ metadata_urls ─▶ (GET) HttpResponse ─ parse_metadata ─▶ ServerMetadata ─┐
                                                                        TokenRequest ─┴─ endpoint_for ─▶ token endpoint

The metadata only answer what was asked: nothing in them changes how a client proves who it is, or to which issuer.
"""

import re
from collections.abc import Mapping
from typing import Final, final

import attrs

from oauth_cc._wire.grammar import SCOPE_TOKEN
from oauth_cc._wire.json import is_array, is_object, parse_object
from oauth_cc.authentication.assertions import ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.jwt import ALGORITHMS, MAC_ALGORITHMS
from oauth_cc.authentication.methods import (
    ClientAuthentication,
    ClientSecretBasic,
    ClientSecretPost,
    NoAuthentication,
    TlsClientAuth,
)
from oauth_cc.endpoint import Endpoint, endpoint_of_issuer_fault, issuer_fault, issuer_of
from oauth_cc.errors import (
    InvalidInput,
    InvalidResponse,
    IssuerMismatch,
    UnexpectedRedirect,
)
from oauth_cc.http import RETRYABLE, HttpResponse
from oauth_cc.request import TokenRequest, as_request

__all__ = ["ServerMetadata", "endpoint_for", "metadata_lifetime", "metadata_urls", "parse_metadata"]


def __dir__() -> list[str]:
    return __all__


METHODS: Final[Mapping[str, type[object]]] = {
    "client_secret_basic": ClientSecretBasic,
    "client_secret_post": ClientSecretPost,
    "client_secret_jwt": ClientSecretJwt,
    "private_key_jwt": PrivateKeyJwt,
    "none": NoAuthentication,
    "tls_client_auth": TlsClientAuth,
    "self_signed_tls_client_auth": TlsClientAuth,
}
"""
The records for the ways of authentication, by the names that metadata have for them (RFC 7591 section 2, RFC 8705
section 2).
"""

DEFAULT_METADATA_LIFETIME: Final = 3600.0
"""Seconds that metadata hold good for where the server does not say how long."""

_DEFAULT_METHODS: Final = ("client_secret_basic",)
_LISTS: Final = (
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "grant_types_supported",
    "scopes_supported",
    "authorization_details_types_supported",
    "dpop_signing_alg_values_supported",
)
_GRANT: Final = "client_credentials"
_OK: Final = 200
_MAX_SHOWN: Final = 200
_LEAST_LIFETIME: Final = 60.0
_GREATEST_LIFETIME: Final = 86400.0
# Bounded, so that none of them is infinite.
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_MAX_AGE: Final = re.compile(r"""max-age=("?)([0-9]{1,9})\1""", re.IGNORECASE)


@final
@attrs.frozen
class ServerMetadata:
    """
    What an authorization server says of itself, under the names of RFC 8414 section 2, RFC 8705 sections 3.3 and 5,
    RFC 9396 section 10 and RFC 9449 section 5.1; None where it says nothing.

    *mtls_token_endpoint*: the token endpoint among its ``mtls_endpoint_aliases``.
    Raises `InvalidInput` if these can be none, over https or to loopback, `InvalidInput` if what
    is to be a tuple is none.

        >>> ServerMetadata("https://as.example", "https://as.example/token").token_endpoint_auth_methods_supported
        ('client_secret_basic',)
    """

    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = _DEFAULT_METHODS
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] | None = None
    grant_types_supported: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    authorization_details_types_supported: tuple[str, ...] | None = None
    dpop_signing_alg_values_supported: tuple[str, ...] | None = None
    mtls_token_endpoint: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False

    def __attrs_post_init__(self) -> None:
        fault = issuer_fault(self.issuer, allow_http=True)
        named = [url for url in (self.token_endpoint, self.mtls_token_endpoint) if url is not None]
        faults = [] if fault is not None else [endpoint_of_issuer_fault(url, self.issuer) for url in named]
        for found in (fault, *faults):
            if found is not None:
                raise found
        for name in _LISTS:
            # In a str, any part of a name would be found.
            if not isinstance(getattr(self, name), tuple | None):
                raise InvalidInput(name, "give a tuple of str, or None")

    @property
    def grants_client_credentials(self) -> bool:
        """Whether this grant is listed. A server that lists none may grant it: many leave the member out."""
        return self.grant_types_supported is None or _GRANT in self.grant_types_supported

    @property
    def dpop_algorithms(self) -> tuple[str, ...]:
        """The algorithms that a DPoP proof may be signed with: asymmetric, and never none (RFC 9449 section 4.2)."""
        listed = self.dpop_signing_alg_values_supported or ()
        return tuple([name for name in listed if name != "none" and not name.startswith("HS")])


def metadata_urls(issuer: str | Endpoint) -> tuple[str, str]:
    """
    Gives the two URLs where the metadata of *issuer* may stand, to be tried in order: RFC 8414 section 3.1 inserts the
    well-known path, OpenID Connect Discovery 1.0 section 4 appends it.

    Raises `InvalidInput` unless it is https, http to loopback, or an `Endpoint` that allows http.

        >>> metadata_urls("https://as.example/tenant")[0]
        'https://as.example/.well-known/oauth-authorization-server/tenant'
        >>> metadata_urls("https://as.example/tenant")[1]
        'https://as.example/tenant/.well-known/openid-configuration'
    """
    base = issuer_of(issuer)[0].removesuffix("/")
    scheme, _, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    return (
        f"{scheme}://{authority}/.well-known/oauth-authorization-server{slash}{path}",
        f"{base}/.well-known/openid-configuration",
    )


def parse_metadata(response: HttpResponse, issuer: str | Endpoint) -> ServerMetadata:
    """
    Gives the metadata that *response* holds for *issuer* (RFC 8414 section 3.2).

    *issuer*: the identifier that `metadata_urls` made the URL of; the metadata must hold the very same text, or none
    of them counts (section 3.3). The endpoints of an https issuer are https.
    Raises `TokenRequestRefused`, `UnexpectedRedirect`, `InvalidResponse` if there are none,
    `IssuerMismatch` if they are another issuer's, `InvalidResponse` if they cannot be used, `InvalidInput`.

        >>> content = b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
        >>> parse_metadata(HttpResponse(200, (), content), "https://as.example").token_endpoint
        'https://as.example/token'
    """
    issuer, _ = issuer_of(issuer)
    members = _members(response)
    if "issuer" not in members:
        raise InvalidResponse(_OK, f"the answer has no issuer, so it is no metadata: {_ADVICE}")
    if members["issuer"] != issuer:
        raise IssuerMismatch(_OK, _mismatch(members["issuer"]))
    token_endpoint = _endpoint(members.get("token_endpoint"), "token_endpoint", issuer)
    if token_endpoint is None:
        raise InvalidResponse(
            _OK, "the metadata have no token_endpoint: check that the issuer grants tokens", "token_endpoint"
        )
    methods = _texts(members, "token_endpoint_auth_methods_supported")
    aliases = _object(members, "mtls_endpoint_aliases")
    return ServerMetadata(
        issuer,
        token_endpoint,
        _DEFAULT_METHODS if methods is None else methods,
        _texts(members, "token_endpoint_auth_signing_alg_values_supported"),
        _texts(members, "grant_types_supported"),
        _texts(members, "scopes_supported"),
        _texts(members, "authorization_details_types_supported"),
        _texts(members, "dpop_signing_alg_values_supported"),
        _endpoint(aliases.get("token_endpoint"), "token_endpoint among mtls_endpoint_aliases", issuer),
        _flag(members, "tls_client_certificate_bound_access_tokens"),
    )


def metadata_lifetime(response: HttpResponse) -> float:
    """
    Gives the seconds that the metadata of *response* may be used for, from its Cache-Control and Age (RFC 9111 section
    4.2.1): at least a minute, so that no server is asked all the time, and at most a day.

        >>> metadata_lifetime(HttpResponse(200, {"Cache-Control": "public, max-age=600"}))
        600.0
    """
    directives = [part.strip(" \t") for value in response.header("Cache-Control") for part in value.split(",")]
    if {"no-store", "no-cache"} & {directive.lower() for directive in directives}:
        return _LEAST_LIFETIME
    ages = [found[2] for found in map(_MAX_AGE.fullmatch, directives) if found is not None]
    if not ages:
        return DEFAULT_METADATA_LIFETIME
    spent = [value for value in response.header("Age") if _SECONDS.fullmatch(value)]
    left = min(map(float, ages)) - (float(spent[0]) if spent else 0.0)
    return min(max(left, _LEAST_LIFETIME), _GREATEST_LIFETIME)


def method_name(authentication: ClientAuthentication) -> str | None:
    """
    Gives the name that metadata have for a way of *authentication*, or None for one of a user's own.

        >>> method_name(ClientSecretPost("s3cret"))
        'client_secret_post'
    """
    if isinstance(authentication, TlsClientAuth) and authentication.self_signed:
        return "self_signed_tls_client_auth"
    return next((name for name, kind in METHODS.items() if isinstance(authentication, kind)), None)


def endpoint_for(metadata: ServerMetadata, request: TokenRequest | ClientCredentials) -> Endpoint:
    """
    Gives the token endpoint of *metadata* that *request* may be sent to: if its connection shows a client certificate,
    the one that the server has for such connections (RFC 8705 section 5).

    Raises `InvalidInput` if the server does not support the way of authentication, `InvalidInput` if the
    token is to be bound to a certificate and the server binds none, and `InvalidInput` if it does not support the
    grant: nothing else is taken in its place.

        >>> from oauth_cc import ClientCredentials, token_request
        >>> metadata = ServerMetadata("https://as.example", "https://as.example/token")
        >>> endpoint_for(metadata, token_request(ClientCredentials("your_id", "s3cret")))
        Endpoint(url='https://as.example/token', allow_http=False)
    """
    request = as_request(request)
    if not isinstance(metadata, ServerMetadata):
        reason = f"metadata must be ServerMetadata, not {type(metadata).__name__}; parse_metadata() returns them"
        raise InvalidInput("metadata", reason)
    if not metadata.grants_client_credentials:
        reason = "the server's metadata do not list client_credentials: ask its operator, or give the token endpoint"
        raise InvalidInput("grant_type", reason)
    way = request.credentials.authentication
    name = None if way is None else method_name(way)
    supported = metadata.token_endpoint_auth_methods_supported
    if name is not None and name not in supported:
        others = " and ".join([other for other in METHODS if other in supported]) or "other ways"
        advice = "configure the way that the client is registered for"
        raise InvalidInput(
            "client authentication", f"by its metadata the server takes {others}, and no {name}: {advice}"
        )
    if isinstance(way, PrivateKeyJwt | ClientSecretJwt):
        _check_signed(metadata, way)
    if request.certificate is not None and not metadata.tls_client_certificate_bound_access_tokens:
        reason = "by its metadata the server binds no token to a certificate: ask its operator, or leave it out"
        raise InvalidInput("certificate", reason)
    alias = None if request.client_certificate is None else metadata.mtls_token_endpoint
    # What the metadata may name was decided by their issuer.
    return Endpoint(alias or metadata.token_endpoint, allow_http=True)


def _check_signed(metadata: ServerMetadata, way: PrivateKeyJwt | ClientSecretJwt) -> None:
    if way.issuer != metadata.issuer:
        reason = "its assertions are for another issuer than the metadata: give it the issuer that is asked"
        raise InvalidInput("client authentication", reason)
    supported = metadata.token_endpoint_auth_signing_alg_values_supported
    if supported is not None and way.key.algorithm not in supported:
        known = [name for name in (*ALGORITHMS, *MAC_ALGORITHMS) if name in supported]
        reason = f"by its metadata the server takes no {way.key.algorithm}: sign by {' or '.join(known) or 'another'}"
        raise InvalidInput("client authentication", reason)


_ADVICE: Final = "check the issuer, or give the token endpoint itself"


def _members(response: HttpResponse) -> Mapping[str, object]:
    status = response.status
    if 300 <= status < 400:
        raise UnexpectedRedirect(status, f"the metadata's URL redirects, which is not followed: {_ADVICE}")
    if status != _OK:
        raise InvalidResponse(status, f"the answer is no metadata: {_ADVICE}", retryable=status in RETRYABLE)
    members = parse_object(response.content)
    if isinstance(members, str):
        raise InvalidResponse(status, f"the answer {members}, so it is no metadata: {_ADVICE}")
    return members


def _mismatch(found: object) -> str:
    reason = "the metadata are not those of the issuer asked for, and must not be used"
    # Nearly always it is a slash too many: what can be an issuer is shown, and nothing else of the answer.
    if isinstance(found, str) and len(found) <= _MAX_SHOWN and issuer_fault(found) is None:
        return f"{reason}: they are of {found!r}; if that is the server you mean, give its issuer in exactly this way"
    return f"{reason}: check the issuer"


def _endpoint(url: object, name: str, issuer: str) -> str | None:
    if url is None:
        return None
    if not isinstance(url, str):
        raise InvalidResponse(_OK, f"{name} in the metadata is no text", name)
    fault = endpoint_of_issuer_fault(url, issuer)
    if fault is not None:
        raise InvalidResponse(_OK, f"{name} in the metadata cannot be used: {fault.reason}", name)
    return url


def _object(members: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = members.get(name)
    if value is None:
        return {}
    if not is_object(value):
        raise InvalidResponse(_OK, f"{name} in the metadata is no object", name)
    return value


def _texts(members: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    value = members.get(name)
    # No array is empty (RFC 8414 section 3.2).
    if value is None or value == []:
        return None
    texts = [item for item in value if isinstance(item, str)] if is_array(value) else []
    if not is_array(value) or len(texts) != len(value):
        raise InvalidResponse(_OK, f"{name} in the metadata is no array of texts", name)
    # What is outside the grammar can neither be asked for nor shown.
    return tuple([text for text in texts if SCOPE_TOKEN.fullmatch(text)])


def _flag(members: Mapping[str, object], name: str) -> bool:
    value = members.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidResponse(_OK, f"{name} in the metadata is neither true nor false", name)
    return value
