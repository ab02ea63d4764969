"""
The driver for threads.
"""

import inspect
import threading
import time

import pytest

from oauth_cc import HttpRequest
from oauth_cc._io.driver import drive
from oauth_cc.flows import Flow, Moment, Received, Sleep
from oauth_cc.flows.effects import load, lock, observe, send
from tests.world import raising, token_answer

REQUEST = HttpRequest("POST", "https://as.example/token")
ANSWER = Received(token_answer(), 1.0)


def flow() -> Flow[tuple[object, Moment]]:
    """Yield every kind of effect without a store."""
    outcome = yield from send(REQUEST)
    yield Sleep(0.0)
    moment = yield from observe()
    return outcome, moment


def test_driver_sends_sleeps_and_observes() -> None:
    """The moment is the present one."""
    before = time.time()
    outcome, moment = drive(flow(), lambda request: ANSWER if request is REQUEST else pytest.fail("another request"))
    assert outcome is ANSWER
    assert before <= moment.now <= time.time()
    assert 0 <= moment.jitter < 1


def test_without_a_store_nothing_is_found_and_the_lock_is_free() -> None:
    """A flow for a store ends as with an empty one."""
    assert drive(load("key"), lambda _: ANSWER) is None
    assert drive(lock("key", 0.0), lambda _: ANSWER) is True


def test_every_moment_has_a_unique_id() -> None:
    """A hundred moments have a hundred ids of 128 bits, which nobody can guess."""
    ids = {drive(observe(), lambda _: ANSWER).unique_id for _ in range(100)}
    assert [len(bytes.fromhex(each)) for each in ids] == [16] * 100


@pytest.mark.parametrize("error", [StopIteration("not a result"), OSError("gone"), KeyboardInterrupt()])
def test_send_errors_pass_through_and_close_the_flow(error: BaseException) -> None:
    """So does a StopIteration."""
    running = flow()
    with pytest.raises(type(error)):
        drive(running, raising(error))
    assert inspect.getgeneratorstate(running) == inspect.GEN_CLOSED


def test_driver_sleeps_in_the_calling_thread() -> None:
    """Other threads continue."""

    def pausing() -> Flow[int]:
        yield Sleep(0.05)
        return threading.get_ident()

    assert drive(pausing(), lambda _: ANSWER) == threading.get_ident()
