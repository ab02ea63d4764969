"""
URLs that a secret or a token may be sent to, and their origins.

These are https URLs, and http URLs to loopback (as in Secure Contexts section 3.1). Plain http to any other host needs
``Endpoint(url, allow_http=True)``.
"""

import re
from typing import Final, final

import attrs

from oauth_cc._wire.url import DEFAULT_PORTS, is_host, is_loopback, query_names, split_origin, uri_fault
from oauth_cc.errors import InsecureEndpoint, InvalidInput

__all__ = ["Endpoint"]


def __dir__() -> list[str]:
    return __all__


_CREDENTIALS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type", "access_token"})
_METADATA_URL: Final = re.compile(r"/\.well-known/(oauth-authorization-server|openid-configuration)\b")


@final
@attrs.frozen
class Origin:
    """
    The origin of a URL (RFC 6454 section 4).

    Args:
        scheme: ``https`` or ``http``.
        host: The host name or IP address, in lower case.
        port: The port, from 1 to 65535.

    Raises:
        InvalidInput: No URL has this origin.
    """

    scheme: str
    host: str
    port: int

    def __attrs_post_init__(self) -> None:
        if self.scheme not in DEFAULT_PORTS or not is_host(self.host) or not 0 < self.port < 65536:
            raise InvalidInput(
                "origin", "origin must be http or https, a host in lower case, and a port from 1 to 65535"
            )

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def is_secure(self) -> bool:
        """True for https, and for http to loopback."""
        return self.scheme == "https" or is_loopback(self.host)


@final
@attrs.frozen(init=False)
class Endpoint:
    """
    The checked URL of a token endpoint.

    The URL has no fragment (RFC 6749 section 3.2), userinfo (RFC 9110 section 4.2.4), backslash, space or control
    character, and no credentials in its query (RFC 6749 section 2.3.1). Endpoints with the same URL are equal.

        >>> Endpoint("https://as.example/token?tenant=1")
        Endpoint(url='https://as.example/token?tenant=1', allow_http=False)
        >>> Endpoint("http://keycloak:8080/token", allow_http=True).url
        'http://keycloak:8080/token'

    Args:
        url: The URL, as it is sent.
        allow_http: Allow plain http to a host other than loopback.

    Raises:
        InsecureEndpoint: The URL is http, to a host other than loopback.
        InvalidInput: A secret must not be sent to the URL. Neither error quotes it.
    """

    url: str
    allow_http: bool = False

    def __init__(self, url: str, *, allow_http: bool = False) -> None:
        fault = url_fault("token endpoint", url, allow_http=allow_http)
        if not isinstance(allow_http, bool):
            # The text "False" would allow it.
            fault = InvalidInput("allow_http", f"allow_http must be True or False, not {type(allow_http).__name__}")
        if fault is not None:
            # Tracebacks show local variables, and the URL may contain credentials.
            del self, url
            raise fault
        object.__setattr__(self, "url", url)
        # False where it makes no difference, so that equal URLs make equal endpoints.
        object.__setattr__(self, "allow_http", not origin(url).is_secure)

    def __str__(self) -> str:
        return self.url

    @property
    def origin(self) -> Origin:
        """Scheme, host and port of the URL."""
        return origin(self.url)


def endpoint_fault(given: object) -> InvalidInput | None:
    """
    Return the error of an invalid endpoint, *given* as a str or an `Endpoint`, or None.

    For callers that delete their local variables before they raise it.
    """
    if isinstance(given, Endpoint):
        return None
    if isinstance(given, str):
        return url_fault("token endpoint", given, allow_http=False)
    return _type_fault("token endpoint", given)


def as_endpoint(given: str | Endpoint) -> Endpoint:
    """
    Return *given* as an `Endpoint`.

        >>> as_endpoint("https://as.example/token").origin
        Origin(scheme='https', host='as.example', port=443)

    Raises:
        InsecureEndpoint: The URL is http, to a host other than loopback.
        InvalidInput: A secret must not be sent to the URL.
    """
    if isinstance(given, Endpoint):
        return given
    fault = endpoint_fault(given)
    if fault is not None:
        del given
        raise fault
    return Endpoint(given)


def origin(url: str) -> Origin:
    """
    Return the origin of an http or https *url*.

        >>> origin("HTTPS://API.example/things")
        Origin(scheme='https', host='api.example', port=443)

    Raises:
        InvalidInput: *url* is not an http or https URL.
    """
    found = split_origin(url)
    if isinstance(found, str):
        del url
        raise InvalidInput("URL", f"URL {found}")
    return Origin(*found)


def check_url(url: str) -> str:
    """
    Return *url* if a token may be sent to it: https, or http to loopback (RFC 6750 section 5.3).

        >>> check_url("https://api.example/things")
        'https://api.example/things'

    Raises:
        InsecureEndpoint: *url* is http, to a host other than loopback.
        InvalidInput: *url* is not a valid URL. Neither error quotes it.
    """
    fault = _transport_fault("URL", url)
    if isinstance(fault, InsecureEndpoint):
        fault = InsecureEndpoint("URL", f"{fault.reason}; begin it with https:// (plain http is for localhost only)")
    if fault is not None:
        del url
        raise fault
    return url


def check_resource(uri: str) -> str:
    """
    Return *uri* if it can be a resource indicator (RFC 8707 section 2).

        >>> check_resource("urn:example:api")
        'urn:example:api'

    Raises:
        InvalidInput: *uri* is not an absolute URI without fragment.
    """
    fault = uri_fault(uri)
    if fault is not None:
        del uri
        raise InvalidInput("resource", f"resource {fault}")
    return uri


def issuer_fault(issuer: str, *, allow_http: bool = False) -> InvalidInput | None:
    """
    Return the error of an invalid *issuer* identifier, or None.

    An issuer identifier is a URL without query and fragment (RFC 8414 section 2).

    Args:
        issuer: The issuer identifier.
        allow_http: Allow plain http to a host other than loopback.
    """
    fault = _transport_fault("issuer", issuer, allow_http=allow_http)
    if fault is not None:
        return fault
    if "?" in issuer:
        return InvalidInput("issuer", "issuer must not have a query; remove '?' and what follows (RFC 8414 section 2)")
    if _METADATA_URL.search(issuer):
        reason = "issuer must not be the URL of its metadata; pass the member 'issuer' of the metadata"
        return InvalidInput("issuer", reason)
    return None


def issuer_of(given: str | Endpoint) -> tuple[str, bool]:
    """
    Return the issuer identifier *given*, a str or an `Endpoint`, and whether plain http to it is allowed.

        >>> issuer_of("https://as.example/tenant")
        ('https://as.example/tenant', False)

    Raises:
        InvalidInput: *given* is not an issuer identifier. The error does not quote it.
    """
    issuer, allowed = (given.url, given.allow_http) if isinstance(given, Endpoint) else (given, False)
    is_url = isinstance(issuer, str)
    fault = issuer_fault(issuer, allow_http=allowed) if is_url else _type_fault("issuer", issuer)
    if isinstance(fault, InsecureEndpoint):
        fault = InsecureEndpoint("issuer", f"{fault.reason}; to allow it, pass Endpoint(url, allow_http=True)")
    if fault is not None:
        del given, issuer
        raise fault
    return issuer, allowed


def endpoint_of_issuer_fault(url: str, issuer: str, parameter: str = "token endpoint") -> InvalidInput | None:
    """
    Return the error of an endpoint *url* that the metadata of *issuer* must not name, or None.

    Endpoints are https. An issuer on loopback may also name http endpoints on loopback. Any other http issuer may also
    name http endpoints at its own host and port.

    Args:
        url: The URL of the endpoint.
        issuer: A valid issuer identifier.
        parameter: How the error names *url*.
    """
    ours = origin(issuer)
    fault = url_fault(parameter, url, allow_http=not ours.is_secure)
    if fault is not None and not isinstance(fault, InsecureEndpoint):
        return fault
    if fault is None:
        theirs = origin(url)
        both_local = ours.scheme == "http" and ours.is_secure and theirs.is_secure
        if theirs.scheme == "https" or theirs == ours or both_local:
            return None
    return InsecureEndpoint(parameter, f"{parameter} must use https, as its issuer uses https or has another host")


def url_fault(parameter: str, url: str, *, allow_http: bool) -> InvalidInput | None:
    """
    Return the error of an invalid endpoint *url*, or None.

    Args:
        parameter: How the error names *url*.
        url: The URL of the endpoint.
        allow_http: Allow plain http to a host other than loopback.
    """
    fault = _transport_fault(parameter, url, allow_http=allow_http)
    if isinstance(fault, InsecureEndpoint):
        advice = "to allow it, pass Endpoint(url, allow_http=True)"
        return InsecureEndpoint(parameter, f"{fault.reason}; {advice}")
    if fault is not None:
        return fault
    misplaced = sorted(query_names(url) & _CREDENTIALS)
    if misplaced:
        reason = f"{parameter} must not have {misplaced[0]} in its query; pass credentials to ClientCredentials"
        return InvalidInput(parameter, f"{reason} (RFC 6749 section 2.3.1)")
    return None


def _type_fault(parameter: str, given: object) -> InvalidInput:
    if given is None:
        return InvalidInput(parameter, f"{parameter} must not be None (is an environment variable unset?)")
    kind = type(given).__name__
    return InvalidInput(parameter, f"{parameter} must be a URL, as a str or an Endpoint, not {kind}")


def _transport_fault(parameter: str, url: str, *, allow_http: bool = False) -> InvalidInput | None:
    found = split_origin(url)
    if isinstance(found, str):
        return InvalidInput(parameter, f"{parameter} {found}")
    if allow_http or Origin(*found).is_secure:
        return None
    return InsecureEndpoint(parameter, f"{parameter} must use https, as anyone on the network can read plain http")
