"""
What a flow wants done, as values.

A flow is a generator: it yields an effect, someone who may do I/O performs it, and the flow is sent what came of it.
So one flow serves threads and async code alike, and a test performs effects with no clock and no socket at all.
"""

from collections.abc import Generator
from typing import Generic, TypeAlias, TypeVar, final

import attrs

from oauth_cc.authentication.federated import Source
from oauth_cc.authentication.jwt import MacKey, SigningKey
from oauth_cc.events import Event
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.secret import Secret
from oauth_cc.token import Token

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
    It could not be done: the *error* of the library below, and whether trying again may help (*retryable*).
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
class Sign:
    """
    Asks for the signature of *signing_input* by *key*: the answer is the bytes of a JWS signature (RFC 7515 section
    5.1), or `Failed`.
    """

    key: SigningKey | MacKey
    signing_input: bytes = attrs.field(repr=False)


@final
@attrs.frozen
class FetchAssertion:
    """Asks *source* for the assertion that it has now: the answer is a `Secret`, or `Failed`."""

    source: Source = attrs.field(repr=False)


@final
@attrs.frozen
class Sleep:
    """Asks to be sent None after *seconds*."""

    seconds: float


@final
@attrs.frozen
class Load:
    """Asks the shared store for the token under *key*: the answer is a `Token`, None or `Failed`."""

    key: str


@final
@attrs.frozen
class Save:
    """Asks the shared store to keep *token* under *key*: the answer is None or `Failed`."""

    key: str
    token: Token


@final
@attrs.frozen
class Lock:
    """
    Asks for the shared store's lock of *key*, to be let go when the flow ends: the answer is whether it is held, or
    `Failed`. *wait*: seconds to wait for it at the most, 0 to take it only if it is free.
    """

    key: str
    wait: float


@final
@attrs.frozen
class Report:
    """Asks for *event* to be made known: the answer is None."""

    event: Event


Effect: TypeAlias = Observe | Send | Sign | FetchAssertion | Sleep | Load | Save | Lock | Report
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


def without_store(effect: Load | Save | Lock) -> bool | None:
    """Gives what *effect* comes to where no store is shared: nothing is found, and the lock is free."""
    return True if isinstance(effect, Lock) else None


def observe() -> Flow[Moment]:
    """Gives the moment; a flow writes ``yield from`` in front."""
    return _perform(Observe(), Moment)


def send(request: HttpRequest) -> Flow[Received | Failed]:
    """Gives what came of sending *request*; a flow writes ``yield from`` in front."""
    return _perform(Send(request), (Received, Failed))


def sign(key: SigningKey | MacKey, signing_input: bytes) -> Flow[bytes | Failed]:
    """Gives the signature of *signing_input* by *key*; a flow writes ``yield from`` in front."""
    return _perform(Sign(key, signing_input), (bytes, Failed))


def fetch_assertion(source: Source) -> Flow[Secret | Failed]:
    """Gives the assertion that *source* has now; a flow writes ``yield from`` in front."""
    return _perform(FetchAssertion(source), (Secret, Failed))


def load(key: str) -> Flow[Token | Failed | None]:
    """Gives what the shared store has under *key*; a flow writes ``yield from`` in front."""
    return _perform(Load(key), (Token, Failed, type(None)))


def save(key: str, token: Token) -> Flow[Failed | None]:
    """Has the shared store keep *token* under *key*; a flow writes ``yield from`` in front."""
    return _perform(Save(key, token), (Failed, type(None)))


def lock(key: str, wait: float) -> Flow[bool | Failed]:
    """Gives whether the shared store's lock of *key* is held; a flow writes ``yield from`` in front."""
    return _perform(Lock(key, wait), (bool, Failed))


def _perform(effect: Effect, kind: type[A] | tuple[type[A], ...]) -> Flow[A]:
    result = yield effect
    if isinstance(result, kind):
        return result
    raise TypeError(f"the driver answered {type(effect).__name__} with {type(result).__name__}")
