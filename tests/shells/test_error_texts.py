"""
The error of one attempt, for each error of each HTTP library: its text, its class, and whether it is worth a retry.
"""

import asyncio
import io
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import anyio
import httpx
import httpx2
import multidict
import pytest
import requests
import urllib3
import yarl
from aiohttp.client_reqrep import ConnectionKey
from requests.adapters import BaseAdapter
from requests.exceptions import ChunkedEncodingError, InvalidHeader, ProxyError, RetryError, SSLError
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from oauth_cc import HttpRequest, Options, TokenRequestRefused
from oauth_cc._io import aiohttp_sending, library_httpx, library_httpx2, requests_sending
from oauth_cc._io.deadline import Deadline
from oauth_cc.errors import InvalidInput
from oauth_cc.flows.effects import Failed, Received
from tests.leaks import shown_by

REQUEST = HttpRequest("POST", "https://as.example/token", (("Authorization", "s3cret-of-client"),), b"s3cret-of-client")
AT = "token endpoint at as.example: "
REFUSED = "[Errno 111] Connection refused"


def no_tls() -> OSError:
    """Return an error of OpenSSL."""
    return ssl.SSLError(1, "no TLS")


def refused() -> OSError:
    """Return an error of the operating system."""
    return ConnectionRefusedError(111, "Connection refused")


each_reason = pytest.mark.parametrize("make", [lambda: None, refused, no_tls], ids=["bare", "refused", "tls"])


def failure(outcome: Received | Failed) -> Failed:
    """Return *outcome*, which is a failure that shows nothing of the request or of a response."""
    assert isinstance(outcome, Failed)
    assert "s3cret-of-client" not in shown_by(outcome.error)
    assert "M4RKER" not in shown_by(outcome.error)
    return outcome


def linked(error: BaseException, reason: OSError | None) -> BaseException:
    """Return *error* as raised from *reason*, which has links that quote a server."""
    if reason is not None:
        reason.__cause__, reason.__context__ = ValueError("M4RKER"), ValueError("M4RKER")
        error.__cause__ = reason
    error.__context__ = ValueError("M4RKER")
    return error


def only_the_reason_is_linked(error: BaseException, reason: OSError | None) -> bool:
    """Return whether *error* has *reason* as its only link, without a traceback."""
    links = (error.__cause__, error.__context__, error.__traceback__)
    bare = reason is None or (reason.__cause__, reason.__context__, reason.__traceback__) == (None, None, None)
    return links == (reason, None, None) and bare


LIBRARIES: dict[ModuleType, Any] = {httpx2: library_httpx2.LIBRARY, httpx: library_httpx.LIBRARY}
HTTPX = [
    ("ConnectTimeout", "no connection within 3 seconds", True),
    ("ReadTimeout", "no complete response within 3 seconds", False),
    ("WriteTimeout", "no complete response within 3 seconds", False),
    ("PoolTimeout", "no free connection in the client's pool within 3 seconds", False),
    ("ConnectError", "no connection", True),
    ("ReadError", "the connection broke", True),
    ("WriteError", "the connection broke", True),
    ("CloseError", "the connection broke", True),
    ("ProxyError", "the proxy did not connect", False),
    ("RemoteProtocolError", "the connection was closed early, or the response is not HTTP", True),
    ("LocalProtocolError", "the request is not HTTP", False),
    ("UnsupportedProtocol", "no response", False),
]

each_library = pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
each_backend = pytest.mark.parametrize("backend", [None, "asyncio", "trio"])


def sent_by_httpx(library: ModuleType, backend: str | None, error: BaseException) -> Failed:
    """Return the failure of an attempt on *library*, whose transport raises *error*."""

    def answer(request: Any) -> Any:
        raise error

    transport, options = library.MockTransport(answer), Options(timeout=3.0)
    if backend is None:
        with library.Client(transport=transport) as client:
            return failure(LIBRARIES[library].sender(client, options)(REQUEST))

    async def main() -> Received | Failed:
        async with library.AsyncClient(transport=transport) as client:
            outcome: Received | Failed = await LIBRARIES[library].async_sender(client, options)(REQUEST)
            return outcome

    return failure(anyio.run(main, backend=backend))


@each_library
@each_backend
@each_reason
def test_an_error_of_httpx_has_a_text_of_this_library(
    library: ModuleType, backend: str | None, make: Callable[[], OSError | None]
) -> None:
    """A failure of TLS is not worth a retry."""
    for name, text, is_transient in HTTPX:
        reason = make()
        raised = linked(getattr(library, name)("M4RKER", request=library.Request("POST", "https://M4RKER")), reason)
        found = sent_by_httpx(library, backend, raised)
        assert found.error is raised
        assert str(found.error) == AT + text + ("" if reason is None else f" ({reason})")
        assert found.retryable is (is_transient and make is not no_tls), name
        assert only_the_reason_is_linked(found.error, reason)
        bare: Any = vars(found.error)["_request"]
        assert (bare.method, str(bare.url), bare.content) == ("POST", REQUEST.url, b"")
        assert bare.headers == {"Host": "as.example", "Content-Length": "0"}


@each_library
@each_backend
def test_an_error_of_the_system_is_an_error_of_httpx(library: ModuleType, backend: str | None) -> None:
    """On asyncio a rejected client certificate surfaces in this way."""
    reset = ConnectionResetError(104, "Connection reset by peer")
    found = sent_by_httpx(library, backend, linked(reset, None))
    assert type(found.error) is library.TransportError
    assert str(found.error) == f"{AT}no response ([Errno 104] Connection reset by peer)"
    assert not found.retryable
    assert only_the_reason_is_linked(found.error, reset)


@each_library
@each_backend
@pytest.mark.parametrize("kind", [LookupError, ImportError])
def test_an_error_that_is_not_of_the_network_is_raised_as_it_is(
    library: ModuleType, backend: str | None, kind: type[Exception]
) -> None:
    """The user's transport may raise it."""
    error = kind("of the transport")
    with pytest.raises(kind, match="of the transport") as caught:
        sent_by_httpx(library, backend, error)
    assert caught.value is error


REQUESTS = [
    (requests.ConnectTimeout, "no connection within 3 seconds", True),
    (requests.ReadTimeout, "no complete response within 5 seconds", False),
    (ProxyError, "the proxy did not connect", False),
    (SSLError, "no TLS connection", False),
    (requests.ConnectionError, "no connection, or it was closed early", True),
    (ChunkedEncodingError, "the connection was closed early, or the response is not HTTP", True),
    (RetryError, "the adapter of the session repeated the request without success", False),
    (InvalidHeader, "no response", False),
]


class Broken(BaseAdapter):
    """An adapter that raises *error*."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]  # as stubs do
        """Raise the error."""
        if isinstance(self.error, requests.RequestException):
            self.error.request, self.error.response = request, requests.Response()
        raise self.error

    def close(self) -> None:
        """Do nothing."""


def sent_by_requests(error: BaseException) -> Failed:
    """Return the failure of an attempt on requests, whose adapter raises *error*."""
    with requests.Session() as session:
        session.mount("https://", Broken(error))
        return failure(requests_sending.sender(session, (3.0, 5.0))(REQUEST))


@each_reason
@pytest.mark.parametrize(("kind", "text", "is_retryable"), REQUESTS)
def test_an_error_of_requests_has_a_text_of_this_library(
    kind: type[requests.RequestException], text: str, is_retryable: bool, make: Callable[[], OSError | None]
) -> None:
    """Its text is that of an error of urllib3, or there is none."""
    for arguments in ((), (ValueError("M4RKER"),), ("M4RKER", ValueError("M4RKER"))):
        reason = make()
        raised = linked(kind(*arguments), reason)
        found = sent_by_requests(raised)
        assert found.error is raised
        assert found.error.args == (AT + text + ("" if reason is None else f" ({reason})"),)
        assert found.retryable is is_retryable
        assert only_the_reason_is_linked(found.error, reason)
        assert isinstance(found.error, requests.RequestException)
        assert found.error.response is None
        bare = found.error.request
        assert isinstance(bare, requests.PreparedRequest)
        assert vars(bare) == {
            **vars(requests.PreparedRequest()),
            "method": "POST",
            "url": REQUEST.url,
            "hooks": bare.hooks,
        }


@pytest.mark.parametrize(
    ("of_session", "named"), [({}, "proxy.example:3128"), ({"https": "http://other.example:3128"}, None)]
)
def test_an_error_of_requests_names_a_proxy_of_the_environment(
    of_session: dict[str, str], named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not name a proxy of the session, which the program passed itself."""
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:M4RKER@proxy.example:3128")
    with requests.Session() as session:
        session.mount("https://", Broken(requests.ConnectionError("away")))
        session.proxies.update(of_session)
        found = failure(requests_sending.sender(session, 3.0)(REQUEST))
    more = "" if named is None else f"; a proxy of the environment is used: {named}"
    assert str(found.error) == f"{AT}away{more}"


@pytest.mark.parametrize(
    ("timeout", "whole"), [(0.02, "0.02"), ((0.02, 0.03), "0.05"), (1, "1")], ids=["number", "pair", "int"]
)
def test_an_attempt_on_requests_ends_after_the_timeout(
    timeout: requests_sending.Timeout, whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum of a pair bounds an attempt."""
    released, bounds = threading.Event(), list[float]()
    perform = Deadline.perform

    def noted(self: Deadline[Any], *arguments: Any) -> Any:
        bounds.append(self.seconds)
        self.seconds = 0.01
        return perform(self, *arguments)

    monkeypatch.setattr(Deadline, "perform", noted)
    with requests.Session() as session:
        monkeypatch.setattr(session, "send", lambda *_, **__: released.wait(30))
        found = failure(requests_sending.sender(session, timeout)(REQUEST))
        released.set()
    assert [f"{bound:g}" for bound in bounds] == [whole]
    assert type(found.error) is requests.ReadTimeout
    assert (str(found.error), found.retryable) == (f"{AT}no complete response within 0.01 seconds", False)


@pytest.mark.parametrize(
    "timeout", [0, -1.0, (1.0, 0), (0, 1.0), (1.0, 2.0, 3.0), (1.0,), "1", None, True, float("nan"), 86401], ids=repr
)
def test_a_timeout_of_another_form_is_rejected(timeout: Any) -> None:
    """A timeout is a number or a pair of numbers."""
    with pytest.raises(InvalidInput) as caught:
        requests_sending.sender(None, timeout)
    assert str(caught.value).startswith("timeout must be a number of seconds above 0 and at most 86400, not ")


def test_an_authority_file_that_cannot_be_read_is_an_error_of_the_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missing, or holds no certificate."""
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for path, kind, text in (
        (missing, FileNotFoundError, f"[Errno 2] No such file or directory: '{missing}'"),
        (empty, ssl.SSLError, "no certificate or crl found"),
    ):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
        found = failure(requests_sending.sender(None, 3.0)(REQUEST))
        assert isinstance(found.error, kind)
        assert text in str(found.error).lower() or text == str(found.error)
        assert (found.retryable, found.error.__traceback__) == (False, None)


class Body(urllib3.HTTPResponse):
    """A response of urllib3 whose body raises *error*, or is empty if it is None."""

    def __init__(self, error: Exception | None, version: int = 11, headers: dict[str, str] | None = None) -> None:
        super().__init__(io.BytesIO(), headers, 200, version, preload_content=False)
        self.error = error

    def read1(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Raise the error."""
        if self.error is not None:
            raise self.error
        return b""


class Stub(Broken):
    """An adapter that returns a response with the body *raw*."""

    def __init__(self, raw: urllib3.HTTPResponse) -> None:
        super().__init__(LookupError())
        self.raw = raw

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]  # as stubs do
        """Return the response."""
        response = requests.Response()
        response.status_code, response.raw, response.request = 200, self.raw, request
        return response


CUT = "the connection was closed early, or the response is not HTTP"


@pytest.mark.parametrize(
    ("error", "kind", "text", "is_retryable"),
    [
        (
            *(ReadTimeoutError(HTTPConnectionPool("M4RKER"), "M4RKER", "M4RKER"), requests.ReadTimeout),
            *("no complete response within 5 seconds", False),
        ),
        (urllib3.exceptions.SSLError(no_tls()), SSLError, "no TLS connection (no TLS)", False),
        (ProtocolError("M4RKER", refused()), ChunkedEncodingError, f"{CUT} ({REFUSED})", True),
        (urllib3.exceptions.DecodeError("M4RKER"), ChunkedEncodingError, CUT, True),
        (None, ChunkedEncodingError, CUT, True),
    ],
)
def test_an_error_of_the_body_is_the_error_that_requests_makes_of_it(
    error: Exception | None, kind: type[Exception], text: str, is_retryable: bool
) -> None:
    """The body of a whole response is not empty."""
    with requests.Session() as session:
        session.mount("https://", Stub(Body(error)))
        found = failure(requests_sending.sender(session, (3.0, 5.0))(REQUEST))
    assert (type(found.error), str(found.error), found.retryable) == (kind, AT + text, is_retryable)


def test_an_empty_body_whose_end_is_known_is_a_response() -> None:
    """The head says so, or the version does."""
    for raw in (Body(None, 10), Body(None, headers={"Content-Length": "0"})):
        with requests.Session() as session:
            session.mount("https://", Stub(raw))
            found = requests_sending.sender(session, 3.0)(REQUEST)
        assert isinstance(found, Received)
        assert (found.response.status, found.response.content) == (200, b"")


def test_the_own_text_of_an_error_of_requests_stays() -> None:
    """A test tool says what it missed."""
    found = sent_by_requests(linked(requests.ConnectionError("no such mock"), refused()))
    assert (str(found.error), found.retryable) == (f"{AT}no such mock", True)


def test_the_status_of_a_refused_tunnel_is_in_the_text() -> None:
    """The text after it comes from the proxy."""
    gone = ProxyError(ValueError(OSError("Tunnel connection failed: 407 M4RKER")))
    assert str(sent_by_requests(gone).error) == f"{AT}the proxy did not connect (HTTP 407)"


@pytest.mark.parametrize(
    ("text", "status", "retryable"),
    [
        ("too many 503 error responses", 503, True),
        ("too many 500 error responses", 500, True),
        ("too many 400 error responses", 400, False),
    ],
)
def test_the_status_that_ended_the_repetitions_of_an_adapter_is_raised(text: str, status: int, retryable: bool) -> None:
    """It is not retried, because the adapter has used up its own retries."""
    found = sent_by_requests(RetryError(ValueError(LookupError(text))))
    assert isinstance(found.error, TokenRequestRefused)
    assert (found.error.status, found.error.retryable, found.retryable) == (status, retryable, False)
    assert str(found.error).endswith(
        "the session's adapter repeated it without success; use Retry(raise_on_status=False) to see what the server"
        " says"
    )


def test_an_error_that_is_not_of_requests_is_raised_as_it_is() -> None:
    """The user's adapter may raise it, and it may hold a request."""
    error = LookupError("of the adapter")
    vars(error)["request"] = "s3cret-of-client"
    found = sent_by_requests(error)
    assert (found.error is error, str(found.error), found.retryable) == (True, "of the adapter", False)
    assert found.error.__traceback__ is None
    assert (vars(error)["request"].url, hasattr(error, "response")) == (REQUEST.url, False)


KEY = ConnectionKey("as.example", 443, True, True, None, None, None)
URL = yarl.URL("https://M4RKER/")
INFO = aiohttp.RequestInfo(URL, "GET", multidict.CIMultiDictProxy(multidict.CIMultiDict({"a": "M4RKER"})), URL)
LATE = "no complete response within 3 seconds"
INCOMPLETE = "the response is incomplete or is not HTTP"
AIOHTTP: list[tuple[Callable[[], BaseException], str, str, bool]] = [
    (lambda: aiohttp.ClientConnectorError(KEY, refused()), "ClientConnectorError", "no connection ({0})", True),
    (lambda: aiohttp.ClientConnectorSSLError(KEY, no_tls()), "ClientConnectorSSLError", "no connection ({1})", False),
    (
        *(lambda: aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError(1, "no TLS")),),
        *("ClientConnectorCertificateError", "no connection ({1})", False),
    ),
    (
        *(lambda: aiohttp.ServerFingerprintMismatch(b"a", b"b", "as.example", 443),),
        *("ServerFingerprintMismatch", "no connection, as the certificate has another fingerprint", False),
    ),
    (refused, "ClientOSError", "the connection broke ({0})", True),
    (lambda: aiohttp.ClientConnectionError("M4RKER"), "ClientConnectionError", "the connection broke", True),
    (lambda: aiohttp.ClientError("M4RKER"), "ClientError", "the connection broke", False),
    (lambda: aiohttp.ServerDisconnectedError("M4RKER"), "ServerDisconnectedError", "the connection was closed", True),
    (lambda: aiohttp.ConnectionTimeoutError("M4RKER"), "ServerTimeoutError", LATE, False),
    (lambda: aiohttp.ClientPayloadError("M4RKER"), "ClientPayloadError", INCOMPLETE, True),
    (lambda: aiohttp.ClientResponseError(INFO, (), status=0, message="M4RKER"), "ClientPayloadError", INCOMPLETE, True),
    (
        *(lambda: aiohttp.ClientResponseError(INFO, (), status=399, message="M4RKER"),),
        *("ClientPayloadError", INCOMPLETE, True),
    ),
    (
        *(lambda: linked(aiohttp.ClientResponseError(INFO, (), status=400, message="M4RKER"), OSError(0, "M4RKER")),),
        *("ClientPayloadError", INCOMPLETE, True),
    ),
]


def sent_by_aiohttp(error: BaseException, **session: Any) -> Failed:
    """Return the failure of an attempt on aiohttp, whose connector raises *error*."""

    class Connector(aiohttp.TCPConnector):
        async def connect(self, *_: Any, **__: Any) -> Any:
            raise error

    async def main() -> Received | Failed:
        async with aiohttp.ClientSession(connector=Connector(), **session) as client:
            return await aiohttp_sending.sender(client, 3.0)(REQUEST)

    return failure(asyncio.run(main(), debug=False))


@pytest.mark.parametrize("proxy", ["", "; a proxy of the environment is used: proxy.example:3128"], ids=["", "proxy"])
@pytest.mark.parametrize(("make", "name", "text", "is_retryable"), AIOHTTP)
def test_an_error_of_aiohttp_has_a_text_of_this_library(
    make: Callable[[], BaseException],
    name: str,
    text: str,
    is_retryable: bool,
    proxy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It names a proxy of the environment without its credentials."""
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", "http://someone:M4RKER@proxy.example:3128")
    found = sent_by_aiohttp(make(), trust_env=True)
    assert (str(found.error), found.retryable) == (AT + text.format(REFUSED, "no TLS") + proxy, is_retryable)
    kind = type(found.error)
    assert (kind.__name__, kind.__qualname__, kind.__module__) == (name, name, "aiohttp.client_exceptions")
    assert isinstance(found.error, getattr(aiohttp, name))
    assert found.error.__traceback__ is None


@pytest.mark.parametrize("proxy", ["", "; a proxy of the environment is used: proxy.example:3128"], ids=["", "proxy"])
def test_the_refusal_of_a_proxy_is_an_error_of_aiohttp_without_its_headers(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is that of the proxy."""
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", "http://someone:M4RKER@proxy.example:3128")
    gone = aiohttp.ClientHttpProxyError(INFO, (), status=407, message="M4RKER")
    found = sent_by_aiohttp(gone, trust_env=True)
    assert isinstance(found.error, aiohttp.ClientHttpProxyError)
    assert (found.error.status, found.error.message) == (407, f"{AT}the proxy did not connect{proxy}")
    info = found.error.request_info
    assert (info.method, str(info.url), str(info.real_url), dict(info.headers)) == ("POST", *[REQUEST.url] * 2, {})
    assert (found.error.history, found.retryable) == ((), False)


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (401, False), (429, True), (503, True)])
def test_a_status_that_a_trace_config_of_aiohttp_raised_is_a_refusal(status: int, retryable: bool) -> None:
    """The text says how to see what the server said."""
    found = sent_by_aiohttp(aiohttp.ClientResponseError(INFO, (), status=status, message="M4RKER"))
    assert isinstance(found.error, TokenRequestRefused)
    assert (found.error.status, found.error.retryable, found.retryable) == (status, retryable, False)
    assert str(found.error).endswith(
        "a trace config of the session raised an error for this status; remove it to see the server's error"
    )
