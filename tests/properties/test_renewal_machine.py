"""
The whole of renewal as a state machine: callers, two processes with one store, a server, an API and a clock. The
promises of the library hold in every order of events.
"""

from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import TypeAlias, final
from unittest import mock

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import oauth_cc.stores._pending
from oauth_cc import ClientCredentials, HttpRequest, HttpResponse, Scope, Token, token_request
from oauth_cc.challenge import insufficient_scope, token_rejected
from oauth_cc.errors import InvalidResponse, TokenRequestRefused
from oauth_cc.flows import (
    Effect,
    Failed,
    Flow,
    Load,
    Lock,
    Moment,
    Observe,
    Received,
    Report,
    Returned,
    Save,
    Send,
    Sleep,
    advance,
)
from oauth_cc.flows.renewal import Kept, Renewal, Renewed, renewal, terms
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.stores._pending import AwaitRenewal, Limits, PendingRenewal, StartRenewal
from oauth_cc.stores.cache import TokenCache
from tests.world import token_answer

NAMES = ("a", "b")
TERMS = {
    name: terms(token_request(ClientCredentials("id", "s3cret"), Scope.of(name)), "https://as.example/token")
    for name in NAMES
}
WAIT_TIMEOUT = TERMS["a"].wait_timeout
STORE_DOWN = Failed(OSError("down"), retryable=True)
LIMITS = Limits(background=15.0, wait=WAIT_TIMEOUT)
LIFETIMES = [3600, 3600, 60, 60, 20, 0]
REFUSALS = {
    "unauthorized": HttpResponse(401, (), b'{"error": "invalid_client"}'),
    "busy": HttpResponse(429, {"Retry-After": "2"}),
    "busy for long": HttpResponse(429, {"Retry-After": "600"}),
}
SERVER = ["token"] * 4 + ["down", "error", "lost", *REFUSALS]
API = [
    HttpResponse(200),
    HttpResponse(200),
    HttpResponse(401),
    HttpResponse(403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="c"'}),
]
choices = st.integers(0, 7)


@attrs.define(eq=False)
class Process:
    """
    One process, as seen from outside.

    Attributes:
        cache: Its cache.
        tokens: The current token of each name.
        discarded: The tokens that the API rejected and the cache dropped.
        kept: The rejected tokens that the cache kept, because the API rejects one after the other.
        pauses: From and until when no request may be sent, after a refusal, with a usable token.
        over: The names whose pause has ended, even if a clock that is set back is in it again: it may be forgotten.
        outlived: The discarded tokens that were stale, even if a clock that is set back makes them usable: as above.
        spaced: The token whose renewal failed, and from and until when it is not tried again.
        replaced_at: When a usable token was last dropped, by its name and the API that rejected it. A clock that is set
            ends its pause.
    """

    cache: TokenCache = attrs.Factory(TokenCache)
    tokens: dict[str, Token] = attrs.field(factory=lambda: dict[str, Token]())
    discarded: list[Token] = attrs.field(factory=lambda: list[Token]())
    kept: list[Token] = attrs.field(factory=lambda: list[Token]())
    pauses: dict[str, tuple[float, float]] = attrs.field(factory=lambda: dict[str, tuple[float, float]]())
    over: set[str] = attrs.field(factory=lambda: set[str]())
    outlived: list[Token] = attrs.field(factory=lambda: list[Token]())
    spaced: dict[str, tuple[Token, float, float]] = attrs.field(factory=lambda: dict[str, tuple[Token, float, float]]())
    replaced_at: dict[tuple[str, str | None], float] = attrs.field(
        factory=lambda: dict[tuple[str, str | None], float]()
    )


@attrs.frozen
class Obtain:
    """The step of a caller that needs a token."""


@attrs.frozen
class Call:
    """The step of a caller that calls the API with *token*."""

    token: Token


@attrs.frozen
class Discard:
    """The step of a caller that discards *token*, which the API rejected. By hand it does not name the API."""

    token: Token


@attrs.frozen
class ReportScope:
    """The step of a caller that reports that the API requires more scope."""


CallStep: TypeAlias = Obtain | Call | Discard | ReportScope
CallFlow: TypeAlias = Generator[CallStep, Token | HttpResponse | bool | None, None]


def call(*, repeatable: bool) -> CallFlow:
    """Do for one API call what the integration of every HTTP library does (RFC 6750 section 3.1)."""
    token = yield Obtain()
    assert isinstance(token, Token)
    response = yield Call(token)
    assert isinstance(response, HttpResponse)
    if token_rejected(response):
        worth_repeating = yield Discard(token)
        if repeatable and worth_repeating:
            token = yield Obtain()
            assert isinstance(token, Token)
            response = yield Call(token)
            assert isinstance(response, HttpResponse)
            if token_rejected(response):
                yield Discard(token)
    if insufficient_scope(response) is not None:
        yield ReportScope()


@attrs.define(eq=False)
class Caller:
    """One API call. *step* is its current step, *waits_for* the renewal that it waits for."""

    process: Process
    name: str
    flow: CallFlow
    step: CallStep = attrs.Factory(Obtain)
    waits_for: PendingRenewal | None = None
    rejections: int = 0
    calls: int = 0
    done: bool = False
    dropped: bool = False
    api: str | None = "https://api.example"


@final
@attrs.define(eq=False)
class Leader:
    """The leader of a renewal, alive until it vanishes."""

    alive: bool = True
    loop_thread: int | None = None

    def is_alive(self) -> bool:
        """Return whether it has not vanished."""
        return self.alive


@attrs.define(eq=False)
class Attempt:
    """
    A pending renewal, as seen from outside.

    Attributes:
        leader: Its leader. One that has vanished performs no further effect.
        since: When its current effect began, by the clock that nobody sets.
        observed: The last moment that it observed.
        began: When it began.
        began_passed: The same by the clock that nobody sets.
        replaced: Whether another renewal has begun in its place.
        is_sent: Whether its token request waits for a response.
        excused: Whether it may send a request beside another process: the store failed, or the wait timed out.
        spared: Whether the store had a useful token when it got the lock.
    """

    process: Process
    name: str
    leader: Leader
    pending: PendingRenewal
    flow: Flow[Renewal]
    effect: Effect
    since: float
    observed: float
    began: float
    began_passed: float
    replaced: bool = False
    is_sent: bool = False
    excused: bool = False
    spared: bool = False
    outcome: Renewal | Exception | None = None
    refused: HttpResponse | None = None
    issued: list[Token] = attrs.field(factory=lambda: list[Token]())
    found: list[Token] = attrs.field(factory=lambda: list[Token]())


class RenewalMachine(RuleBasedStateMachine):
    """A state machine that advances each flow by one effect at a time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1700000000.0
        self.passed = 0.0
        self.clock_sets = 0
        # The cache bounds a renewal by two clocks.
        self.clock = mock.patch.object(oauth_cc.stores._pending, "time", SimpleNamespace(monotonic=lambda: self.passed))
        self.clock.start()
        self.jitter = 0.5
        self.processes = [Process(), Process()]
        self.stored: dict[str, Token] = {}
        self.locks: dict[str, Attempt] = {}
        self.is_store_up = True
        self.callers: list[Caller] = []
        self.attempts: list[Attempt] = []
        self.count = 0

    @initialize(jitter=st.sampled_from([0.0, 0.5, 0.99]))
    def draw_jitter(self, jitter: float) -> None:
        """Draw the jitter, which is the same for a whole history."""
        self.jitter = jitter

    @rule(
        which=choices,
        name=st.sampled_from("aaab"),
        repeatable=st.sampled_from([True, True, False]),
        by_hand=st.sampled_from([False, False, True]),
    )
    def a_caller_arrives(self, which: int, name: str, repeatable: bool, by_hand: bool = False) -> None:
        """Start one API call, by an auth or by hand."""
        caller = Caller(self.processes[which % 2], name, call(repeatable=repeatable))
        caller.api = None if by_hand else caller.api
        self.callers.append(caller)
        self.advance_caller(caller, None)

    @precondition(lambda self: any(self.runnable()))
    @rule(which=choices, count=st.sampled_from([1, 1, 2, 4, 8]))
    def a_renewal_advances(self, which: int, count: int) -> None:
        """Perform some effects of one renewal."""
        attempts = list(self.runnable())
        attempt = attempts[which % len(attempts)]
        for _ in range(count):
            if attempt in self.runnable():
                self.advance_attempt(attempt)

    @precondition(lambda self: any(attempt.is_sent for attempt in self.attempts))
    @rule(which=choices, how=st.sampled_from(SERVER), lifetime=st.sampled_from(LIFETIMES))
    def the_server_responds(self, which: int, how: str, lifetime: int) -> None:
        """Respond to one of the sent token requests, or never."""
        attempts = [attempt for attempt in self.attempts if attempt.is_sent]
        self.answer(attempts[which % len(attempts)], how, lifetime)

    @precondition(lambda self: any(self.calling()))
    @rule(which=choices, answer=st.sampled_from(API))
    def the_api_responds(self, which: int, answer: HttpResponse) -> None:
        """Respond to one of the API calls."""
        callers = list(self.calling())
        self.called(callers[which % len(callers)], answer)

    @precondition(lambda self: any(self.discarding()))
    @rule(which=choices)
    def the_store_deletes_a_discarded_token(self, which: int) -> None:
        """Delete a token from the store that its cache has discarded."""
        callers = list(self.discarding())
        self.discard(callers[which % len(callers)])

    @precondition(lambda self: any(self.resumable()))
    @rule(which=choices)
    def a_waiting_caller_continues(self, which: int) -> None:
        """Continue one of the callers whose renewal has ended."""
        callers = list(self.resumable())
        self.wake(callers[which % len(callers)])

    @rule(rounds=st.sampled_from([1, 4, 30]), how=st.sampled_from(SERVER), answer=st.sampled_from(API))
    def everyone_advances(self, rounds: int, how: str, answer: HttpResponse) -> None:
        """Advance everyone in turn, with the same responses of server and API for all."""
        for _ in range(rounds):
            self.turn(how, 3600 if rounds > 4 else 60, answer)

    @rule(which=choices, answers=st.lists(st.sampled_from(API[1:3]), min_size=1, max_size=5))
    def the_api_rejects_now_and_then(self, which: int, answers: list[HttpResponse]) -> None:
        """Make some calls, one after the other."""
        for number in range(4):
            self.a_caller_arrives(which, "a", repeatable=True)
            for step in range(8):
                self.turn("token", 3600, answers[(number + step) % len(answers)])

    @rule(seconds=st.sampled_from([0.25, 1.0, 4.0, 6.0, 31.0, 61.0, 1900.0, 1900.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        """Move the clock."""
        self.wait(seconds)

    @rule(seconds=st.sampled_from([-7200.0, -3600.0, -400.0, -30.0, -1.0, 1.0, 600.0, 3600.0]))
    def the_clock_is_set(self, seconds: float) -> None:
        """Set the clock. Sleeps and waits for locks go by a clock that nobody sets."""
        self.set_clock(seconds)
        self.clock_sets += 1
        for process in self.processes:
            process.replaced_at.clear()
        for attempt in self.attempts:
            # Whether a token in the store serves may have changed.
            attempt.spared = False

    @precondition(lambda self: any(attempt.outcome is None for attempt in self.attempts))
    @rule(which=choices)
    def a_leader_vanishes(self, which: int) -> None:
        """End a leader without a trace: its loop was closed. Its lock is free when its process notices."""
        attempts = [attempt for attempt in self.attempts if attempt.outcome is None]
        attempt = attempts[which % len(attempts)]
        attempt.leader.alive = False
        attempt.is_sent = False
        self.free(attempt)

    @rule(
        seconds=st.sampled_from([1900.0, 3300.0, 3300.0, 3590.0, 3597.0]),
        which=choices,
        times=choices,
        slow=st.booleans(),
    )
    def a_token_ages(self, seconds: float, which: int, times: int, slow: bool) -> None:
        """
        Let a token that both processes have age, and start several calls at once.

        Args:
            seconds: How much older the token is.
            which: The caller that starts first.
            times: The number of calls.
            slow: Whether the API has not responded to the earlier calls by then.
        """
        for process in range(2):
            self.a_caller_arrives(process, "a", repeatable=True)
            for _ in range(30):
                self.turn("token", 3600, None if slow else HttpResponse(200))
        self.wait(seconds)
        for number in range(times):
            self.a_caller_arrives(which + number, "a", repeatable=True)

    @rule(seconds=st.sampled_from([4.0, 31.0]))
    def the_server_refuses(self, seconds: float) -> None:
        """Refuse all requests as busy, with some more a little later."""
        for _ in range(30):
            self.turn("busy for long", 3600, None)
        self.wait(seconds)
        for process in range(2):
            self.a_caller_arrives(process, "a", repeatable=True)

    @rule(what=st.sampled_from(["store fails", "store is back", "store is back", "process dies"]), which=choices)
    def a_failure(self, what: str, which: int) -> None:
        """Fail the store, with its locks intact, or restart a process with an empty cache."""
        self.is_store_up = what != "store fails"
        if what != "process dies" or which > 3:
            return
        dead = self.processes[which % 2]
        for attempt in [attempt for attempt in self.attempts if attempt.process is dead]:
            self.free(attempt)
            self.attempts.remove(attempt)
        self.callers = [caller for caller in self.callers if caller.process is not dead]
        self.processes[which % 2] = Process()

    @precondition(lambda self: any(attempt.outcome is None for attempt in self.attempts))
    @rule(which=choices, times=choices)
    def a_leader_is_interrupted(self, which: int, times: int) -> None:
        """Interrupt a leader, seldom. The waiting callers go on without it."""
        attempts = [attempt for attempt in self.attempts if attempt.outcome is None]
        attempt = attempts[which % len(attempts)]
        if times > 1:
            return
        attempt.flow.close()
        self.free(attempt)
        self.attempts.remove(attempt)
        attempt.process.cache.abandon(attempt.pending)
        attempt.pending.ended.settle(True)

    def teardown(self) -> None:
        """Check that every waiting caller ends once the server and the store work and time passes."""
        try:
            self.end()
        finally:
            self.clock.stop()

    def end(self) -> None:
        """Advance everyone until all have ended."""
        self.is_store_up = True
        for _ in range(500):
            alive = [attempt for attempt in self.attempts if attempt.leader.alive]
            if all([caller.done for caller in self.callers]) and not alive:
                return
            self.turn("token", 3600, HttpResponse(200))
            self.wait(0.5)
        raise AssertionError("a caller waits forever")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.set_clock(seconds)
        self.passed += seconds

    def set_clock(self, seconds: float) -> None:
        """Move the clock that a user may set."""
        self.now += seconds
        for process in self.processes:
            process.over.update([name for name, (_, until) in process.pauses.items() if self.now >= until])
            process.outlived.extend([token for token in process.discarded if self.now >= stale_from(token)])

    def turn(self, how: str, lifetime: int, answer: HttpResponse | None) -> None:
        """Advance everyone by one step. Without *answer* the API does not respond."""
        for attempt in list(self.runnable()):
            self.advance_attempt(attempt)
        for attempt in [attempt for attempt in self.attempts if attempt.is_sent]:
            self.answer(attempt, how, lifetime)
        for caller in list(self.resumable()):
            self.wake(caller)
        for caller in list(self.calling()):
            if answer is not None:
                self.called(caller, answer)
        for caller in list(self.discarding()):
            self.discard(caller)

    def called(self, caller: Caller, answer: HttpResponse) -> None:
        """Pass a caller the response of the API."""
        caller.rejections += answer.status == 401
        self.advance_caller(caller, answer)

    def runnable(self) -> Iterator[Attempt]:
        """Return the renewals that can advance by themselves."""
        return (
            attempt
            for attempt in self.attempts
            if attempt.leader.alive and not attempt.is_sent and not self.is_blocked(attempt)
        )

    def is_blocked(self, attempt: Attempt) -> bool:
        """Return whether *attempt* sleeps or waits for a lock."""
        if attempt.outcome is not None:
            return False
        match attempt.effect:
            case Sleep(seconds):
                return self.passed < attempt.since + seconds
            case Lock(key, wait):
                return self.is_store_up and key in self.locks and self.passed < attempt.since + wait
            case _:
                return False

    def calling(self) -> Iterator[Caller]:
        """Return the callers that wait for the API."""
        return (caller for caller in self.callers if not caller.done and isinstance(caller.step, Call))

    def discarding(self) -> Iterator[Caller]:
        """Return the callers whose discarded token the store still has to delete."""
        return (caller for caller in self.callers if not caller.done and isinstance(caller.step, Discard))

    def resumable(self) -> Iterator[Caller]:
        """Return the callers whose renewal has ended."""
        return (
            caller
            for caller in self.callers
            if not caller.done and caller.waits_for and self.may_go_on(caller.waits_for)
        )

    def may_go_on(self, pending: PendingRenewal) -> bool:
        """Return whether a caller that waits for *pending* has a result, or looks again because there will be none."""
        return pending.outcome.is_settled or any(
            [attempt.pending is pending and self.is_lost(attempt) for attempt in self.attempts]
        )

    def is_lost(self, attempt: Attempt) -> bool:
        """Return whether the next caller leads another renewal in the place of *attempt*."""
        process, name = attempt.process, attempt.name
        usable = process.cache.peek(TERMS[name].slot, self.now) is not None
        limit = LIMITS.wait if attempt.pending.held is None or usable else LIMITS.background
        abandoned = [other for other in self.attempts if other.process is process and other.name == name]
        hung = len([other for other in abandoned if other.replaced and other.leader.alive])
        age = max(self.now - attempt.began, self.passed - attempt.began_passed)
        return age > limit * 2**hung or not attempt.leader.alive

    # Callers.

    def advance_caller(self, caller: Caller, result: Token | HttpResponse | bool | None) -> None:
        """Advance the flow of a caller by one step."""
        try:
            caller.step = caller.flow.send(result)
        except StopIteration:
            caller.done = True
            return
        match caller.step:
            case Obtain():
                fresh = caller.process.cache.fresh(TERMS[caller.name].slot, self.now)
                if fresh is None:
                    self.ask(caller)
                else:
                    self.check_handed_out(caller, fresh)
                    self.advance_caller(caller, fresh)
            case Call(token):
                caller.calls += 1
                assert caller.calls <= 2, "a call was made a third time"
                assert caller.calls - 1 <= caller.rejections, "a call was made again that was not rejected"
                assert token.access_token.reveal().startswith(caller.name), "another key's token"
            case Discard(token):
                before, after = caller.process.cache.discard(TERMS[caller.name].slot, token, self.now, api=caller.api)
                current = caller.process.tokens.get(caller.name)
                caller.dropped = after.token != token
                if not caller.dropped:
                    assert current == token, "another token was kept"
                    assert self.now < stale_from(token), "a stale token was kept"
                    assert caller.process.discarded or caller.process.kept, "a first rejection was not believed"
                    caller.process.kept.append(token)
                    return
                caller.process.discarded.append(token)
                # A stale token may have been removed before. A clock that is set back may make it usable again.
                is_removed = before.token is None and (self.now >= stale_from(token) or self.clock_sets > 0)
                assert (before.token == token) == (current == token) or is_removed, "a discard of another token"
                if current == token:
                    del caller.process.tokens[caller.name]
                    self.check_replaced(caller, token)
            case ReportScope():
                self.advance_caller(caller, None)

    def ask(self, caller: Caller) -> None:
        """Do what the cache requires of a caller."""
        process, name = caller.process, caller.name
        caller.waits_for = None
        self.note_lost(process, name)
        match process.cache.ask(TERMS[name].slot, self.now, LIMITS):
            case Use(token):
                self.check_handed_out(caller, token)
                self.advance_caller(caller, token)
            case Refuse():
                since, until = process.pauses.get(name, (0.0, 0.0))
                assert since <= self.now < min(until, since + 5.0), "a refusal without a reason"
                caller.done = True
            case AwaitRenewal(pending):
                assert self.pending_renewals(process, name) == [pending], "a wait without a pending renewal"
                known = process.tokens.get(name)
                assert known is None or self.now >= stale_from(known) or self.clock_sets, (
                    "a wait although a usable token is cached"
                )
                caller.waits_for = pending
            case StartRenewal(pending, held):
                leader = Leader()
                assert pending.claim(leader), "a renewal that another caller performs"
                self.check_started(process, name, pending)
                flow = renewal(TERMS[name], held=pending.held, rejected=pending.rejected)
                effect = advance(flow, None)
                assert not isinstance(effect, Returned)
                self.attempts.append(
                    Attempt(process, name, leader, pending, flow, effect, self.passed, self.now, self.now, self.passed)
                )
                if held is None:
                    caller.waits_for = pending
                else:
                    # Nobody waits for the renewal of a token that can be used.
                    self.check_handed_out(caller, held)
                    self.advance_caller(caller, held)

    def wake(self, caller: Caller) -> None:
        """Pass a caller the result of its renewal."""
        assert caller.waits_for is not None
        if not caller.waits_for.outcome.is_settled:
            self.ask(caller)
            return
        outcome = caller.waits_for.outcome.value
        caller.waits_for = None
        if isinstance(outcome, BaseException):
            caller.done = True
        elif outcome is None:
            self.ask(caller)
        else:
            self.advance_caller(caller, outcome)

    def discard(self, caller: Caller) -> None:
        """Delete the discarded token of a caller from the store, if the store works."""
        assert isinstance(caller.step, Discard)
        key = TERMS[caller.name].cache_key
        if caller.dropped and self.is_store_up and self.stored.get(key) == caller.step.token:
            del self.stored[key]
        self.advance_caller(caller, caller.dropped)

    # Renewals.

    def advance_attempt(self, attempt: Attempt) -> None:  # noqa: C901  # one case for each effect
        """Perform one effect of a renewal, or complete it. Its lock is released before the cache has the outcome."""
        if attempt.outcome is not None:
            if self.locks.get(TERMS[attempt.name].cache_key) is attempt:
                self.free(attempt)
            else:
                self.complete(attempt)
            return
        match attempt.effect:
            case Send(request):
                self.check_sent(attempt, request)
                attempt.is_sent = True
            case Sleep():
                self.resume(attempt, None)
            case Observe():
                self.count += 1
                attempt.observed = self.now
                self.resume(attempt, Moment(self.now, str(self.count), self.jitter))
            case Report():
                self.resume(attempt, None)
            case Load() | Save() | Lock() if not self.is_store_up:
                attempt.excused = True
                self.resume(attempt, STORE_DOWN)
            case Load(key):
                found = self.stored.get(key)
                # The token that the store had when the lock was taken may be deleted or stale by now.
                attempt.spared = found is not None and self.serves(attempt, found)
                if found is not None and found not in (attempt.pending.held, *attempt.pending.rejected):
                    attempt.found.append(found)
                self.resume(attempt, found)
            case Save(key, token):
                self.stored[key] = token
                self.resume(attempt, None)
            case Lock(key, wait):
                holds = self.locks.setdefault(key, attempt) is attempt
                if holds:
                    attempt.spared = key in self.stored and self.serves(attempt, self.stored[key])
                else:
                    attempt.excused = wait >= WAIT_TIMEOUT / 2
                self.resume(attempt, holds)

    def resume(self, attempt: Attempt, result: object) -> None:
        """Send the result of an effect into its flow."""
        attempt.since = self.passed
        try:
            step = advance(attempt.flow, result)
        except (OSError, TokenRequestRefused, InvalidResponse) as error:
            attempt.outcome = error
            return
        if isinstance(step, Returned):
            attempt.outcome = step.value
        else:
            attempt.effect = step

    def answer(self, attempt: Attempt, how: str, lifetime: int) -> None:
        """Respond to the token request of a renewal."""
        attempt.is_sent = False
        attempt.refused = REFUSALS.get(how)
        result: object
        match how:
            case "token":
                self.count += 1
                text = f"{attempt.name}-{self.count}"
                response = token_answer(text, lifetime)
                result = Received(response, self.now)
                granted = Scope.of(attempt.name)
                # Written out, so that the code under test does not decide what the new token is.
                attempt.issued.append(_token(text, attempt.observed, lifetime, granted))
            case "down":
                result = Failed(ConnectionError("down"), retryable=True)
            case "lost":
                result = Failed(TimeoutError("lost"), retryable=False)
            case "error":
                result = Received(HttpResponse(503), self.now)
            case _:
                result = Received(REFUSALS[how], self.now)
        self.resume(attempt, result)

    def free(self, attempt: Attempt) -> None:
        """Release the lock that a renewal holds."""
        self.locks = {key: holder for key, holder in self.locks.items() if holder is not attempt}

    def complete(self, attempt: Attempt) -> None:
        """Complete a renewal, and record what follows from it."""
        outcome = attempt.outcome
        assert outcome is not None
        process, name = attempt.process, attempt.name
        self.attempts.remove(attempt)
        process.cache.complete(attempt.pending, outcome, self.now, LIMITS)
        attempt.pending.ended.settle(True)
        assert attempt.pending.outcome.is_settled, "waiting callers without a result"
        known = process.tokens.get(name)
        match outcome:
            case Renewed(token):
                assert token in (*attempt.issued, *attempt.found), "a token of unknown origin, or a useless one"
                if token in process.discarded and attempt.pending.outcome.value is None:
                    # The API rejected it after it was found in the store.
                    return
                assert token not in process.discarded or token in process.outlived, "a rejected token came back"
                process.discarded = [other for other in process.discarded if other != token]
                if known is not None and token.received_at < known.received_at:
                    # A renewal that was abandoned may have brought the known one meanwhile.
                    excused = attempt.replaced or self.clock_sets or attempt.pending.held != known
                    assert excused or token.expires_at >= known.expires_at, "a current renewal with an older token"
                    if attempt.replaced:
                        return
                process.tokens[name] = token
                process.pauses.pop(name, None)
                process.spaced.pop(name, None)
                return
            case _ if attempt.replaced:
                # The error of a renewal that was abandoned is dropped.
                return
            case Kept():
                assert attempt.pending.held is not None, "kept without a token"
            case TokenRequestRefused() | InvalidResponse():
                asked = outcome.retry_after
                process.pauses[name] = self.now, self.now + (5.0 if asked is None else min(asked, 60.0))
                process.over.discard(name)
            case _:
                pass
        settled = attempt.pending.outcome.value
        assert (settled is outcome) == (isinstance(outcome, Exception) and attempt.pending.held is None), (
            "an error for callers that have to ask again"
        )
        if known is not None:
            process.spaced[name] = (
                known,
                self.now,
                self.now + min(30.0, (known.expires_at - known.received_at) * 0.05),
            )

    # Promises.

    def check_handed_out(self, caller: Caller, token: Token) -> None:
        """Check a token that the cache returns."""
        assert token == caller.process.tokens.get(caller.name), "a token that is not the current one"
        assert self.now < stale_from(token), "a stale token"
        assert token not in caller.process.discarded, "a token that an API rejected"

    def note_lost(self, process: Process, name: str) -> None:
        """Record which renewals a caller of *process* gives up."""
        for other in self.attempts:
            if other.process is process and other.name == name and not other.replaced:
                other.replaced = self.is_lost(other)
                other.excused = other.excused or other.replaced

    def check_started(self, process: Process, name: str, pending: PendingRenewal) -> None:
        """Check that a renewal may start."""
        others = [other for other in self.attempts if other.process is process and other.name == name]
        assert all([other.replaced for other in others]), "two renewals for one key in one process"
        self.attempts = [attempt for attempt in self.attempts if attempt.leader.alive or not attempt.replaced]
        token, since, until = process.spaced.get(name, (None, 0.0, 0.0))
        spaced = since <= self.now < until - 1e-3
        assert token is None or pending.held != token or not spaced, "a second attempt at once"
        current = process.tokens.get(name)
        usable = current if current is not None and self.now < stale_from(current) else None
        # The cache drops a stale token, which may be usable again by a clock that is set back.
        dropped = pending.held is None and self.clock_sets > 0
        assert pending.held == usable or dropped, "a renewal with another token than the usable one"
        self.check_not_paused(process, name, pending.held)

    def check_replaced(self, caller: Caller, token: Token) -> None:
        """Check that an API causes a new token once in five seconds at most, even if it accepts some tokens."""
        before = caller.process.replaced_at.get((caller.name, caller.api), -1e9)
        assert self.now >= min(before + 5.0, stale_from(token)), "a storm of new tokens"
        caller.process.replaced_at[caller.name, caller.api] = self.now

    def check_not_paused(self, process: Process, name: str, usable: Token | None) -> None:
        """Check that the pause after a refusal has ended. Without a usable token it lasts five seconds at most."""
        since, until = process.pauses.get(name, (0.0, 0.0))
        ends = until if usable is not None else min(until, since + 5.0)
        assert name in process.over or not since <= self.now < ends, "a renewal before the pause after a refusal ended"

    def check_sent(self, attempt: Attempt, request: HttpRequest) -> None:
        """Check that a token request may be sent."""
        assert request.body.endswith(b"scope=" + attempt.name.encode("ascii")), "a request for another token"
        if attempt.excused:
            return
        others = [
            other
            for other in self.attempts
            if other is not attempt and other.name == attempt.name and other.is_sent and not other.excused
        ]
        assert others == [], "two token requests at once"
        assert not attempt.spared, "a request although the store had a token"

    def pending_renewals(self, process: Process, name: str) -> list[PendingRenewal]:
        """Return the pending renewals of a process for one key."""
        return [
            attempt.pending
            for attempt in self.attempts
            if attempt.process is process and attempt.name == name and not attempt.replaced
        ]

    def serves(self, attempt: Attempt, token: Token) -> bool:
        """Return whether a token from the store is useful to a renewal."""
        held = attempt.pending.held
        if token in (held, *attempt.pending.rejected) or not token.received_at - 300 <= self.now < stale_from(token):
            return False
        if held is None or self.now < held.received_at - 300:
            return True
        return token.received_at >= held.received_at - 300 * (token.expires_at >= held.expires_at)


def stale_from(token: Token) -> float:
    """
    Return when a token is stale: 5 seconds or a twentieth of its lifetime before it expires, and not in its first
    second. Independent of the library.
    """
    lifetime = token.expires_at - token.received_at
    return max(token.expires_at - min(5.0, lifetime * 0.05), token.received_at + 1)


def _token(text: str, now: float, lifetime: int, scope: Scope) -> Token:
    stored = Token.from_json(
        f'{{"access_token": "{text}", "token_type": "Bearer", "received_at": {now}, "expires_at": {now + lifetime},'
        f' "scope": "{scope}", "requested_scope": "{scope}", "extra": {{}}, "dpop_jkt": null,'
        f' "lifetime_assumed": false, "scope_assumed": true}}'
    )
    return attrs.evolve(stored, extra=stored.extra)


TestRenewal = RenewalMachine.TestCase
TestRenewal.settings = settings(stateful_step_count=80)
