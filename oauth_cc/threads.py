"""
The driver for threads: performs a flow's effects and blocks while they last.
"""

import time
from collections.abc import Callable
from typing import TypeVar, assert_never

from oauth_cc.clock import moment
from oauth_cc.effects import Effect, Failed, Flow, Observe, Received, Returned, Send, Sleep, advance
from oauth_cc.http import HttpRequest

__all__ = ["drive"]

T = TypeVar("T")


def drive(flow: Flow[T], send: Callable[[HttpRequest], Received | Failed]) -> T:
    """
    Runs *flow* to its end and gives what it returns; whatever it raises passes through.

    *send*: sends one request by some HTTP library and says what came of it.
    """
    try:
        step = advance(flow, None)
        while not isinstance(step, Returned):
            step = advance(flow, _perform(step, send))
        return step.value
    finally:
        flow.close()


def _perform(effect: Effect, send: Callable[[HttpRequest], Received | Failed]) -> object:
    match effect:
        case Send(request):
            return send(request)
        case Sleep(seconds):
            time.sleep(seconds)
            return None
        case Observe():
            return moment()
        case _:
            assert_never(effect)
