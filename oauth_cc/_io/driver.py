"""
The driver for threads: performs a flow's effects and blocks while they last.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar, assert_never, final

import attrs

from oauth_cc._io.clock import moment
from oauth_cc._io.context import SourceContext
from oauth_cc._io.log import emit
from oauth_cc._io.signing import perform_signing
from oauth_cc.events import EventHook
from oauth_cc.flows.effects import (
    Effect,
    Failed,
    FetchAssertion,
    Flow,
    Load,
    Lock,
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
from oauth_cc.http import HttpRequest
from oauth_cc.stores._protocol import Store, settled

T = TypeVar("T")


@final
@attrs.frozen(eq=False)
class StoreEffects:
    """
    A shared *store* for the time of one flow: its failures are values, which *context* tells of, and locks end with it.
    """

    store: Store
    context: SourceContext
    _locks: ExitStack = attrs.field(factory=ExitStack, alias="locks")

    def perform(self, effect: Load | Save | Lock) -> object:
        """Does what *effect* asks of the store, and gives its answer or `Failed`."""
        try:
            result = self._ask(effect)
        except Exception as error:  # whatever is wrong with a store, tokens are to be had without it
            return self.context.store_failed(error)
        self.context.store_answered()
        return result

    def close(self) -> None:
        """Lets go of the locks."""
        try:
            self._locks.close()
        except Exception as error:  # as above; the lock ends by its lifetime
            self.context.store_failed(error)

    def _ask(self, effect: Load | Save | Lock) -> object:
        match effect:
            case Load(key):
                return settled(self.store.load(key))
            case Save(key, token):
                settled(self.store.save(key, token))
                return None
            case Lock(key, wait):
                return self._locks.enter_context(self.store.lock(key, wait))
            case _:
                assert_never(effect)


def drive(
    flow: Flow[T],
    send: Callable[[HttpRequest], Received | Failed],
    *,
    store_effects: StoreEffects | None = None,
    hook: EventHook | None = None,
) -> T:
    """
    Runs *flow* to its end and gives what it returns; whatever it raises passes through.

    *send*: sends one request by some HTTP library and says what came of it; *store_effects*: the shared store, or None
    if there is none; *hook*: is told of events, as the log is.
    """
    try:
        step = advance(flow, None)
        while not isinstance(step, Returned):
            step = advance(flow, _perform(step, send, store_effects, hook))
        return step.value
    finally:
        flow.close()
        if store_effects is not None:
            store_effects.close()


def _perform(
    effect: Effect,
    send: Callable[[HttpRequest], Received | Failed],
    store_effects: StoreEffects | None,
    hook: EventHook | None,
) -> object:
    match effect:
        case Send(request):
            return send(request)
        case Sign() | FetchAssertion():
            return perform_signing(effect)
        case Sleep(seconds):
            time.sleep(seconds)
            return None
        case Observe():
            return moment()
        case Load() | Save() | Lock():
            return without_store(effect) if store_effects is None else store_effects.perform(effect)
        case Report(event):
            emit(event, hook)
            return None
        case _:
            assert_never(effect)
