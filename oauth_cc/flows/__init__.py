"""
The grant as flows: generators that yield effects and are sent the results. A flow does no I/O itself.
"""

from typing import TYPE_CHECKING, Final

from oauth_cc.flows.effects import (
    Effect,
    Failed,
    FetchAssertion,
    Flow,
    Load,
    Lock,
    Moment,
    Observe,
    Received,
    Report,
    Returned,
    Save,
    Send,
    Sign,
    Sleep,
    advance,
    without_store,
)
from oauth_cc.flows.exchange import exchange

if TYPE_CHECKING:
    from oauth_cc.flows.discovery import discover, discover_endpoint

__all__ = [
    "Effect",
    "Failed",
    "FetchAssertion",
    "Flow",
    "Load",
    "Lock",
    "Moment",
    "Observe",
    "Received",
    "Report",
    "Returned",
    "Save",
    "Send",
    "Sign",
    "Sleep",
    "advance",
    "discover",
    "discover_endpoint",
    "exchange",
    "without_store",
]


def __dir__() -> list[str]:
    return __all__


_DISCOVERY: Final = ("discover", "discover_endpoint")

if not TYPE_CHECKING:
    # Loaded on first use, as a token source does not need discovery.

    def __getattr__(name: str) -> object:
        if name not in _DISCOVERY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from oauth_cc.flows import discovery

        return getattr(discovery, name)
