"""
The renewal of a token, with a driver that has no clock and no socket.
"""

from typing import Any

import attrs
import pytest

from oauth_cc import (
    ClientCredentials,
    ClientSecretBasic,
    Dialect,
    Endpoint,
    HttpResponse,
    MetadataCache,
    Placement,
    RenewalWindow,
    Retries,
    Scope,
    Secret,
    Token,
    TokenRequest,
    errors,
    http_request,
    token_request,
)
from oauth_cc.authentication import AuthenticationFields
from oauth_cc.events import TokenFound, TokenObtained
from oauth_cc.flows import Failed, Lock, Returned, Save, advance
from oauth_cc.flows.cache_key import cache_key, fingerprint, public_key
from oauth_cc.flows.metadata_cache import Discovery
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT, Kept, Renewed, Terms, renewal, terms
from oauth_cc.metadata import metadata_urls
from tests.bound import bound_key
from tests.world import World, token_answer

ENDPOINT = "https://as.example/token"
ORIGIN = "https://as.example:443"
REQUEST = token_request(ClientCredentials("id", "M4RKER"), Scope.of("a"))
TERMS = terms(REQUEST, ENDPOINT)
NOW = 1700000000.0
DOWN = Failed(OSError("down"), retryable=True)
BUSY = HttpResponse(503)
PLACED = Dialect(placement=Placement("X-Access-Token", scheme=None))
KEY = bound_key("jkt")
BOUND = b'{"access_token": "tok-1", "token_type": "DPoP", "expires_in": 3600}'


def token(value: str = "stored", lifetime: float = 3600.0) -> Token:
    """Return a token received at NOW."""
    return Token(Secret(value), "Bearer", NOW, NOW + lifetime)


def value(renewed: object) -> str:
    """Return the text of the new token."""
    assert isinstance(renewed, Renewed)
    return renewed.token.access_token.reveal()


def test_without_a_stored_token_one_is_requested_and_saved() -> None:
    """The event and the reprs contain no secret."""
    world = World([token_answer()], jitter=0.25)
    renewed = world.run(renewal(TERMS))
    assert isinstance(renewed, Renewed)
    assert (value(renewed), renewed.spread) == ("tok-1", 0.25)
    assert world.stored == {TERMS.cache_key: renewed.token}
    assert world.sent == [http_request(REQUEST, ENDPOINT)]
    assert world.locked == [Lock(TERMS.cache_key, DEFAULT_WAIT_TIMEOUT / 2)]
    assert world.reported == [TokenObtained("id", ORIGIN, TERMS.cache_key[:8], 3600, 0, False)]
    assert "M4RKER" not in f"{world.reported}{TERMS}"
    assert "tok-1" not in f"{world.reported}{renewed}"


def test_stored_token_is_used_without_lock_or_request() -> None:
    """Another process has saved it."""
    world = World([token_answer()], now=NOW + 10, stored={TERMS.cache_key: token()})
    assert world.run(renewal(TERMS)) == Renewed(token(), 0.5)
    assert (world.sent, world.locked) == ([], [])
    assert world.reported == [TokenFound("id", ORIGIN, TERMS.cache_key[:8], 3590)]


def test_stored_token_is_placed_as_its_request_says() -> None:
    """The store does not keep the placement, so that no entry can name a header."""
    asked = terms(REQUEST.with_dialect(PLACED), ENDPOINT)
    world = World([token_answer()], now=NOW + 10, stored={asked.cache_key: token()})
    renewed = world.run(renewal(asked))
    assert renewed == Renewed(token(), 0.5)
    assert isinstance(renewed, Renewed)
    assert renewed.token.placement == PLACED.placement


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        (REQUEST, {"token_type": "DPoP", "dpop_jkt": KEY.jkt}),
        (REQUEST, {"dpop_jkt": KEY.jkt}),
        (
            REQUEST.with_dialect(Dialect(placement=Placement("X-Access-Token"))),
            {"token_type": "DPoP", "dpop_jkt": KEY.jkt},
        ),
        (REQUEST.with_dpop(KEY), {}),
        (REQUEST.with_dpop(KEY), {"token_type": "DPoP"}),
        (REQUEST.with_dpop(KEY), {"token_type": "DPoP", "dpop_jkt": "other"}),
        (REQUEST.with_dpop(KEY), {"token_type": "Bearer", "dpop_jkt": KEY.jkt}),
    ],
)
def test_stored_token_of_another_type_or_key_is_ignored(asked: TokenRequest, change: dict[str, Any]) -> None:
    """A store cannot turn a request for a bound token into a bearer token."""
    wanted = terms(asked, ENDPOINT)
    answer = token_answer() if asked.dpop_jkt is None else HttpResponse(200, (), BOUND)
    world = World([answer], now=NOW, stored={wanted.cache_key: attrs.evolve(token(), **change)})
    assert value(world.run(renewal(wanted))) == "tok-1"
    assert len(world.sent) == 1


@pytest.mark.parametrize("which", ["stale", "held", "rejected", "another key's"])
def test_useless_stored_token_is_ignored(which: str) -> None:
    """It is stale, the current one, rejected by the API, or under another key."""
    stored = {TERMS.cache_key: token()} if which != "another key's" else {"0" * 64: token()}
    world = World([token_answer()], now=NOW + (3595 if which == "stale" else 0), stored=stored)
    held, rejected = token() if which == "held" else None, (token(),) if which == "rejected" else ()
    assert value(world.run(renewal(TERMS, held=held, rejected=rejected))) == "tok-1"
    assert len(world.sent) == 1
    assert isinstance(world.stored, dict)
    assert world.stored[TERMS.cache_key].access_token.reveal() == "tok-1"


def test_stored_token_that_seems_older_than_a_rejected_one_is_used() -> None:
    """The machine that received it has another clock, so only the tokens themselves are compared."""
    rejected = attrs.evolve(token("rejected"), received_at=NOW + 200)
    world = World([token_answer()], now=NOW + 10, stored={TERMS.cache_key: token()})
    assert value(world.run(renewal(TERMS, rejected=(rejected,)))) == "stored"
    assert world.sent == []


@pytest.mark.parametrize(("now", "is_used"), [(NOW + 301, False), (NOW + 300, True), (NOW, True)])
def test_stored_token_that_is_older_than_the_held_one_is_ignored(now: float, is_used: bool) -> None:
    """A store that failed has it. It is used if the held one came by a clock that was set back, or clocks differ."""
    held = attrs.evolve(token("held"), received_at=NOW + (300 if now == NOW + 300 else 601))
    world = World([token_answer()], now=now, stored={TERMS.cache_key: token()})
    assert value(world.run(renewal(TERMS, held=held))) == ("stored" if is_used else "tok-1")


@pytest.mark.parametrize(("ends", "is_used"), [(3600, True), (3599, False)])
def test_stored_token_that_is_older_and_ends_earlier_is_ignored(ends: float, is_used: bool) -> None:
    """A store that failed has it. It would shorten the time that an outage of the server is bridged."""
    held = attrs.evolve(token("held"), received_at=NOW + 100)
    world = World([token_answer()], now=NOW + 3000, stored={TERMS.cache_key: token(lifetime=ends)})
    assert value(world.run(renewal(TERMS, held=held))) == ("stored" if is_used else "tok-1")


@pytest.mark.parametrize(
    ("received_at", "lifetime", "is_used"),
    [
        (NOW + 300, 3600, True),
        (NOW + 301, 3600, False),
        (NOW - 60, 10 * 365 * 86400, True),
        (NOW - 60, 10 * 365 * 86400 + 2, False),
        (NOW - 60, 30 * 365 * 86400, False),
    ],
)
def test_implausible_stored_token_is_ignored(received_at: float, lifetime: float, is_used: bool) -> None:
    """It comes from the future, or lives for longer than the token of any response."""
    forged = Token(Secret("stored"), "Bearer", received_at, received_at + lifetime)
    world = World([token_answer()], now=NOW, stored={TERMS.cache_key: forged})
    assert value(world.run(renewal(TERMS))) == ("stored" if is_used else "tok-1")
    assert len(world.sent) == (not is_used)


def test_store_is_loaded_again_after_the_lock() -> None:
    """The last holder of the lock may have saved a token."""
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


def test_with_a_usable_token_a_busy_lock_keeps_it() -> None:
    """Another process is renewing the token."""
    world = World([token_answer()], lock=False)
    assert world.run(renewal(TERMS, held=token())) == Kept()
    assert world.locked == [Lock(TERMS.cache_key, 0.0)]
    assert (world.sent, world.reported) == ([], [])


def test_without_a_token_a_busy_lock_is_waited_for_up_to_half_the_timeout() -> None:
    """After that this process requests a token too."""
    world = World([token_answer()], lock=False)
    assert value(world.run(renewal(terms(REQUEST, ENDPOINT, wait_timeout=7)))) == "tok-1"
    assert world.locked == [Lock(TERMS.cache_key, 3.5)]


def test_caller_that_must_not_wait_takes_a_free_lock_only() -> None:
    """It blocks the event loop that another renewal needs."""
    world = World([token_answer()], lock=False)
    assert value(world.run(renewal(TERMS, wait=0.0))) == "tok-1"
    assert world.locked == [Lock(TERMS.cache_key, 0.0)]


def test_stored_token_that_is_bound_to_the_key_is_used() -> None:
    """A request for it has the same key."""
    bound = attrs.evolve(token(), token_type="DPoP", dpop_jkt=KEY.jkt)
    wanted = terms(REQUEST.with_dpop(KEY), ENDPOINT)
    world = World([BUSY], now=NOW, stored={wanted.cache_key: bound})
    assert world.run(renewal(wanted)) == Renewed(bound, 0.5)


SERVER = HttpResponse(200, (), b'{"issuer": "https://as.example", "token_endpoint": "https://as.example/token"}')


def test_endpoint_of_an_issuer_is_discovered_once() -> None:
    """The metadata is cached for an hour."""
    found = terms(REQUEST, "https://as.example", shared=False, discovery=Discovery(MetadataCache()))
    world = World([SERVER, token_answer(), token_answer("tok-2")])
    assert (value(world.run(renewal(found))), value(world.run(renewal(found)))) == ("tok-1", "tok-2")
    assert world.sent[1:] == [http_request(REQUEST, ENDPOINT)] * 2


@pytest.mark.parametrize(("held", "attempts"), [(None, 3), (token(), 1)])
def test_discovery_tries_as_often_as_the_renewal(held: Token | None, attempts: int) -> None:
    """An issuer without a path has two well-known URLs."""
    found = terms(REQUEST, "https://as.example", shared=False, discovery=Discovery(MetadataCache()))
    world = World([BUSY])
    with pytest.raises(errors.InvalidResponse):
        world.run(renewal(found, held=held))
    assert len(world.sent) == len(metadata_urls("https://as.example")) * attempts


def test_token_endpoint_may_have_a_query_and_an_issuer_may_not() -> None:
    """RFC 6749 section 3.2, RFC 8414 section 2."""
    url = "https://as.example/token?tenant=1"
    assert terms(REQUEST, url).endpoint == Endpoint(url)
    with pytest.raises(errors.InvalidInput, match="issuer must not have a query"):
        terms(REQUEST, url, discovery=Discovery(MetadataCache()))


def test_issuer_may_be_plain_http_where_the_caller_says_so() -> None:
    """Its terms keep the permission."""
    given = Endpoint("http://as.example", allow_http=True)
    assert terms(REQUEST, given, discovery=Discovery(MetadataCache())).endpoint == given
    with pytest.raises(errors.InsecureEndpoint):
        terms(REQUEST, "http://as.example", discovery=Discovery(MetadataCache()))


@pytest.mark.parametrize("held", [None, token()], ids=["no token", "usable token"])
@pytest.mark.parametrize(("stored", "lock"), [(DOWN, DOWN), (DOWN, True), (None, DOWN)])
def test_store_failure_does_not_stop_a_renewal(held: Token | None, stored: Any, lock: bool | Failed) -> None:
    """A token is requested and returned, although it cannot be saved."""
    world = World([token_answer()], stored={} if stored is None else stored, lock=lock)
    assert value(world.run(renewal(TERMS, held=held))) == "tok-1"
    assert len(world.sent) == 1
    assert [type(event) for event in world.reported] == [TokenObtained]


def test_failed_save_still_returns_the_token() -> None:
    """The store is optional."""
    world = World([token_answer()])
    flow = renewal(TERMS)
    step = advance(flow, None)
    while not isinstance(step, Returned):
        step = advance(flow, DOWN if isinstance(step, Save) else world.perform(step))
    assert value(step.value) == "tok-1"


@pytest.mark.parametrize(("held", "attempts"), [(None, 3), (token(), 1)])
def test_renewal_of_a_usable_token_tries_once(held: Token | None, attempts: int) -> None:
    """Without a token there are three attempts."""
    world = World([BUSY])
    with pytest.raises(errors.TokenRequestRefused):
        world.run(renewal(TERMS, held=held))
    assert (len(world.sent), world.reported, world.stored) == (attempts, [], {})


def test_event_has_duration_lifetime_and_kind() -> None:
    """The duration includes the pauses."""
    world = World([BUSY, token_answer(lifetime=60)])
    world.run(renewal(TERMS))
    world.stored = {}
    world.run(renewal(TERMS, held=token("held")))
    assert world.reported[0] == TokenObtained("id", ORIGIN, TERMS.cache_key[:8], 60, 250, False)
    assert world.reported[-1] == TokenObtained("id", ORIGIN, TERMS.cache_key[:8], 60, 0, True)


def test_http_to_loopback_needs_no_option() -> None:
    """This holds for every endpoint."""
    local = terms(REQUEST, "http://localhost/token")
    assert value(World([token_answer()]).run(renewal(local))) == "tok-1"


class TestTerms:
    def test_terms_have_the_cache_key_of_request_and_endpoint(self) -> None:
        """Equal arguments make equal terms."""
        assert cache_key(REQUEST, ENDPOINT, fingerprint(REQUEST.credentials)) == TERMS.cache_key
        assert TERMS.labels == ("id", ORIGIN, TERMS.cache_key[:8])
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
    def test_invalid_request_is_rejected_at_construction(
        self, kind: type[errors.InvalidInput], request_: Any, endpoint: str, options: dict[str, Any]
    ) -> None:
        """It is not rejected only at the first call."""
        with pytest.raises(kind):
            terms(request_, endpoint, **options)

    def test_with_request_changes_request_and_cache_key_only(self) -> None:
        """So one source makes others."""
        other: Terms = TERMS.with_request(REQUEST.with_scope(Scope.of("b")))
        assert other == terms(REQUEST.with_scope(Scope.of("b")), ENDPOINT)
        assert attrs.evolve(other, request=REQUEST, slot=TERMS.slot) == TERMS
        assert other.cache_key != TERMS.cache_key

    def test_with_request_rejects_other_credentials(self) -> None:
        """Their fingerprint is different."""
        for credentials in (ClientCredentials("id", "other"), ClientCredentials("ie", "M4RKER")):
            with pytest.raises(errors.InvalidInput) as caught:
                TERMS.with_request(token_request(credentials))
            assert caught.value.parameter == "credentials"
            assert str(caught.value) == (
                "the credentials of an existing source cannot be changed; create a new TokenSource"
            )

    def test_terms_have_the_defaults_of_the_options(self) -> None:
        """Each argument is kept."""
        assert (TERMS.shared, TERMS.retries, TERMS.renewal_window) == (True, Retries(), RenewalWindow())
        assert (TERMS.wait_timeout, TERMS.discovery, TERMS.by_resource) == (60.0, None, False)
        retries, window, discovery = Retries(7), RenewalWindow(0.5, 0.6), Discovery(MetadataCache())
        given = terms(
            REQUEST,
            "https://as.example",
            shared=False,
            retries=retries,
            renewal_window=window,
            wait_timeout=7.0,
            discovery=discovery,
        )
        assert (given.shared, given.retries, given.renewal_window) == (False, retries, window)
        assert (given.wait_timeout, given.discovery, given.by_resource) == (7.0, discovery, False)

    def test_name_in_logs_is_that_of_the_store_or_covers_nothing_secret(self) -> None:
        """It has eight characters."""
        assert TERMS.cache_key_prefix == TERMS.cache_key[:8]
        alone = terms(REQUEST, ENDPOINT, shared=False)
        assert alone.labels == ("id", ORIGIN, public_key(REQUEST, ENDPOINT)[:8])

    def test_client_without_a_name_shares_nothing(self) -> None:
        """Its cache key is the same in no other process."""
        nameless = token_request(ClientCredentials("id", lambda: "s3cret"))
        assert terms(nameless, ENDPOINT).shared is False
        assert terms(REQUEST, ENDPOINT).shared is True


class Unhashable:
    """A client authentication method that is not a frozen record."""

    __hash__ = None  # type: ignore[assignment]  # as in a class that defines __eq__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unhashable)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Return one parameter."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


def test_unhashable_method_gets_a_slot_by_what_it_sends() -> None:
    """A user's own record need not be frozen."""
    request = token_request(ClientCredentials("id", Unhashable()))
    assert terms(request, ENDPOINT).slot == terms(request, ENDPOINT).slot
    assert terms(request, ENDPOINT).slot != terms(request, "https://as.example/other").slot
    narrow = request.with_scope(Scope.of("a"))
    assert terms(request, ENDPOINT).with_request(narrow).slot == terms(narrow, ENDPOINT).slot
    assert terms(narrow, ENDPOINT).slot == cache_key(narrow, ENDPOINT, fingerprint(narrow.credentials))
    named, issuer = request.with_resource("https://api.example/"), "https://as.example"
    found = terms(named, issuer, discovery=Discovery(MetadataCache(), by_resource=True))
    proof = fingerprint(named.credentials)
    assert found.slot == cache_key(named, issuer, proof, by_resource=True) == found.cache_key


def test_fingerprint_is_derived_once_and_for_a_shared_store_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deriving it takes milliseconds."""
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
