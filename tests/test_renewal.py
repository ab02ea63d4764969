"""
How a token is renewed, in a world without clock or socket.
"""

from typing import Any

import attrs
import pytest

from oauth_cc import (
    ClientCredentials,
    ClientSecretBasic,
    HttpResponse,
    Scope,
    Secret,
    Token,
    errors,
    http_request,
    token_request,
)
from oauth_cc.authentication import AuthenticationFields
from oauth_cc.events import TokenFound, TokenObtained
from oauth_cc.flows import Failed, Lock, Returned, Save, advance
from oauth_cc.flows.cache_key import cache_key, fingerprint
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT, Kept, Renewed, Terms, renewal, terms
from tests.world import World, token_answer

ENDPOINT = "https://as.example/token"
REQUEST = token_request(ClientCredentials("id", "M4RKER"), Scope.of("a"))
TERMS = terms(REQUEST, ENDPOINT)
NOW = 1700000000.0
AWAY = Failed(OSError("away"), retryable=True)
BUSY = HttpResponse(503)


def token(value: str = "stored", lifetime: float = 3600.0) -> Token:
    """Gives a token received at NOW."""
    return Token(Secret(value), "Bearer", NOW, NOW + lifetime)


def value(renewed: object) -> str:
    """Gives the text of the token that came."""
    assert isinstance(renewed, Renewed)
    return renewed.token.access_token.reveal()


def test_with_nothing_stored_the_server_is_asked_and_the_answer_kept() -> None:
    """Load, lock, load again, ask, save; and what happened is told without a secret."""
    world = World([token_answer()], jitter=0.25)
    renewed = world.run(renewal(TERMS))
    assert isinstance(renewed, Renewed)
    assert (value(renewed), renewed.spread) == ("tok-1", 0.25)
    assert world.stored == {TERMS.cache_key: renewed.token}
    assert world.sent == [http_request(REQUEST, ENDPOINT)]
    assert world.locked == [Lock(TERMS.cache_key, DEFAULT_WAIT_TIMEOUT / 2)]
    assert world.told == [TokenObtained("id", TERMS.cache_key[:8], 3600, 0, False)]
    assert "M4RKER" not in f"{world.told}{TERMS}"
    assert "tok-1" not in f"{world.told}{renewed}"


def test_what_another_process_left_is_taken() -> None:
    """Neither the lock nor the server is asked for."""
    world = World([token_answer()], now=NOW + 10, stored={TERMS.cache_key: token()})
    assert world.run(renewal(TERMS)) == Renewed(token(), 0.5)
    assert (world.sent, world.locked) == ([], [])
    assert world.told == [TokenFound("id", TERMS.cache_key[:8], 3590)]


@pytest.mark.parametrize("which", ["stale", "held", "rejected", "another key's"])
def test_what_is_of_no_use_is_not_taken_from_the_store(which: str) -> None:
    """A stale token, the one at hand, the one that an API did not accept."""
    stored = {TERMS.cache_key: token()} if which != "another key's" else {"0" * 64: token()}
    world = World([token_answer()], now=NOW + (3595 if which == "stale" else 0), stored=stored)
    held, rejected = (token() if which == name else None for name in ("held", "rejected"))
    assert value(world.run(renewal(TERMS, held=held, rejected=rejected))) == "tok-1"
    assert len(world.sent) == 1
    assert isinstance(world.stored, dict)
    assert world.stored[TERMS.cache_key].access_token.reveal() == "tok-1"


def test_whoever_waited_for_the_lock_looks_again() -> None:
    """Whoever had it before left a token."""
    world = World([token_answer()])
    flow = renewal(TERMS)
    step = advance(flow, None)
    while not isinstance(step, Lock | Returned):
        step = advance(flow, world.perform(step))
    assert step == Lock(TERMS.cache_key, DEFAULT_WAIT_TIMEOUT / 2)
    world.stored = {TERMS.cache_key: token()}
    step = advance(flow, True)
    while not isinstance(step, Returned):
        step = advance(flow, world.perform(step))
    assert step.value == Renewed(token(), 0.5)
    assert world.sent == []


def test_while_a_token_is_held_a_busy_lock_is_not_waited_for() -> None:
    """Another process is at it: the token at hand serves meanwhile."""
    world = World([token_answer()], lock=False)
    assert world.run(renewal(TERMS, held=token())) == Kept()
    assert world.locked == [Lock(TERMS.cache_key, 0.0)]
    assert (world.sent, world.told) == ([], [])


def test_whoever_has_nothing_asks_when_patience_runs_out() -> None:
    """Another process that does not end holds nobody up for ever."""
    world = World([token_answer()], lock=False)
    assert value(world.run(renewal(terms(REQUEST, ENDPOINT, wait_timeout=7)))) == "tok-1"
    assert world.locked == [Lock(TERMS.cache_key, 3.5)]


@pytest.mark.parametrize("held", [None, token()], ids=["nothing held", "held"])
@pytest.mark.parametrize(("stored", "lock"), [(AWAY, AWAY), (AWAY, True), (None, AWAY)])
def test_a_store_that_is_away_holds_nobody_up(held: Token | None, stored: Any, lock: bool | Failed) -> None:
    """The server is asked as if there were no store, and the token is given although it cannot be kept."""
    world = World([token_answer()], stored={} if stored is None else stored, lock=lock)
    assert value(world.run(renewal(TERMS, held=held))) == "tok-1"
    assert len(world.sent) == 1
    assert [type(event) for event in world.told] == [TokenObtained]


def test_a_save_that_fails_costs_no_token() -> None:
    """It is given all the same."""
    world = World([token_answer()])
    flow = renewal(TERMS)
    step = advance(flow, None)
    while not isinstance(step, Returned):
        step = advance(flow, AWAY if isinstance(step, Save) else world.perform(step))
    assert value(step.value) == "tok-1"


@pytest.mark.parametrize(("held", "attempts"), [(None, 3), (token(), 1)])
def test_retries_are_for_those_who_have_nothing(held: Token | None, attempts: int) -> None:
    """While a token is held, one attempt is enough: another comes in time."""
    world = World([BUSY])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(renewal(TERMS, held=held))
    assert (len(world.sent), world.told, world.stored) == (attempts, [], {})


def test_what_is_told_of_a_renewal() -> None:
    """How long it took, with its pauses; how long the new token lives; that it replaces one."""
    world = World([BUSY, token_answer(lifetime=60)])
    world.run(renewal(TERMS))
    world.stored = {}
    world.run(renewal(TERMS, held=token("held")))
    assert world.told[0] == TokenObtained("id", TERMS.cache_key[:8], 60, 250, False)
    assert world.told[-1] == TokenObtained("id", TERMS.cache_key[:8], 60, 0, True)


def test_http_to_this_machine_needs_no_word() -> None:
    """As everywhere."""
    local = terms(REQUEST, "http://localhost/token")
    assert value(World([token_answer()]).run(renewal(local))) == "tok-1"


class TestTerms:
    def test_terms_are_what_was_given(self) -> None:
        """And the key is that of request and endpoint."""
        assert cache_key(REQUEST, ENDPOINT, fingerprint(REQUEST.credentials)) == TERMS.cache_key
        assert (TERMS.client_id, TERMS.cache_key_prefix) == ("id", TERMS.cache_key[:8])
        assert terms(REQUEST, ENDPOINT) == TERMS

    @pytest.mark.parametrize(
        ("kind", "request_", "endpoint", "options"),
        [
            (errors.InsecureEndpoint, REQUEST, "http://as.example/token", {}),
            (errors.InvalidInput, REQUEST, "as.example", {}),
            (errors.InvalidInput, REQUEST, "https://as.example/token?client_secret=x", {}),
            (errors.InvalidInput, token_request(ClientCredentials("id")), ENDPOINT, {}),
            (
                errors.InvalidInput,
                token_request(ClientCredentials("a:b", ClientSecretBasic("s", encode=False))),
                ENDPOINT,
                {},
            ),
        ],
    )
    def test_what_could_not_be_sent_is_refused_at_once(
        self, kind: type[errors.InvalidInput], request_: Any, endpoint: str, options: dict[str, Any]
    ) -> None:
        """And not at the first call."""
        with pytest.raises(kind):
            terms(request_, endpoint, **options)

    def test_another_request_of_the_same_client_shares_all_but_its_key(self) -> None:
        """So that one source makes others."""
        other: Terms = TERMS.with_request(REQUEST.with_scope(Scope.of("b")))
        assert other == terms(REQUEST.with_scope(Scope.of("b")), ENDPOINT)
        assert attrs.evolve(other, request=REQUEST, slot=TERMS.slot) == TERMS
        assert other.cache_key != TERMS.cache_key

    def test_another_client_is_refused(self) -> None:
        """Its fingerprint would be wrong."""
        for credentials in (ClientCredentials("id", "other"), ClientCredentials("ie", "M4RKER")):
            with pytest.raises(errors.InvalidInput, match="credentials of a source cannot be changed"):
                TERMS.with_request(token_request(credentials))


class Unhashable:
    """A method of authentication that is no frozen record."""

    __hash__ = None  # type: ignore[assignment]  # as of a class with an __eq__ of its own

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives one parameter."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


def test_a_method_that_cannot_be_hashed_is_known_by_what_it_sends() -> None:
    """A user's own record need not be frozen."""
    request = token_request(ClientCredentials("id", Unhashable()))
    assert terms(request, ENDPOINT).slot == terms(request, ENDPOINT).slot
    assert terms(request, ENDPOINT).slot != terms(request, "https://as.example/other").slot


def test_the_fingerprint_is_derived_for_a_shared_store_alone_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes milliseconds, and memory has no use for it."""
    derived: list[ClientCredentials] = []

    def derive(credentials: ClientCredentials) -> bytes:
        derived.append(credentials)
        return fingerprint(credentials)

    monkeypatch.setattr("oauth_cc.flows.renewal.derive_fingerprint", derive)
    alone = terms(REQUEST, ENDPOINT, shared=False)
    World([token_answer()]).run(renewal(alone))
    assert derived == []
    shared = terms(REQUEST, ENDPOINT)
    World([token_answer()]).run(renewal(shared))
    World([token_answer()]).run(renewal(shared.with_request(REQUEST.with_scope(Scope.of("b")))))
    assert len(derived) == 1
