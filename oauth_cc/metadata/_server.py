"""
The metadata of an authorization server (RFC 8414).
"""

import re
from collections.abc import Mapping
from typing import Final, final

import attrs

from oauth_cc._wire.json import is_object
from oauth_cc.endpoint import Endpoint, endpoint_of_issuer_fault, issuer_fault, issuer_of
from oauth_cc.errors import InvalidInput, InvalidResponse, IssuerMismatch, switch_fault, tuple_fault
from oauth_cc.http import HttpResponse, check_response
from oauth_cc.metadata._document import MAX_SHOWN, OK, members_of, texts

CLIENT_CREDENTIALS: Final = "client_credentials"
"""The word for the client credentials grant (RFC 6749 section 4.4.2)."""

_ADVICE: Final = "check the issuer, or pass the token endpoint"
_PLACEHOLDER: Final = re.compile(r"\{[0-9A-Za-z_-]+\}")
_LISTS: Final = (
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "grant_types_supported",
    "scopes_supported",
    "authorization_details_types_supported",
    "dpop_signing_alg_values_supported",
)


@final
@attrs.frozen
class ServerMetadata:
    """
    The metadata of an authorization server.

    Members are named as in RFC 8414 section 2, RFC 8705 sections 3.3 and 5, RFC 9396 section 10 and RFC 9449 section
    5.1. A member that the server omits is None. So are omitted client authentication methods, although RFC 8414 says
    what they stand for: servers that list none support others too.

        >>> ServerMetadata("https://as.example", "https://as.example/token").mtls_token_endpoint is None
        True

    Args:
        issuer: The issuer identifier.
        token_endpoint: The URL of the token endpoint.
        token_endpoint_auth_methods_supported: The supported client authentication methods.
        token_endpoint_auth_signing_alg_values_supported: The supported algorithms of client assertions.
        grant_types_supported: The supported grants.
        scopes_supported: The supported scope-tokens.
        authorization_details_types_supported: The supported types of authorization details.
        dpop_signing_alg_values_supported: The supported algorithms of DPoP proofs.
        mtls_token_endpoint: The token endpoint among the ``mtls_endpoint_aliases``.
        tls_client_certificate_bound_access_tokens: Whether the server binds tokens to client certificates.
        revocation_endpoint: The URL of the revocation endpoint.
        introspection_endpoint: The URL of the introspection endpoint.
        mtls_alias_is_unusable: Whether the server has a mutual-TLS alias that must not be used, such as one over http.

    Raises:
        InvalidInput: The issuer or an endpoint is not a valid URL, a list is not a tuple of str, or a flag is not a
            bool.
    """

    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] | None = None
    grant_types_supported: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    authorization_details_types_supported: tuple[str, ...] | None = None
    dpop_signing_alg_values_supported: tuple[str, ...] | None = None
    mtls_token_endpoint: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None
    mtls_alias_is_unusable: bool = False

    def __attrs_post_init__(self) -> None:
        fault = issuer_fault(self.issuer, allow_http=True)
        endpoints = {
            "token endpoint": (self.token_endpoint, self.mtls_token_endpoint),
            "revocation endpoint": (self.revocation_endpoint,),
            "introspection endpoint": (self.introspection_endpoint,),
        }
        named = [(name, url) for name, urls in endpoints.items() for url in urls if url is not None]
        faults = [] if fault is not None else [endpoint_of_issuer_fault(url, self.issuer, name) for name, url in named]
        if not isinstance(self.token_endpoint, str):
            reason = f"token_endpoint must be a URL as a str, not {type(self.token_endpoint).__name__}"
            raise InvalidInput("token_endpoint", reason)
        for found in (fault, *faults):
            if found is not None:
                raise found
        flagged = switch_fault(
            tls_client_certificate_bound_access_tokens=self.tls_client_certificate_bound_access_tokens,
            mtls_alias_is_unusable=self.mtls_alias_is_unusable,
        )
        # `in` would find any part of a name in a str.
        given: dict[str, object] = {name: getattr(self, name) for name in _LISTS}
        listed = [tuple_fault(name, names) for name, names in given.items() if names is not None]
        for found in (flagged, *listed):
            if found is not None:
                raise found

    @property
    def grants_client_credentials(self) -> bool:
        """True if the client credentials grant is listed, or no list is given, as many servers omit it."""
        return self.grant_types_supported is None or CLIENT_CREDENTIALS in self.grant_types_supported

    @property
    def dpop_algorithms(self) -> tuple[str, ...]:
        """The supported algorithms of DPoP proofs that are asymmetric (RFC 9449 section 4.2)."""
        listed = self.dpop_signing_alg_values_supported or ()
        return tuple([name for name in listed if name != "none" and not name.startswith("HS")])


def metadata_urls(issuer: str | Endpoint) -> tuple[str, ...]:
    """
    Return the possible URLs of the metadata of *issuer*, to try in order.

    RFC 8414 section 3.1 inserts the well-known path, OpenID Connect Discovery 1.0 section 4 appends it. Some servers
    insert that of OpenID Connect, too (RFC 8414 section 5). For an issuer without a path, both are the same.

        >>> for url in metadata_urls("https://as.example/tenant"):
        ...     print(url)
        https://as.example/.well-known/oauth-authorization-server/tenant
        https://as.example/tenant/.well-known/openid-configuration
        https://as.example/.well-known/openid-configuration/tenant

    Raises:
        InvalidInput: *issuer* is not https, not http to loopback, and not an `Endpoint` that allows http.
    """
    base = issuer_of(issuer)[0].removesuffix("/")
    scheme, _, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    well_known = f"{scheme}://{authority}/.well-known/"
    urls = (
        f"{well_known}oauth-authorization-server{slash}{path}",
        f"{base}/.well-known/openid-configuration",
        f"{well_known}openid-configuration{slash}{path}",
    )
    return tuple(dict.fromkeys(urls))


def parse_metadata(response: HttpResponse, issuer: str | Endpoint) -> ServerMetadata:
    """
    Parse the metadata of *issuer* (RFC 8414 section 3.2). The endpoints of an https issuer must be https.

        >>> content = b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}'
        >>> parse_metadata(HttpResponse(200, (), content), "https://as.example").token_endpoint
        'https://as.example/token'

    Args:
        response: The response to a GET of one of the `metadata_urls`.
        issuer: The issuer identifier. The metadata must contain exactly the same (section 3.3).

    Raises:
        UnexpectedRedirect: The response is a redirect.
        IssuerMismatch: The metadata is of another issuer.
        InvalidResponse: The response is not metadata, or the metadata is invalid.
        InvalidInput: *issuer* is not an issuer identifier.
    """
    issuer, _ = issuer_of(issuer)
    check_response(response)
    members = members_of(response, _ADVICE)
    if "issuer" not in members:
        raise InvalidResponse(OK, f"the response has no issuer, so it is not metadata; {_ADVICE}")
    if members["issuer"] != issuer:
        raise IssuerMismatch(OK, _mismatch(members["issuer"]))
    token_endpoint = _endpoint(members.get("token_endpoint"), "token_endpoint", issuer)
    if token_endpoint is None:
        raise InvalidResponse(
            OK, "the metadata has no token_endpoint; check that the issuer issues tokens", "token_endpoint"
        )
    alias, alias_is_unusable = _alias(members.get("mtls_endpoint_aliases"), issuer)
    return ServerMetadata(
        issuer,
        token_endpoint,
        texts(members, "token_endpoint_auth_methods_supported"),
        texts(members, "token_endpoint_auth_signing_alg_values_supported"),
        texts(members, "grant_types_supported"),
        texts(members, "scopes_supported"),
        texts(members, "authorization_details_types_supported"),
        texts(members, "dpop_signing_alg_values_supported"),
        alias,
        members.get("tls_client_certificate_bound_access_tokens") is True,
        _side_endpoint(members, "revocation_endpoint", issuer),
        _side_endpoint(members, "introspection_endpoint", issuer),
        alias_is_unusable,
    )


def _mismatch(found: object) -> str:
    # Only a valid issuer is quoted.
    if isinstance(found, str) and len(found) <= MAX_SHOWN:
        if issuer_fault(found) is None:
            # Most often an issuer with one slash too many.
            return f"the metadata is of another issuer, {found!r}; if you mean this server, pass exactly this issuer"
        place = _PLACEHOLDER.search(found)
        if place is not None and issuer_fault(_PLACEHOLDER.sub("x", found)) is None:
            reason = f"the metadata is for one issuer per tenant, {found!r}"
            return f"{reason}; pass the issuer of your tenant, with its name or id in place of {place[0]}"
    return "the metadata is of another issuer; check the issuer"


def _endpoint(url: object, name: str, issuer: str) -> str | None:
    if url is None:
        return None
    if not isinstance(url, str):
        raise InvalidResponse(OK, f"{name} in the metadata is not a string", name)
    fault = endpoint_of_issuer_fault(url, issuer, f"{name} in the metadata")
    if fault is not None:
        raise InvalidResponse(OK, fault.reason, name)
    return url


def _alias(aliases: object, issuer: str) -> tuple[str | None, bool]:
    if aliases is None:
        return None, False
    if not is_object(aliases):
        return None, True
    alias = _side_endpoint(aliases, "token_endpoint", issuer)
    return alias, alias is None and aliases.get("token_endpoint") is not None


def _side_endpoint(members: Mapping[str, object], name: str, issuer: str) -> str | None:
    # No token request fails because of an endpoint that it does not use.
    try:
        return _endpoint(members.get(name), name, issuer)
    except InvalidResponse:
        return None
