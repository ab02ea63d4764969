"""
Discovery of metadata from an issuer, with a driver that has no clock and no socket.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import (
    Certificate,
    ClientCredentials,
    ClientSecretPost,
    Endpoint,
    HttpRequest,
    HttpResponse,
    MetadataCache,
    Retries,
    Scope,
    TlsClientAuth,
    errors,
    token_request,
)
from oauth_cc.flows import Failed, discover, discover_endpoint
from oauth_cc.metadata import ServerMetadata, metadata_urls, parse_metadata
from tests.world import World

ISSUER = "https://as.example/tenant"
URLS = metadata_urls(ISSUER)
METADATA = ServerMetadata(ISSUER, "https://as.example/token")
FOUND = HttpResponse(200, (), json.dumps({"issuer": ISSUER, "token_endpoint": METADATA.token_endpoint}).encode())
OTHER = HttpResponse(200, (), FOUND.content.replace(b"tenant", b"other"))
WRONG = HttpResponse(200, (), FOUND.content.replace(b"https://as.example/token", b"http://as.example/token"))
ABSENT = HttpResponse(404)
DROPPED = Failed(ConnectionResetError("dropped"), retryable=True)


def asked(*urls: str) -> list[HttpRequest]:
    """Return the requests for *urls*."""
    return [HttpRequest("GET", url, {"Accept": "application/json"}) for url in urls]


def test_metadata_at_the_rfc_8414_url_take_one_request() -> None:
    """The request contains nothing of the client."""
    world = World([FOUND])
    assert METADATA == world.run(discover(ISSUER))
    assert asked(URLS[0]) == world.sent


ABSENCES = [
    ABSENT,
    *map(HttpResponse, (204, 400, 403)),
    HttpResponse(200, (), b"<html>"),
    HttpResponse(200, (), b"{}"),
    HttpResponse(200, (), b" " * (2**20 + 1)),
]
REDIRECT = HttpResponse(302, {"Location": "https://b.example/"})
BUSY = HttpResponse(429, {"Retry-After": "100"})
HTTP = HttpResponse(302, {"Location": "http://as.example/"})
NOWHERE = HttpResponse(200, (), json.dumps({"issuer": ISSUER}).encode())


@pytest.mark.parametrize("first", [*ABSENCES, OTHER, WRONG, NOWHERE, BUSY, HTTP, HttpResponse(302)], ids=str)
def test_the_openid_urls_are_asked_after_any_other_answer(first: HttpResponse) -> None:
    """Another issuer, no token endpoint and an error included."""
    for count in (1, 2):
        world = World([*[first] * count, FOUND])
        assert METADATA == world.run(discover(ISSUER))
        assert asked(*URLS[: count + 1]) == world.sent


@pytest.mark.parametrize("absence", ABSENCES, ids=str)
@pytest.mark.parametrize("telling", [OTHER, WRONG, NOWHERE, BUSY, HTTP, ABSENT], ids=str)
def test_the_error_is_the_one_that_says_more_and_names_the_urls(telling: HttpResponse, absence: HttpResponse) -> None:
    """That one URL has no metadata hides no other error."""
    with pytest.raises(errors.InvalidResponse) as alone:
        parse_metadata(telling, ISSUER)
    status, reason, *others = alone.value.args
    # The time of the response is not known to `parse_metadata`.
    others = [*others[:-1], 100.0] if telling is BUSY else others
    named = f"{reason}; requested {' and '.join(URLS)}"
    orders: list[list[HttpResponse | Failed]] = [[telling, absence], [absence, telling]]
    for answers in orders[telling is ABSENT :]:
        with pytest.raises(errors.InvalidResponse) as caught:
            World(answers).run(discover(ISSUER))
        assert (type(caught.value), caught.value.args) == (type(alone.value), (status, named, *others))
        assert caught.value.__context__ is None


class TestRedirect:
    """A redirect of a well-known URL says where the metadata is, and nothing about whose."""

    @pytest.mark.parametrize(
        ("location", "target"),
        [
            ("https://b.example/m?x=1", "https://b.example/m?x=1"),
            ("/m", "https://as.example/m"),
            ("../x", "https://as.example/.well-known/x"),
            ("//b.example/m", "https://b.example/m"),
        ],
    )
    def test_one_redirect_to_https_is_followed(self, location: str, target: str) -> None:
        """The issuer is compared as without it."""
        world = World([HttpResponse(307, {"Location": location}), FOUND])
        assert METADATA == world.run(discover(ISSUER))
        assert asked(URLS[0], target) == world.sent
        other = World([HttpResponse(307, {"Location": location}), OTHER, ABSENT])
        with pytest.raises(errors.IssuerMismatch):
            other.run(discover(ISSUER))

    @pytest.mark.parametrize(
        ("location", "shown"),
        [
            ("/m?key=1", "https://as.example/m"),
            ("https://b.example/m", "https://b.example/m"),
            (f"https://b.example/{'m' * 200}", "https://b.example:443"),
        ],
    )
    def test_the_error_names_a_target_that_was_requested(self, location: str, shown: str) -> None:
        """It shows neither its query nor a path of any length."""
        world = World([HttpResponse(302, {"Location": location}), ABSENT, ABSENT, ABSENT])
        with pytest.raises(errors.InvalidResponse) as caught:
            world.run(discover(ISSUER))
        assert caught.value.reason.endswith(f"; requested {URLS[0]} and {shown} and {' and '.join(URLS[1:])}")

    def test_a_second_redirect_is_not_followed(self) -> None:
        """The error names its target."""
        world = World([REDIRECT, HttpResponse(302, {"Location": "https://c.example/"}), ABSENT])
        with pytest.raises(
            errors.UnexpectedRedirect, match=r"redirects to https://c\.example/, and the redirect is not"
        ):
            world.run(discover(ISSUER))
        assert asked(URLS[0], "https://b.example/", *URLS[1:]) == world.sent

    @pytest.mark.parametrize(
        "location",
        ["http://as.example/", "http://127.0.0.1/", "ftp://a/", "https://u@b.example/", "https://b.example/#f", "a b"],
    )
    def test_a_redirect_to_anything_else_is_not_followed(self, location: str) -> None:
        """The second well-known URL is asked."""
        world = World([HttpResponse(302, {"Location": location}), ABSENT])
        with pytest.raises(errors.UnexpectedRedirect):
            world.run(discover(ISSUER))
        assert asked(*URLS) == world.sent

    def test_an_error_with_a_location_is_no_redirect(self) -> None:
        """Its status says so."""
        world = World([HttpResponse(400, {"Location": "/a"}), FOUND])
        assert METADATA == world.run(discover(ISSUER))
        assert asked(*URLS[:2]) == world.sent

    def test_two_locations_are_no_redirect(self) -> None:
        """Which of them counts is open."""
        world = World([HttpResponse(302, [("Location", "/a"), ("Location", "/b")]), FOUND])
        assert METADATA == world.run(discover(ISSUER))
        assert asked(*URLS[:2]) == world.sent


def test_the_error_of_a_busy_server_has_the_seconds_of_its_date() -> None:
    """They count from the response."""
    busy = HttpResponse(429, {"Retry-After": "Tue, 14 Nov 2023 22:15:00 GMT"})
    with pytest.raises(errors.InvalidResponse) as caught:
        World([busy]).run(discover(ISSUER))
    assert (caught.value.retryable, caught.value.retry_after) == (True, 100.0)


def test_an_error_of_the_network_notes_the_requested_url() -> None:
    """Its class and its text are those of the HTTP library."""
    error = OSError("down")
    with pytest.raises(OSError, match=r"^down\n") as caught:
        World([ABSENT, Failed(error, retryable=False)]).run(discover(ISSUER))
    assert (caught.value, str(caught.value)) == (error, "down")
    assert [f"The metadata was requested from {URLS[1]}."] == error.__notes__


def test_a_permanent_failure_of_the_network_ends_the_search() -> None:
    """The second URL has the same host."""
    failed = Failed(ValueError("of TLS"), retryable=False)
    orders: list[list[HttpResponse | Failed]] = [[failed, FOUND], [ABSENT, failed]]
    for answers in orders:
        world = World(answers)
        with pytest.raises(ValueError, match="of TLS"):
            world.run(discover(ISSUER))
        assert asked(*URLS[: answers.index(failed) + 1]) == world.sent


@pytest.mark.parametrize("passing", [HttpResponse(429), HttpResponse(503), DROPPED], ids=str)
def test_transient_failures_are_retried_at_each_url(passing: HttpResponse | Failed) -> None:
    """After the last attempt the error is raised."""
    world = World([passing, passing, ABSENT, passing, FOUND])
    assert METADATA == world.run(discover(ISSUER))
    assert asked(*[URLS[0]] * 3, *[URLS[1]] * 2) == world.sent
    assert [0.25, 0.5, 0.25] == world.slept
    for attempts in (1, 3):
        busy = World([passing])
        with pytest.raises((errors.InvalidResponse, ConnectionResetError)) as caught:
            busy.run(discover(ISSUER, retries=Retries(attempts)))
        urls = URLS if isinstance(caught.value, errors.InvalidResponse) else URLS[:1]
        assert asked(*[url for url in urls for _ in range(attempts)]) == busy.sent


def test_discovery_waits_for_retry_after() -> None:
    """Jitter is added to it. It may be a date."""
    for after in ("3", "Tue, 14 Nov 2023 22:13:23 GMT"):
        world = World([HttpResponse(503, {"Retry-After": after}), FOUND])
        assert METADATA == world.run(discover(ISSUER))
        assert [3.25] == world.slept


class TestCache:
    """RFC 9111: metadata is requested again when it expires, and not before."""

    def test_metadata_are_cached_for_their_max_age(self) -> None:
        """Without one they are cached for an hour."""
        for headers, lifetime in (((), 3600.0), ((("Cache-Control", "max-age=600"),), 600.0)):
            world, cache = World([HttpResponse(200, headers, FOUND.content)]), MetadataCache()
            for later, requests in ((0.0, 1), (lifetime - 1, 1), (1.0, 2), (lifetime - 1, 2)):
                world.now += later
                assert METADATA == world.run(discover(ISSUER, cache=cache))
                assert requests == len(world.sent)

    def test_another_type_of_cache_is_rejected(self) -> None:
        """Nothing is sent."""
        world = World([FOUND])
        cache: Any = {}
        with pytest.raises(errors.InvalidInput) as caught:
            world.run(discover(ISSUER, cache=cache))
        assert caught.value.parameter == "cache"
        assert str(caught.value) == "cache must be a MetadataCache, one for the whole program, or None"
        assert world.sent == []

    def test_anything_but_metadata_and_a_time_is_not_cached(self) -> None:
        """A program that does its own I/O may exchange arguments."""
        cache = MetadataCache()
        text: Any = "https://as.example/token"
        time = "must be POSIX seconds as a finite float; use time.time()"
        puts: list[tuple[Callable[[], object], str, str]] = [
            (
                *(lambda: cache.put(ISSUER, text, 1.0), "metadata"),
                "metadata must be ServerMetadata, not str; parse_metadata() returns them",
            ),
            (lambda: cache.put(ISSUER, METADATA, text), "expires_at", f"expires_at {time}"),
            (lambda: cache.get(ISSUER, text), "now", f"now {time}"),
        ]
        for put, parameter, reason in puts:
            with pytest.raises(errors.InvalidInput) as caught:
                put()
            assert (caught.value.parameter, str(caught.value)) == (parameter, reason)
        cache.put(ISSUER, METADATA, 10.0)
        assert [cache.get(ISSUER, now) for now in (9.9, 10.0)] == [METADATA, None]

    def test_metadata_are_not_cached_without_a_cache(self) -> None:
        """Each call sends a request."""
        world = World([FOUND])
        assert world.run(discover(ISSUER)) == world.run(discover(ISSUER))
        assert 2 == len(world.sent)

    def test_each_issuer_is_cached_by_its_exact_text(self) -> None:
        """Errors are not cached."""
        world, cache = World([FOUND, OTHER]), MetadataCache()
        assert METADATA == world.run(discover(ISSUER, cache=cache))
        for _ in range(2):
            with pytest.raises(errors.IssuerMismatch):
                world.run(discover(f"{ISSUER}/", cache=cache))
        assert METADATA == world.run(discover(ISSUER, cache=cache))
        assert 7 == len(world.sent)

    def test_metadata_found_over_http_are_cached_for_allow_http_only(self) -> None:
        """Another caller does not get them."""
        content = json.dumps({"issuer": "http://as.example", "token_endpoint": "http://as.example/token"}).encode()
        world, cache = World([HttpResponse(200, (), content)]), MetadataCache()
        allowed = Endpoint("http://as.example", allow_http=True)
        found = world.run(discover(allowed, cache=cache))
        assert "http://as.example/token" == found.token_endpoint
        with pytest.raises(errors.InvalidInput):
            world.run(discover("http://as.example", cache=cache))
        assert found == world.run(discover(allowed, cache=cache))
        assert 1 == len(world.sent)


OURS = Certificate("A" * 43)


def listing(*methods: str, bound: bool = False, alias: str | None = None) -> HttpResponse:
    """Return a response with metadata that lists *methods*."""
    document: dict[str, object] = {"issuer": ISSUER, "token_endpoint": METADATA.token_endpoint}
    document |= {"token_endpoint_auth_methods_supported": methods, "tls_client_certificate_bound_access_tokens": bound}
    document |= {"mtls_endpoint_aliases": {"token_endpoint": alias}} if alias else {}
    return HttpResponse(200, (), json.dumps(document).encode())


class TestDiscoverEndpoint:
    """The endpoint for one request, which discovery never changes."""

    def test_finds_the_token_endpoint_for_a_request_and_for_credentials(self) -> None:
        """Credentials alone are a request without scope."""
        credentials = ClientCredentials("id", "s3cret")
        for request in (credentials, token_request(credentials, Scope.of("a"))):
            assert Endpoint(METADATA.token_endpoint) == World([FOUND]).run(discover_endpoint(ISSUER, request))

    def test_refuses_a_method_that_is_not_listed(self) -> None:
        """The method is not replaced by a listed one, and the error names both."""
        credentials = ClientCredentials("id", ClientSecretPost("s3cret"))
        for methods in (("client_secret_basic",), ("none",), ("private_key_jwt", "tls_client_auth")):
            with pytest.raises(errors.InvalidInput, match="client_secret_post is missing") as caught:
                World([listing(*methods)]).run(discover_endpoint(ISSUER, credentials))
            assert f"which lists {methods[0]}" in str(caught.value)

    def test_a_connection_with_a_certificate_goes_to_the_mtls_alias(self) -> None:
        """Any other connection goes to the ordinary endpoint."""
        alias = "https://mtls.as.example/token"
        answer = listing("client_secret_basic", "tls_client_auth", bound=True, alias=alias)
        by_secret, by_certificate = ClientCredentials("id", "s3cret"), ClientCredentials("id", TlsClientAuth(OURS))
        assert METADATA.token_endpoint == World([answer]).run(discover_endpoint(ISSUER, by_secret)).url
        assert alias == World([answer]).run(discover_endpoint(ISSUER, by_certificate)).url
        bound = token_request(by_secret).with_certificate(OURS)
        assert Endpoint(alias) == World([answer]).run(discover_endpoint(ISSUER, bound))

    def test_an_alias_that_is_not_https_is_not_used(self) -> None:
        """Loopback included: the caller did not choose what the metadata names."""
        answer = listing("tls_client_auth", alias="http://127.0.0.1:8443/token")
        with pytest.raises(errors.InvalidInput, match="have no https URL"):
            World([answer]).run(discover_endpoint(ISSUER, ClientCredentials("id", TlsClientAuth(OURS))))

    def test_refuses_a_bound_token_from_a_server_that_binds_none(self) -> None:
        """The request is not sent without its certificate."""
        bound = token_request(ClientCredentials("id", "s3cret")).with_certificate(OURS)
        with pytest.raises(errors.InvalidInput, match="certificate"):
            World([FOUND]).run(discover_endpoint(ISSUER, bound))

    def test_metadata_of_another_issuer_name_no_endpoint(self) -> None:
        """Cached or not."""
        cache = MetadataCache()
        for _ in range(2):
            with pytest.raises(errors.IssuerMismatch):
                World([OTHER]).run(discover_endpoint(ISSUER, ClientCredentials("id", "s3cret"), cache=cache))

    def test_requests_with_one_cache_fetch_the_metadata_once(self) -> None:
        """Other credentials included."""
        world, cache = World([FOUND]), MetadataCache()
        for name in ("a", "b"):
            world.run(discover_endpoint(ISSUER, ClientCredentials(name, "s3cret"), cache=cache))
        assert asked(URLS[0]) == world.sent


def test_invalid_issuer_is_rejected_before_anything_is_sent() -> None:
    """Plain http needs allow_http."""
    world = World([FOUND])
    with pytest.raises(errors.InvalidInput):
        world.run(discover("http://as.example"))
    assert [] == world.sent


responses = st.one_of(
    st.sampled_from([FOUND, OTHER, WRONG, ABSENT, REDIRECT]),
    st.builds(HttpResponse, st.integers(0, 999), st.just(()), st.binary()),
)


@given(responses, responses, responses)
def test_any_responses_give_metadata_or_an_oauth_error(
    first: HttpResponse, second: HttpResponse, third: HttpResponse
) -> None:
    """Without retries each URL and a redirect of it are requested once at most."""
    world = World([first, second, third])
    try:
        assert METADATA == world.run(discover(ISSUER, retries=Retries(1)))
    except errors.InvalidResponse:
        assert FOUND != first
    assert {request.url for request in world.sent} <= {*URLS, "https://b.example/"}
    assert len(world.sent) <= 6
