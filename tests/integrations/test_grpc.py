"""
Tokens for gRPC, with a server on loopback over TLS.
"""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import grpc.aio
import pytest
import trustme

from oauth_cc import ClientCredentials, Dialect, Options, Placement, Retries, token_request
from oauth_cc.httpx2 import TokenSource
from oauth_cc.integrations.grpc import call_credentials
from oauth_cc.testing import AuthorizationServer, Fault

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
ONCE = Options(retries=Retries(attempts=1), timeout=2.0)


class Api:
    """A gRPC server whose one method returns the metadata that say who calls."""

    def __init__(self) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert("localhost")
        self._pool = ThreadPoolExecutor(4)
        self._server = grpc.server(self._pool)
        method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(self._shown)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("api.Things", {"Read": method}),))
        key, chain = issued.private_key_pem.bytes(), b"".join([pem.bytes() for pem in issued.cert_chain_pems])
        port = self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)]))
        self._server.start()
        self._trust = grpc.ssl_channel_credentials(authority.cert_pem.bytes())
        self._target = f"127.0.0.1:{port}"

    def _shown(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        found = {name: value for name, value in context.invocation_metadata() if name in ("authorization", "x-token")}
        return repr(found).encode()

    def stop(self) -> None:
        """Stop the server."""
        self._server.stop(None).wait()
        self._pool.shutdown()

    def call(self, source: TokenSource, times: int = 1) -> list[str]:
        """Return what *times* calls show, which are sent at once with tokens of *source*."""
        credentials = grpc.composite_channel_credentials(self._trust, call_credentials(source))
        options = [("grpc.ssl_target_name_override", "localhost")]
        with grpc.secure_channel(self._target, credentials, options) as channel:
            read: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/api.Things/Read")
            calls = [read.future(b"", timeout=10) for _ in range(times)]
            return [call.result().decode() for call in calls]

    async def call_async(self, source: TokenSource) -> str:
        """Return what a call of ``grpc.aio`` shows."""
        credentials = grpc.composite_channel_credentials(self._trust, call_credentials(source))
        options = [("grpc.ssl_target_name_override", "localhost")]
        async with grpc.aio.secure_channel(self._target, credentials, options) as channel:
            read: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/api.Things/Read")
            return (await read(b"", timeout=10)).decode()


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """Run one API for all tests."""
    running = Api()
    yield running
    running.stop()


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server."""
    with AuthorizationServer() as running:
        yield running


def test_calls_carry_a_token_that_is_requested_once(api: Api, server: AuthorizationServer) -> None:
    """Calls that start without a token wait for it, and no thread of gRPC does."""
    server.misbehave(Fault(delay=0.05))
    source = TokenSource(REQUEST, server.token_endpoint)
    shown = api.call(source, times=20)
    assert shown == [repr({"authorization": source.authorization()})] * 20
    assert len(server.token_requests) == 1


def test_calls_within_keep_fresh_use_the_cached_token(api: Api, server: AuthorizationServer) -> None:
    """They start no thread."""
    source = TokenSource(REQUEST, server.token_endpoint)
    with source.keep_fresh():
        started: list[str] = []
        start = threading.Thread.start

        def noted(thread: threading.Thread) -> None:
            started.append(thread.name)
            start(thread)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threading.Thread, "start", noted)
            api.call(source, times=3)
        assert not [name for name in started if name.startswith("oauth_cc")]


def test_a_call_without_a_token_fails_with_the_reason(api: Api, server: AuthorizationServer) -> None:
    """The status is that of gRPC for a plugin that fails."""
    server.misbehave(Fault(error="invalid_client"))
    with pytest.raises(grpc.RpcError) as raised:
        api.call(TokenSource(REQUEST, server.token_endpoint, options=ONCE))
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "invalid_client" in (raised.value.details() or "")
    assert "s3cret" not in str(raised.value)


def test_a_dialect_places_the_token(api: Api, server: AuthorizationServer) -> None:
    """Metadata have names in lower case."""
    placed = REQUEST.with_dialect(Dialect(placement=Placement("X-Token", scheme=None)))
    source = TokenSource(placed, server.token_endpoint)
    assert api.call(source) == [repr({"x-token": source.access_token()})]


def test_the_async_channel_takes_the_same_credentials(api: Api, server: AuthorizationServer) -> None:
    """Its loop is not blocked while the token is requested."""
    server.misbehave(Fault(delay=0.05))
    source = TokenSource(REQUEST, server.token_endpoint)
    assert asyncio.run(api.call_async(source)) == repr({"authorization": source.authorization()})
