"""
Endpoints: the URLs that a secret or a token may be sent to, and the origins that they lead to.

https always; http to loopback always, as browsers treat it (Secure Contexts section 3.1); http to any other host where
the caller says so: ``Endpoint(url, allow_http=True)``.
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
    Scheme, host and port of a URL, in lower case and with the port written out: two URLs share an origin if and only
    if these are equal (RFC 6454 section 4). Raises `InvalidInput` if no URL can have it.
    """

    scheme: str
    host: str
    port: int

    def __attrs_post_init__(self) -> None:
        if self.scheme not in DEFAULT_PORTS or not is_host(self.host) or not 0 < self.port < 65536:
            raise InvalidInput("origin", "give http or https, a host in lower case, and a port from 1 to 65535")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def is_secure(self) -> bool:
        """Whether nobody on the way can read what is sent: https, or http to loopback."""
        return self.scheme == "https" or is_loopback(self.host)


@final
@attrs.frozen(init=False)
class Endpoint:
    """
    The URL of an endpoint, checked once: a token may be asked for there.

    It has no fragment (RFC 6749 section 3.2), userinfo (RFC 9110 section 4.2.4), backslash, space or control character,
    and no credentials in its query (RFC 6749 section 2.3.1). Two are equal if their URLs are.

    Args:
        url: The URL, as it is sent.
        allow_http: Whether plain http to a host other than loopback is meant.

    Raises:
        InsecureEndpoint: The URL is http, to a host other than loopback.
        InvalidInput: It is no URL that a secret may be sent to. Neither error quotes it.

        >>> Endpoint("https://as.example/token?tenant=1")
        Endpoint(url='https://as.example/token?tenant=1', allow_http=False)
        >>> Endpoint("http://keycloak:8080/token", allow_http=True).url
        'http://keycloak:8080/token'
    """

    url: str
    allow_http: bool = False

    def __init__(self, url: str, *, allow_http: bool = False) -> None:
        fault = url_fault("token endpoint", url, allow_http=allow_http)
        if fault is not None:
            # Tracebacks show local variables, and a URL is refused for the credentials in it, too.
            del self, url
            raise fault
        object.__setattr__(self, "url", url)
        # Where it makes no difference, it is not part of the value.
        object.__setattr__(self, "allow_http", not origin(url).is_secure)

    def __str__(self) -> str:
        return self.url

    @property
    def origin(self) -> Origin:
        """Scheme, host and port."""
        return origin(self.url)


def endpoint_fault(given: object) -> InvalidInput | None:
    """
    Return the error for what was *given* as an endpoint, a str or an `Endpoint`, or None; for callers that must forget
    it first.
    """
    if isinstance(given, Endpoint):
        return None
    if isinstance(given, str):
        return url_fault("token endpoint", given, allow_http=False)
    reason = f"give a URL as str or an Endpoint, not {type(given).__name__}"
    return InvalidInput("token endpoint", reason)


def as_endpoint(given: str | Endpoint) -> Endpoint:
    """
    Return *given* as an `Endpoint`. Raises what that raises.

        >>> as_endpoint("https://as.example/token").origin
        Origin(scheme='https', host='as.example', port=443)
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
    Return the origin of an http or https *url*. Raises `InvalidInput` for anything else.

        >>> origin("HTTPS://API.example/things")
        Origin(scheme='https', host='api.example', port=443)
    """
    found = split_origin(url)
    if isinstance(found, str):
        del url
        raise InvalidInput("URL", found)
    return Origin(*found)


def check_url(url: str) -> str:
    """
    Return *url* if a token may be sent to it (RFC 6750 section 5.3): https, or http to loopback. Raises
    `InsecureEndpoint` for other http, `InvalidInput` for what is no URL; neither quotes it.

        >>> check_url("http://api.example/things")
        Traceback (most recent call last):
        ...
        oauth_cc.errors.InsecureEndpoint: URL: use https: over http everyone on the way could read what is sent
    """
    fault = _transport_fault("URL", url)
    if fault is not None:
        del url
        raise fault
    return url


def check_resource(uri: str) -> str:
    """
    Return *uri* if it can be a resource indicator: an absolute URI without fragment (RFC 8707 section 2). Raises
    `InvalidInput`.

        >>> check_resource("urn:example:api")
        'urn:example:api'
    """
    fault = uri_fault(uri)
    if fault is not None:
        del uri
        raise InvalidInput("resource", fault)
    return uri


def issuer_fault(issuer: str, *, allow_http: bool = False) -> InvalidInput | None:
    """
    Return the error for what can be no issuer identifier, or None: a URL without query or fragment (RFC 8414 section
    2), https but to loopback and where the caller allows http.
    """
    fault = _transport_fault("issuer", issuer, allow_http=allow_http)
    if fault is not None:
        return InvalidInput("issuer", fault.reason)
    if "?" in issuer:
        return InvalidInput("issuer", "has a query: leave out '?' and what follows (RFC 8414 section 2)")
    if _METADATA_URL.search(issuer):
        return InvalidInput("issuer", "is the URL of metadata: give the member 'issuer' that stands in them")
    return None


def issuer_of(given: str | Endpoint) -> tuple[str, bool]:
    """
    Return the issuer identifier that was *given*, a str or an `Endpoint`, and whether plain http to it is allowed.
    Raises `InvalidInput`, which does not quote it.

        >>> issuer_of("https://as.example/tenant")
        ('https://as.example/tenant', False)
    """
    issuer, allowed = (given.url, given.allow_http) if isinstance(given, Endpoint) else (given, False)
    fault = issuer_fault(issuer, allow_http=allowed)
    if fault is not None:
        del given, issuer
        raise fault
    return issuer, allowed


def endpoint_of_issuer_fault(url: str, issuer: str) -> InvalidInput | None:
    """
    Return the error for a *url* that the metadata of *issuer*, checked before, may not name as an endpoint, or None.

    It is https. For an issuer on loopback it may be http to loopback, for another http issuer http to the issuer's own
    host and port.
    """
    ours = origin(issuer)
    fault = url_fault("token endpoint", url, allow_http=not ours.is_secure)
    if fault is not None:
        return fault
    theirs = origin(url)
    if theirs.scheme == "https" or theirs == ours or (ours.scheme == "http" and ours.is_secure and theirs.is_secure):
        return None
    return InsecureEndpoint("token endpoint", "use https: its issuer is reached by https, or on another host")


def url_fault(parameter: str, url: str, *, allow_http: bool) -> InvalidInput | None:
    """Return the error for a *url* that can be no endpoint, or None; *parameter* names it there."""
    fault = _transport_fault(parameter, url, allow_http=allow_http)
    if isinstance(fault, InsecureEndpoint):
        advice = "; if that is meant, pass Endpoint(url, allow_http=True)"
        return InsecureEndpoint(parameter, f"{fault.reason}{advice}")
    if fault is not None:
        return fault
    misplaced = sorted(query_names(url) & _CREDENTIALS)
    if misplaced:
        reason = f"has {misplaced[0]} in its query: credentials never stand in a URL (RFC 6749 section 2.3.1)"
        return InvalidInput(parameter, reason)
    return None


def _transport_fault(parameter: str, url: str, *, allow_http: bool = False) -> InvalidInput | None:
    found = split_origin(url)
    if isinstance(found, str):
        return InvalidInput(parameter, found)
    if allow_http or Origin(*found).is_secure:
        return None
    return InsecureEndpoint(parameter, "use https: over http everyone on the way could read what is sent")
