"""
API calls with a token: the time that an ``auth`` adds to a call, and the token requests of a cold crowd.

The networks are functions, so that only the libraries are measured.
"""

import importlib
import io
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import attrs
import httpx
import httpx2
import httpx_auth
import requests
import requests_oauth2client
from oauthlib.oauth2 import BackendApplicationClient
from requests.adapters import HTTPAdapter
from requests_oauthlib import OAuth2Session
from urllib3 import HTTPResponse

import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, token_request
from tests.benchmarks.measure import Row, microseconds

ENDPOINT = "https://as.example/token"
RESOURCE = "https://api.example/things"
REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
ANSWER = json.dumps({"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "expires_in": 3600}).encode()
CROWD = 50


@attrs.define
class Network:
    """
    A network that returns a token for a POST after *latency* seconds, and counts the tokens. Other requests get a 200.
    """

    latency: float = 0.0
    tokens: int = 0
    mutex: threading.Lock = attrs.Factory(threading.Lock)

    def content(self, method: str) -> bytes:
        """Return the body of the response."""
        if method != "POST":
            return b""
        with self.mutex:
            self.tokens += 1
        time.sleep(self.latency)
        return ANSWER

    def httpx2(self, request: httpx2.Request) -> httpx2.Response:
        """Respond to httpx2."""
        return httpx2.Response(200, headers={"Content-Type": "application/json"}, content=self.content(request.method))

    def httpx(self, request: httpx.Request) -> httpx.Response:
        """Respond to httpx."""
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=self.content(request.method))


class Adapter(HTTPAdapter):
    """An adapter of requests for `Network`."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """Respond without a socket."""
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "application/json"
        response._content = self.network.content(request.method or "")
        response.raw = HTTPResponse(io.BytesIO(response._content), preload_content=False)
        response.url = request.url or ""
        response.request = request
        response.connection = self
        return response


def overhead() -> list[Row]:
    """Measure what a cached token adds to a call, in microseconds over the same call of the bare library."""
    network = Network()
    ours = {
        "bare httpx2": _get(httpx2.Client(transport=httpx2.MockTransport(network.httpx2))),
        "bare httpx": _get(httpx.Client(transport=httpx.MockTransport(network.httpx))),
        "bare requests": _get(_mounted(requests.Session(), network)),
        "oauth_cc, httpx2": _httpx2(network),
        "oauth_cc, httpx": _httpx(network),
        "oauth_cc, requests": _requests(network),
        "Authlib, httpx2": _authlib(network),
        "httpx-auth, httpx": _httpx_auth(network),
        "requests-oauthlib": _requests_oauthlib(network),
        "requests_oauth2client": _requests_oauth2client(network),
    }
    figures = microseconds(ours)
    added = {
        name: max(0.01, figure - figures[_bare(name)])
        for name, figure in figures.items()
        if not name.startswith("bare")
    }
    return [Row("added to a call", added, "5 µs on httpx2", added["oauth_cc, httpx2"] <= 5)]


def cold() -> Row:
    """Count the token requests of 50 threads that call at the same moment without a token."""
    makers = {
        "oauth_cc, httpx2": _httpx2,
        "oauth_cc, httpx": _httpx,
        "oauth_cc, requests": _requests,
        "Authlib, httpx2": _authlib,
        "httpx-auth, httpx": _httpx_auth,
        "requests-oauthlib": _requests_oauthlib,
        "requests_oauth2client": _requests_oauth2client,
    }
    figures: dict[str, float] = {}
    for name, make in makers.items():
        network = Network(latency=0.02)
        call = make(network)
        start = threading.Barrier(CROWD)

        def one(_: int, call: Callable[[], object] = call, start: threading.Barrier = start) -> None:
            start.wait()
            call()

        with ThreadPoolExecutor(CROWD) as pool:
            list(pool.map(one, range(CROWD)))
        figures[name] = network.tokens
    ours = [figure for name, figure in figures.items() if name.startswith("oauth_cc")]
    return Row("token requests, 50 threads", figures, "1", ours == [1, 1, 1])


def _bare(name: str) -> str:
    library = name.partition(", ")[2] or "requests"
    return f"bare {library}"


def _get(client: httpx2.Client | httpx.Client | requests.Session) -> Callable[[], object]:
    return lambda: client.get(RESOURCE)


def _mounted(session: requests.Session, network: Network) -> requests.Session:
    session.mount("https://", Adapter(network))
    # Reading the environment is not part of the comparison.
    session.trust_env = False
    return session


def _httpx2(network: Network) -> Callable[[], object]:
    transport = httpx2.MockTransport(network.httpx2)
    auth = oauth_cc.httpx2.ClientCredentialsAuth(REQUEST, ENDPOINT, client=httpx2.Client(transport=transport))
    return _get(httpx2.Client(transport=transport, auth=auth))


def _httpx(network: Network) -> Callable[[], object]:
    transport = httpx.MockTransport(network.httpx)
    auth = oauth_cc.httpx.ClientCredentialsAuth(REQUEST, ENDPOINT, client=httpx.Client(transport=transport))
    return _get(httpx.Client(transport=transport, auth=auth))


def _requests(network: Network) -> Callable[[], object]:
    session = _mounted(requests.Session(), network)
    session.auth = oauth_cc.requests.ClientCredentialsAuth(
        REQUEST, ENDPOINT, client=_mounted(requests.Session(), network)
    )
    return _get(session)


def _authlib(network: Network) -> Callable[[], object]:
    # Imported by name, because it has no types.
    client = importlib.import_module("authlib.integrations.httpx_client").OAuth2Client(
        "your_id", "s3cret", token_endpoint=ENDPOINT, transport=httpx2.MockTransport(network.httpx2)
    )

    def call() -> object:
        if not client.token:
            client.fetch_token()
        return client.get(RESOURCE)

    return call


def _httpx_auth(network: Network) -> Callable[[], object]:
    transport = httpx.MockTransport(network.httpx)
    httpx_auth.OAuth2.token_cache.clear()
    auth = httpx_auth.OAuth2ClientCredentials(ENDPOINT, "your_id", "s3cret", client=httpx.Client(transport=transport))
    return _get(httpx.Client(transport=transport, auth=auth))


def _requests_oauthlib(network: Network) -> Callable[[], object]:
    session = OAuth2Session(client=BackendApplicationClient("your_id"))
    _mounted(session, network)

    def call() -> object:
        if not session.authorized:
            session.fetch_token(ENDPOINT, client_secret="s3cret")
        return session.get(RESOURCE)

    return call


def _requests_oauth2client(network: Network) -> Callable[[], object]:
    theirs = requests_oauth2client.OAuth2Client(
        ENDPOINT, client_id="your_id", client_secret="s3cret", session=_mounted(requests.Session(), network)
    )
    session = _mounted(requests.Session(), network)
    session.auth = requests_oauth2client.OAuth2ClientCredentialsAuth(theirs)
    return _get(session)
