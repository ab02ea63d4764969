"""
Tokens by the standard library alone.
"""

import gzip
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import attrs
import pytest

from oauth_cc import ClientCredentials, InvalidResponse, Options, Retries, TokenRequestRefused, token_request
from oauth_cc.errors import InvalidInput, UnexpectedRedirect
from oauth_cc.integrations.urllib import TokenSource, fetch_token
from oauth_cc.issuer import Issuer
from oauth_cc.testing import AuthorizationServer, Fault, PrivateAuthority
from tests.leaks import shown_by
from tests.shells.proxy import run_proxy
from tests.shells.scripted import Answer, Silence, serve
from tests.shells.test_faults import FAULTS

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
ONCE = Options(retries=Retries(attempts=1), timeout=2.0)


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Run one server for all tests."""
    with AuthorizationServer() as running:
        yield running


def seen(endpoint: str, options: Options = ONCE) -> str:
    """Return what a caller sees, in the words of the faults of every shell."""
    try:
        fetch_token(REQUEST, endpoint, options=options)
    except TokenRequestRefused as error:
        after = "" if error.retry_after is None else f" after {error.retry_after}"
        return f"{error.status} {error.error}{', may be retried' if error.retryable else ''}{after}"
    except InvalidResponse as error:
        return f"{type(error).__name__} {error.member or ''}".strip()
    except TimeoutError:
        return "timeout"
    except URLError as error:
        return "broken: s3cret" if "s3cret" in shown_by(error) else "broken"
    return "token"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_caller_sees_the_fault_of_a_server(server: AuthorizationServer, fault: str) -> None:
    """It sees what a caller of every shell sees."""
    how, expected = FAULTS[fault]
    server.misbehave(how)
    options = ONCE if expected != "timeout" else Options(retries=Retries(attempts=1), timeout=0.1)
    assert seen(server.token_endpoint, options) == expected
    assert seen(server.token_endpoint) == "token"


def test_a_token_opens_an_api_by_urlopen(server: AuthorizationServer) -> None:
    """The source finds the endpoint by the issuer and caches the token. A redirect does not take it along."""
    before = len(server.token_requests)
    with serve(Answer()) as api, TokenSource(REQUEST, Issuer(server.issuer), options=ONCE) as source:
        for _ in range(2):
            call = Request(server.resource_url)  # noqa: S310  # http to loopback
            call.add_unredirected_header("Authorization", source.authorization())
            with urlopen(call, timeout=9) as response:  # noqa: S310
                assert response.status == 200
        server.misbehave(Fault(status=302, headers={"Location": f"{api.url}/elsewhere"}), at="resource")
        with urlopen(call, timeout=9) as response:  # noqa: S310
            assert response.status == 200
    assert "Authorization" not in api.asked[0].headers
    assert len(server.token_requests) == before + 1
    assert TokenSource.from_issuer(server.issuer, REQUEST).access_token()


def test_a_response_is_bounded_in_time_and_size(server: AuthorizationServer) -> None:
    """A drip of bytes ends at the deadline, and its connection is cut. A compressed response is read."""
    json = b'{"access_token": "tok-1", "token_type": "Bearer"}'
    dripped = Answer(chunks=tuple([b" "] * 100 + [json]), pause=0.05)
    large = Answer(chunks=(b" " * 1_100_000, json))
    heads = Answer(headers=tuple((f"X-{number}", "x" * 60_000) for number in range(18)), chunks=(json,))
    packed = Answer(headers=(("Content-Encoding", "gzip"),), chunks=(gzip.compress(json),))
    with serve(dripped, large, heads, packed) as script:
        quick = Options(retries=Retries(attempts=1), timeout=0.3)
        began = time.monotonic()
        assert seen(f"{script.url}/token", quick) == "timeout"
        assert time.monotonic() - began < 2
        assert [seen(f"{script.url}/token") for _ in range(3)] == ["InvalidResponse", "InvalidResponse", "token"]


def test_no_redirect_is_followed(server: AuthorizationServer) -> None:
    """No second server gets the secret."""
    server.misbehave(Fault(status=307, headers={"Location": server.token_endpoint}))
    with pytest.raises(UnexpectedRedirect):
        fetch_token(REQUEST, server.token_endpoint, options=ONCE)


def test_the_environment_names_the_proxy(server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the proxy that `urlopen` uses."""
    with run_proxy() as running:
        monkeypatch.setenv("http_proxy", running.url)
        assert seen(server.token_endpoint) == "token"
        assert running.targets == [server.token_endpoint]


def test_a_network_error_names_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the server is called directly. It does not show the proxy's password."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://someone:s3cret-of-proxy@127.0.0.1:{port}")
    for endpoint in ("http://127.0.0.1:1/token", "https://127.0.0.1:1/token"):
        with pytest.raises(URLError, match=r"token endpoint at 127\.0\.0\.1:1: .*refused") as caught:
            fetch_token(REQUEST, endpoint, options=ONCE)
        assert str(caught.value.reason).endswith(f"; a proxy of the environment is used: 127.0.0.1:{port}")
        assert "s3cret-of-proxy" not in shown_by(caught.value)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(URLError) as caught:
        fetch_token(REQUEST, "http://127.0.0.1:1/token", options=ONCE)
    assert "proxy" not in str(caught.value)


def test_a_silent_or_refusing_proxy_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal of a tunnel is named by its status."""
    with serve(Silence) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        late = attrs.evolve(ONCE, timeout=0.1)
        with pytest.raises(TimeoutError, match=r"; a proxy of the environment is used: 127\.0\.0\.1"):
            fetch_token(REQUEST, "http://127.0.0.1:1/token", options=late)
    with serve(Answer()) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(URLError, match=r"the proxy did not connect \(HTTP 501\); a proxy of the environment"):
            fetch_token(REQUEST, "https://127.0.0.1:1/token", options=ONCE)


def test_a_private_authority_is_given_as_context_or_by_the_environment(tmp_path: Path) -> None:
    """Any other authority is not trusted, and that is not tried again."""
    authority = PrivateAuthority()
    with AuthorizationServer(tls=authority.server_side()) as server:
        fetch_token(REQUEST, server.token_endpoint, client=authority.client_side(), options=ONCE)
        with pytest.raises(URLError, match=r"token endpoint at localhost:.*certificate verify failed"):
            fetch_token(REQUEST, server.token_endpoint, client=PrivateAuthority().client_side())
        with pytest.raises(InvalidInput, match=r"client must be of the type ssl.SSLContext, not builtins.str"):
            fetch_token(REQUEST, server.token_endpoint, client="authority.pem")  # type: ignore[arg-type]  # on purpose
        file = authority.write(tmp_path / "authority.pem")
        program = (
            "from oauth_cc import *; from oauth_cc.integrations.urllib import fetch_token; import sys\n"
            f"fetch_token(ClientCredentials('your_id', 's3cret'), {server.token_endpoint!r})\n"
            "print([name for name in ('requests', 'urllib3', 'httpx2', 'httpx', 'anyio') if name in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "SSL_CERT_FILE": str(file)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "[]\n"
