"""
URLs: which ones a secret or a token may be sent to, and every vector of cases/endpoints.json.
"""

import ipaddress
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from oauth_cc._wire.url import MAX_LENGTH, is_loopback
from oauth_cc.endpoint import Endpoint, Origin, as_endpoint, check_resource, check_url, endpoint_fault, origin
from oauth_cc.errors import InsecureEndpoint, InvalidInput, OAuthError
from tests.vectors import Case, load, value

KINDS: dict[str, type[OAuthError]] = {
    "insecure_transport": InsecureEndpoint,
    "invalid_endpoint": InvalidInput,
    "any": OAuthError,
}
UNRESERVED = "abcXYZ019-._~"

labels = st.from_regex(r"[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,8}[a-zA-Z0-9_])?", fullmatch=True)
names = st.builds(lambda before, last: ".".join([*before, f"{last}z"]), st.lists(labels, max_size=3), labels)
ipv4 = st.builds(str, st.ip_addresses(v=4))
ipv6 = st.builds(lambda address: f"[{address}]", st.ip_addresses(v=6))
hosts = st.one_of(names, ipv4, ipv6, st.sampled_from(["localhost", "as.example.", "xn--bcher-kva.example"]))
ports = st.one_of(st.just(""), st.just(":"), st.integers(1, 65535).map(lambda number: f":{number}"))
pieces = st.lists(st.one_of(st.sampled_from([*UNRESERVED, "%20", "%2F", *"!$&'()*+,;=:@/"])), max_size=8).map("".join)
paths = st.one_of(st.just(""), pieces.map(lambda piece: f"/{piece}"))
queries = st.one_of(st.just(""), pieces.map(lambda piece: f"?{piece}"))
https_urls = st.builds(
    lambda *parts: "".join(parts), st.sampled_from(["https://", "HTTPS://", "hTtPs://"]), hosts, ports, paths, queries
)
pieces_of_urls = [
    *("https", "http", "HTTP", ":", "//", "/", "\\", "@", "#", "?", "[", "]", "::1", "127.0.0.1", "127.1", "0x7f"),
    *("localhost", "as.example", ".", "%2f", "%", "{", "}", " ", "\t", "\n", "\x00", "é", "／", "１", "\ud800", "443"),
]
url_like = st.lists(st.sampled_from(pieces_of_urls), max_size=10).map("".join)


def check_endpoint(url: str) -> str:
    """Gives *url* back if it can be an endpoint."""
    return Endpoint(url).url


def untyped(given_value: object) -> Any:
    """Gives *given_value* as a program without a type checker would."""
    return given_value


def test_the_vectors_are_all_here() -> None:
    """The vectors have names of their own, and none was lost."""
    assert 80 == len({case.name for case in load("endpoints.json")})


@pytest.mark.parametrize("case", load("endpoints.json"), ids=lambda case: case.name)
def test_vector(case: Case) -> None:
    """A token endpoint is taken as given or refused with the right kind of error."""
    url, allowed = value(case.data["url"]), case.data.get("context", {}).get("allow_http", False)
    if case.expect["outcome"] == "error":
        with pytest.raises(KINDS[case.expect["kind"]]):
            Endpoint(url, allow_http=allowed)
        return
    assert case.expect.get("url_sent", url) == Endpoint(url, allow_http=allowed).url
    assert case.expect.get("host", origin(url).host) == origin(url).host


class TestHttpsAlone:
    @given(https_urls)
    def test_https(self, url: str) -> None:
        """An https URL inside the grammar is given back as it is, and nothing is normalised on the way."""
        assert url is check_url(url)
        assert url is check_resource(url)

    @given(https_urls.filter(lambda url: not is_loopback(origin(url).host)))
    def test_http_is_insecure_beyond_loopback_unless_the_caller_allows_it(self, url: str) -> None:
        """The same URL over http, to whatever other host: an API's never, an endpoint's by a word at the call site."""
        plain = f"http{url[5:]}"
        for check in (check_endpoint, check_url):
            with pytest.raises(InsecureEndpoint):
                check(plain)
        assert Endpoint(plain, allow_http=True) == Endpoint(plain, allow_http=True)
        assert Endpoint(plain, allow_http=True).url == plain
        assert Endpoint(url, allow_http=True) == Endpoint(url)

    @pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "127.255.255.254", "[::1]", "127.0.0.1:1"])
    @pytest.mark.parametrize("check", [check_endpoint, check_url])
    def test_http_to_loopback(self, check: Callable[..., str], host: str) -> None:
        """Http to this machine needs no word, as browsers treat it (Secure Contexts section 3.1)."""
        url = f"http://{host}/token"
        assert url == check(url)
        assert Endpoint(url, allow_http=True) == as_endpoint(url)

    @given(st.ip_addresses(v=4).filter(lambda address: not address.is_loopback))
    @example(ipaddress.IPv4Address("126.255.255.255"))
    @example(ipaddress.IPv4Address("128.0.0.1"))
    @example(ipaddress.IPv4Address("0.0.0.0"))  # noqa: S104
    def test_other_addresses_are_not_loopback(self, address: ipaddress.IPv4Address) -> None:
        """An address outside 127.0.0.0/8 is no loopback, so that http to it stays insecure."""
        with pytest.raises(InsecureEndpoint, match="everyone on the way"):
            check_url(f"http://{address}/")

    @pytest.mark.parametrize(
        "host",
        ["localhost.", "localhost.example", "127.0.0.1.example", "[::]", "[::2]", "[::ffff:127.0.0.1]", "localhost4"],
    )
    def test_names_like_loopback(self, host: str) -> None:
        """A host that only resembles loopback is none."""
        with pytest.raises(InsecureEndpoint):
            check_url(f"http://{host}/")

    @pytest.mark.parametrize("scheme", ["ftp", "ws", "httpsx", "xhttps", "https+unix", "file"])
    def test_other_schemes(self, scheme: str) -> None:
        """A URL of another scheme is refused, but not as if it were http."""
        with pytest.raises(InvalidInput, match="another scheme") as caught:
            check_endpoint(f"{scheme}://as.example/token")
        assert InvalidInput is type(caught.value)


class TestReasons:
    @pytest.mark.parametrize(
        ("expected", "url"),
        [
            ("not NoneType", None),
            ("not bytes", b"https://as.example/"),
            ("is longer than 8192", "https://as.example/" + "a" * MAX_LENGTH),
            ("backslash", "https://as.example\\token"),
            ("no absolute URL", ""),
            ("no absolute URL", "as.example/token"),
            ("no absolute URL", "://as.example"),
            ("no absolute URL", "https:///token"),
            ("no absolute URL", "https://?a"),
            ("userinfo", "https://id:s3cret@as.example/token"),
            ("userinfo", "https://@as.example"),
            ("fragment", "https://as.example/token#"),
            ("fragment", "https://as.example#@x"),
            ("placeholder", "https://as.example/{tenant}/token"),
            ("percent-encode", "https://as.example/to ken"),
            ("percent-encode", "https://as.exämple/"),
            ("percent-encode", "https://as.example/?a[]=1"),
            ("another scheme", "ftp://as.example/"),
            ("neither a name nor an address", "https://as..example/"),
            ("port outside", "https://as.example:65536/"),
        ],
    )
    def test_each_fault_is_named(self, expected: str, url: object) -> None:
        """A refusal says which rule the URL breaks, the first in the order in which a reader would see it."""
        for check in (check_endpoint, check_url, origin):
            with pytest.raises(InvalidInput, match=expected):
                untyped(check)(url)

    @pytest.mark.parametrize(("parameter", "check"), [("token endpoint", check_endpoint), ("URL", check_url)])
    def test_names_the_parameter(self, parameter: str, check: Callable[[str], str]) -> None:
        """A refusal names what was given: an endpoint, or the URL of an API."""
        with pytest.raises(InvalidInput) as caught:
            check("http://as.example/")
        assert parameter == caught.value.parameter

    @pytest.mark.parametrize(
        "url",
        [
            "https://id:s3cret@as.example/",
            "http://as.example/?client_secret=s3cret",
            "https://as.example/?client_secret=s3cret",
            "https://as.example/#access_token=s3cret",
            "ftp://s3cret/",
            "https://s3cret..example/",
            "s3cret",
        ],
    )
    def test_quotes_nothing(self, url: str) -> None:
        """Neither text nor frames of a refusal show the URL, in which a secret may stand."""
        with pytest.raises(InvalidInput) as caught:
            Endpoint(url)
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
        assert ["__init__"] == [frame.name for frame in frames]
        assert "s3cret" not in f"{caught.value!r} {frames[0].locals}"

    @pytest.mark.parametrize("ask", [check_url, origin, check_resource])
    def test_frames_hold_nothing(self, ask: Callable[[str], object]) -> None:
        """The frames below the caller's own hold nothing of a URL that was refused."""
        with pytest.raises(InvalidInput) as caught:
            ask("https://id:s3cret@as.example/#")
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
        assert "s3cret" not in str([frame.locals for frame in frames])

    @given(st.one_of(https_urls, url_like))
    @example("http://localhost/")
    def test_fault_as_a_value(self, url: str) -> None:
        """`endpoint_fault` gives the error that `check_endpoint` raises, or None where it raises none."""
        fault = endpoint_fault(url)
        if fault is None:
            assert url is check_endpoint(url)
            return
        with pytest.raises(InvalidInput) as caught:
            check_endpoint(url)
        assert fault == caught.value


class TestHostileUrls:
    @given(st.one_of(url_like, st.text()))
    @example("https://[/")
    @example("https://[::1")
    @example("https://[]/")
    @example("https://[.]/")
    @example("https://./")
    @example("https://as.example:٤٤٣/")
    def test_any_text(self, url: str) -> None:
        """Any text is given back as it is or is an `InvalidInput`, and nothing else is raised."""
        try:
            assert url is check_endpoint(url)
        except InvalidInput:
            return
        assert url.isascii()
        assert url.isprintable()
        assert not set(url) & set(' "#<>\\^`{|}')

    @given(https_urls, st.data())
    def test_one_strange_character(self, url: str, data: st.DataObject) -> None:
        """A blank, control character, backslash, '#', quote or non-ASCII character anywhere makes a URL refused."""
        strange = st.one_of(st.sampled_from(' "#<>\\^`{|}\t\r\n\x00\x7f'), st.characters(min_codepoint=0x80))
        place = data.draw(st.integers(0, len(url)))
        with pytest.raises(InvalidInput):
            check_url(url[:place] + data.draw(strange) + url[place:])

    @given(hosts, hosts)
    def test_userinfo_hides_no_host(self, shown: str, real: str) -> None:
        """What stands before '@' is refused, also if it looks like the host (RFC 9110 section 4.2.4)."""
        for authority in (f"{shown}@{real}", f"{shown}:443@{real}", f"@{real}"):
            with pytest.raises(InvalidInput):
                check_url(f"https://{authority}/")

    @pytest.mark.parametrize("over", [0, 1])
    def test_length(self, over: int) -> None:
        """A URL of `MAX_LENGTH` characters is taken, a longer one is not."""
        url = "https://as.example/".ljust(MAX_LENGTH + over, "a")
        if not over:
            assert url == check_endpoint(url)
            return
        with pytest.raises(InvalidInput, match="is longer"):
            check_endpoint(url)


class TestCredentialsInTheQuery:
    @pytest.mark.parametrize("name", ["client_secret", "client_assertion", "client_assertion_type", "access_token"])
    @pytest.mark.parametrize("query", ["{}=x", "{}", "a=1&{}=x", "{}=&a=1", "a=b=c&&{}=x", "a?b&{}=x"])
    def test_refused_at_an_endpoint(self, name: str, query: str) -> None:
        """Credentials in the query of an endpoint are refused, by their name (RFC 6749 section 2.3.1)."""
        with pytest.raises(InvalidInput, match=f"has {name} in its query"):
            check_endpoint(f"https://as.example/token?{query.format(name)}")

    @pytest.mark.parametrize("name", ["client%5Fsecret", "%63lient_secret", "client%5fsecre%74"])
    def test_refused_in_any_spelling(self, name: str) -> None:
        """Percent-encoding does not hide the name of a credential."""
        with pytest.raises(InvalidInput, match="has client_secret in its query"):
            check_endpoint(f"https://as.example/token?{name}=x")

    @pytest.mark.parametrize(
        "query", ["client_id=a", "x=client_secret", "my_client_secret=x", "tenant=%ff", "?", "&&="]
    )
    def test_other_parameters_stay(self, query: str) -> None:
        """Any other query is kept as it is (RFC 6749 section 3.2)."""
        url = f"https://as.example/token?{query}"
        assert url == check_endpoint(url)

    def test_path_is_no_query(self) -> None:
        """A path may hold any word."""
        assert "https://as.example/client_secret" == check_endpoint("https://as.example/client_secret")

    def test_an_apis_own_query(self) -> None:
        """The query of an API's URL is its own."""
        assert "https://api.example/?access_token=x" == check_url("https://api.example/?access_token=x")


class TestOrigin:
    @pytest.mark.parametrize(
        ("expected", "url"),
        [
            (Origin("https", "as.example", 443), "https://as.example"),
            (Origin("https", "as.example", 443), "HTTPS://AS.Example:443/A?B"),
            (Origin("https", "as.example", 443), "https://as.example:/"),
            (Origin("https", "as.example", 443), "https://as.example:00443/"),
            (Origin("http", "as.example", 80), "http://as.example?x=https://other.example"),
            (Origin("https", "as.example", 80), "https://as.example:80/"),
            (Origin("https", "[2001:db8::a]", 8443), "https://[2001:DB8::A]:8443/"),
            (Origin("https", "as.example.", 443), "https://as.example./"),
        ],
    )
    def test_examples(self, expected: Origin, url: str) -> None:
        """An origin is scheme, host and port, in lower case and with the port written out (RFC 6454 section 4)."""
        assert expected == origin(url)
        assert hash(expected) == hash(origin(url))

    @given(https_urls)
    @example("https://as.example:65535/@x:1")
    def test_as_urllib(self, url: str) -> None:
        """Scheme, host and port are where urllib finds them, so that the request goes where the check looked."""
        split, found = urlsplit(url), origin(url)
        assert (split.scheme, split.hostname) == (found.scheme, found.host.strip("[]"))
        assert (split.port or 443) == found.port

    @given(https_urls)
    def test_text_leads_back(self, url: str) -> None:
        """The text of an origin is a URL of that origin."""
        assert origin(url) == origin(str(origin(url)))

    @given(hosts, paths, queries)
    def test_is_of_the_authority_alone(self, host: str, path: str, query: str) -> None:
        """Case, the default port, path and query make no other origin."""
        assert origin(f"https://{host}") == origin(f"HTTPS://{host.upper()}:443{path}{query}")

    @given(https_urls, https_urls)
    @example("https://as.example", "https://as.example:444")
    @example("https://as.example", "https://as.example.")
    def test_equality(self, left: str, right: str) -> None:
        """Two URLs share an origin exactly if scheme, host and port agree."""
        parts = [(urlsplit(url).hostname, urlsplit(url).port or 443) for url in (left, right)]
        assert (parts[0] == parts[1]) == (origin(left) == origin(right))

    def test_scheme_counts(self) -> None:
        """Http and https to the same host and port are different origins."""
        assert origin("http://as.example:443") != origin("https://as.example:443")

    def test_frozen(self) -> None:
        """An origin cannot be changed."""
        found = origin("https://as.example")
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            found.host = "evil.example"  # type: ignore[misc]  # what the test proves


class TestHosts:
    @given(st.ip_addresses(v=4))
    @example(ipaddress.IPv4Address("0.0.0.0"))  # noqa: S104
    def test_ipv4(self, address: ipaddress.IPv4Address) -> None:
        """An IPv4 address in four decimal numbers is taken."""
        assert str(address) == origin(f"https://{address}/").host

    @given(st.ip_addresses(v=6))
    @example(ipaddress.IPv6Address("::ffff:192.0.2.7"))
    def test_ipv6(self, address: ipaddress.IPv6Address) -> None:
        """An IPv6 address in brackets is taken, short or written out."""
        assert f"[{address}]" == origin(f"https://[{address}]/").host
        assert f"[{address.exploded}]" == origin(f"https://[{address.exploded.upper()}]/").host

    @pytest.mark.parametrize(
        "host",
        [
            *("1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "a.0x", "0X7F.1", "0177.0.0.1", "256.1.1.1"),
            *("1.2.3.4.5", "1.2.3", "1.2.3.4.", "as.example.1", "01.2.3.4"),
        ],
    )
    def test_numbers_in_other_spellings(self, host: str) -> None:
        """A host that a resolver could take for another spelling of an address is refused."""
        with pytest.raises(InvalidInput, match="usual spelling"):
            check_url(f"https://{host}/")

    @pytest.mark.parametrize("host", ["1.example", "0x7f.example", "1a", "0xg", "x1.2y", "a.b-c.d_e", "_a", "a" * 63])
    def test_names(self, host: str) -> None:
        """A name may hold digits, hyphens amid and underscores, as long as its last label is no number."""
        assert host == origin(f"https://{host}/").host

    @pytest.mark.parametrize("host", [".", "..", ".a", "a..b", "a..", "-a", "a-", "a-.b", "~a", "a" * 64, "a,b", "%61"])
    def test_no_names(self, host: str) -> None:
        """Empty labels, hyphens at an end, labels over 63 characters and other characters make no name."""
        with pytest.raises(InvalidInput):
            check_url(f"https://{host}/")

    @pytest.mark.parametrize(("length", "taken"), [(253, True), (254, False)])
    def test_length_of_a_name(self, length: int, taken: bool) -> None:
        """A name has 253 characters at the most."""
        host = ".".join(["a" * 61] * 5)[:length]
        assert length == len(host)
        if taken:
            assert host == origin(f"https://{host}/").host
            return
        with pytest.raises(InvalidInput):
            origin(f"https://{host}/")

    @pytest.mark.parametrize(
        "host", ["[]", "[:]", "[:::]", "[::1", "::1", "[::1%25eth0]", "[1.2.3.4]", "[g::]", "[v1.a]"]
    )
    def test_no_ipv6(self, host: str) -> None:
        """What stands in brackets is an IPv6 address without zone, or the host is refused."""
        with pytest.raises(InvalidInput):
            check_url(f"https://{host}/")

    @given(st.integers(0, 200_000))
    @example(0)
    @example(1)
    @example(65535)
    @example(65536)
    def test_ports(self, port: int) -> None:
        """A port from 1 to 65535 is taken, every other number is refused."""
        url = f"https://as.example:{port}/"
        if 1 <= port <= 65535:
            assert port == origin(url).port
            return
        with pytest.raises(InvalidInput, match="has a port outside"):
            origin(url)

    @pytest.mark.parametrize("port", ["-1", "+443", "0x1bb", "4_4", " 443", "443 ", "٤٤٣", "443:443", "1e2"], ids=ascii)
    def test_ports_that_are_no_digits(self, port: str) -> None:
        """A port of anything but ASCII digits is refused, whatever int() would read in it."""
        with pytest.raises(InvalidInput):
            origin(f"https://as.example:{port}/")


class TestIsLoopback:
    @given(st.ip_addresses(v=4, network="127.0.0.0/8"), ports)
    def test_ipv4(self, address: ipaddress.IPv4Address, port: str) -> None:
        """Every address in 127.0.0.0/8 is loopback, at any port."""
        assert is_loopback(origin(f"https://{address}{port}/").host)

    @given(https_urls)
    @example("https://127.0.0.1x/")
    @example("https://[::1]/")
    @example("https://127.example/")
    def test_exactly_these(self, url: str) -> None:
        """A host is loopback exactly if it is ``localhost``, a loopback IPv4 address, or ``[::1]``."""
        host = origin(url).host
        try:
            expected = ipaddress.IPv4Address(host).is_loopback
        except ValueError:
            expected = host in ("localhost", "[::1]")
        assert expected == is_loopback(origin(url).host)


class TestResource:
    @pytest.mark.parametrize(
        "uri",
        [
            "https://api.example/",
            "https://api.example/a?b=c",
            "urn:example:api",
            "api://0-1/a%20b",
            "http://[::1]/",
            "a:b",
        ],
    )
    def test_absolute_uris(self, uri: str) -> None:
        """An absolute URI of any scheme, with or without a query, is given back as it is (RFC 8707 section 2)."""
        assert uri is check_resource(uri)

    @pytest.mark.parametrize(
        ("expected", "uri"),
        [
            ("not NoneType", None),
            ("not bytes", b"https://api.example/"),
            ("not list", ["https://api.example/"]),
            ("is longer than 8192", "urn:" + "a" * MAX_LENGTH),
            ("has a fragment", "https://api.example/#"),
            ("has a fragment", "https://api.example/#a"),
            ("has a fragment", "#"),
            ("no absolute URI", ""),
            ("no absolute URI", "api"),
            ("no absolute URI", "/api"),
            ("no absolute URI", "//api.example/"),
            ("no absolute URI", "https:"),
            ("no absolute URI", "1a:b"),
            ("no absolute URI", ":a"),
            ("no absolute URI", "urn:a b"),
            ("no absolute URI", "urn:a\n"),
            ("no absolute URI", "urn:é"),
            ("no absolute URI", "urn:%"),
            ("no absolute URI", "urn:%4"),
            ("no absolute URI", "urn:\\"),
        ],
    )
    def test_refusals(self, expected: str, uri: object) -> None:
        """What is no absolute URI, or has a fragment, an empty one too, is refused (RFC 8707 section 2)."""
        with pytest.raises(InvalidInput, match=expected):
            check_resource(untyped(uri))

    @given(st.one_of(url_like, st.text()))
    @example("urn:\ud800")
    def test_any_text(self, uri: str) -> None:
        """Any text is given back as it is or is an `InvalidInput`, and nothing else is raised."""
        with suppress(InvalidInput):
            assert uri is check_resource(uri)

    @given(https_urls)
    def test_length_is_bounded(self, url: str) -> None:
        """A resource indicator has `MAX_LENGTH` characters at the most."""
        assume("?" not in url)
        longest = f"{url}?".ljust(MAX_LENGTH, "a")
        assert longest == check_resource(longest)
        with pytest.raises(InvalidInput):
            check_resource(f"{longest}a")


@pytest.mark.parametrize(
    ("scheme", "host", "port"),
    [
        ("HTTPS", "h", 443),
        ("ftp", "h", 21),
        ("https", "H", 443),
        ("https", "", 443),
        ("https", "h", 0),
        ("https", "h", -1),
    ],
)
def test_origin_is_valid_or_not_at_all(scheme: str, host: str, port: int) -> None:
    """An origin that no URL has cannot be made."""
    with pytest.raises(InvalidInput, match=r"^origin: "):
        Origin(scheme, host, port)
