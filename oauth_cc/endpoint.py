"""
URLs: which ones a secret or a token may be sent to, and where they lead.

A URL is checked as it will be sent and is sent as it was checked: nothing is normalised on the way, because the
libraries below read odd URLs in different ways (RFC 3986 section 7, RFC 9110 section 4.2.4).
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, final
from urllib.parse import unquote_plus

import attrs

from oauth_cc.errors import InsecureEndpoint, InvalidEndpoint, InvalidIssuer, InvalidResource

__all__: list[str] = []


def __dir__() -> list[str]:
    return __all__


MAX_LENGTH: Final = 8192
"""Characters of a URL at the most: what servers take (RFC 9110 section 4.1 asks for at least 8000)."""

_PCHAR: Final = r"(?:[-._~0-9A-Za-z!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})"
_URL: Final = re.compile(
    rf"(?P<scheme>[A-Za-z][-+.0-9A-Za-z]*)://"
    rf"(?P<host>[-._0-9A-Za-z]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]*)?"
    rf"(?P<path>(?:/{_PCHAR}*)?)(?P<query>\?(?:{_PCHAR}|\?)*)?"
)
_LABEL: Final = re.compile(r"[0-9A-Za-z_](?:[-0-9A-Za-z_]{0,61}[0-9A-Za-z_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0[Xx][0-9A-Fa-f]*")
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][-+.0-9A-Za-z]*:(?:[-._~0-9A-Za-z!$&'()*+,;=:@/?\[\]]|%[0-9A-Fa-f]{2})+")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_CREDENTIALS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type", "access_token"})


@final
@attrs.frozen
class Origin:
    """
    Scheme, host and port of a URL, in lower case and with the port written out: two URLs share an origin if and only
    if these are equal (RFC 6454 section 4). Raises `InvalidEndpoint` if it can be no URL's.
    """

    scheme: str
    host: str
    port: int

    def __attrs_post_init__(self) -> None:
        if self.scheme not in _DEFAULT_PORTS or not _is_host(self.host) or not 0 < self.port < 65536:
            raise InvalidEndpoint("origin", "give http or https, a host in lower case, and a port from 1 to 65535")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is ``localhost``, in 127.0.0.0/8 or ``[::1]``, in exactly these spellings."""
        return self.host in ("localhost", "[::1]") or (_is_ipv4(self.host) and self.host.startswith("127."))


def origin(url: str) -> Origin:
    """
    Gives the origin of an http or https *url*. Raises `InvalidEndpoint` if it is no such URL.

        >>> origin("HTTPS://API.example/things")
        Origin(scheme='https', host='api.example', port=443)
    """
    found = _origin(url)
    if isinstance(found, str):
        del url
        raise InvalidEndpoint("URL", found)
    return found


def check_endpoint(url: str, *, allow_http_loopback: bool = False) -> str:
    """
    Gives *url* back if it can be a token endpoint.

    It has to be https, or http to loopback if *allow_http_loopback*; without fragment (RFC 6749 section 3.2), userinfo
    (RFC 9110 section 4.2.4), backslash, space or control character; and without credentials in its query (RFC 6749
    section 2.3.1). Raises `InsecureEndpoint` for http, `InvalidEndpoint` otherwise; neither quotes the URL.

        >>> check_endpoint("https://as.example/token?tenant=1")
        'https://as.example/token?tenant=1'
    """
    fault = endpoint_fault(url, allow_http_loopback=allow_http_loopback)
    if fault is not None:
        del url
        raise fault
    return url


def check_url(url: str, *, allow_http_loopback: bool = False) -> str:
    """
    Gives *url* back if a token may be sent to it: as `check_endpoint` has it (RFC 6750 section 5.3), but without its
    rule on the query, which is the API's own.

        >>> check_url("http://api.example/things")
        Traceback (most recent call last):
        ...
        oauth_cc.errors.InsecureEndpoint: URL: use https: over http everyone on the way could read what is sent
    """
    fault = _transport_fault("URL", url, allow_http_loopback)
    if fault is not None:
        del url
        raise fault
    return url


def check_issuer(issuer: str, *, allow_http_loopback: bool = False) -> str:
    """
    Gives *issuer* back if it can be an issuer identifier: a URL as `check_url` has it, without query (RFC 8414
    section 2).

    Raises `InvalidIssuer`, which does not quote it.

        >>> check_issuer("https://as.example/tenant")
        'https://as.example/tenant'
    """
    fault = issuer_fault(issuer, allow_http_loopback=allow_http_loopback)
    if fault is not None:
        del issuer
        raise fault
    return issuer


def check_resource(uri: str) -> str:
    """
    Gives *uri* back if it can be a resource indicator: an absolute URI without fragment (RFC 8707 section 2).

    Raises `InvalidResource`.

        >>> check_resource("urn:example:api")
        'urn:example:api'
    """
    fault = _resource_fault(uri)
    if fault is not None:
        del uri
        raise InvalidResource("resource", fault)
    return uri


def endpoint_fault(url: str, *, allow_http_loopback: bool = False) -> InvalidEndpoint | None:
    """
    Gives the error that `check_endpoint` raises for *url*, or None: for callers that must forget the URL first.
    """
    fault = _transport_fault("token endpoint", url, allow_http_loopback)
    if fault is not None:
        return fault
    names = {unquote_plus(piece.partition("=")[0]) for piece in url.partition("?")[2].split("&")}
    misplaced = sorted(names & _CREDENTIALS)
    if misplaced:
        reason = f"has {misplaced[0]} in its query: credentials never stand in a URL (RFC 6749 section 2.3.1)"
        return InvalidEndpoint("token endpoint", reason)
    return None


_METADATA_URL: Final = re.compile(r"/\.well-known/(oauth-authorization-server|openid-configuration)\b")


def issuer_fault(issuer: str, *, allow_http_loopback: bool = False) -> InvalidIssuer | None:
    """
    Gives the error that `check_issuer` raises for *issuer*, or None.
    """
    fault = _transport_fault("issuer", issuer, allow_http_loopback)
    if fault is not None:
        return InvalidIssuer("issuer", fault.reason)
    if "?" in issuer:
        return InvalidIssuer("issuer", "has a query: leave out '?' and what follows (RFC 8414 section 2)")
    if _METADATA_URL.search(issuer):
        return InvalidIssuer("issuer", "is the URL of metadata: give the member 'issuer' that stands in them")
    return None


def _resource_fault(uri: str) -> str | None:
    if not isinstance(uri, str):
        return f"give an absolute URI as str, not {type(uri).__name__}"
    if len(uri) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    if "#" in uri:
        return "has a fragment: leave out '#' and what follows (RFC 8707 section 2)"
    if not _ABSOLUTE_URI.fullmatch(uri):
        return "is no absolute URI: give a scheme and percent-encode what URIs do not hold (RFC 3986)"
    return None


def _transport_fault(parameter: str, url: str, allow_http_loopback: bool) -> InvalidEndpoint | None:
    found = _origin(url)
    if isinstance(found, str):
        return InvalidEndpoint(parameter, found)
    if found.scheme == "https" or (allow_http_loopback and found.is_loopback):
        return None
    if found.is_loopback:
        return InsecureEndpoint(parameter, "use https, or pass allow_http_loopback=True for a server on this machine")
    return InsecureEndpoint(parameter, "use https: over http everyone on the way could read what is sent")


def _origin(url: str) -> Origin | str:
    if not isinstance(url, str):
        return f"give a URL as str, not {type(url).__name__}"
    if len(url) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    match = _URL.fullmatch(url)
    if match is None:
        return _syntax_fault(url)
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if scheme not in _DEFAULT_PORTS:
        return "begins with another scheme: give an https URL"
    if not _is_host(host):
        return "has a host that is neither a name nor an address in its usual spelling"
    number = int(port[1:6]) if port and len(port) > 1 else _DEFAULT_PORTS[scheme]
    if port and (len(port) > 6 or not 0 < number < 65536):
        return "has a port outside 1 to 65535"
    return Origin(scheme, host, number)


def _syntax_fault(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "\\" in url:
        return "has a backslash, which libraries read in different ways: use '/'"
    if not separator or not scheme or not authority:
        return "is no absolute URL: give it whole, with https:// in front"
    if "@" in authority:
        return "has userinfo before '@': give the credentials to ClientCredentials instead (RFC 9110 section 4.2.4)"
    if "#" in url:
        return "has a fragment: leave out '#' and what follows (RFC 6749 section 3.2)"
    if "{" in url:
        return "has a placeholder in braces: fill it in"
    return "holds what a URL cannot: percent-encode it, and write a host name in ASCII (RFC 3986)"


def _is_host(host: str) -> bool:
    if host != host.lower():
        return False
    if host.startswith("["):
        return _is_address(IPv6Address, host[1:-1])
    labels = host.removesuffix(".").split(".")
    # A last label that is a number makes an address of the whole for some resolvers (inet_aton): only one spelling.
    if _NUMBER.fullmatch(labels[-1]):
        return _is_ipv4(host)
    return len(host) <= 253 and all([_LABEL.fullmatch(label) for label in labels])


def _is_ipv4(host: str) -> bool:
    return _is_address(IPv4Address, host)


def _is_address(kind: type[IPv4Address] | type[IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return True
