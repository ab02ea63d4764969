"""
Functions that receive events.
"""

from typing import assert_type

from oauth_cc import Options, TokenRequest
from oauth_cc.events import Event, EventHook, RenewalFailed
from oauth_cc.httpx2 import ClientCredentialsAuth, TokenSource

failures: list[RenewalFailed] = []
seen: list[Event] = []


def count(event: Event) -> None:
    """Count events of one class."""
    if isinstance(event, RenewalFailed):
        assert_type(event, RenewalFailed)
        failures.append(event)


class Counter:
    """A hook with state."""

    def __init__(self) -> None:
        self.events = 0

    def __call__(self, event: Event) -> None:
        """Count the event."""
        self.events += 1


def anything(event: object) -> None:
    """Accept any object."""
    print(event)


hooks: list[EventHook] = [count, Counter(), anything, seen.append, lambda event: seen.append(event)]


def sources(request: TokenRequest) -> list[TokenSource]:
    """Make a source for each hook."""
    return [TokenSource(request, "https://as.example/token", options=Options(on_event=hook)) for hook in hooks]


def auth(request: TokenRequest, hook: EventHook | None) -> ClientCredentialsAuth:
    """Pass a hook that may be None."""
    return ClientCredentialsAuth(request, "https://as.example/token", options=Options(on_event=hook))
