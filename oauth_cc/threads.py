"""
The driver for threads: performs a flow's effects and blocks while they last.
"""

import time
from collections.abc import Callable
from typing import TypeVar, assert_never

from oauth_cc.clock import moment
from oauth_cc.effects import Effect, Failed, Flow, Observe, Received, Send, Sleep
from oauth_cc.http import HttpRequest

__all__ = ["drive"]

T = TypeVar("T")


def drive(flow: Flow[T], send: Callable[[HttpRequest], Received | Failed]) -> T:
    """
    Runs *flow* to its end and gives what it returns; whatever it raises passes through.

    *send*: sends one request by some HTTP library and says what came of it.
    """
    result: object = None
    try:
        while True:
            # Only the flow stands inside: a StopIteration of *send* must not pass for the flow's result.
            try:
                effect = flow.send(result)
            except StopIteration as stop:
                value: T = stop.value
                return value
            result = _perform(effect, send)
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
