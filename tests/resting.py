"""
Waiting for the renewals that a source performs in the background, its events included.
"""

from oauth_cc._io.async_driver import wait_for
from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.source import TokenSource


def at_rest(source: TokenSource | AsyncTokenSource) -> None:
    """Wait until every renewal that *source* started has ended."""
    for pending in list(source._started.values()):
        assert pending.ended.wait(30)


async def at_rest_async(source: AsyncTokenSource) -> None:
    """Wait until every renewal that *source* started has ended, and let its tasks run meanwhile."""
    for pending in list(source._started.values()):
        assert await wait_for(pending.ended, 30)
