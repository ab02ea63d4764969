"""
The URL of a proof, compared with the URL that each HTTP library really requests: a proxy sees it whole.
"""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from oauth_cc import ClientCredentials, token_request
from oauth_cc.dpop import normalized_htu
from oauth_cc.jose import new_key
from oauth_cc.testing._dpop import ProofVerifier, normalized
from oauth_cc.testing._messages import Call as Received
from oauth_cc.testing._messages import joined
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import Answer, ScriptedServer, serve
from tests.shells.test_dpop import bound, claims

KEY = new_key()
REQUEST = token_request(ClientCredentials("your_id", "s3cret")).with_dpop(KEY)
HOSTS = {
    "api.example": "api.example",
    "API.Example": "api.example",
    "b\u00fccher.example": "xn--bcher-kva.example",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "192.0.2.1": "192.0.2.1",
}
PORTS = ["", ":80", ":8080"]
ORIGINS = [f"http://{host}{port}" for host in sorted(set(HOSTS.values())) for port in PORTS]
SEGMENTS = [
    *[
        "a",
        "B",
        "",
        ".",
        "..",
        "...",
        "~jo",
        "%7Ejo",
        "%7ejo",
        "%2e%2e",
        "%2E",
        "%c3%a9",
        "\u00e9",
        "a b",
        "%2f",
        "%2F",
    ],
    *["a;x=1", "!$&'()*+,:@", "%25", "-._~", "100%"],
]


def url_of(host: str, port: str, segments: list[str], query: str) -> str:
    """Return the URL of these parts."""
    return f"http://{host}{port}{''.join([f'/{each}' for each in segments])}{query}"


urls = st.builds(
    url_of,
    st.sampled_from(sorted(HOSTS)),
    st.sampled_from(PORTS),
    st.lists(st.sampled_from(SEGMENTS), max_size=5),
    st.sampled_from(["", "?", "?q=1", "?q=/../%7E", "?a=b#c"]),
)


@pytest.fixture(scope="module")
def proxy() -> Iterator[ScriptedServer]:
    """Yield a proxy that answers each request itself."""
    with serve(Answer(chunks=(b"ok",))) as server:
        yield server


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Yield a token endpoint."""
    with serve(bound(1)) as server:
        yield f"{server.url}/token"


@pytest.mark.parametrize("call", [call for call in CALLS if call.backend in (None, "asyncio")], ids=name)
@given(st.lists(urls, min_size=1, max_size=4))
@example([f"http://api.example/{segment}" for segment in SEGMENTS])
@example([f"http://{host}" for host in HOSTS])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_proof_names_the_url_that_the_library_requests(
    call: Call, proxy: ScriptedServer, endpoint: str, given_: list[str]
) -> None:
    """The verifier of the test server accepts it, and so does one that compares the text."""
    proxy.asked.clear()
    auth = call.auth(REQUEST, endpoint, origins=ORIGINS)
    for url in given_:
        _get(call, auth, url, proxy.url)
    for asked in proxy.asked:
        htu = claims(asked)["htu"]
        assert normalized(htu) == normalized(asked.path)
        assert htu == normalized_htu(asked.path) == normalized_htu(htu)
        parts = urlsplit(asked.path)
        received = Received("GET", parts.path, joined({**asked.headers, "Host": parts.netloc}.items()))
        assert ProofVerifier("http://as.example", time.time, None).thumbprint(received, "tok-1") == KEY.jkt


# The path in the program, as httpx2 and httpx send it, as requests does, as aiohttp does, and in the proof.
PATHS = [
    ("/a/../b", "/b", "/b", "/b", "/b"),
    ("/a/./b", "/a/b", "/a/b", "/a/b", "/a/b"),
    ("/a/%2e%2e/b", "/a/%2e%2e/b", "/a/../b", "/b", "/b"),
    ("/a/%2E/b", "/a/%2E/b", "/a/./b", "/a/b", "/a/b"),
    ("/%7ejo", "/%7ejo", "/~jo", "/~jo", "/~jo"),
    ("/a%2fb", "/a%2fb", "/a%2Fb", "/a%2Fb", "/a%2Fb"),
    ("/%c3%a9", "/%c3%a9", "/%C3%A9", "/%C3%A9", "/%C3%A9"),
    ("/a//b", "/a//b", "/a//b", "/a//b", "/a//b"),
]


@pytest.mark.parametrize("call", CALLS, ids=name)
def test_the_url_stays_as_the_library_sends_it_and_the_proof_is_normalized(call: Call, endpoint: str) -> None:
    """A server normalizes both and compares them (RFC 9449 section 4.3), as the verifier of the test server does."""
    column = 1 if call.is_httpx else 2 if call.library is requests else 3
    with serve(Answer(chunks=(b"ok",))) as api:
        assert call.get(call.auth(REQUEST, endpoint), *[f"{api.url}{row[0]}" for row in PATHS]) == [200] * len(PATHS)
        assert [asked.path for asked in api.asked] == [row[column] for row in PATHS]
        assert [claims(asked)["htu"] for asked in api.asked] == [f"{api.url}{row[4]}" for row in PATHS]
        verifier = ProofVerifier(api.url, time.time, None)
        for asked in api.asked:
            received = Received("GET", asked.path, joined(asked.headers.items()))
            assert verifier.thumbprint(received, "tok-1") == KEY.jkt


def _get(call: Call, auth: Any, url: str, proxy: str) -> None:
    try:
        call.get(auth, url, proxy=proxy)
    except (ValueError, httpx.InvalidURL):
        # The library rejects the URL.
        return
