"""
Functions that are told of events.
"""

from typing import assert_type

from oauth_cc import Options, TokenRequest
from oauth_cc.events import Event, EventHook, RenewalFailed
from oauth_cc.httpx2 import ClientCredentialsAuth, TokenSource

failures: list[RenewalFailed] = []
seen: list[Event] = []


def count(event: Event) -> None:
    """One that looks for one kind of event."""
    if isinstance(event, RenewalFailed):
        assert_type(event, RenewalFailed)
        failures.append(event)


class Counter:
    """One that keeps what it needs."""

    def __init__(self) -> None:
        self.events = 0

    def __call__(self, event: Event) -> None:
        """Counts."""
        self.events += 1


def anything(event: object) -> None:
    """One that takes more than events."""
    print(event)


hooks: list[EventHook] = [count, Counter(), anything, seen.append, lambda event: seen.append(event)]


def sources(request: TokenRequest) -> list[TokenSource]:
    """Each with a hook of its own."""
    return [TokenSource(request, "https://as.example/token", options=Options(on_event=hook)) for hook in hooks]


def auth(request: TokenRequest, hook: EventHook | None) -> ClientCredentialsAuth:
    """A hook that is there or not."""
    return ClientCredentialsAuth(request, "https://as.example/token", options=Options(on_event=hook))
