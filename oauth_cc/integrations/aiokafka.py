"""
Tokens for clients of aiokafka.
"""

from typing import final

try:
    from aiokafka.abc import AbstractTokenProvider
except ImportError as _error:
    raise ImportError("oauth_cc.integrations.aiokafka needs aiokafka; install oauth_cc[aiokafka]") from _error

from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.base_source import check_bearer_source

__all__ = ["TokenProvider"]


def __dir__() -> list[str]:
    return __all__


@final
class TokenProvider:
    """
    The setting ``sasl_oauth_token_provider`` of a producer or consumer (SASL OAUTHBEARER, RFC 7628).

    aiokafka calls it at each connection to a broker.

    Args:
        source: The source of the tokens. It stays open as long as the client.

    Raises:
        InvalidInput: *source* has another type, or its tokens are bound to a key (DPoP).
    """

    def __init__(self, source: AsyncTokenSource) -> None:
        check_bearer_source(source, AsyncTokenSource)
        self._source = source

    def __repr__(self) -> str:
        return f"TokenProvider({self._source!r})"

    async def token(self) -> str:
        """Return a valid token. Raises the errors of `AsyncTokenSource.token`."""
        return await self._source.access_token()


# Not a base class, because aiokafka has no types.
AbstractTokenProvider.register(TokenProvider)
