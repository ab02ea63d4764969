"""
The in-memory cache of tokens, and the pending renewals of a process.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import RenewalWindow, Secret, Token, errors
from oauth_cc.flows import Load, Lock, Save
from oauth_cc.flows.renewal import Kept, Renewed
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.stores._cell import Cell, Outcome
from oauth_cc.stores._pending import Answer, AwaitRenewal, Limits, PendingRenewal, StartRenewal
from oauth_cc.stores.cache import TokenCache

NOW = 1700000000.0
REFUSED = errors.TokenRequestRefused("invalid_client", status=401)


@final
class Someone:
    """A leader."""

    loop_thread = None

    def __init__(self) -> None:
        self.alive = True

    def is_alive(self) -> bool:
        """Return what the test set."""
        return self.alive


def token(value: str = "tok-1", lifetime: float = 3600.0, received_at: float = NOW) -> Token:
    """Return a token."""
    return Token(Secret(value), "Bearer", received_at, received_at + lifetime)


def led(answer: Answer, leader: Someone | None = None) -> PendingRenewal:
    """Return the renewal that a caller has to lead, led by *leader*."""
    assert isinstance(answer, StartRenewal)
    assert answer.pending.claim(leader or Someone())
    return answer.pending


def stocked(kept: Token | None = None) -> TokenCache:
    """Return a cache with a token."""
    cache = TokenCache()
    cache.complete(led(cache.ask("key", NOW)), Renewed(kept or token(), 0.5), NOW)
    return cache


class TestPendingRenewals:
    def test_one_caller_renews_and_all_others_get_its_token(self) -> None:
        """They wait while the renewal is pending."""
        cache = TokenCache()
        pending = led(cache.ask("key", NOW))
        assert (pending.key, pending.held, pending.rejected) == ("key", None, ())
        joined = [cache.ask("key", NOW + passed) for passed in (0, 1)]
        assert joined == [AwaitRenewal(pending), AwaitRenewal(pending)]
        assert not pending.outcome.is_settled
        cache.complete(pending, Renewed(token(), 0.5), NOW + 2)
        assert pending.outcome.value == token()
        assert cache.ask("key", NOW + 2) == Use(token())
        assert (cache.fresh("key", NOW + 1979), cache.fresh("key", NOW + 1981)) == (token(), None)

    def test_keys_have_separate_tokens_and_renewals(self) -> None:
        """A pending renewal of one key does not delay another key."""
        cache = stocked()
        other = led(cache.ask("other", NOW))
        assert cache.fresh("other", NOW) is None
        cache.complete(other, Renewed(token("tok-2"), 0.5), NOW)
        assert [cache.ask(key, NOW) for key in ("key", "other")] == [Use(token()), Use(token("tok-2"))]

    def test_ageing_token_is_used_while_it_is_renewed(self) -> None:
        """The caller that starts the renewal uses it too."""
        cache = stocked()
        assert repr(cache) == "TokenCache(store=None)"
        asked = cache.ask("key", NOW + 3594)
        assert isinstance(asked, StartRenewal)
        assert asked.held == token()
        pending = led(asked)
        assert cache.ask("key", NOW + 3594) == Use(token())
        assert (cache.peek("key", NOW + 3594), cache.peek("key", NOW + 3595)) == (token(), None)
        assert cache.ask("key", NOW + 3595) == AwaitRenewal(pending)
        cache.complete(pending, TimeoutError("slow"), NOW + 3595)
        # A caller that still needs a token may try once more.
        assert pending.outcome.value is None
        assert led(cache.ask("key", NOW + 3595)).held is None

    def test_renewal_window_decides_when_a_token_ages(self) -> None:
        """Each caller passes its own window."""
        cache = TokenCache()
        limits = Limits(RenewalWindow(0.1, 0.1))
        cache.complete(led(cache.ask("key", NOW, limits)), Renewed(token(), 0.5), NOW, limits)
        assert (cache.fresh("key", NOW + 359), cache.fresh("key", NOW + 360)) == (token(), None)
        pending = led(cache.ask("key", NOW + 360, limits))
        cache.complete(pending, Kept(), NOW + 360, limits)
        assert pending.outcome.value is None
        assert cache.ask("key", NOW + 389, limits) == Use(token())
        assert led(cache.ask("key", NOW + 390, limits)).held == token()

    def test_error_of_the_renewal_is_raised_for_all_waiting_callers(self) -> None:
        """A refusal is raised for later callers too."""
        cache = TokenCache()
        pending = led(cache.ask("key", NOW))
        cache.complete(pending, REFUSED, NOW)
        assert pending.outcome.value == REFUSED
        assert cache.ask("key", NOW + 4.9) == Refuse(REFUSED, NOW, NOW + 5)
        again = led(cache.ask("key", NOW + 5))
        cache.complete(again, TimeoutError("slow"), NOW + 5)
        assert isinstance(again.outcome.value, TimeoutError)
        assert led(cache.ask("key", NOW + 5)).held is None


class TestLostRenewals:
    def test_abandoned_renewal_is_led_by_another_caller(self) -> None:
        """The waiting callers ask again."""
        cache = TokenCache()
        pending = led(cache.ask("key", NOW))
        cache.abandon(pending)
        assert pending.outcome.value is None
        assert led(cache.ask("key", NOW)) is not pending

    def test_renewal_without_a_living_leader_is_replaced(self) -> None:
        """Its loop was closed."""
        cache, leader = TokenCache(), Someone()
        pending = led(cache.ask("key", NOW), leader)
        leader.alive = False
        assert led(cache.ask("key", NOW)) is not pending
        assert pending.outcome.value is None

    @pytest.mark.parametrize(
        ("cache", "at", "passed"),
        [(TokenCache, 0, 60.1), (lambda: stocked(), 3000, 60.1), (lambda: stocked(), 3594, 15.1)],
        ids=["without a token", "with one", "with one that ended"],
    )
    def test_renewal_that_takes_too_long_is_replaced(
        self, cache: Callable[[], TokenCache], at: float, passed: float
    ) -> None:
        """The clock decides, as it runs while a process is frozen. While a token can be used, nobody is in a hurry."""
        asked, limits = cache(), Limits(background=15.0, wait=60.0)
        pending = led(asked.ask("key", NOW + at, limits))
        assert not isinstance(asked.ask("key", NOW + at + passed - 0.2, limits), StartRenewal)
        assert led(asked.ask("key", NOW + at + passed, limits)) is not pending

    def test_time_doubles_with_each_renewal_that_hangs(self) -> None:
        """A function that hangs for a day does not hold a thread for each minute. One that ended counts no more."""
        cache, at, begun = TokenCache(), NOW, list[PendingRenewal]()
        for minutes in (0, 1, 2, 4):
            at += minutes * 60
            if begun:
                assert not isinstance(cache.ask("key", at), StartRenewal)
            begun.append(led(cache.ask("key", at + 0.1)))
            at += 0.1
        for pending in begun[:-1]:
            pending.ended.settle(True)
        assert led(cache.ask("key", at + 60.1)) is not begun[-1]

    def test_renewal_that_takes_too_long_is_replaced_after_the_clock_was_set_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The monotonic clock counts, too."""
        passed = [0.0]
        monkeypatch.setattr("oauth_cc.stores._pending.time", SimpleNamespace(monotonic=lambda: passed[0]))
        cache = TokenCache()
        pending = led(cache.ask("key", NOW))
        for passed[0], is_replaced in ((59.9, False), (60.1, True)):
            assert isinstance(cache.ask("key", NOW - 3600), StartRenewal) == is_replaced
        assert pending.outcome.is_settled

    def test_renewal_that_nobody_began_is_begun_by_another_caller(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A task that is cancelled before its first step never begins. Only one of the two goes on."""
        cache = TokenCache()
        asked = cache.ask("key", NOW)
        assert isinstance(asked, StartRenewal)
        assert cache.ask("key", NOW) == AwaitRenewal(asked.pending)
        monkeypatch.setattr("oauth_cc.stores._pending._SLOWEST_START", -1.0)
        assert cache.ask("key", NOW) == asked
        assert [asked.pending.claim(Someone()) for _ in range(2)] == [True, False]

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_renewal_of_the_parent_is_replaced_after_a_fork(self) -> None:
        """Its thread is not in the child."""
        cache = TokenCache()
        pending = led(cache.ask("key", NOW))
        child = os.fork()
        if child == 0:
            asked = cache.ask("key", NOW)
            os._exit(0 if isinstance(asked, StartRenewal) and asked.pending is not pending else 1)
        assert os.waitpid(child, 0)[1] == 0

    def test_late_token_of_an_abandoned_renewal_is_used_if_it_is_newer(self) -> None:
        """Its error is dropped, and the renewal that replaced it goes on."""
        cache = TokenCache()
        late, failing = led(cache.ask("key", NOW)), None
        cache.abandon(late)
        failing = led(cache.ask("key", NOW))
        cache.abandon(failing)
        current = led(cache.ask("key", NOW))
        cache.complete(failing, REFUSED, NOW)
        cache.complete(late, Renewed(token(), 0.5), NOW)
        assert cache.fresh("key", NOW) == token()
        cache.complete(current, Renewed(token("tok-2", received_at=NOW + 1), 0.5), NOW + 1)
        assert cache.fresh("key", NOW + 1) == token("tok-2", received_at=NOW + 1)
        cache.offer("key", Renewed(token("tok-0", received_at=NOW - 1), 0.5))
        assert cache.fresh("key", NOW + 1) == token("tok-2", received_at=NOW + 1)
        cache.offer("key", Renewed(token("tok-3", received_at=NOW + 2), 0.5))
        assert cache.fresh("key", NOW + 2) == token("tok-3", received_at=NOW + 2)


class TestDiscard:
    def test_discard_removes_exactly_the_rejected_token(self) -> None:
        """The next renewal does not take it from a store."""
        cache = stocked()
        cache.discard("key", token("tok-0"), NOW)
        assert cache.fresh("key", NOW) == token()
        before, after = cache.discard("key", token(), NOW)
        assert (before.token, after.token) == (token(), None)
        assert cache.fresh("key", NOW) is None
        assert led(cache.ask("key", NOW)).rejected == (token("tok-0"), token())
        assert cache.discard("unknown", token(), NOW)[1].token is None

    def test_revoked_token_is_removed_during_a_pause_too(self) -> None:
        """Another token is kept."""
        cache = stocked()
        cache.revoke("key", token("tok-2"))
        assert cache.fresh("key", NOW) == token()
        cache.revoke("key", token())
        assert cache.fresh("key", NOW) is None
        assert led(cache.ask("key", NOW)).rejected == (token("tok-2"), token())


class TestManyTokens:
    def test_spent_states_are_removed(self) -> None:
        """So a process that requests a token per customer does not grow forever."""
        cache = TokenCache()
        for number in range(50):
            now = NOW + number * 4000
            cache.complete(led(cache.ask(f"key-{number}", now)), Renewed(token(received_at=now), 0.5), now)
        assert len(cache) <= 2

    def test_entry_that_another_thread_has_dropped_is_passed_over(self) -> None:
        """The entries after it are examined."""
        cache = TokenCache()
        for key in ("a", "b", "c"):
            cache.complete(led(cache.ask(key, NOW)), Renewed(token(), 0.5), NOW)
        del cache._cells[cache._order[0]]
        late = NOW + 4000
        cache.complete(led(cache.ask("d", late)), Renewed(token(received_at=late), 0.5), late)
        assert list(cache._cells) == list(cache._order) == ["d"]

    @given(st.integers(1, 20), st.integers(1, 60))
    def test_no_more_than_the_maximum_is_kept(self, maximum: int, number: int) -> None:
        """The oldest of those examined are dropped."""
        cache = TokenCache(max_tokens=maximum)
        for key in range(number):
            last = token(received_at=NOW + key)
            cache.complete(led(cache.ask(key, NOW)), Renewed(last, 0.5), NOW)
            assert cache.peek(key, NOW) == last or maximum < 4
        assert len(cache) == min(maximum, number)

    @pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", True, False])
    def test_maximum_is_a_whole_number(self, wrong: Any) -> None:
        """The error says what to pass."""
        with pytest.raises(errors.InvalidInput) as caught:
            TokenCache(max_tokens=wrong)
        assert caught.value.parameter == "max_tokens"
        assert str(caught.value) == "max_tokens must be a whole number of tokens above 0, or None"

    def test_renewal_examines_the_same_number_of_entries_among_many_tokens(self) -> None:
        """It would cost milliseconds among twenty thousand."""
        cache = TokenCache()
        for key in range(2000):
            cache.complete(led(cache.ask(key, NOW)), Renewed(token(), 0.5), NOW)
        order = list(cache._order)
        cache.complete(led(cache.ask("one more", NOW)), Renewed(token(), 0.5), NOW)
        assert list(cache._order) == [*order[4:], "one more", *order[:4]]


@pytest.mark.parametrize("last", [True, False])
def test_store_failure_and_recovery_are_noted_once(last: bool) -> None:
    """Only a change is reported."""
    cache = TokenCache()
    changed = [cache.note_store(Load, failed=failed) for failed in (False, True, True, False, False, last)]
    assert changed == [False, True, False, True, False, last]


@pytest.mark.parametrize("first", [Load, Save, Lock])
def test_store_has_recovered_when_the_operation_that_failed_first_succeeds(first: type[Load | Save | Lock]) -> None:
    """Other operations may work meanwhile, or fail too."""
    cache = TokenCache()
    others = [operation for operation in (Load, Save, Lock) if operation is not first]
    assert cache.note_store(first, failed=True)
    for failed in (False, True, False):
        assert not any([cache.note_store(operation, failed=failed) for operation in others])
    assert cache.note_store(first, failed=False)


class TestCell:
    def test_no_replacement_is_lost_among_threads(self) -> None:
        """Each thread adds to the value that another has just replaced."""
        cell = Cell(0)

        def add(_: int) -> None:
            for _ in range(500):
                cell.replace(lambda number: number + 1)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(8)))
        assert cell.last().value == 4000

    def test_reader_of_an_earlier_version_finds_the_last(self) -> None:
        """A thread that was interrupted may leave the earlier one in place."""
        cell = Cell("a")
        early = cell.version
        cell.replace(lambda _: "b")
        cell.version = early
        assert cell.last().value == "b"


class TestOutcome:
    def test_every_waiting_thread_is_woken_once(self) -> None:
        """A thread may come before the result or after it."""
        outcome, begun, woken = Outcome[str](), threading.Barrier(9), list[bool]()

        def wait() -> None:
            begun.wait()
            woken.append(outcome.wait(30))

        threads = [threading.Thread(target=wait) for _ in range(8)]
        for thread in threads:
            thread.start()
        begun.wait()
        assert outcome.settle("token")
        for thread in threads:
            thread.join(30)
        assert woken == [True] * 8
        assert not outcome.settle("late")
        assert outcome.value == "token"

    def test_wait_ends_without_a_result_after_its_time(self) -> None:
        """A caller that left is not woken later."""
        outcome = Outcome[str]()
        assert not outcome.wait(0.0)
        assert outcome._wakers == []

    def test_call_that_another_thread_has_taken_is_not_made_twice(self) -> None:
        """`settle` takes it between two steps of this one."""

        class Taken(list[Callable[[], object]]):
            """A list that another thread empties at once."""

            def append(self, wake: Callable[[], object], /) -> None:
                """Drop *wake*."""

        outcome, calls = Outcome[str](), list[str]()
        outcome.settle("token")
        outcome._wakers = Taken()
        outcome.call_when_settled(lambda: calls.append("twice"))
        outcome.forget(lambda: None)
        assert calls == []

    def test_call_is_made_at_once_if_the_result_is_set(self) -> None:
        """It is made only once."""
        outcome, calls = Outcome[str](), list[str]()
        outcome.call_when_settled(lambda: calls.append("before"))
        outcome.settle("token")
        outcome.call_when_settled(lambda: calls.append("after"))
        assert calls == ["before", "after"]
