"""
URLs as text: their grammar, and where they lead.

A URL is checked as it will be sent and is sent as it was checked: nothing is normalised on the way, because the
libraries below read odd URLs in different ways (RFC 3986 section 7, RFC 9110 section 4.2.4).
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import unquote_plus

MAX_LENGTH: Final = 8192
"""Characters of a URL at the most: what servers take (RFC 9110 section 4.1 asks for at least 8000)."""

DEFAULT_PORTS: Final = {"https": 443, "http": 80}

_PCHAR: Final = r"(?:[-._~0-9A-Za-z!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})"
_URL: Final = re.compile(
    rf"(?P<scheme>[A-Za-z][-+.0-9A-Za-z]*)://"
    rf"(?P<host>[-._0-9A-Za-z]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]*)?"
    rf"(?P<path>(?:/{_PCHAR}*)?)(?P<query>\?(?:{_PCHAR}|\?)*)?"
)
_LABEL: Final = re.compile(r"[0-9A-Za-z_](?:[-0-9A-Za-z_]{0,61}[0-9A-Za-z_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0[Xx][0-9A-Fa-f]*")
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][-+.0-9A-Za-z]*:(?:[-._~0-9A-Za-z!$&'()*+,;=:@/?\[\]]|%[0-9A-Fa-f]{2})+")


def split_origin(url: str) -> tuple[str, str, int] | str:
    """
    Return scheme, host and port of an http or https *url*; or, as a str, what is wrong with it.

        >>> split_origin("HTTPS://API.example/things")
        ('https', 'api.example', 443)
    """
    if not isinstance(url, str):
        return f"give a URL as str, not {type(url).__name__}"
    if len(url) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    match = _URL.fullmatch(url)
    if match is None:
        return _syntax_fault(url)
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if scheme not in DEFAULT_PORTS:
        return "begins with another scheme: give an https URL"
    if not is_host(host):
        return "has a host that is neither a name nor an address in its usual spelling"
    number = int(port[1:6]) if port and len(port) > 1 else DEFAULT_PORTS[scheme]
    if port and (len(port) > 6 or not 0 < number < 65536):
        return "has a port outside 1 to 65535"
    return scheme, host, number


def query_names(url: str) -> frozenset[str]:
    """
    Return the names of the parameters in the query of *url*, decoded.

        >>> sorted(query_names("https://as.example/token?a=1&client%5Fsecret=x"))
        ['a', 'client_secret']
    """
    return frozenset(unquote_plus(piece.partition("=")[0]) for piece in url.partition("?")[2].split("&") if piece)


def uri_fault(uri: str) -> str | None:
    """
    Return what is wrong with *uri* as an absolute URI without fragment (RFC 3986 section 4.3), or None.

        >>> uri_fault("urn:example:api") is None
        True
    """
    if not isinstance(uri, str):
        return f"give an absolute URI as str, not {type(uri).__name__}"
    if len(uri) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    if "#" in uri:
        return "has a fragment: leave out '#' and what follows (RFC 8707 section 2)"
    if not _ABSOLUTE_URI.fullmatch(uri):
        return "is no absolute URI: give a scheme and percent-encode what URIs do not hold (RFC 3986)"
    return None


def _syntax_fault(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if url != url.strip().strip("\"'"):
        return "begins or ends with a space, a newline or a quote: strip it"
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


def is_host(host: str) -> bool:
    """
    Return whether *host* is a name or an address in its usual spelling, in lower case.

        >>> is_host("as.example"), is_host("127.1")
        (True, False)
    """
    if host != host.lower():
        return False
    if host.startswith("["):
        return _is_address(IPv6Address, host[1:-1])
    labels = host.removesuffix(".").split(".")
    # A last label that is a number makes an address of the whole for some resolvers (inet_aton): only one spelling.
    if _NUMBER.fullmatch(labels[-1]):
        return _is_ipv4(host)
    return len(host) <= 253 and all([_LABEL.fullmatch(label) for label in labels])


def is_loopback(host: str) -> bool:
    """
    Return whether *host* is ``localhost``, in 127.0.0.0/8 or ``[::1]``, in exactly these spellings.

        >>> is_loopback("127.0.0.1"), is_loopback("127.0.0.1.example")
        (True, False)
    """
    return host in ("localhost", "[::1]") or (_is_ipv4(host) and host.startswith("127."))


def _is_ipv4(host: str) -> bool:
    return _is_address(IPv4Address, host)


def _is_address(kind: type[IPv4Address] | type[IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return True
