"""
The grammar of URLs, their hosts and their origins.

URLs are never normalised. The text that is checked is the text that is sent, because HTTP libraries parse odd URLs in
different ways (RFC 3986 section 7, RFC 9110 section 4.2.4).
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import unquote_plus

from oauth_cc._wire.grammar import text_fault

MAX_LENGTH: Final = 8192
"""The maximum number of characters of a URL (RFC 9110 section 4.1 recommends support for at least 8000)."""

DEFAULT_PORTS: Final = {"https": 443, "http": 80}

_PCHAR: Final = r"(?:[-._~0-9A-Za-z!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})"
_URL: Final = re.compile(
    rf"(?P<scheme>[A-Za-z][-+.0-9A-Za-z]*)://"
    rf"(?P<host>[-._0-9A-Za-z]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]*)?"
    rf"(?P<path>(?:/{_PCHAR}*)?)(?P<query>\?(?:{_PCHAR}|\?)*)?"
)
_WORD_AS_PORT: Final = re.compile(r"(?:[-._0-9A-Za-z]+|\[[0-9A-Fa-f:.]+\]):[-._0-9A-Za-z]+")
_SCHEME_FAULT: Final = "must begin with https://, not with another scheme"
_LABEL: Final = re.compile(r"[0-9A-Za-z_](?:[-0-9A-Za-z_]{0,61}[0-9A-Za-z_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0[Xx][0-9A-Fa-f]*")
_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][-+.0-9A-Za-z]*:(?:[-._~0-9A-Za-z!$&'()*+,;=:@/?\[\]]|%[0-9A-Fa-f]{2})+")


def split_origin(url: str) -> tuple[str, str, int] | str:
    """
    Return scheme, host and port of an http or https *url*, or what is wrong with it as a str ("must …").

        >>> split_origin("HTTPS://API.example/things")
        ('https', 'api.example', 443)
    """
    fault = text_fault(url)
    if fault is not None:
        return fault
    if len(url) > MAX_LENGTH:
        return f"must not be longer than {MAX_LENGTH} characters"
    match = _URL.fullmatch(url)
    if match is None:
        return _syntax_fault(url)
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if scheme not in DEFAULT_PORTS:
        return _SCHEME_FAULT
    if not is_host(host):
        return "must have a host name, or an IP address in its usual notation, as its host"
    number = int(port[1:6]) if port and len(port) > 1 else DEFAULT_PORTS[scheme]
    if port and (len(port) > 6 or not 0 < number < 65536):
        return "must have a port from 1 to 65535"
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

    The str lacks its subject ("must …").

        >>> uri_fault("urn:example:api") is None
        True
    """
    fault = text_fault(uri)
    if fault is not None:
        return fault
    if len(uri) > MAX_LENGTH:
        return f"must not be longer than {MAX_LENGTH} characters"
    if "#" in uri:
        return "must not have a fragment; remove '#' and what follows (RFC 8707 section 2)"
    if "@" in re.split(r"[/?]", uri.partition("://")[2], maxsplit=1)[0]:
        return "must not contain userinfo before '@'; name the resource without credentials"
    if not _ABSOLUTE_URI.fullmatch(uri):
        advice = "for a GUID or a name, use with_resource(name, uri=False)"
        return f"must be an absolute URI such as 'https://api.example/', percent-encoded (RFC 3986); {advice}"
    return None


def _syntax_fault(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if url != url.strip().strip("\"'"):
        return "must not begin or end with white space or a quote; remove it"
    if "\\" in url:
        # HTTP libraries parse a backslash in different ways.
        return "must not contain a backslash; use '/'"
    if not separator or not scheme:
        return "must be an absolute URL; begin it with https://"
    if not authority:
        return "must have a host name after '://'" if scheme.lower() in DEFAULT_PORTS else _SCHEME_FAULT
    if "@" in authority:
        return "must not contain userinfo before '@'; pass credentials to ClientCredentials (RFC 9110 section 4.2.4)"
    if "#" in url:
        return "must not have a fragment; remove '#' and what follows (RFC 6749 section 3.2)"
    if "{" in url:
        return "must not have a placeholder in braces; replace it with its value"
    if _WORD_AS_PORT.fullmatch(authority):
        return "must have a number as its port, such as 443"
    return "must consist of URL characters; percent-encode any other, and write the host name in ASCII (RFC 3986)"


def is_host(host: str) -> bool:
    """
    Return whether *host* is a host name or an IP address in its usual notation, in lower case.

        >>> is_host("as.example"), is_host("127.1")
        (True, False)
    """
    if host != host.lower():
        return False
    if host.startswith("["):
        return host.endswith("]") and _is_address(IPv6Address, host[1:-1])
    labels = host.removesuffix(".").split(".")
    # Some resolvers (inet_aton) read a host that ends in a number as an address. Only the usual notation is accepted.
    if _NUMBER.fullmatch(labels[-1]):
        return _is_ipv4(host)
    return len(host) <= 253 and all([_LABEL.fullmatch(label) for label in labels])


def is_loopback(host: str) -> bool:
    """
    Return whether *host* is ``localhost``, an address in 127.0.0.0/8 or ``[::1]``, in exactly this notation.

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
