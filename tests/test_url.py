"""
The grammar of URLs and of hosts by itself; test_endpoint.py has the checks that use it.
"""

from typing import Any

import pytest

from oauth_cc._wire.url import MAX_LENGTH, is_host, is_loopback, query_names, split_origin, uri_fault

SCHEME = "must begin with https://, not with another scheme"
SYNTAX = "must consist of URL characters; percent-encode any other, and write the host name in ASCII (RFC 3986)"
USERINFO = "must not contain userinfo before '@'; pass credentials to ClientCredentials (RFC 9110 section 4.2.4)"
FRAGMENT = "must not have a fragment; remove '#' and what follows (RFC 6749 section 3.2)"
RELATIVE = "must be an absolute URL; begin it with https://"
NO_HOST = "must have a host name after '://'"
HOST = "must have a host name, or an IP address in its usual notation, as its host"
EDGES = "must not begin or end with white space or a quote; remove it"
PORT = "must have a port from 1 to 65535"
WORD = "must have a number as its port, such as 443"
BRACES = "must not have a placeholder in braces; replace it with its value"
BACKSLASH = "must not contain a backslash; use '/'"
UNSET = "(is an environment variable unset?)"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h", ("https", "h", 443)),
        ("HTTP://H.Example:/a?b", ("http", "h.example", 80)),
        ("https://h:1/", ("https", "h", 1)),
        ("https://h:65535?a", ("https", "h", 65535)),
        ("https://h:00080", ("https", "h", 80)),
        ("https://[::1]:8443/a", ("https", "[::1]", 8443)),
        ("https://h/a:b@c//?d?e=/%2f", ("https", "h", 443)),
        (None, f"must not be None {UNSET}"),
        ("", f"must not be empty {UNSET}"),
        (b"https://h", "must be a str, not bytes"),
        ("https://h/" + "a" * (MAX_LENGTH - 10), ("https", "h", 443)),
        ("https://h/" + "a" * (MAX_LENGTH - 9), "must not be longer than 8192 characters"),
        (" https://h", EDGES),
        ("https://h\n", EDGES),
        ("'https://h", EDGES),
        ('https://h"', EDGES),
        ("'\\", EDGES),
        ("https://h\\a", BACKSLASH),
        ("a\\b", BACKSLASH),
        ("h/token", RELATIVE),
        ("://h", RELATIVE),
        ("https:h", RELATIVE),
        ("https://", NO_HOST),
        ("HTTPS:///a", NO_HOST),
        ("http://?a", NO_HOST),
        ("https://#a", NO_HOST),
        ("file:///a", SCHEME),
        ("ftp://h", SCHEME),
        ("https://a@h#b{", USERINFO),
        ("https://@h", USERINFO),
        ("https://h/a@b#c", FRAGMENT),
        ("https://h#", FRAGMENT),
        ("https://h?a#{", FRAGMENT),
        ("https://{tenant}.h/a b", BRACES),
        ("https://h/{tenant}", BRACES),
        ("https://h:port", WORD),
        ("https://[::1]:80a/a b", WORD),
        ("https://h:0", PORT),
        ("https://h:65536", PORT),
        ("https://h:000080", PORT),
        ("https://h..example", HOST),
        ("https://127.1", HOST),
        ("https://h/a b", SYNTAX),
        ("https://h/%zz", SYNTAX),
        ("https://[::1", SYNTAX),
        ("1://h", SYNTAX),
    ],
    ids=ascii,
)
def test_a_url_has_an_origin_or_one_fault(url: Any, expected: object) -> None:
    """The fault is the one that its writer can mend first."""
    assert split_origin(url) == expected


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://h", []),
        ("https://h?", []),
        ("https://h?a", ["a"]),
        ("https://h?a=1&b=2&a=3", ["a", "b"]),
        ("https://h?&a=1=2&&", ["a"]),
        ("https://h?a?b=1", ["a?b"]),
        ("https://h?client%5Fsecret=x&a+b", ["a b", "client_secret"]),
        ("https://h?=x", [""]),
    ],
)
def test_the_names_in_a_query_are_decoded(url: str, names: list[str]) -> None:
    """A server reads them so."""
    assert sorted(query_names(url)) == names


NO_URI = "must be an absolute URI such as 'https://api.example/', percent-encoded (RFC 3986)"


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("urn:a", None),
        ("https://h?a", None),
        ("a:" + "b" * (MAX_LENGTH - 2), None),
        ("a:" + "b" * (MAX_LENGTH - 1), "must not be longer than 8192 characters"),
        ("urn:a@b", None),
        ("https://h/a@b", None),
        ("https://h?a@b", None),
        ("https://a@h/b", "must not contain userinfo before '@'; name the resource without credentials"),
        ("x://@?a", "must not contain userinfo before '@'; name the resource without credentials"),
        (None, f"must not be None {UNSET}"),
        ("", f"must not be empty {UNSET}"),
        (5, "must be a str, not int"),
        ("urn:a#", "must not have a fragment; remove '#' and what follows (RFC 8707 section 2)"),
        *[
            (uri, f"{NO_URI}; for a GUID or a name, use with_resource(name, uri=False)")
            for uri in ("a", "a:", "urn:a b", "urn:%4")
        ],
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_uri_is_absolute_and_without_fragment(uri: Any, fault: str | None) -> None:
    """Its scheme may be any."""
    assert uri_fault(uri) == fault


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *[(host, True) for host in ("h", "a.b", "a.b.", "a-b", "_a", "1a", "1.a", "127.0.0.1", "[::1]", "[1:2::]")],
        *[(host, True) for host in ("a" * 63, ".".join(["a" * 63] * 3 + ["a" * 61]), "0xg", "a.0xg", "1.2.3.4a")],
        *[(host, False) for host in ("", ".", "a..b", ".a", "-a", "a-", "A", "[::G]", "[::1", "[]", "a b", "é", "a:1")],
        *[(host, False) for host in ("a" * 64, ".".join(["a" * 63] * 3 + ["a" * 62]), "1.2.3", "1.2.3.256", "5", "0x")],
        *[(host, False) for host in ("a.1", "a.0x1f", "1.2.3.4.", "0x7f.1", "01.2.3.4", "1.2.3.4.5", "[1.2.3.4]")],
    ],
    ids=ascii,
)
def test_a_host_is_a_name_or_an_address_in_its_usual_notation(host: str, expected: bool) -> None:
    """Resolvers read a host that ends in a number as an address, so that any other notation is rejected."""
    assert is_host(host) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *[(host, True) for host in ("localhost", "[::1]", "127.0.0.1", "127.255.255.254")],
        *[(host, False) for host in ("LOCALHOST", "localhost.", "a.localhost", "[::2]", "::1", "[0::1]", "")],
        *[(host, False) for host in ("128.0.0.1", "1.27.0.0", "12.7.0.0", "127.1", "127.0.0.1.example", "127.0.0.256")],
    ],
    ids=ascii,
)
def test_loopback_is_localhost_127_and_ipv6_one(host: str, expected: bool) -> None:
    """Any other name may be resolved to another machine."""
    assert is_loopback(host) == expected
