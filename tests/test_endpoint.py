"""
Endpoints and origins, with the vectors of cases/endpoints.json.
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
    """Return *url* if it can be an endpoint."""
    return Endpoint(url).url


def untyped(given_value: object) -> Any:
    """Return *given_value* with the type that an unchecked program sees."""
    return given_value


def test_no_vector_is_lost() -> None:
    """The vectors have unique names."""
    assert 80 == len({case.name for case in load("endpoints.json")})


@pytest.mark.parametrize("case", load("endpoints.json"), ids=lambda case: case.name)
def test_a_vector_is_accepted_unchanged_or_rejected_with_its_error(case: Case) -> None:
    """The URL that is sent is the URL that was passed."""
    url, allowed = value(case.data["url"]), case.data.get("context", {}).get("allow_http", False)
    if case.expect["outcome"] == "error":
        with pytest.raises(KINDS[case.expect["kind"]]):
            Endpoint(url, allow_http=allowed)
        return
    assert case.expect.get("url_sent", url) == Endpoint(url, allow_http=allowed).url
    assert case.expect.get("host", origin(url).host) == origin(url).host


class TestHttpsAlone:
    @given(https_urls)
    def test_a_valid_https_url_is_returned_unchanged(self, url: str) -> None:
        """Nothing is normalised."""
        assert url is check_url(url)
        assert url is check_resource(url)

    @given(https_urls.filter(lambda url: not is_loopback(origin(url).host)))
    def test_http_is_insecure_beyond_loopback_unless_the_caller_allows_it(self, url: str) -> None:
        """An endpoint may be allowed at the call site, the URL of an API may not."""
        plain = f"http{url[5:]}"
        for check in (check_endpoint, check_url):
            with pytest.raises(InsecureEndpoint):
                check(plain)
        assert Endpoint(plain, allow_http=True) == Endpoint(plain, allow_http=True)
        assert Endpoint(plain, allow_http=True).url == plain
        assert Endpoint(url, allow_http=True) == Endpoint(url)

    @pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "127.255.255.254", "[::1]", "127.0.0.1:1"])
    @pytest.mark.parametrize("check", [check_endpoint, check_url])
    def test_http_to_loopback_is_always_allowed(self, check: Callable[..., str], host: str) -> None:
        """Browsers do the same (Secure Contexts section 3.1)."""
        url = f"http://{host}/token"
        assert url == check(url)
        assert Endpoint(url, allow_http=True) == as_endpoint(url)

    @given(st.ip_addresses(v=4).filter(lambda address: not address.is_loopback))
    @example(ipaddress.IPv4Address("126.255.255.255"))
    @example(ipaddress.IPv4Address("128.0.0.1"))
    @example(ipaddress.IPv4Address("0.0.0.0"))  # noqa: S104
    def test_http_to_an_address_outside_127_is_insecure(self, address: ipaddress.IPv4Address) -> None:
        """Only 127.0.0.0/8 is loopback."""
        with pytest.raises(InsecureEndpoint, match="anyone on the network"):
            check_url(f"http://{address}/")

    @pytest.mark.parametrize(
        "host",
        ["localhost.", "localhost.example", "127.0.0.1.example", "[::]", "[::2]", "[::ffff:127.0.0.1]", "localhost4"],
    )
    def test_http_to_a_host_that_resembles_loopback_is_insecure(self, host: str) -> None:
        """The name or address only looks like loopback."""
        with pytest.raises(InsecureEndpoint):
            check_url(f"http://{host}/")

    @pytest.mark.parametrize("scheme", ["ftp", "ws", "httpsx", "xhttps", "https+unix", "file"])
    def test_another_scheme_is_rejected_as_invalid_not_as_insecure(self, scheme: str) -> None:
        """The error is `InvalidInput` itself."""
        with pytest.raises(InvalidInput, match="begin with https://, not with another") as caught:
            check_endpoint(f"{scheme}://as.example/token")
        assert InvalidInput is type(caught.value)


class TestReasons:
    @pytest.mark.parametrize(
        ("expected", "url"),
        [
            ("must not be None .is an environment variable unset", None),
            ("not bytes", b"https://as.example/"),
            ("must not be longer than 8192", "https://as.example/" + "a" * MAX_LENGTH),
            ("backslash", "https://as.example\\token"),
            ("must not be empty .is an environment variable unset", ""),
            ("must be an absolute URL", "as.example/token"),
            ("must be an absolute URL", "://as.example"),
            ("must have a host name after", "https:///token"),
            ("must have a host name after", "https://?a"),
            ("userinfo", "https://id:s3cret@as.example/token"),
            ("userinfo", "https://@as.example"),
            ("fragment", "https://as.example/token#"),
            ("fragment", "https://as.example#@x"),
            ("placeholder", "https://as.example/{tenant}/token"),
            ("percent-encode", "https://as.example/to ken"),
            ("percent-encode", "https://as.exämple/"),
            ("percent-encode", "https://as.example/?a[]=1"),
            ("not with another scheme", "file:///etc"),
            ("not with another scheme", "ftp://as.example/"),
            ("must have a number as its port", "https://as.example:port/"),
            ("must have a host name, or", "https://as..example/"),
            ("must have a port from 1", "https://as.example:65536/"),
        ],
    )
    def test_an_error_names_the_first_rule_that_the_url_breaks(self, expected: str, url: object) -> None:
        """Every check uses the same words."""
        for check in (check_endpoint, check_url, origin):
            with pytest.raises(InvalidInput, match=expected):
                untyped(check)(url)

    @pytest.mark.parametrize(("parameter", "check"), [("token endpoint", check_endpoint), ("URL", check_url)])
    def test_an_error_names_the_endpoint_or_the_url(self, parameter: str, check: Callable[[str], str]) -> None:
        """The parameter is what the caller passed."""
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
    def test_an_error_does_not_show_the_url(self, url: str) -> None:
        """The URL may contain a secret, in the text as in the frames."""
        with pytest.raises(InvalidInput) as caught:
            Endpoint(url)
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
        assert ["__init__"] == [frame.name for frame in frames]
        assert "s3cret" not in f"{caught.value!r} {frames[0].locals}"

    @pytest.mark.parametrize("ask", [check_url, origin, check_resource])
    def test_the_frames_of_an_error_do_not_hold_the_url(self, ask: Callable[[str], object]) -> None:
        """Tracebacks may print local variables."""
        with pytest.raises(InvalidInput) as caught:
            ask("https://id:s3cret@as.example/#")
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[1:]
        assert "s3cret" not in str([frame.locals for frame in frames])

    @given(st.one_of(https_urls, url_like))
    @example("http://localhost/")
    def test_endpoint_fault_returns_the_error_that_endpoint_raises(self, url: str) -> None:
        """It returns None for a valid URL."""
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
    def test_any_text_is_returned_unchanged_or_is_invalid_input(self, url: str) -> None:
        """Nothing else is raised."""
        try:
            assert url is check_endpoint(url)
        except InvalidInput:
            return
        assert url.isascii()
        assert url.isprintable()
        assert not set(url) & set(' "#<>\\^`{|}')

    @given(https_urls, st.data())
    def test_one_illegal_character_anywhere_makes_a_url_invalid(self, url: str, data: st.DataObject) -> None:
        """White space, control characters, backslash, '#', quotes and non-ASCII characters are illegal."""
        strange = st.one_of(st.sampled_from(' "#<>\\^`{|}\t\r\n\x00\x7f'), st.characters(min_codepoint=0x80))
        place = data.draw(st.integers(0, len(url)))
        with pytest.raises(InvalidInput):
            check_url(url[:place] + data.draw(strange) + url[place:])

    @given(hosts, hosts)
    def test_userinfo_is_rejected_even_if_it_looks_like_the_host(self, shown: str, real: str) -> None:
        """RFC 9110 section 4.2.4 warns of such URLs."""
        for authority in (f"{shown}@{real}", f"{shown}:443@{real}", f"@{real}"):
            with pytest.raises(InvalidInput):
                check_url(f"https://{authority}/")

    @pytest.mark.parametrize("over", [0, 1])
    def test_a_url_has_at_most_8192_characters(self, over: int) -> None:
        """A longer URL is rejected."""
        url = "https://as.example/".ljust(MAX_LENGTH + over, "a")
        if not over:
            assert url == check_endpoint(url)
            return
        with pytest.raises(InvalidInput, match="must not be longer"):
            check_endpoint(url)


class TestCredentialsInTheQuery:
    @pytest.mark.parametrize("name", ["client_secret", "client_assertion", "client_assertion_type", "access_token"])
    @pytest.mark.parametrize("query", ["{}=x", "{}", "a=1&{}=x", "{}=&a=1", "a=b=c&&{}=x", "a?b&{}=x"])
    def test_credentials_in_the_query_of_an_endpoint_are_rejected(self, name: str, query: str) -> None:
        """The error names the parameter (RFC 6749 section 2.3.1)."""
        with pytest.raises(InvalidInput, match=f"must not have {name} in its query"):
            check_endpoint(f"https://as.example/token?{query.format(name)}")

    @pytest.mark.parametrize("name", ["client%5Fsecret", "%63lient_secret", "client%5fsecre%74"])
    def test_percent_encoding_does_not_hide_credentials_in_the_query(self, name: str) -> None:
        """The names are decoded first."""
        with pytest.raises(InvalidInput, match="must not have client_secret in its query"):
            check_endpoint(f"https://as.example/token?{name}=x")

    @pytest.mark.parametrize(
        "query", ["client_id=a", "x=client_secret", "my_client_secret=x", "tenant=%ff", "?", "&&="]
    )
    def test_any_other_query_of_an_endpoint_is_kept(self, query: str) -> None:
        """RFC 6749 section 3.2 requires it."""
        url = f"https://as.example/token?{query}"
        assert url == check_endpoint(url)

    def test_the_path_of_an_endpoint_may_name_credentials(self) -> None:
        """Only the query is checked."""
        assert "https://as.example/client_secret" == check_endpoint("https://as.example/client_secret")

    def test_the_query_of_an_api_is_not_checked(self) -> None:
        """It belongs to the API."""
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
    def test_an_origin_is_scheme_host_and_port_in_lower_case(self, expected: Origin, url: str) -> None:
        """The port is always explicit (RFC 6454 section 4)."""
        assert expected == origin(url)
        assert hash(expected) == hash(origin(url))

    @given(https_urls)
    @example("https://as.example:65535/@x:1")
    def test_scheme_host_and_port_are_those_of_urllib(self, url: str) -> None:
        """The request goes to the host that was checked."""
        split, found = urlsplit(url), origin(url)
        assert (split.scheme, split.hostname) == (found.scheme, found.host.strip("[]"))
        assert (split.port or 443) == found.port

    @given(https_urls)
    def test_the_text_of_an_origin_is_a_url_of_that_origin(self, url: str) -> None:
        """Parsing it returns the origin."""
        assert origin(url) == origin(str(origin(url)))

    @given(hosts, paths, queries)
    def test_path_query_case_and_default_port_do_not_change_the_origin(self, host: str, path: str, query: str) -> None:
        """Only the authority counts."""
        assert origin(f"https://{host}") == origin(f"HTTPS://{host.upper()}:443{path}{query}")

    @given(https_urls, https_urls)
    @example("https://as.example", "https://as.example:444")
    @example("https://as.example", "https://as.example.")
    def test_urls_share_an_origin_exactly_if_scheme_host_and_port_agree(self, left: str, right: str) -> None:
        """Nothing else decides."""
        parts = [(urlsplit(url).hostname, urlsplit(url).port or 443) for url in (left, right)]
        assert (parts[0] == parts[1]) == (origin(left) == origin(right))

    def test_http_and_https_are_different_origins(self) -> None:
        """Host and port are the same."""
        assert origin("http://as.example:443") != origin("https://as.example:443")

    def test_an_origin_cannot_be_changed(self) -> None:
        """Setting a field raises an error."""
        found = origin("https://as.example")
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            found.host = "evil.example"  # type: ignore[misc]  # what the test proves


class TestHosts:
    @given(st.ip_addresses(v=4))
    @example(ipaddress.IPv4Address("0.0.0.0"))  # noqa: S104
    def test_an_ipv4_address_in_dotted_decimals_is_accepted(self, address: ipaddress.IPv4Address) -> None:
        """Any address is."""
        assert str(address) == origin(f"https://{address}/").host

    @given(st.ip_addresses(v=6))
    @example(ipaddress.IPv6Address("::ffff:192.0.2.7"))
    def test_an_ipv6_address_in_brackets_is_accepted(self, address: ipaddress.IPv6Address) -> None:
        """It may be short or written out."""
        assert f"[{address}]" == origin(f"https://[{address}]/").host
        assert f"[{address.exploded}]" == origin(f"https://[{address.exploded.upper()}]/").host

    @pytest.mark.parametrize(
        "host",
        [
            *("1", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "a.0x", "0X7F.1", "0177.0.0.1", "256.1.1.1"),
            *("1.2.3.4.5", "1.2.3", "1.2.3.4.", "as.example.1", "01.2.3.4"),
        ],
    )
    def test_an_ipv4_address_in_another_notation_is_rejected(self, host: str) -> None:
        """Some resolvers would accept it."""
        with pytest.raises(InvalidInput, match="usual notation"):
            check_url(f"https://{host}/")

    @pytest.mark.parametrize("host", ["1.example", "0x7f.example", "1a", "0xg", "x1.2y", "a.b-c.d_e", "_a", "a" * 63])
    def test_a_host_name_may_contain_digits_hyphens_and_underscores(self, host: str) -> None:
        """Its last label must not be a number."""
        assert host == origin(f"https://{host}/").host

    @pytest.mark.parametrize("host", [".", "..", ".a", "a..b", "a..", "-a", "a-", "a-.b", "~a", "a" * 64, "a,b", "%61"])
    def test_an_invalid_host_name_is_rejected(self, host: str) -> None:
        """Labels are not empty, have up to 63 characters, and no hyphen at an end."""
        with pytest.raises(InvalidInput):
            check_url(f"https://{host}/")

    @pytest.mark.parametrize(("length", "taken"), [(253, True), (254, False)])
    def test_a_host_name_has_at_most_253_characters(self, length: int, taken: bool) -> None:
        """A longer name is rejected."""
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
    def test_an_invalid_ipv6_address_is_rejected(self, host: str) -> None:
        """So is an address with a zone."""
        with pytest.raises(InvalidInput):
            check_url(f"https://{host}/")

    @given(st.integers(0, 200_000))
    @example(0)
    @example(1)
    @example(65535)
    @example(65536)
    def test_a_port_is_from_1_to_65535(self, port: int) -> None:
        """Any other number is rejected."""
        url = f"https://as.example:{port}/"
        if 1 <= port <= 65535:
            assert port == origin(url).port
            return
        with pytest.raises(InvalidInput, match="must have a port from 1"):
            origin(url)

    @pytest.mark.parametrize("port", ["-1", "+443", "0x1bb", "4_4", " 443", "443 ", "٤٤٣", "443:443", "1e2"], ids=ascii)
    def test_a_port_that_is_not_ascii_digits_is_rejected(self, port: str) -> None:
        """It is rejected even if int() accepts it."""
        with pytest.raises(InvalidInput):
            origin(f"https://as.example:{port}/")


class TestIsLoopback:
    @given(st.ip_addresses(v=4, network="127.0.0.0/8"), ports)
    def test_every_address_in_127_is_loopback(self, address: ipaddress.IPv4Address, port: str) -> None:
        """The port does not matter."""
        assert is_loopback(origin(f"https://{address}{port}/").host)

    @given(https_urls)
    @example("https://127.0.0.1x/")
    @example("https://[::1]/")
    @example("https://127.example/")
    def test_only_localhost_127_and_ipv6_one_are_loopback(self, url: str) -> None:
        """No other host is."""
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
            "https://api.example/@me",
            "mailto:me@api.example",
        ],
    )
    def test_an_absolute_uri_of_any_scheme_is_returned_unchanged(self, uri: str) -> None:
        """It may have a query (RFC 8707 section 2)."""
        assert uri is check_resource(uri)

    @pytest.mark.parametrize(
        ("expected", "uri"),
        [
            ("must not be None .is an environment variable unset", None),
            ("not bytes", b"https://api.example/"),
            ("not list", ["https://api.example/"]),
            ("must not be longer than 8192", "urn:" + "a" * MAX_LENGTH),
            ("must not have a fragment", "https://api.example/#"),
            ("must not have a fragment", "https://api.example/#a"),
            ("must not have a fragment", "#"),
            ("must not contain userinfo before '@'; name the resource without", "https://user:s3cret@api.example/"),
            ("must not contain userinfo", "api://user@name?a"),
            ("must not be empty .is an environment variable unset", ""),
            ("must be an absolute URI", "api"),
            ("must be an absolute URI", "/api"),
            ("must be an absolute URI", "//api.example/"),
            ("must be an absolute URI", "https:"),
            ("must be an absolute URI", "1a:b"),
            ("must be an absolute URI", ":a"),
            ("must be an absolute URI", "urn:a b"),
            ("must be an absolute URI", "urn:a\n"),
            ("must be an absolute URI", "urn:é"),
            ("must be an absolute URI", "urn:%"),
            ("must be an absolute URI", "urn:%4"),
            ("must be an absolute URI", "urn:\\"),
        ],
    )
    def test_a_relative_uri_or_a_fragment_is_rejected(self, expected: str, uri: object) -> None:
        """So is an empty fragment (RFC 8707 section 2)."""
        with pytest.raises(InvalidInput, match=expected):
            check_resource(untyped(uri))

    @given(st.one_of(url_like, st.text()))
    @example("urn:\ud800")
    def test_any_text_is_a_resource_or_is_invalid_input(self, uri: str) -> None:
        """Nothing else is raised."""
        with suppress(InvalidInput):
            assert uri is check_resource(uri)

    @given(https_urls)
    def test_a_resource_has_at_most_8192_characters(self, url: str) -> None:
        """A longer URI is rejected."""
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
        ("https", "[::1", 443),
        ("https", "h", 0),
        ("https", "h", -1),
    ],
)
def test_an_invalid_origin_cannot_be_made(scheme: str, host: str, port: int) -> None:
    """No URL has such an origin."""
    with pytest.raises(InvalidInput, match=r"^origin must be http or https"):
        Origin(scheme, host, port)
