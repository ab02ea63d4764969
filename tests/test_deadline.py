"""
Tests of the deadline of one attempt in threads.
"""

import contextvars
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from oauth_cc._io.deadline import Deadline, DeadlineExceeded
from oauth_cc.stores._threads import begin, on_this_thread, start, within


def test_an_attempt_in_time_returns_its_result_and_raises_its_error() -> None:
    """Nothing changes before the deadline."""

    def refuse() -> str:
        raise ValueError("refused")

    deadline: Deadline[str] = Deadline(5.0, 60.0, "requests")
    assert deadline.perform(lambda: "token") == "token"
    with pytest.raises(ValueError, match="refused"):
        deadline.perform(refuse)


def test_a_late_attempt_is_cut_and_its_result_is_dropped() -> None:
    """A cut connection can look like the end of a short response."""
    ended, cut = threading.Event(), threading.Event()

    def attempt() -> str:
        cut.wait()
        ended.set()
        return "half of a response"

    deadline: Deadline[str] = Deadline(0.01, 60.0, "requests")
    with pytest.raises(DeadlineExceeded) as caught:
        deadline.perform(attempt, cut.set)
    assert str(caught.value) == "no complete response within 0.01 seconds"
    assert caught.value.__suppress_context__
    assert ended.wait(10)
    assert deadline.perform(lambda: "token", cut.set) == "token"


def test_an_attempt_that_cannot_be_cut_is_left_once_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """One thread of one source hangs at most."""
    release, ended, sent = threading.Event(), threading.Event(), list[str]()

    def attempt() -> str:
        release.wait()
        ended.set()
        return "late"

    def send() -> str:
        sent.append("request")
        return "token"

    deadline: Deadline[str] = Deadline(0.01, 60.0, "requests")
    with caplog.at_level(logging.WARNING, "oauth_cc"):
        for _ in range(3):
            with pytest.raises(DeadlineExceeded):
                deadline.perform(attempt)
        with pytest.raises(DeadlineExceeded) as caught:
            deadline.perform(send)
    assert str(caught.value) == "an earlier request through this client still hangs"
    assert sent == []
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "a token request through a client of requests has not ended after 0.01 seconds; its thread ends with its "
        "connection"
    )
    release.set()
    assert ended.wait(10)
    for thread in threading.enumerate():
        if thread.name == "oauth_cc attempt":
            thread.join(10)
    assert deadline.perform(send) == "token"


@pytest.mark.parametrize(("seconds", "waited"), [(10.0, 10.25), (0.125, 0.25)])
def test_the_caller_waits_a_quarter_of_a_second_longer_at_most(
    seconds: float, waited: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timeouts of the socket come first."""
    waits = list[float | None]()

    def wait(future: Future[object], timeout: float | None = None) -> BaseException | None:
        waits.append(timeout)
        return of_future(future, 30.0)

    of_future = Future[object].exception
    monkeypatch.setattr(Future, "exception", wait)
    assert Deadline[str](seconds, 60.0, "requests").perform(lambda: "token") == "token"
    assert waits == [waited]


def test_an_attempt_that_a_signal_handler_leaves_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads its outcome."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    release, cut = threading.Event(), threading.Event()
    deadline: Deadline[object] = Deadline(30.0, 60.0, "requests")
    # As if a signal arrived during the wait.
    monkeypatch.setattr(Future, "exception", interrupt)
    with pytest.raises(KeyboardInterrupt):
        deadline.perform(release.wait, cut.set)
    assert cut.is_set()
    deadline = Deadline(30.0, 60.0, "requests")
    with pytest.raises(KeyboardInterrupt):
        deadline.perform(release.wait)
    with pytest.raises(DeadlineExceeded, match="still hangs"):
        deadline.perform(lambda: "token")
    release.set()


def test_a_cut_attempt_that_goes_on_is_left_once_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A look-up of the host has no connection to end."""
    release, sent = threading.Event(), list[str]()

    def attempt() -> str:
        release.wait()
        return "late"

    def send() -> str:
        sent.append("request")
        return "token"

    deadline: Deadline[str] = Deadline(0.01, 60.0, "requests")
    with caplog.at_level(logging.WARNING, "oauth_cc"):
        with pytest.raises(DeadlineExceeded, match=r"no complete response within 0\.01 seconds"):
            deadline.perform(attempt, lambda: None)
        for _ in range(2):
            with pytest.raises(DeadlineExceeded, match="an earlier request still hangs, perhaps in the look-up"):
                deadline.perform(send, lambda: None)
    assert sent == []
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("a token request by requests has not ended after 0.01 seconds, although its connection was")
    release.set()
    assert deadline.perform(lambda: "token", lambda: None) == "token"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("cut", [None, lambda: None], ids=["a client of the user", "an own client"])
def test_a_forked_child_makes_attempts_while_one_of_its_parent_hangs(cut: Callable[[], None] | None) -> None:
    """It does not have the thread of that attempt."""
    release = threading.Event()
    deadline: Deadline[object] = Deadline(0.01, 60.0, "requests")
    with pytest.raises(DeadlineExceeded):
        deadline.perform(release.wait, cut)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            deadline.seconds = 30.0
            code = 0 if deadline.perform(lambda: "token", cut) == "token" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pytest.raises(DeadlineExceeded, match="still hangs"):
        deadline.perform(lambda: "token", cut)
    release.set()


def test_an_attempt_is_made_again_after_the_pause(caplog: pytest.LogCaptureFixture) -> None:
    """A thread that never ends does not stop the source. The log says so once."""
    release = threading.Event()
    deadline: Deadline[object] = Deadline(0.01, 0.0, "requests")
    for _ in range(2):
        with pytest.raises(DeadlineExceeded, match="no complete response"):
            deadline.perform(release.wait)
    assert len(caplog.records) == 1
    assert deadline.perform(lambda: "token") == "token"
    release.set()


def test_a_thread_has_the_context_of_its_caller_and_keeps_no_process_alive() -> None:
    """Tracing depends on context variables."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("value")
    seen, done = list[tuple[str, str, bool]](), threading.Event()

    def work() -> None:
        thread = threading.current_thread()
        seen.append((variable.get(), thread.name, thread.daemon))
        done.set()

    assert start("renewal", work)
    assert done.wait(10)
    assert seen == [("value", "oauth_cc renewal", True)]


def test_work_within_a_time_ends_for_its_caller() -> None:
    """Its result is dropped."""
    release, names = threading.Event(), list[str]()

    def work() -> str:
        names.append(threading.current_thread().name)
        return "done"

    assert within(30.0, "store", work) == "done"
    assert names == ["oauth_cc store"]
    with pytest.raises(TimeoutError):
        within(0.0, "store", release.wait)
    release.set()
    assert Deadline[str](30.0, 60.0, "requests").perform(lambda: threading.current_thread().name) == "oauth_cc attempt"


def test_caller_that_holds_a_lock_does_all_work_itself() -> None:
    """Only its own thread can take the lock again."""
    done = list[int]()
    with on_this_thread():
        with on_this_thread():
            assert not start("renewal", lambda: done.append(0))
        assert within(30.0, "store", threading.get_ident) == threading.get_ident()
        assert begin("store", threading.get_ident) is None
    assert done == []
    assert within(30.0, "store", threading.get_ident) != threading.get_ident()


def test_without_threads_the_caller_makes_the_attempt_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread starts while the interpreter shuts down."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    deadline: Deadline[int] = Deadline(5.0, 60.0, "requests")
    assert deadline.perform(threading.get_ident) == threading.get_ident()
