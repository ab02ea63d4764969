"""
A cached token in other libraries, beside a constant in its place.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import grpc
import openai
from ory_hydra_client.configuration import Configuration

from oauth_cc import ClientCredentials
from oauth_cc.httpx2 import TokenSource
from oauth_cc.integrations.confluent_kafka import oauth_cb
from oauth_cc.integrations.grpc import _Plugin
from oauth_cc.integrations.openapi import with_source
from oauth_cc.testing import AuthorizationServer
from tests.benchmarks.measure import Row, microseconds

OURS: Final = "oauth_cc, cached token"
CONSTANT: Final = "a constant"


def tokens() -> list[Row]:
    """Measure what libraries call, in microseconds."""
    credentials = ClientCredentials("your_id", "s3cret")
    with AuthorizationServer() as server, TokenSource(credentials, server.token_endpoint) as ours:
        token, ends_at = ours.access_token(), ours.expires_at()
        kafka = oauth_cb(ours)
        configured = with_source(Configuration(), ours)
        with _key(ours.access_token) as by_source, _key(lambda: token) as by_constant:
            return [
                _row("access_token()", ours.access_token, lambda: token),
                _row("authorization()", ours.authorization, lambda: f"Bearer {token}"),
                _row("oauth_cb of Kafka", lambda: kafka(None), lambda: (token, ends_at)),
                _row("metadata of a gRPC call", _metadata(_Plugin(ours)), _metadata(_Constant(token))),
                _row(
                    "header of OpenAPI Generator",
                    configured.auth_settings,
                    Configuration(access_token=token).auth_settings,
                ),
                _row("api_key of the OpenAI SDK", by_source, by_constant),
            ]


def _row(name: str, ours: Callable[[], object], constant: Callable[[], object]) -> Row:
    return Row(name, microseconds({OURS: ours, CONSTANT: constant}))


class _Constant(grpc.AuthMetadataPlugin):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, _context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        callback((("authorization", f"Bearer {self._token}"),), None)


def _metadata(plugin: grpc.AuthMetadataPlugin) -> Callable[[], object]:
    context = grpc.AuthMetadataContext()
    ignored = _Ignored()
    return lambda: plugin(context, ignored)


class _Ignored(grpc.AuthMetadataPluginCallback):
    def __call__(self, metadata: Sequence[tuple[str, str | bytes]] | None, error: Exception | None) -> None: ...


@contextmanager
def _key(api_key: Callable[[], str]) -> Iterator[Callable[[], object]]:
    with openai.OpenAI(base_url="https://gateway.example/v1", api_key=api_key) as client:
        # What the client does before each request.
        yield client._refresh_api_key
