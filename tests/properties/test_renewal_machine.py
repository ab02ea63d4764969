"""
All of renewal at once: callers, flights, two processes with a store between them, a server, an API, and a clock that
moves only when told to. Whatever happens in whatever order, the promises hold.
"""

from collections.abc import Generator, Iterator
from typing import TypeAlias

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

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
from oauth_cc.stores.cache import AwaitRenewal, PendingRenewal, StartRenewal, TokenCache
from tests.world import token_answer

NAMES = ("a", "b")
TERMS = {
    name: terms(token_request(ClientCredentials("id", "s3cret"), Scope.of(name)), "https://as.example/token")
    for name in NAMES
}
PATIENCE = TERMS["a"].wait_timeout
AWAY = Failed(OSError("away"), retryable=True)
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
    One process, and what is known of it from outside: what came (*tokens*), what an API did not accept (*discarded*),
    until when the server is left alone (*pauses*), and until when a token's renewal is not tried again (*spaced*).
    """

    memory: TokenCache = attrs.Factory(TokenCache)
    tokens: dict[str, Token] = attrs.field(factory=lambda: dict[str, Token]())
    discarded: list[Token] = attrs.field(factory=lambda: list[Token]())
    pauses: dict[str, float] = attrs.field(factory=lambda: dict[str, float]())
    spaced: dict[str, tuple[Token, float]] = attrs.field(factory=lambda: dict[str, tuple[Token, float]]())


@attrs.frozen
class Obtain:
    """A caller needs a token."""


@attrs.frozen
class Call:
    """A caller calls the API with *token*."""

    token: Token


@attrs.frozen
class Forget:
    """A caller discards *token*, which the API rejected."""

    token: Token


@attrs.frozen
class TellScope:
    """A caller reports that the API asks for more scope."""


CallStep: TypeAlias = Obtain | Call | Forget | TellScope
CallFlow: TypeAlias = Generator[CallStep, Token | HttpResponse | None, None]


def call(*, repeatable: bool) -> CallFlow:
    """Does for one call of an API what every HTTP library's module does (RFC 6750 section 3.1)."""
    token = yield Obtain()
    assert isinstance(token, Token)
    response = yield Call(token)
    assert isinstance(response, HttpResponse)
    if token_rejected(response):
        yield Forget(token)
        if repeatable:
            token = yield Obtain()
            assert isinstance(token, Token)
            response = yield Call(token)
            assert isinstance(response, HttpResponse)
    if insufficient_scope(response) is not None:
        yield TellScope()


@attrs.define(eq=False)
class Caller:
    """One call of an API by someone: *step* is what it does now, *waits_for* the flight it waits for."""

    process: Process
    name: str
    flow: CallFlow
    step: CallStep = attrs.Factory(Obtain)
    waits_for: PendingRenewal | None = None
    rejections: int = 0
    calls: int = 0
    done: bool = False


@attrs.define(eq=False)
class Trip:
    """
    A flight as seen from outside. *excused*: the store failed it, or its wait_timeout with another process has run
    out, so that it may ask the server beside another; *spared*: the store had a token for it when it got the lock.
    """

    process: Process
    name: str
    leader: Caller
    pending: PendingRenewal
    flow: Flow[Renewal]
    effect: Effect
    since: float
    in_air: bool = False
    excused: bool = False
    spared: bool = False
    outcome: Renewal | Exception | None = None
    refused: HttpResponse | None = None
    minted: list[Token] = attrs.field(factory=lambda: list[Token]())
    found: list[Token] = attrs.field(factory=lambda: list[Token]())


class RenewalMachine(RuleBasedStateMachine):
    """Moves each flow by one effect at a time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1700000000.0
        self.jitter = 0.5
        self.processes = [Process(), Process()]
        self.stored: dict[str, Token] = {}
        self.locks: dict[str, Trip] = {}
        self.is_store_up = True
        self.callers: list[Caller] = []
        self.trips: list[Trip] = []
        self.count = 0

    @initialize(jitter=st.sampled_from([0.0, 0.5, 0.99]))
    def draw_luck(self, jitter: float) -> None:
        """Chance is the same for all of one history."""
        self.jitter = jitter

    @rule(which=choices, name=st.sampled_from("aaab"), repeatable=st.sampled_from([True, True, False]))
    def someone_calls(self, which: int, name: str, repeatable: bool) -> None:
        """A caller comes."""
        caller = Caller(self.processes[which % 2], name, call(repeatable=repeatable))
        self.callers.append(caller)
        self.go_on(caller, None)

    @precondition(lambda self: any(self.busy_trips()))
    @rule(which=choices, count=st.sampled_from([1, 1, 2, 4, 8]))
    def a_flight_goes_on(self, which: int, count: int) -> None:
        """Some effects of one flight are performed."""
        trips = list(self.busy_trips())
        trip = trips[which % len(trips)]
        for _ in range(count):
            if trip in self.busy_trips():
                self.move(trip)

    @precondition(lambda self: any(trip.in_air for trip in self.trips))
    @rule(which=choices, how=st.sampled_from(SERVER), lifetime=st.sampled_from(LIFETIMES))
    def the_server_answers(self, which: int, how: str, lifetime: int) -> None:
        """One of the requests in the air is answered, or will never be."""
        trips = [trip for trip in self.trips if trip.in_air]
        self.answer(trips[which % len(trips)], how, lifetime)

    @precondition(lambda self: any(self.calling()))
    @rule(which=choices, answer=st.sampled_from(API))
    def the_api_answers(self, which: int, answer: HttpResponse) -> None:
        """One of the calls is answered."""
        callers = list(self.calling())
        self.called(callers[which % len(callers)], answer)

    @precondition(lambda self: any(self.forgetting()))
    @rule(which=choices)
    def a_token_is_forgotten_by_the_store_too(self, which: int) -> None:
        """What memory forgot a moment ago, the store forgets."""
        callers = list(self.forgetting())
        self.forget(callers[which % len(callers)])

    @precondition(lambda self: any(self.wait_for()))
    @rule(which=choices)
    def whoever_waits_is_answered(self, which: int) -> None:
        """One of those whose flight has landed goes on."""
        callers = list(self.wait_for())
        self.wake(callers[which % len(callers)])

    @rule(rounds=st.sampled_from([1, 4, 30]), how=st.sampled_from(SERVER), answer=st.sampled_from(API))
    def all_go_on(self, rounds: int, how: str, answer: HttpResponse) -> None:
        """Everyone moves in turn, and server and API answer all alike."""
        for _ in range(rounds):
            self.turn(how, 3600 if rounds > 4 else 60, answer)

    @rule(seconds=st.sampled_from([0.25, 1.0, 4.0, 6.0, 31.0, 61.0, 1900.0, 1900.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        """For all alike."""
        self.now += seconds

    @rule(
        seconds=st.sampled_from([1900.0, 3300.0, 3300.0, 3590.0, 3597.0]),
        which=choices,
        times=choices,
        slow=st.booleans(),
    )
    def a_token_ages(self, seconds: float, which: int, times: int, slow: bool) -> None:
        """
        All goes well until a token that both processes have is old; then several ask at once. An API that is *slow* has
        not answered the calls of before by then.
        """
        for process in range(2):
            self.someone_calls(process, "a", repeatable=True)
            for _ in range(30):
                self.turn("token", 3600, None if slow else HttpResponse(200))
        self.now += seconds
        for number in range(times):
            self.someone_calls(which + number, "a", repeatable=True)

    @rule(seconds=st.sampled_from([4.0, 31.0]))
    def the_server_refuses(self, seconds: float) -> None:
        """It is busy, and says so to all who ask; some ask a little later."""
        for _ in range(30):
            self.turn("busy for long", 3600, None)
        self.now += seconds
        for process in range(2):
            self.someone_calls(process, "a", repeatable=True)

    @rule(what=st.sampled_from(["store fails", "store is back", "store is back", "process dies"]), which=choices)
    def trouble(self, what: str, which: int) -> None:
        """The store fails, and locks outlast it; or a process dies, and starts again with nothing in memory."""
        self.is_store_up = what != "store fails"
        if what != "process dies" or which > 3:
            return
        dead = self.processes[which % 2]
        for trip in [trip for trip in self.trips if trip.process is dead]:
            self.free(trip)
            self.trips.remove(trip)
        self.callers = [caller for caller in self.callers if caller.process is not dead]
        self.processes[which % 2] = Process()

    @precondition(lambda self: any(trip.outcome is None for trip in self.trips))
    @rule(which=choices, times=choices)
    def a_leader_goes_away(self, which: int, times: int) -> None:
        """It is interrupted, seldom; those who wait have to manage without it."""
        trips = [trip for trip in self.trips if trip.outcome is None]
        trip = trips[which % len(trips)]
        if times > 1:
            return
        trip.flow.close()
        self.free(trip)
        self.trips.remove(trip)
        trip.process.memory.abandon(trip.pending)
        trip.leader.done = True

    def teardown(self) -> None:
        """Everyone who waits is answered in the end: the server and the store work again, and time goes by."""
        self.is_store_up = True
        for _ in range(500):
            if all([caller.done for caller in self.callers]) and not self.trips:
                return
            self.turn("token", 3600, HttpResponse(200))
            self.now += 0.5
        raise AssertionError("someone waits for ever")

    def turn(self, how: str, lifetime: int, answer: HttpResponse | None) -> None:
        """Moves everyone who can move by one step; without *answer*, the API gives none."""
        for trip in list(self.busy_trips()):
            self.move(trip)
        for trip in [trip for trip in self.trips if trip.in_air]:
            self.answer(trip, how, lifetime)
        for caller in list(self.wait_for()):
            self.wake(caller)
        for caller in list(self.calling()):
            if answer is not None:
                self.called(caller, answer)
        for caller in list(self.forgetting()):
            self.forget(caller)

    def called(self, caller: Caller, answer: HttpResponse) -> None:
        """Gives a caller the answer of the API."""
        caller.rejections += answer.status == 401
        self.go_on(caller, answer)

    def busy_trips(self) -> Iterator[Trip]:
        """Gives the flights that need no one but themselves to go on."""
        return (trip for trip in self.trips if not trip.in_air and not self.is_blocked(trip))

    def is_blocked(self, trip: Trip) -> bool:
        """Whether *trip* sleeps, or waits for a lock."""
        if trip.outcome is not None:
            return False
        match trip.effect:
            case Sleep(seconds):
                return self.now < trip.since + seconds
            case Lock(key, wait):
                return self.is_store_up and key in self.locks and self.now < trip.since + wait
            case _:
                return False

    def calling(self) -> Iterator[Caller]:
        """Gives the callers whose call is on its way."""
        return (caller for caller in self.callers if not caller.done and isinstance(caller.step, Call))

    def forgetting(self) -> Iterator[Caller]:
        """Gives the callers that are about to have the store forget a token."""
        return (caller for caller in self.callers if not caller.done and isinstance(caller.step, Forget))

    def wait_for(self) -> Iterator[Caller]:
        """Gives the callers whose flight has ended."""
        return (
            caller for caller in self.callers if not caller.done and caller.waits_for and caller.waits_for.future.done()
        )

    # What callers do.

    def go_on(self, caller: Caller, result: Token | HttpResponse | None) -> None:
        """Moves the flow of a caller by one step."""
        try:
            caller.step = caller.flow.send(result)
        except StopIteration:
            caller.done = True
            return
        match caller.step:
            case Obtain():
                fresh = caller.process.memory.fresh(TERMS[caller.name].slot, self.now)
                if fresh is None:
                    self.ask(caller)
                else:
                    self.check_handed_out(caller, fresh)
                    self.go_on(caller, fresh)
            case Call(token):
                caller.calls += 1
                assert caller.calls <= 2, "a call was made a third time"
                assert caller.calls - 1 <= caller.rejections, "a call was made again that was not rejected"
                assert token.access_token.reveal().startswith(caller.name), "another key's token"
            case Forget(token):
                was_at_hand = caller.process.memory.discard(TERMS[caller.name].slot, token)
                caller.process.discarded.append(token)
                known = caller.process.tokens.get(caller.name) == token
                # A token that is stale may have been swept out before.
                assert was_at_hand == known or self.now >= stale_from(token), "a discard of another token"
                if known:
                    del caller.process.tokens[caller.name]
            case TellScope():
                self.go_on(caller, None)

    def ask(self, caller: Caller) -> None:
        """Does what memory tells a caller to do."""
        process, name = caller.process, caller.name
        caller.waits_for = None
        match process.memory.ask(TERMS[name].slot, self.now):
            case Use(token):
                self.check_handed_out(caller, token)
                self.go_on(caller, token)
            case Refuse():
                assert self.now < process.pauses.get(name, 0.0), "refused without a reason"
                caller.done = True
            case AwaitRenewal(pending):
                assert self.flying(process, name) == [pending], "told to wait for nothing"
                known = process.tokens.get(name)
                assert known is None or self.now >= stale_from(known), "told to wait although a token is at hand"
                caller.waits_for = pending
            case StartRenewal(pending):
                self.check_takeoff(process, name, pending)
                flow = renewal(TERMS[name], held=pending.held, rejected=pending.rejected)
                effect = advance(flow, None)
                assert not isinstance(effect, Returned)
                self.trips.append(Trip(process, name, caller, pending, flow, effect, self.now))
                caller.waits_for = pending

    def wake(self, caller: Caller) -> None:
        """Gives a caller the landing of its flight."""
        assert caller.waits_for is not None
        if caller.waits_for.future.exception() is not None:
            caller.done = True
            return
        token = caller.waits_for.future.result()
        caller.waits_for = None
        if token is None:
            self.ask(caller)
        else:
            self.go_on(caller, token)

    def forget(self, caller: Caller) -> None:
        """Has the store forget what a caller discarded, if the store is there."""
        assert isinstance(caller.step, Forget)
        key = TERMS[caller.name].cache_key
        if self.is_store_up and self.stored.get(key) == caller.step.token:
            del self.stored[key]
        self.go_on(caller, None)

    # What flights do.

    def move(self, trip: Trip) -> None:  # noqa: C901  # one case for each effect
        """Performs one effect of a flight, or lands it: the lock is let go of before memory knows of the outcome."""
        if trip.outcome is not None:
            if self.locks.get(TERMS[trip.name].cache_key) is trip:
                self.free(trip)
            else:
                self.complete(trip)
            return
        match trip.effect:
            case Send(request):
                self.check_sent(trip, request)
                trip.in_air = True
            case Sleep():
                self.resume(trip, None)
            case Observe():
                self.count += 1
                self.resume(trip, Moment(self.now, str(self.count), self.jitter))
            case Report():
                self.resume(trip, None)
            case Load() | Save() | Lock() if not self.is_store_up:
                trip.excused = True
                self.resume(trip, AWAY)
            case Load(key):
                found = self.stored.get(key)
                # What the store had when the lock was got may have been forgotten, or gone stale, by now.
                trip.spared = found is not None and self.serves(trip, found)
                if found is not None and trip.spared:
                    trip.found.append(found)
                self.resume(trip, found)
            case Save(key, token):
                self.stored[key] = token
                self.resume(trip, None)
            case Lock(key, wait):
                holds = self.locks.setdefault(key, trip) is trip
                if holds:
                    trip.spared = key in self.stored and self.serves(trip, self.stored[key])
                else:
                    trip.excused = wait >= PATIENCE / 2
                self.resume(trip, holds)

    def resume(self, trip: Trip, result: object) -> None:
        """Sends the result of an effect into its flow."""
        trip.since = self.now
        try:
            step = advance(trip.flow, result)
        except (OSError, TokenRequestRefused, InvalidResponse) as error:
            trip.outcome = error
            return
        if isinstance(step, Returned):
            trip.outcome = step.value
        else:
            trip.effect = step

    def answer(self, trip: Trip, how: str, lifetime: int) -> None:
        """Answers the request of a flight."""
        trip.in_air = False
        trip.refused = REFUSALS.get(how)
        result: object
        match how:
            case "token":
                self.count += 1
                text = f"{trip.name}-{self.count}"
                response = token_answer(text, lifetime)
                result = Received(response, self.now)
                granted = Scope.of(trip.name)
                # Written out, so that it is not the code under test that says which token came.
                trip.minted.append(_token(text, trip.since, lifetime, granted))
            case "down":
                result = Failed(ConnectionError("down"), retryable=True)
            case "lost":
                result = Failed(TimeoutError("lost"), retryable=False)
            case "error":
                result = Received(HttpResponse(503), self.now)
            case _:
                result = Received(REFUSALS[how], self.now)
        self.resume(trip, result)

    def free(self, trip: Trip) -> None:
        """Lets go of the lock that a flight holds."""
        self.locks = {key: holder for key, holder in self.locks.items() if holder is not trip}

    def complete(self, trip: Trip) -> None:
        """Lands a flight, and notes what follows from it."""
        outcome = trip.outcome
        assert outcome is not None
        process, name = trip.process, trip.name
        self.trips.remove(trip)
        process.memory.complete(trip.pending, outcome, self.now)
        assert trip.pending.future.done(), "those who wait are not answered"
        for_all = isinstance(outcome, Exception) and trip.pending.held is None
        assert (trip.pending.future.exception() is not None) == for_all, "an error for those who may ask again"
        match outcome:
            case Renewed(token):
                assert token in (*trip.minted, *trip.found), "a token from nowhere, or one that was not to be taken"
                if token in process.discarded:
                    # It was found in the store, and not accepted before the flight landed.
                    assert trip.pending.future.result() is None, "a token that an API did not accept came back"
                    return
                process.tokens[name] = token
                process.pauses.pop(name, None)
                process.spaced.pop(name, None)
                return
            case Kept():
                assert trip.pending.held is not None, "kept nothing"
            case Exception() if trip.refused is not None:
                asked = trip.refused.header("Retry-After")
                process.pauses[name] = self.now + (min(float(asked[0]), 60.0) if asked else 5.0)
            case Exception():
                pass
        held = process.tokens.get(name)
        if held is not None:
            process.spaced[name] = (held, self.now + min(30.0, (held.expires_at - held.received_at) * 0.05))

    # What is promised.

    def check_handed_out(self, caller: Caller, token: Token) -> None:
        """Checks a token that memory hands out."""
        assert token == caller.process.tokens.get(caller.name), "a token that is not the one at hand"
        assert self.now < stale_from(token), "a stale token"
        assert token not in caller.process.discarded, "a token that an API did not accept"

    def check_takeoff(self, process: Process, name: str, pending: PendingRenewal) -> None:
        """Checks that a flight may begin."""
        assert self.flying(process, name) == [], "two flights for one key in one process"
        assert self.now >= process.pauses.get(name, 0.0), "asked again before the pause after a refusal ended"
        token, until = process.spaced.get(name, (None, 0.0))
        assert token is None or pending.held != token or self.now >= until - 1e-3, "tried again at once"
        at_hand = process.tokens.get(name)
        usable = at_hand if at_hand is not None and self.now < stale_from(at_hand) else None
        assert pending.held == usable, "does not know what is at hand"

    def check_sent(self, trip: Trip, request: HttpRequest) -> None:
        """Checks that a token request may go out."""
        assert request.body.endswith(b"scope=" + trip.name.encode("ascii")), "asks for another token"
        assert self.now >= trip.process.pauses.get(trip.name, 0.0), "asks a server that refused just now"
        if trip.excused:
            return
        others = [
            other
            for other in self.trips
            if other is not trip and other.name == trip.name and other.in_air and not other.excused
        ]
        assert others == [], "two token requests in the air"
        assert not trip.spared, "asks for a token although the store had one"

    def flying(self, process: Process, name: str) -> list[PendingRenewal]:
        """Gives the flights of a process for one key."""
        return [trip.pending for trip in self.trips if trip.process is process and trip.name == name]

    def serves(self, trip: Trip, token: Token) -> bool:
        """Whether a token from the store is of use to a flight."""
        rejected = trip.pending.rejected
        newer = rejected is None or token.received_at > rejected.received_at
        return newer and token != trip.pending.held and self.now < stale_from(token)


def stale_from(token: Token) -> float:
    """Gives when a token ends, less the margin of 5 seconds or a twentieth of its life: written out once more."""
    return token.expires_at - min(5.0, (token.expires_at - token.received_at) * 0.05)


def _token(text: str, now: float, lifetime: int, scope: Scope) -> Token:
    stored = Token.from_json(
        f'{{"access_token": "{text}", "token_type": "Bearer", "received_at": {now}, "expires_at": {now + lifetime},'
        f' "scope": "{scope}", "requested_scope": "{scope}", "extra": {{}}, "dpop_jkt": null,'
        f' "lifetime_assumed": false}}'
    )
    return attrs.evolve(stored, extra=stored.extra)


TestRenewal = RenewalMachine.TestCase
TestRenewal.settings = settings(max_examples=3 * settings().max_examples, stateful_step_count=80)
