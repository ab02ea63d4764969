"""
Tokens for clients of confluent_kafka.
"""

from collections.abc import Callable

from oauth_cc._io.base_source import check_bearer_source
from oauth_cc._io.source import TokenSource

__all__ = ["oauth_cb"]


def __dir__() -> list[str]:
    return __all__


def oauth_cb(source: TokenSource) -> Callable[[str | None], tuple[str, float]]:
    """
    Return the setting ``oauth_cb`` of a producer, consumer or admin client (SASL OAUTHBEARER, RFC 7628).

    The client calls it when it is made or first polled, and within ``poll()`` before the token expires. Without a token
    for 10 seconds, recent clients raise a ``KafkaException``. The log of this library says why there was none.

    Args:
        source: The source of the tokens. It stays open as long as the client.

    Raises:
        InvalidInput: *source* has another type, or its tokens are bound to a key (DPoP).
    """
    check_bearer_source(source, TokenSource)

    def answer(_config: str | None) -> tuple[str, float]:
        # Both of one token.
        token = source.token()
        return token.access_token.reveal(), token.expires_at

    return answer
