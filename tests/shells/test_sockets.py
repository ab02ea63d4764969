"""
The socket of a token request is closed when the request has ended, not when the garbage collector runs.
"""

import contextlib
import gc
import socket
import threading
from collections.abc import Generator

import pytest

from oauth_cc import ClientCredentials, Options, Retries, token_request
from oauth_cc.integrations.urllib import fetch_token
from tests.shells.asking import Ask

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
OPTIONS = Options(retries=Retries(attempts=1))
TOKEN = b'{"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}'
RESPONSES = {
    "a token": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(TOKEN), TOKEN),
    "a token on a connection that ends": b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(TOKEN), TOKEN),
    "a refusal": b'HTTP/1.1 400 Bad Request\r\nContent-Length: 26\r\n\r\n{"error":"invalid_client"}',
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "too much": b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b" " * 3_000_000,
    "no HTTP": b"SSH-2.0-server\r\n\r\n",
}

each_response = pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES.keys())


@pytest.fixture(autouse=True)
def _without_garbage_collector() -> Generator[None]:
    gc.disable()
    yield
    gc.enable()


@contextlib.contextmanager
def answer_once(response: bytes) -> Generator[str]:
    """Yield the URL of a server that keeps its connection. The client must have ended it after the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            # A client may end the connection before it has received everything.
            with connection, contextlib.suppress(OSError):
                received = b""
                while b"grant_type" not in received:
                    received += connection.recv(65536)
                connection.sendall(response)
                while connection.recv(65536):
                    pass

        server = threading.Thread(target=answer, daemon=True)
        server.start()
        with contextlib.suppress(Exception):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/token"
        server.join(10)
        assert not server.is_alive(), "the connection is still open"


@each_response
def test_an_own_connection_is_closed(ask: Ask, response: bytes) -> None:
    """Each attempt has a connection of its own."""
    with answer_once(response) as url:
        ask.token(REQUEST, url, options=OPTIONS)


@each_response
def test_a_connection_of_a_closed_client_is_closed(ask: Ask, response: bytes) -> None:
    """Nothing of this library keeps the pool of a client that the user has closed."""
    with answer_once(response) as url:
        ask.token_of_client(REQUEST, url, options=OPTIONS)


@each_response
def test_a_connection_of_urllib_is_closed(response: bytes) -> None:
    """It needs no HTTP library."""
    with answer_once(response) as url:
        fetch_token(REQUEST, url, options=OPTIONS)
