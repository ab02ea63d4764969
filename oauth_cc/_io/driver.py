"""
The driver for threads. It performs the effects of a flow, and blocks its thread meanwhile.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar, assert_never, final

from oauth_cc._io.clock import moment
from oauth_cc._io.context import SourceContext
from oauth_cc.events import Event
from oauth_cc.flows.effects import (
    Effect,
    Failed,
    FetchAssertion,
    Flow,
    Load,
    Lock,
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
    check_flow,
    without_store,
)
from oauth_cc.http import HttpRequest
from oauth_cc.stores._protocol import Store, settled

T = TypeVar("T")


@final
class StoreEffects:
    """
    A shared store and the locks that one flow holds in it. A failure is reported, and returned as `Failed`.

    Args:
        store: The shared store.
        context: The state of the source.
        report: Receives the events of the store.
    """

    def __init__(self, store: Store, context: SourceContext, report: Callable[[Event], object]) -> None:
        self._store = store
        self._context = context
        self._report = report
        self._locks = ExitStack()

    def perform(self, effect: Load | Save | Lock) -> object:
        """Perform *effect* on the store. Return its result, or `Failed`."""
        try:
            result = self._call_store(effect)
        except Exception as error:  # no failure of a store may keep a caller from its token
            return self._context.store_failed(error, type(effect), self._report)
        self._context.store_succeeded(type(effect), self._report)
        return result

    def close(self) -> None:
        """Release the locks."""
        try:
            self._locks.close()
        except Exception as error:  # as in `perform`; a lock expires by itself
            self._context.store_failed(error, Lock, self._report)

    def _call_store(self, effect: Load | Save | Lock) -> object:
        match effect:
            case Load(key):
                return settled(self._store.load(key))
            case Save(key, token):
                settled(self._store.save(key, token))
                return None
            case Lock(key, wait):
                return self._locks.enter_context(self._store.lock(key, wait))
            case _:
                assert_never(effect)


def drive(flow: Flow[T], send: Callable[[HttpRequest], Received | Failed]) -> T:
    """
    Run *flow*, which needs no store, to its end and return its result. Errors of the flow pass through.

    Args:
        flow: A generator that yields effects.
        send: Sends one request by an HTTP library.
    """
    ended = conclude(flow, send)
    if isinstance(ended, Exception):
        raise ended
    return ended.value


def conclude(
    flow: Flow[T],
    send: Callable[[HttpRequest], Received | Failed],
    *,
    store_effects: StoreEffects | None = None,
    report: Callable[[Event], object] = id,
) -> Returned[T] | Exception:
    """
    Run *flow* to its end. Return its result, or the error that it raises.

    Any other error, such as one of a signal handler, passes through.

    Args:
        flow: A generator that yields effects.
        send: Sends one request by an HTTP library.
        store_effects: The shared store, None if there is none.
        report: Receives each event of the flow.
    """
    check_flow(flow)
    try:
        step = _advance(flow, None)
        while not isinstance(step, Returned | Exception):
            step = _advance(flow, _perform(step, send, store_effects, report))
        return step
    finally:
        flow.close()
        if store_effects is not None:
            store_effects.close()


def _advance(flow: Flow[T], result: object) -> Effect | Returned[T] | Exception:
    try:
        return advance(flow, result)
    except Exception as error:  # returned
        return error


def _perform(
    effect: Effect,
    send: Callable[[HttpRequest], Received | Failed],
    store_effects: StoreEffects | None,
    report: Callable[[Event], object],
) -> object:
    match effect:
        case Send(request):
            return send(request)
        case Sign() | FetchAssertion() | ReadSecret() | ReadKey():
            # Loaded late, because a client secret needs none of these.
            from oauth_cc._io.signing import perform_signing

            return perform_signing(effect)
        case Sleep(seconds):
            time.sleep(seconds)
            return None
        case Observe():
            return moment()
        case Load() | Save() | Lock():
            return without_store(effect) if store_effects is None else store_effects.perform(effect)
        case Report(event):
            report(event)
            return None
        case _:
            assert_never(effect)
