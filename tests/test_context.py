"""
Where a source asks for its token.
"""

import asyncio
import time
from typing import Any
from unittest.mock import Mock

import attrs
import pytest

from oauth_cc import Certificate, ClientCredentials, Options, Scope, Secret, TlsClientAuth, Token, errors, token_request
from oauth_cc._io.context import SourceContext, check_client, check_kind, raisable
from oauth_cc._io.options import check_timeout
from oauth_cc.events import Event, RenewalFailed, ScopeInsufficient, StoreFailed, StoreReturned, TokenDiscarded
from oauth_cc.flows import Failed
from oauth_cc.flows.renewal import Renewed, terms
from oauth_cc.flows.single_flight import Use
from oauth_cc.stores.cache import PendingRenewal, StartRenewal, TokenCache

TERMS = terms(token_request(ClientCredentials("id", "s3cret"), Scope.of("a")), "https://as.example/token")
PREFIX = TERMS.cache_key[:8]


def context_of(told: list[Event]) -> SourceContext:
    """Gives a desk that tells its events."""
    return SourceContext(TokenCache(), TERMS, told.append)


def token(age: float = 0.0) -> Token:
    """Gives a token of an hour that came *age* seconds ago."""
    now = time.time() - age
    return Token(Secret("tok-1"), "Bearer", now, now + 3600)


def led(context: SourceContext) -> PendingRenewal:
    """Gives the flight that the desk has its caller lead."""
    answer = context.ask()
    assert isinstance(answer, StartRenewal)
    return answer.pending


def test_a_token_that_came_is_there_for_all() -> None:
    """At the same key, for whoever shares the memory."""
    told: list[Event] = []
    context, kept = context_of(told), token()
    assert context.fresh() is None
    context.complete(led(context), Renewed(kept, 0.5))
    assert (context.fresh(), context.ask()) == (kept, Use(kept))
    assert SourceContext(context.cache, TERMS).fresh() == kept
    assert SourceContext(context.cache, attrs.evolve(TERMS, slot="other")).fresh() is None
    assert told == []


@pytest.mark.parametrize("hook", [5, "told", asyncio.sleep], ids=["an int", "a text", "async"])
def test_a_hook_is_a_plain_function(hook: Any) -> None:
    """It would fail at every event, unnoticed but for the log; and what would have to be awaited never runs."""
    with pytest.raises(errors.InvalidInput, match="on_event must be a plain function"):
        Options(on_event=hook)


def test_a_hook_may_be_a_mock() -> None:
    """In tests of their own, users give one that stands for theirs."""
    hook = Mock(spec=lambda event: None)
    told = token()
    context = SourceContext(TokenCache(), TERMS, Options(on_event=hook).on_event)
    context.complete(led(context), Renewed(told, 0.5))
    context.discard(told)
    hook.assert_called_once()


def test_a_failure_says_how_long_the_token_at_hand_serves() -> None:
    """None if there is none; and never less than nothing."""
    told: list[Event] = []
    context, error = context_of(told), TimeoutError("slow")
    context.complete(led(context), error)
    assert told.pop() == RenewalFailed("id", PREFIX, error, None)
    context.complete(led(context), Renewed(token(3500), 0.5))
    pending = led(context)
    context.complete(pending, error)
    event = told.pop()
    assert isinstance(event, RenewalFailed)
    assert event.seconds_left is not None
    assert 85 < event.seconds_left <= 95
    context.complete(PendingRenewal(pending.key, token(4000), pending.rejected), error)
    event = told.pop()
    assert isinstance(event, RenewalFailed)
    assert event.seconds_left == 0


def test_only_the_token_at_hand_is_discarded_and_told_of() -> None:
    """Many callers discard the same token; one event is enough."""
    told: list[Event] = []
    context, kept = context_of(told), token()
    context.complete(led(context), Renewed(kept, 0.5))
    context.discard(token(1))
    assert told == []
    context.discard(kept)
    context.discard(kept)
    assert told == [TokenDiscarded("id", PREFIX)]
    assert context.fresh() is None


def test_a_scope_that_is_missing_is_told_of() -> None:
    """As the API names it."""
    told: list[Event] = []
    context_of(told).tell_scope(Scope.of("b"))
    assert told == [ScopeInsufficient("id", PREFIX, Scope.of("b"))]


def test_a_store_that_fails_is_told_of_once_and_once_when_it_is_back() -> None:
    """A store that is away does not fill the log."""
    told: list[Event] = []
    context, error = context_of(told), OSError("gone")
    context.store_answered()
    assert [context.store_failed(error) for _ in range(3)] == [Failed(error, retryable=True)] * 3
    context.store_answered()
    context.store_answered()
    assert told == [StoreFailed("id", PREFIX, error), StoreReturned("id", PREFIX)]


def test_each_caller_raises_an_error_of_its_own() -> None:
    """Ours are copied; those of a library, which may not bear it, are given without the traceback of the one before."""
    ours = errors.TokenRequestRefused("invalid_client", status=401)
    with pytest.raises(errors.TokenRequestRefused):
        raise ours
    given = raisable(ours)
    assert given == ours
    assert given is not ours
    assert given.__traceback__ is None
    theirs = TimeoutError("slow")
    with pytest.raises(TimeoutError):
        raise theirs
    assert raisable(theirs) is theirs
    assert theirs.__traceback__ is None


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e20, None, "10", True])
def test_timeouts_that_are_none(timeout: Any) -> None:
    """Said here: the libraries would fail with the request in their frames."""
    with pytest.raises(errors.InvalidInput, match="timeout must be a number of seconds above 0 and at most 86400"):
        check_timeout(timeout)


class Kept:
    """A client of some library."""


class KeptByAUser(Kept):
    """One that a user has made of it."""


def test_a_client_of_another_library() -> None:
    """Both are named, each with its library."""
    with pytest.raises(errors.InvalidInput, match=r"client: give an instance of tests\.Kept, not of builtins\.int"):
        check_kind(5, Kept)
    check_kind(KeptByAUser(), Kept)
    check_kind(None, Kept)


def test_a_certificate_needs_a_client() -> None:
    """A request whose connection has to show a certificate needs a client that has one."""
    plain = token_request(ClientCredentials("id", "s3cret"))
    check_client(plain, None)
    ours = Certificate("A" * 43)
    for request in (plain.with_certificate(ours), token_request(ClientCredentials("id", TlsClientAuth(ours)))):
        check_client(request, Kept())
        with pytest.raises(errors.InvalidInput, match="give a client or session of yours that has it"):
            check_client(request, None)
