"""
The grant as flows: generators that yield effects, frozen records, and are sent the results. They do no I/O themselves.
"""

from oauth_cc.flows.discovery import AddressedRequest, discover, from_issuer
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

__all__ = [
    "AddressedRequest",
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
    "exchange",
    "from_issuer",
    "without_store",
]


def __dir__() -> list[str]:
    return __all__
