"""
What a flow wants done, as values.

A flow is a generator: it yields an effect, someone who may do I/O performs it, and the flow is sent what came of it.
So one flow serves threads and async code alike, and a test performs effects with no clock and no socket at all.
"""

from collections.abc import Generator
from typing import Generic, TypeAlias, TypeVar, final

import attrs

from oauth_cc.http import HttpRequest, HttpResponse

__all__ = [
    "Effect",
    "Failed",
    "Flow",
    "Moment",
    "Observe",
    "Received",
    "Returned",
    "Send",
    "Sleep",
    "advance",
    "observe",
    "send",
]

T = TypeVar("T")
A = TypeVar("A")


@final
@attrs.frozen
class Moment:
    """
    What a flow knows of the world: *now*, POSIX seconds; *unique_id*, text never given before; *jitter*, a random
    number from 0 up to, not including, 1.
    """

    now: float
    unique_id: str
    jitter: float


@final
@attrs.frozen
class Received:
    """
    A request was answered: the *response*, and when it was *received_at*, POSIX seconds.
    """

    response: HttpResponse
    received_at: float


@final
@attrs.frozen
class Failed:
    """
    A request was not answered: the *error* of the HTTP library, and whether sending it again may help (*retryable*).
    """

    error: Exception
    retryable: bool


@final
@attrs.frozen
class Observe:
    """Asks for a `Moment`."""


@final
@attrs.frozen
class Send:
    """
    Asks for *request* to be sent, once, following no redirect: the answer is `Received` or `Failed`.
    """

    request: HttpRequest


@final
@attrs.frozen
class Sleep:
    """Asks to be sent None after *seconds*."""

    seconds: float


Effect: TypeAlias = Observe | Send | Sleep
"""Whatever a flow may yield: a driver that performs these performs every flow."""

Flow: TypeAlias = Generator[Effect, object, T]
"""A generator that yields effects, is sent their results, and returns a T."""


@final
@attrs.frozen
class Returned(Generic[T]):
    """A flow has ended: what it returned is *value*."""

    value: T


def advance(flow: Flow[T], result: object) -> Effect | Returned[T]:
    """
    Sends *result*, that of the last effect (None to begin with), into *flow*: gives the effect it yields next, or what
    it `Returned`. What the flow raises passes through.

    A driver is a loop around this. It performs effects outside of it, so that a StopIteration raised by the network
    cannot pass for the end of the flow.
    """
    try:
        return flow.send(result)
    except StopIteration as stop:
        return Returned(stop.value)


def observe() -> Flow[Moment]:
    """Gives the moment; a flow writes ``yield from`` in front."""
    return _perform(Observe(), Moment)


def send(request: HttpRequest) -> Flow[Received | Failed]:
    """Gives what came of sending *request*; a flow writes ``yield from`` in front."""
    return _perform(Send(request), (Received, Failed))


def _perform(effect: Effect, kind: type[A] | tuple[type[A], ...]) -> Flow[A]:
    result = yield effect
    if isinstance(result, kind):
        return result
    raise TypeError(f"the driver answered {type(effect).__name__} with {type(result).__name__}")
