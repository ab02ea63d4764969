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
    ReadKey,
    ReadSecret,
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
    from oauth_cc.flows.resource import discover_resource
    from oauth_cc.flows.revocation import introspect, revoke

__all__ = [
    "Effect",
    "Failed",
    "FetchAssertion",
    "Flow",
    "Load",
    "Lock",
    "Moment",
    "Observe",
    "ReadKey",
    "ReadSecret",
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
    "discover_resource",
    "exchange",
    "introspect",
    "revoke",
    "without_store",
]


def __dir__() -> list[str]:
    return __all__


_DISCOVERY: Final = ("discover", "discover_endpoint")
_REVOCATION: Final = ("introspect", "revoke")

if not TYPE_CHECKING:
    # Loaded on first use, as a token source needs none of them.

    def __getattr__(name: str) -> object:
        if name in _DISCOVERY:
            from oauth_cc.flows import discovery

            return getattr(discovery, name)
        if name == "discover_resource":
            from oauth_cc.flows.resource import discover_resource

            return discover_resource
        if name in _REVOCATION:
            from oauth_cc.flows import revocation

            return getattr(revocation, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
