"""
A driver for tests that performs effects without a clock, a random source or a socket.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar, assert_never

import attrs

from oauth_cc import HttpRequest, HttpResponse, Secret, SigningKey
from oauth_cc.authentication import KeySource, SecretFile, SecretSource, Source
from oauth_cc.events import Event
from oauth_cc.flows import (
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
)
from oauth_cc.token import Token

T = TypeVar("T")


@attrs.define
class World:
    """
    A driver for one flow whose clock moves only while the flow sends or sleeps.

    It records the effects in *sent*, *slept*, *locked*, *signed*, *read* and *reported*.

    Args:
        answers: The results of `Send` in turn, the last one repeatedly.
        jitter: The jitter of every `Moment`.
        now: The clock, POSIX seconds.
        latency: Seconds that each `Send` takes.
        stored: The content of the shared store, or the result of every `Load` and `Save`.
        lock: The result of every `Lock`.
        signature: The result of every `Sign`.
        readings: The secrets, keys and assertions that are read in turn, the last one repeatedly. Without any, every
            assertion is another.
    """

    answers: list[HttpResponse | Failed]
    jitter: float = 0.5
    now: float = 1700000000.0
    latency: float = 0.0
    sent: list[HttpRequest] = attrs.Factory(list)
    slept: list[float] = attrs.Factory(list)
    stored: dict[str, Token] | Failed = attrs.Factory(dict)
    lock: bool | Failed = True
    locked: list[Lock] = attrs.Factory(list)
    reported: list[Event] = attrs.Factory(list)
    signature: bytes | Failed = bytes(64)
    signed: list[bytes] = attrs.Factory(list)
    readings: list[Secret | SigningKey | Failed] = attrs.Factory(list)
    read: list[Source | SecretFile | SecretSource | KeySource] = attrs.Factory(list)
    _ids: Iterator[int] = attrs.field(factory=itertools.count, alias="ids")

    def run(self, flow: Flow[T]) -> T:
        """Run *flow* to its end and return its result."""
        step = advance(flow, None)
        while not isinstance(step, Returned):
            step = advance(flow, self.perform(step))
        return step.value

    def perform(self, effect: Effect) -> object:  # noqa: C901  # a case an effect
        """Perform *effect* and return its result."""
        match effect:
            case Send(request):
                answer = self.answers[min(len(self.sent), len(self.answers) - 1)]
                self.sent.append(request)
                self.now += self.latency
                return answer if isinstance(answer, Failed) else Received(answer, self.now)
            case Sign(_, signing_input):
                self.signed.append(signing_input)
                return self.signature
            case FetchAssertion(source) if not self.readings:
                self.read.append(source)
                return Secret(f"assertion-{len(self.read)}")
            case FetchAssertion(source) | ReadSecret(source) | ReadKey(source):
                self.read.append(source)
                return self.readings[min(len(self.read), len(self.readings)) - 1]
            case Sleep(seconds):
                self.slept.append(seconds)
                self.now += seconds
                return None
            case Observe():
                return Moment(self.now, f"id-{next(self._ids)}", self.jitter)
            case Load(key):
                return self.stored if isinstance(self.stored, Failed) else self.stored.get(key)
            case Save(key, token):
                if isinstance(self.stored, Failed):
                    return self.stored
                self.stored[key] = token
                return None
            case Lock():
                self.locked.append(effect)
                return self.lock
            case Report(event):
                self.reported.append(event)
                return None
            case _:
                assert_never(effect)


def token_answer(value: str = "tok-1", lifetime: int = 3600) -> HttpResponse:
    """Return a response with a token."""
    content = f'{{"access_token": "{value}", "token_type": "Bearer", "expires_in": {lifetime}}}'
    return HttpResponse(200, {"Content-Type": "application/json"}, content.encode("ascii"))


def raising(error: BaseException) -> Callable[[object], Received | Failed]:
    """Return a send function that raises *error*."""

    def send(request: object) -> Received | Failed:
        raise error

    return send
