"""
Tokens for Kafka, with the real clients and without a broker.
"""

import importlib
import logging
import time
from typing import Any

import anyio
from confluent_kafka import Producer

from oauth_cc import ClientCredentials, token_request
from oauth_cc.httpx2 import AsyncTokenSource, TokenSource
from oauth_cc.integrations.aiokafka import TokenProvider
from oauth_cc.integrations.confluent_kafka import oauth_cb
from oauth_cc.testing import AuthorizationServer

REQUEST = token_request(ClientCredentials("your_id", "s3cret"))
# It has no types.
AIOKAFKA: Any = importlib.import_module("aiokafka")
CONNECTIONS: Any = importlib.import_module("aiokafka.conn")
# Nothing listens there.
NO_BROKER = "127.0.0.1:1"


def test_a_client_of_confluent_kafka_gets_a_token_and_asks_again_before_it_expires() -> None:
    """The token and its end are of one answer."""
    with AuthorizationServer(lifetime=1) as server, TokenSource(REQUEST, server.token_endpoint) as source:
        answer, seconds_left = oauth_cb(source), list[float]()

        def noted(config: str | None) -> tuple[str, float]:
            asked_at = time.time()
            token, expires_at = answer(config)
            seconds_left.append(expires_at - asked_at)
            return token, expires_at

        settings: dict[str, Any] = {
            "bootstrap.servers": NO_BROKER,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanisms": "OAUTHBEARER",
            "log_level": 0,
            "oauth_cb": noted,
            "error_cb": lambda error: None,
        }
        # Recent versions ask for the first token here, and raise an exception after 10 seconds without one.
        producer = Producer(settings, logger=logging.getLogger("kafka"))
        # A token that has expired when they get it makes them ask again 10 seconds later.
        first, ends_at = max(1, len(seconds_left)), time.monotonic() + 60
        while len(seconds_left) <= first and time.monotonic() < ends_at:
            producer.poll(0.05)
        assert len(seconds_left) > first
        assert min(seconds_left) > 0
        token = source.token()
        assert answer(None) == (token.access_token.reveal(), token.expires_at)


def test_a_client_of_aiokafka_gets_a_token_for_each_connection() -> None:
    """The producer accepts the provider, and its connection writes the token as RFC 7628 says."""

    async def main() -> None:
        with AuthorizationServer() as server:
            async with AsyncTokenSource(REQUEST, server.token_endpoint) as source:
                provider = TokenProvider(source)
                assert "s3cret" not in repr(provider)
                sasl: dict[str, Any] = {
                    "security_protocol": "SASL_PLAINTEXT",
                    "sasl_mechanism": "OAUTHBEARER",
                    "sasl_oauth_token_provider": provider,
                }
                producer = AIOKAFKA.AIOKafkaProducer(bootstrap_servers=NO_BROKER, **sasl)
                await producer.stop()
                connection = CONNECTIONS.AIOKafkaConnection("127.0.0.1", 1, **sasl)
                sent, _ = await connection.authenticator_oauth().step(b"")
                assert sent == f"n,,\x01auth=Bearer {await source.access_token()}\x01\x01".encode()
                assert len(server.token_requests) == 1

    anyio.run(main)
