"""
Effects: the requests of a flow to its driver, as values.

A flow is a generator. It yields an effect, a driver performs the effect, and the flow is sent the result. So one flow
serves threads and async code, and tests run it without a clock or a socket.
"""

from collections.abc import Generator
from typing import Generic, TypeAlias, TypeVar, final

import attrs

from oauth_cc.authentication.client_secret import SecretFile, SecretSource
from oauth_cc.authentication.federated import Source
from oauth_cc.authentication.keys import KeySource, MacKey, SigningKey
from oauth_cc.errors import InvalidInput, kind_fault, moment_fault, switch_fault, texts_fault
from oauth_cc.events import Event
from oauth_cc.http import HttpRequest, HttpResponse, check_received
from oauth_cc.secret import Secret
from oauth_cc.token import Token

T = TypeVar("T")
A = TypeVar("A")


@final
@attrs.frozen
class Moment:
    """
    The result of `Observe`.

    Args:
        now: POSIX seconds.
        unique_id: Text that is never repeated.
        jitter: A random number from 0 up to, not including, 1.

    Raises:
        InvalidInput: An argument is of another type.
    """

    now: float
    unique_id: str
    jitter: float

    def __attrs_post_init__(self) -> None:
        fault = moment_fault("now", self.now)
        if not isinstance(self.unique_id, str):
            fault = kind_fault("unique_id", self.unique_id, "a str")
        if not (type(self.jitter) is float or type(self.jitter) is int):
            fault = kind_fault("jitter", self.jitter, "a float from 0 to 1", "use random.random()")
        if fault is not None:
            raise fault


@final
@attrs.frozen
class Received:
    """
    A response.

    Args:
        response: The response.
        received_at: When it was received, in POSIX seconds.
        remark: What else to say if the response refuses the request, or None.

    Raises:
        InvalidInput: An argument is of another type.
    """

    response: HttpResponse
    received_at: float
    remark: str | None = None

    def __attrs_post_init__(self) -> None:
        check_received(self.response, self.received_at)
        fault = texts_fault(remark=self.remark)
        if fault is not None:
            raise fault


@final
@attrs.frozen
class Failed:
    """
    A failed effect.

    Args:
        error: The error of the underlying library.
        retryable: Whether a retry may succeed.

    Raises:
        InvalidInput: An argument is of another type.
    """

    error: Exception
    retryable: bool

    def __attrs_post_init__(self) -> None:
        fault = switch_fault(retryable=self.retryable)
        if not isinstance(self.error, Exception):
            fault = kind_fault("error", self.error, "an exception")
        if fault is not None:
            raise fault


@final
@attrs.frozen
class Observe:
    """A request for the current `Moment`."""


@final
@attrs.frozen
class Send:
    """
    A request to send *request* once, without following redirects. The result is `Received` or `Failed`.
    """

    request: HttpRequest


@final
@attrs.frozen
class Sign:
    """
    A request for a signature. The result is the bytes of a JWS signature (RFC 7515 section 5.1), or `Failed`.

    Args:
        key: The key that signs.
        signing_input: The bytes to sign.
    """

    key: SigningKey | MacKey
    signing_input: bytes = attrs.field(repr=False)


@final
@attrs.frozen
class FetchAssertion:
    """A request for the current assertion of *source*. The result is a `Secret` or `Failed`, as for `ReadSecret`."""

    source: Source = attrs.field(repr=False)


@final
@attrs.frozen
class ReadSecret:
    """
    A request for the current client secret of *source*. The result is a `Secret` or `Failed`, which is retryable if the
    secret may be back in a moment.
    """

    source: SecretFile | SecretSource


@final
@attrs.frozen
class ReadKey:
    """A request for the current key of *source*. The result is a `SigningKey` or `Failed`, as for `ReadSecret`."""

    source: KeySource


@final
@attrs.frozen
class Sleep:
    """A request to wait for *seconds*. The result is None."""

    seconds: float


@final
@attrs.frozen
class Load:
    """A request for the token under *key* in the shared store. The result is a `Token`, None or `Failed`."""

    key: str


@final
@attrs.frozen
class Save:
    """
    A request to save a token in the shared store. The result is None or `Failed`.

    Args:
        key: The cache key, 64 hexadecimal digits.
        token: The token.
    """

    key: str
    token: Token


@final
@attrs.frozen
class Lock:
    """
    A request for the shared store's lock of *key*. The result is whether the lock is held, or `Failed`.

    The driver releases the lock when the flow ends.

    Args:
        key: The cache key.
        wait: Maximum seconds to wait for the lock, 0 to take it only if it is free.
    """

    key: str
    wait: float


@final
@attrs.frozen
class Report:
    """A request to log *event* and pass it to the event hook. The result is None."""

    event: Event


Effect: TypeAlias = Observe | Send | Sign | FetchAssertion | ReadSecret | ReadKey | Sleep | Load | Save | Lock | Report
"""Every effect that a flow can yield. A driver that performs all of them can run every flow."""

Flow: TypeAlias = Generator[Effect, object, T]
"""A generator that yields effects, is sent their results, and returns a T."""


@final
@attrs.frozen
class Returned(Generic[T]):
    """The end of a flow, with its return *value*."""

    value: T


def advance(flow: Flow[T], result: object) -> Effect | Returned[T]:
    """
    Send *result* into *flow* and return its next effect, or `Returned` at its end. Errors of the flow pass through.

    A driver is a loop around this function. It performs effects outside of it, so that a StopIteration of an HTTP
    library is not mistaken for the end of the flow.

    Args:
        flow: The flow.
        result: The result of the last effect, None to start the flow.

    Raises:
        InvalidInput: *flow* is not a generator.
    """
    check_flow(flow)
    try:
        return flow.send(result)
    except StopIteration as stop:
        return Returned(stop.value)


def check_flow(given: object) -> None:
    """Raise `InvalidInput` unless *given* is a generator."""
    if not isinstance(given, Generator):
        reason = f"flow must be a generator, not {type(given).__name__}; call a function of oauth_cc.flows, such as"
        raise InvalidInput("flow", f"{reason} revoke(token, client, endpoint)")


def without_store(effect: Load | Save | Lock) -> bool | None:
    """
    Return the result of *effect* without a shared store: nothing is found, and the lock is free.

    Raises `InvalidInput` for anything but these three effects.
    """
    if not isinstance(effect, Load | Save | Lock):
        raise InvalidInput("effect", f"effect must be a Load, Save or Lock, not {type(effect).__name__}")
    return True if isinstance(effect, Lock) else None


def observe() -> Flow[Moment]:
    """Return the current moment, by ``yield from``."""
    return _perform(Observe(), Moment)


def send(request: HttpRequest) -> Flow[Received | Failed]:
    """Send *request* and return the result, by ``yield from``."""
    return _perform(Send(request), (Received, Failed))


def sign(key: SigningKey | MacKey, signing_input: bytes) -> Flow[bytes | Failed]:
    """
    Return a JWS signature, by ``yield from`` (RFC 7515 section 5.1).

    Args:
        key: The key that signs.
        signing_input: The bytes to sign: the encoded header, a dot, and the encoded claims.
    """
    return _perform(Sign(key, signing_input), (bytes, Failed))


def fetch_assertion(source: Source) -> Flow[Secret | Failed]:
    """Return the current assertion of *source*, by ``yield from``."""
    return _perform(FetchAssertion(source), (Secret, Failed))


def read_secret(source: SecretFile | SecretSource) -> Flow[Secret | Failed]:
    """Return the current client secret of *source*, by ``yield from``."""
    return _perform(ReadSecret(source), (Secret, Failed))


def read_key(source: KeySource) -> Flow[SigningKey | Failed]:
    """Return the current key of *source*, by ``yield from``."""
    return _perform(ReadKey(source), (SigningKey, Failed))


def load(key: str) -> Flow[Token | Failed | None]:
    """Return the token under *key* in the shared store, by ``yield from``."""
    return _perform(Load(key), (Token, Failed, type(None)))


def save(key: str, token: Token) -> Flow[Failed | None]:
    """
    Save *token* in the shared store, by ``yield from``.

    Args:
        key: The cache key, 64 hexadecimal digits.
        token: The token.
    """
    return _perform(Save(key, token), (Failed, type(None)))


def lock(key: str, wait: float) -> Flow[bool | Failed]:
    """
    Take a lock of the shared store and return whether it is held, by ``yield from``. The end of the flow releases it.

    Args:
        key: The cache key, 64 hexadecimal digits.
        wait: Seconds to wait for the lock.
    """
    return _perform(Lock(key, wait), (bool, Failed))


def _perform(effect: Effect, kind: type[A] | tuple[type[A], ...]) -> Flow[A]:
    result = yield effect
    if isinstance(result, kind):
        return result
    raise TypeError(f"the driver must not return {type(result).__name__} as the result of {type(effect).__name__}")
