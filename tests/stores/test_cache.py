"""
The tokens of one process, and the renewals that are under way in it.
"""

import threading

import pytest

from oauth_cc import RenewalWindow, Secret, Token, errors
from oauth_cc.flows.renewal import Kept, Renewed
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.stores.cache import Answer, AwaitRenewal, PendingRenewal, StartRenewal, TokenCache

NOW = 1700000000.0
REFUSED = errors.TokenRequestRefused("invalid_client", status=401)


def token(value: str = "tok-1", lifetime: float = 3600.0, received_at: float = NOW) -> Token:
    """Gives a token."""
    return Token(Secret(value), "Bearer", received_at, received_at + lifetime)


def led(answer: Answer) -> PendingRenewal:
    """Gives the flight that a caller was told to lead."""
    assert isinstance(answer, StartRenewal)
    return answer.pending


def stocked(kept: Token | None = None) -> TokenCache:
    """Gives a memory that has a token."""
    memory = TokenCache()
    memory.complete(led(memory.ask("key", NOW)), Renewed(kept or token(), 0.5), NOW)
    return memory


def test_one_leads_and_the_others_wait_for_the_same_landing() -> None:
    """Whoever comes while a renewal is under way gets its token."""
    memory = TokenCache()
    pending = led(memory.ask("key", NOW))
    assert (pending.key, pending.held, pending.rejected, pending.thread) == ("key", None, None, threading.get_ident())
    joined = [memory.ask("key", NOW + passed) for passed in (0, 1)]
    assert joined == [AwaitRenewal(pending), AwaitRenewal(pending)]
    assert not pending.future.done()
    memory.complete(pending, Renewed(token(), 0.5), NOW + 2)
    assert pending.future.result(0) == token()
    assert memory.ask("key", NOW + 2) == Use(token())
    assert (memory.fresh("key", NOW + 2249), memory.fresh("key", NOW + 2250)) == (token(), None)


def test_keys_are_apart() -> None:
    """A flight for one key holds nobody up who asks for another, nor is its token theirs."""
    memory = stocked()
    other = led(memory.ask("other", NOW))
    assert memory.fresh("other", NOW) is None
    memory.complete(other, Renewed(token("tok-2"), 0.5), NOW)
    assert [memory.ask(key, NOW) for key in ("key", "other")] == [Use(token()), Use(token("tok-2"))]


def test_while_a_token_ages_one_renews_and_the_others_go_on() -> None:
    """The leader is given what is at hand, and so is everyone else."""
    memory = stocked()
    assert repr(memory) == "TokenCache(store=None)"
    pending = led(memory.ask("key", NOW + 2520))
    assert pending.held == token()
    assert memory.ask("key", NOW + 2520) == Use(token())
    waits = memory.ask("key", NOW + 3595)
    assert waits == AwaitRenewal(pending)
    memory.complete(pending, TimeoutError("slow"), NOW + 3595)
    # It may be tried once more, by those who still need a token.
    assert pending.future.result(0) is None
    assert led(memory.ask("key", NOW + 3595)).held is None


def test_a_window_decides_when_a_token_ages() -> None:
    """The window is the caller's."""
    memory = TokenCache()
    renewal_window = RenewalWindow(0.1, 0.1)
    memory.complete(led(memory.ask("key", NOW, renewal_window)), Renewed(token(), 0.5), NOW, renewal_window)
    assert (memory.fresh("key", NOW + 359), memory.fresh("key", NOW + 360)) == (token(), None)
    pending = led(memory.ask("key", NOW + 360, renewal_window))
    memory.complete(pending, Kept(), NOW + 360, renewal_window)
    assert pending.future.result(0) is None
    assert memory.ask("key", NOW + 389, renewal_window) == Use(token())
    assert led(memory.ask("key", NOW + 390, renewal_window)).held == token()


def test_an_error_is_for_all_that_wait() -> None:
    """With no token at hand, whoever waits gets the error, and a refusal those who come a little later too."""
    memory = TokenCache()
    pending = led(memory.ask("key", NOW))
    memory.complete(pending, REFUSED, NOW)
    assert pending.future.exception(0) == REFUSED
    assert memory.ask("key", NOW + 4.9) == Refuse(REFUSED, NOW + 5)
    again = led(memory.ask("key", NOW + 5))
    memory.complete(again, TimeoutError("slow"), NOW + 5)
    assert isinstance(again.future.exception(0), TimeoutError)
    assert led(memory.ask("key", NOW + 5)).held is None


def test_a_leader_that_gives_up_leaves_the_lead_to_another() -> None:
    """Those who wait are told to ask again, and one of them leads."""
    memory = TokenCache()
    pending = led(memory.ask("key", NOW))
    memory.abandon(pending)
    assert pending.future.result(0) is None
    assert led(memory.ask("key", NOW)) is not pending


def test_exactly_the_token_that_was_not_accepted_is_forgotten() -> None:
    """Who discards an older one changes nothing; the next flight knows what not to take from a store."""
    memory = stocked()
    assert memory.discard("key", token("tok-0")) is False
    assert memory.fresh("key", NOW) == token()
    assert memory.discard("key", token()) is True
    assert memory.fresh("key", NOW) is None
    assert memory.discard("key", token()) is False
    assert led(memory.ask("key", NOW)).rejected == token()
    assert memory.discard("unknown", token()) is False


def test_what_is_spent_is_forgotten() -> None:
    """A process that asks for a token per customer does not grow for ever."""
    memory = TokenCache()
    for number in range(50):
        now = NOW + number * 4000
        memory.complete(led(memory.ask(f"key-{number}", now)), Renewed(token(received_at=now), 0.5), now)
    assert len(memory._states) == 1


@pytest.mark.parametrize("last", [True, False])
def test_news_of_the_store_behind_are_told_once(last: bool) -> None:
    """That it fails is news once, that it is back is news once, that it works is none."""
    memory = TokenCache()
    told = [memory.note_store(failed=failed) for failed in (False, True, True, False, False, last)]
    assert told == [False, True, False, True, False, last]
