"""
The in-memory cache of tokens, and the pending renewals of a process.
"""

import threading

import pytest

from oauth_cc import RenewalWindow, Secret, Token, errors
from oauth_cc.flows import Load, Lock, Save
from oauth_cc.flows.renewal import Kept, Renewed
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.stores.cache import Answer, AwaitRenewal, PendingRenewal, StartRenewal, TokenCache

NOW = 1700000000.0
REFUSED = errors.TokenRequestRefused("invalid_client", status=401)


def token(value: str = "tok-1", lifetime: float = 3600.0, received_at: float = NOW) -> Token:
    """Return a token."""
    return Token(Secret(value), "Bearer", received_at, received_at + lifetime)


def led(answer: Answer) -> PendingRenewal:
    """Return the renewal that a caller has to lead."""
    assert isinstance(answer, StartRenewal)
    return answer.pending


def stocked(kept: Token | None = None) -> TokenCache:
    """Return a cache with a token."""
    cache = TokenCache()
    cache.complete(led(cache.ask("key", NOW)), Renewed(kept or token(), 0.5), NOW)
    return cache


def test_one_caller_renews_and_all_others_get_its_token() -> None:
    """They wait while the renewal is pending."""
    cache = TokenCache()
    pending = led(cache.ask("key", NOW))
    assert (pending.key, pending.held, pending.rejected, pending.thread) == ("key", None, (), threading.get_ident())
    joined = [cache.ask("key", NOW + passed) for passed in (0, 1)]
    assert joined == [AwaitRenewal(pending), AwaitRenewal(pending)]
    assert not pending.future.done()
    cache.complete(pending, Renewed(token(), 0.5), NOW + 2)
    assert pending.future.result(0) == token()
    assert cache.ask("key", NOW + 2) == Use(token())
    assert (cache.fresh("key", NOW + 2249), cache.fresh("key", NOW + 2250)) == (token(), None)


def test_keys_have_separate_tokens_and_renewals() -> None:
    """A pending renewal of one key does not delay another key."""
    cache = stocked()
    other = led(cache.ask("other", NOW))
    assert cache.fresh("other", NOW) is None
    cache.complete(other, Renewed(token("tok-2"), 0.5), NOW)
    assert [cache.ask(key, NOW) for key in ("key", "other")] == [Use(token()), Use(token("tok-2"))]


def test_ageing_token_is_used_while_one_caller_renews_it() -> None:
    """The leader gets the current token too."""
    cache = stocked()
    assert repr(cache) == "TokenCache(store=None)"
    pending = led(cache.ask("key", NOW + 2520))
    assert pending.held == token()
    assert cache.ask("key", NOW + 2520) == Use(token())
    waits = cache.ask("key", NOW + 3595)
    assert waits == AwaitRenewal(pending)
    cache.complete(pending, TimeoutError("slow"), NOW + 3595)
    # A caller that still needs a token may try once more.
    assert pending.future.result(0) is None
    assert led(cache.ask("key", NOW + 3595)).held is None


def test_renewal_window_decides_when_a_token_ages() -> None:
    """Each caller passes its own window."""
    cache = TokenCache()
    renewal_window = RenewalWindow(0.1, 0.1)
    cache.complete(led(cache.ask("key", NOW, renewal_window)), Renewed(token(), 0.5), NOW, renewal_window)
    assert (cache.fresh("key", NOW + 359), cache.fresh("key", NOW + 360)) == (token(), None)
    pending = led(cache.ask("key", NOW + 360, renewal_window))
    cache.complete(pending, Kept(), NOW + 360, renewal_window)
    assert pending.future.result(0) is None
    assert cache.ask("key", NOW + 389, renewal_window) == Use(token())
    assert led(cache.ask("key", NOW + 390, renewal_window)).held == token()


def test_error_of_the_leader_is_raised_for_all_waiting_callers() -> None:
    """A refusal is raised for later callers too."""
    cache = TokenCache()
    pending = led(cache.ask("key", NOW))
    cache.complete(pending, REFUSED, NOW)
    assert pending.future.exception(0) == REFUSED
    assert cache.ask("key", NOW + 4.9) == Refuse(REFUSED, NOW + 5)
    again = led(cache.ask("key", NOW + 5))
    cache.complete(again, TimeoutError("slow"), NOW + 5)
    assert isinstance(again.future.exception(0), TimeoutError)
    assert led(cache.ask("key", NOW + 5)).held is None


def test_abandoned_renewal_is_led_by_another_caller() -> None:
    """The waiting callers ask again."""
    cache = TokenCache()
    pending = led(cache.ask("key", NOW))
    cache.abandon(pending)
    assert pending.future.result(0) is None
    assert led(cache.ask("key", NOW)) is not pending


def test_discard_removes_exactly_the_rejected_token() -> None:
    """The next renewal does not take it from a store."""
    cache = stocked()
    assert cache.discard("key", token("tok-0")) is False
    assert cache.fresh("key", NOW) == token()
    assert cache.discard("key", token()) is True
    assert cache.fresh("key", NOW) is None
    assert cache.discard("key", token()) is False
    assert led(cache.ask("key", NOW)).rejected == (token("tok-0"), token())
    assert cache.discard("unknown", token()) is False


def test_spent_states_are_removed() -> None:
    """So a process that requests a token per customer does not grow forever."""
    cache = TokenCache()
    for number in range(50):
        now = NOW + number * 4000
        cache.complete(led(cache.ask(f"key-{number}", now)), Renewed(token(received_at=now), 0.5), now)
    assert len(cache._states) == 1


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
