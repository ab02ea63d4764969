"""
The guard of the hops of one call, event by event, and what each library's requests, URLs and responses say.
"""

import inspect
import socket
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import anyio
import httpcore
import httpx
import httpx2
import pytest
import requests

from oauth_cc import Secret
from oauth_cc._io import httpx_connection
from oauth_cc._io.hops import Guard, guard_hops
from oauth_cc._io.httpx_connection import Connection, TooMuchRead
from oauth_cc._io.httpx_hops import ClosedByError, hide_proofs, is_response, origin_of_parts, target_of
from oauth_cc._io.proofs import CallProofs
from oauth_cc._io.requests_hops import arrived, carry, next_method, next_url, origin_of_url, target_of_url
from oauth_cc.endpoint import Origin, origin
from oauth_cc.errors import InvalidInput
from oauth_cc.flows.hints import Hints
from oauth_cc.token import Token
from tests.bound import bound_key
from tests.test_call_proofs import claims

API = origin("https://api.example")
NAMED = [API, origin("https://b.example:8443"), origin("https://[::1]"), origin("http://api.example")]
STARTED = "http11.send_request_headers.started"
libraries = pytest.mark.parametrize("library", [httpx2, httpx], ids=lambda library: library.__name__)


def hop(
    url: str = "https://api.example/things", *headers: tuple[str, str], method: str = "GET", target: str | None = None
) -> httpcore.Request:
    """Return the request of a hop, with its *target* in place of the path of *url*."""
    made = httpcore.Request(method, url, headers=[("Accept", "a"), *headers])
    if target is not None:
        made.url.target = target.encode("ascii")
    return made


def guarded(extensions: dict[str, Any], header: str = "X-Token", **options: Any) -> Guard:
    """Guard a call whose token goes to `NAMED`."""
    settings: dict[str, Any] = {"is_async": False, **options}
    return guard_hops(extensions, header, Secret("tok-\u00e9"), NAMED.__contains__, **settings)


def names(request: httpcore.Request) -> list[bytes]:
    """Return the names of the headers of *request*."""
    return [name for name, _ in request.headers]


class TestGuard:
    """The headers of each hop."""

    @pytest.mark.parametrize(
        ("url", "target", "keeps"),
        [
            ("https://api.example/", None, True),
            ("https://API.Example:443/", None, True),
            ("http://api.example:80/", None, True),
            ("http://api.example/", None, True),
            ("https://[::1]/", None, True),
            ("https://b.example:8443/", None, True),
            ("https://b.example/", None, False),
            ("https://api.example:80/", None, False),
            ("http://api.example:443/", None, False),
            ("https://evil.example/", None, False),
            ("ws://api.example/", None, False),
            ("https://-odd-/", None, False),
            ("http://proxy.example/", "http://api.example/things?a=http://evil.example/", True),
            ("http://proxy.example/", "http://API.example", True),
            ("http://api.example/", "http://evil.example/http://api.example", False),
            ("http://api.example/", "http://api.example@evil.example/", False),
            ("http://api.example/", "http://api.example:81?x", False),
        ],
    )
    def test_a_hop_keeps_the_token_if_its_origin_is_one_of_the_tokens(
        self, url: str, target: str | None, keeps: bool
    ) -> None:
        """The request of a proxy has the whole URL as its target."""
        extensions: dict[str, Any] = {}
        guard = guarded(extensions)
        assert guard.has_carried is None
        request = hop(url, ("x-TOKEN", "tok"), target=target)
        extensions["trace"](STARTED, {"request": request})
        assert names(request) == [b"Accept", *([b"x-TOKEN"] if keeps else [])]
        assert guard.has_carried is keeps

    def test_a_token_that_the_library_removed_on_a_hop_is_added_again(self) -> None:
        """The library removes Authorization between two origins, which both are the token's."""
        extensions: dict[str, Any] = {}
        guard = guarded(extensions)
        bare = hop()
        extensions["trace"](STARTED, {"request": bare})
        assert (names(bare), guard.has_carried) == ([b"Accept"], False)
        guard = guarded(extensions)
        for _ in range(2):
            first, second = hop(NAMED_URL, ("X-Token", "tok")), hop(NAMED_URL)
            extensions["trace"](STARTED, {"request": first})
            extensions["trace"](STARTED, {"request": second})
            assert second.headers == [(b"Accept", b"a"), (b"X-Token", b"tok-\xe9")]
            assert guard.has_carried is True

    def test_no_hop_after_a_stranger_carries_the_token(self) -> None:
        """Not even one that leads back."""
        extensions: dict[str, Any] = {}
        guard = guarded(extensions)
        hops = [hop(url, ("X-Token", "tok")) for url in (NAMED_URL, "https://evil.example/", NAMED_URL)]
        for each in hops:
            extensions["trace"](STARTED, {"request": each})
        assert [b"X-Token" in names(each) for each in hops] == [True, False, False]
        assert guard.has_carried is False

    def test_a_proxy_does_not_see_the_token_and_is_no_hop(self) -> None:
        """Its CONNECT comes before the hop."""
        extensions: dict[str, Any] = {}
        guard = guarded(extensions)
        connect = hop("http://api.example/", ("X-Token", "tok"), method="CONNECT")
        extensions["trace"](STARTED, {"request": connect})
        assert (names(connect), guard.has_carried) == ([b"Accept"], None)

    @pytest.mark.parametrize("event", ["http11.send_request_headers.complete", "http11.send_request_body.started", ""])
    def test_other_events_change_nothing(self, event: str) -> None:
        """Only the start of the headers counts, with a request of the library."""
        extensions: dict[str, Any] = {}
        guard = guarded(extensions)
        request = hop("https://evil.example/", ("X-Token", "tok"))
        strange = [object(), type("Half", (), {"url": request.url})(), type("Half", (), {"headers": request.headers})()]
        extensions["trace"](event, {"request": request})
        for each in strange:
            extensions["trace"](STARTED, {"request": each})
        extensions["trace"](STARTED, {})
        assert (names(request), guard.has_carried) == ([b"Accept", b"X-Token"], None)

    def test_a_request_that_is_sent_again_is_guarded_for_the_header_of_the_first_auth_as_well(self) -> None:
        """Each header goes to its own origins. The trace function of the user's stays the last."""
        seen: list[str] = []
        extensions: dict[str, Any] = {"trace": lambda name, info: seen.append(name)}
        key = bound_key("ours")
        token = Token(Secret("tok-1"), "DPoP", 1700000000.0, dpop_jkt=key.jkt)
        guarded(extensions, "Authorization", proofs=CallProofs(key, token, Hints()))
        guard = guard_hops(extensions, "X-Token", Secret("tok"), {API}.__contains__, is_async=False)
        assert set(guard.rules) == {b"authorization", b"dpop", b"x-token"}
        headers = (("Authorization", "a"), ("DPoP", "b"), ("x-token", "c"))
        other, evil = hop("https://b.example:8443/", *headers), hop("https://evil.example/", *headers)
        connect = hop("http://api.example/", *headers, method="CONNECT")
        ours = hop(NAMED_URL, *headers)
        for each in (connect, ours, other, evil):
            extensions["trace"](STARTED, {"request": each})
        assert names(connect) == [b"Accept"]
        assert names(ours) == [b"Accept", b"Authorization", b"DPoP", b"x-token"]
        assert names(other) == [b"Accept", b"Authorization", b"DPoP"]
        assert names(evil) == [b"Accept"]
        assert seen == [STARTED] * 4
        nobodys: list[Origin] = []
        again = guard_hops(extensions, "authorization", Secret("tok"), nobodys.__contains__, is_async=False)
        assert again.rules[b"authorization"] == nobodys.__contains__
        assert again.rules[b"dpop"] == NAMED.__contains__
        assert again.users is guard.users

    @pytest.mark.parametrize("is_async", [False, True])
    def test_each_hop_after_the_first_one_has_a_new_proof(self, is_async: bool) -> None:
        """It is the only one, and names the method and the URL without its query."""
        key = bound_key("ours")
        token = Token(Secret("tok-1"), "DPoP", 1700000000.0, dpop_jkt=key.jkt)
        extensions: dict[str, Any] = {}
        guard = guarded(extensions, "Authorization", is_async=is_async, proofs=CallProofs(key, token, Hints()))
        headers = (("Authorization", "DPoP tok-1"), ("dpop", "old"))
        hops = [
            hop(NAMED_URL, *headers),
            hop("https://b.example:8443/there?page=2", headers[1], method="PUT"),
            hop("http://proxy.example/", *headers, target="http://api.example/back?x"),
            hop("https://evil.example/", *headers),
        ]
        for each in hops:
            called = extensions["trace"](STARTED, {"request": each})
            if is_async:
                assert inspect.iscoroutine(called)
                anyio.run(_awaited, called)
        first, second, third, evil = [dict(each.headers) for each in hops]
        assert first[b"dpop"] == b"old"
        assert sorted(second) == sorted(third) == [b"Accept", b"Authorization", b"DPoP"]
        found = [claims(each[b"DPoP"].decode()) for each in (second, third)]
        assert [(each["htm"], each["htu"]) for each in found] == [
            ("PUT", "https://b.example:8443/there"),
            ("GET", "http://api.example/back"),
        ]
        assert list(evil) == [b"Accept"]
        assert guard.has_carried is False

    @pytest.mark.parametrize("is_async", [False, True])
    def test_a_trace_function_of_the_user_is_called_after_the_guard(self, is_async: bool) -> None:
        """It may be a plain function in async code, too, and anything else is not called."""
        seen: list[tuple[str, list[bytes]]] = []

        def trace(name: str, info: Mapping[str, Any]) -> None:
            seen.append((name, names(info["request"])))

        async def trace_async(name: str, info: Mapping[str, Any]) -> None:
            trace(name, info)

        for users in (trace, trace_async, None, "no function") if is_async else (trace, None, "no function"):
            extensions: dict[str, Any] = {"trace": users}
            guarded(extensions, is_async=is_async)
            called = extensions["trace"](STARTED, {"request": hop("https://evil.example/", ("X-Token", "tok"))})
            if is_async:
                anyio.run(_awaited, called)
        assert seen == [(STARTED, [b"Accept"])] * (2 if is_async else 1)


NAMED_URL = "https://api.example/things"


async def _awaited(called: Any) -> None:
    await called


class TestHttpx:
    """Parts of calls on httpx2 and httpx."""

    @pytest.mark.parametrize(
        ("parts", "expected"),
        [
            (("https", b"API.Example", None), Origin("https", "api.example", 443)),
            (("http", b"api.example", None), Origin("http", "api.example", 80)),
            (("https", b"api.example", 80), Origin("https", "api.example", 80)),
            (("http", b"::1", 8080), Origin("http", "[::1]", 8080)),
        ],
    )
    def test_the_origin_is_made_of_what_the_library_connects_to(
        self, parts: tuple[str, bytes, int | None], expected: Origin
    ) -> None:
        """An IPv6 address is in brackets."""
        assert origin_of_parts(*parts) == expected

    def test_another_scheme_has_no_origin(self) -> None:
        """The token is for https and http."""
        with pytest.raises(InvalidInput):
            origin_of_parts("ws", b"api.example", None)

    @libraries
    def test_the_target_has_the_query(self, library: Any) -> None:
        """As it is sent."""
        assert target_of(library.URL("https://api.example/a%20b?c=d#e")) == "/a%20b?c=d"

    @libraries
    def test_a_proof_is_hidden_on_the_first_request_and_on_that_of_the_error(self, library: Any) -> None:
        """An error may have no request."""
        first, later = [library.Request("GET", "https://a.example", headers={"dpop": "p", "X": "x"}) for _ in range(2)]
        hide_proofs(first, library.ReadError("away", request=later))
        for each in (first, later):
            assert ("DPoP" in each.headers, each.headers["X"]) == (False, "x")
        for error in (library.ReadError("away"), ValueError("no request"), None):
            again = library.Request("GET", "https://a.example", headers={"DPoP": "p"})
            hide_proofs(again, error)
            assert "DPoP" not in again.headers
        hide_proofs(object(), None)

    @libraries
    def test_an_object_with_the_parts_of_a_response_is_one(self, library: Any) -> None:
        """Errors of other libraries may have a response of another kind."""
        assert is_response(library.Response(200, request=library.Request("GET", "https://a.example")))
        for missing in ("status_code", "headers", "request"):
            parts = dict.fromkeys({"status_code", "headers", "request"} - {missing})
            assert not is_response(type("Other", (), parts)())

    @pytest.mark.parametrize(
        ("thrown", "expected"),
        [
            ((KeyError("a"),), "KeyError('a')"),
            ((KeyError,), "KeyError()"),
            ((KeyError, KeyError("b")), "KeyError('b')"),
            ((KeyError, None, None), "KeyError()"),
        ],
    )
    def test_an_error_is_thrown_into_the_flow_in_each_form(self, thrown: tuple[Any, ...], expected: str) -> None:
        """By class, by instance, and in the old form of three arguments."""

        async def flow() -> AsyncGenerator[Any, Any]:
            try:
                yield "first"
            except KeyError as error:
                yield repr(error)

        async def main() -> None:
            made = ClosedByError(flow())
            assert await made.asend(None) == "first"  # type: ignore[arg-type]  # as a library starts it
            assert await made.athrow(*thrown) == expected
            await made.aclose()

        anyio.run(main)


class TestRequests:
    """Parts of calls on requests."""

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://API.example/x", Origin("https", "api.example", 443)),
            ("http://api.example", Origin("http", "api.example", 80)),
            ("https://api.example:80/", Origin("https", "api.example", 80)),
            ("http://[::1]:8080/", Origin("http", "[::1]", 8080)),
            ("https://evil.example\\@api.example/", Origin("https", "evil.example", 443)),
        ],
    )
    def test_the_origin_is_what_urllib3_connects_to(self, url: str, expected: Origin) -> None:
        """It ends the host at a backslash."""
        assert origin_of_url(url) == expected

    @pytest.mark.parametrize("url", ["ftp://api.example/", "/x", "", "https:///x"])
    def test_another_url_has_no_origin(self, url: str) -> None:
        """The token is for https and http."""
        with pytest.raises(InvalidInput):
            origin_of_url(url)

    @pytest.mark.parametrize(
        ("url", "expected"),
        [("https://a/b?c#d", "/b?c"), ("https://a", "/"), ("https://a?x", "/?x"), ("https://a/%7e", "/%7E")],
    )
    def test_the_target_has_the_query(self, url: str, expected: str) -> None:
        """As urllib3 sends it."""
        assert target_of_url(url) == expected

    @pytest.mark.parametrize(
        ("method", "status", "expected"),
        [
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("PUT", 302, "GET"),
            ("PUT", 301, "PUT"),
            ("DELETE", 303, "GET"),
            ("HEAD", 303, "HEAD"),
            ("POST", 307, "POST"),
            ("POST", 308, "POST"),
        ],
    )
    def test_the_method_of_the_next_hop_is_that_of_requests(self, method: str, status: int, expected: str) -> None:
        """A browser does the same."""
        assert next_method(redirect("/there", status, method)) == expected

    @pytest.mark.parametrize(
        ("location", "expected"),
        [
            ("/there?a=b", "https://api.example/there?a=b"),
            ("there", "https://api.example/x/there"),
            ("//b.example/there", "https://b.example/there"),
            ("http://b.example/a b", "http://b.example/a%20b"),
            ("https://api.example\\@b.example/", "https://api.example%5C@b.example/"),
            ("/a\\b", "https://api.example/a%5Cb"),
            ("http://[::1", None),
            ("ftp://b.example/", None),
            (None, "https://api.example/x/y"),
        ],
    )
    def test_the_url_of_the_next_hop_is_that_of_requests(self, location: str | None, expected: str | None) -> None:
        """It quotes a backslash. None where requests raises an error of its own."""
        assert next_url(redirect(location)) == expected

    def test_authorization_stays_on_the_copies_of_a_hop_to_a_named_origin(self) -> None:
        """It is kept from removal and from a .netrc entry, until the request has arrived."""
        request = requests.Request("GET", "https://api.example/", headers={"Authorization": "a", "X": "x"}).prepare()
        carry(request, NAMED.__contains__)
        for url, keeps in (("https://b.example:8443/", True), ("https://evil.example/", False)):
            following = request.copy()
            following.url = url
            following.headers["authorization"] = "of netrc"
            following.headers["X"] = "y"
            del following.headers["x"]
            if keeps:
                del following.headers["AUTHORIZATION"]
                assert dict(following.headers) == {"Authorization": "a"}
            else:
                assert dict(following.headers) == {"authorization": "of netrc"}
            arrived(following)
            assert type(following.headers) is requests.structures.CaseInsensitiveDict
        arrived(request)
        arrived(request)
        assert "copy" not in vars(request)
        assert type(request.copy().headers) is requests.structures.CaseInsensitiveDict


def redirect(location: str | None, status: int = 302, method: str = "GET") -> requests.Response:
    """Return the response of an API that redirects to *location*."""
    response = requests.Response()
    response.status_code, response.url = status, "https://api.example/x/y"
    if location is not None:
        response.headers["Location"] = location
    response.request = requests.Request(method, response.url).prepare()
    return response


class Stream:
    """A stream of httpcore over a socket."""

    def __init__(self, connected: object, read: bytes = b"") -> None:
        self.connected, self.content = connected, read

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the same bytes again and again."""
        return self.content[:max_bytes]

    def get_extra_info(self, info: str) -> object:
        """Return the socket."""
        return self.connected if info == "socket" else None


class TestConnection:
    """The connection of a token request on httpx2 and httpx, as events show it."""

    def test_the_address_is_that_of_the_last_connection(self) -> None:
        """Other events, and other arguments, change nothing."""
        for is_async in (False, True):
            connection = Connection(is_own=False)
            assert connection.connected_to is None
            events: list[tuple[str, dict[str, object]]] = [
                ("connection.connect_tcp.started", {"host": "as.example", "port": 443}),
                ("connection.connect_tcp.complete", {"host": "other.example", "port": 1}),
                ("connection.connect_tcp.started", {"host": b"as.example", "port": 1}),
                ("connection.connect_tcp.started", {"host": "other.example", "port": "1"}),
                ("connection.connect_tcp.started", {}),
            ]
            for event, info in events:
                if is_async:
                    anyio.run(connection.trace_async, event, info)
                else:
                    connection.trace(event, info)
            assert connection.connected_to == ("as.example", 443)

    def test_an_own_connection_is_cut_and_its_original_stays_open(self) -> None:
        """The library closes the original."""
        for cut_first in (False, True):
            ours, theirs = socket.socketpair()
            with ours, theirs:
                connection = Connection(is_own=True)
                if cut_first:
                    connection.cut()
                connection.trace("connection.connect_tcp.complete", {"return_value": Stream(ours)})
                if not cut_first:
                    ours.settimeout(0.01)
                    with pytest.raises(TimeoutError):
                        ours.recv(1)
                    connection.cut()
                theirs.settimeout(10)
                assert (theirs.recv(1), ours.recv(1)) == (b"", b"")
                connection.close()
                connection.close()
                connection.cut()
                assert ours.fileno() != -1

    def test_a_connection_that_has_ended_can_be_cut(self) -> None:
        """The peer was faster."""
        ours, theirs = socket.socketpair()
        connection = Connection(is_own=True)
        connection.trace("connection.connect_tcp.complete", {"return_value": Stream(ours)})
        theirs.close()
        ours.shutdown(socket.SHUT_RDWR)
        ours.close()
        connection.cut()
        connection.cut()
        connection.close()

    def test_a_connection_of_the_users_client_is_not_cut(self) -> None:
        """It may serve other requests."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection = Connection(is_own=False)
            stream = Stream(ours)
            connection.trace("connection.connect_tcp.complete", {"return_value": stream})
            connection.cut()
            ours.sendall(b"x")
            assert theirs.recv(1) == b"x"
            assert "read" not in vars(stream)

    @pytest.mark.parametrize("event", ["connection.connect_tcp.complete", "connection.start_tls.complete"])
    def test_what_an_own_connection_reads_is_bounded(self, event: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last byte that fits is read, and one more is too much."""
        monkeypatch.setattr(httpx_connection, "_MAX_READ", 5)
        connection, stream = Connection(is_own=True), Stream(None, b"abc")
        connection.trace(event, {"return_value": stream})
        assert (stream.read(3), stream.read(2, None), stream.read(0)) == (b"abc", b"ab", b"")
        with pytest.raises(TooMuchRead):
            stream.read(1)

    def test_a_stream_of_another_kind_is_left_alone(self) -> None:
        """A mock may return anything."""
        connection = Connection(is_own=True)
        for other in (None, object(), type("Half", (), {"read": 1})(), type("Half", (), {"get_extra_info": 1})()):
            connection.trace("connection.connect_tcp.complete", {"return_value": other})
        connection.trace("connection.connect_tcp.failed", {"return_value": Stream(None)})
        connection.trace("connection.connect_tcp.complete", {"return_value": Stream("no socket")})
        connection.cut()
        connection.close()
