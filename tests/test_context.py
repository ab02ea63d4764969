"""
The context of a token source: cache, request settings, event hook.
"""

import asyncio
import math
import time
from base64 import urlsafe_b64decode
from typing import Any
from unittest.mock import Mock

import attrs
import pytest

from oauth_cc import (
    Certificate,
    ClientCredentials,
    Dialect,
    Options,
    RenewalWindow,
    Retries,
    Scope,
    Secret,
    TlsClientAuth,
    Token,
    errors,
    token_request,
)
from oauth_cc._io.arguments import check_client, check_kind
from oauth_cc._io.base_source import raisable
from oauth_cc._io.context import SourceContext
from oauth_cc._io.options import check_options, check_timeout
from oauth_cc.endpoint import Origin, origin
from oauth_cc.events import (
    Event,
    ProofAlgorithmUnsupported,
    RejectionRepeated,
    RenewalFailed,
    ResponseOdd,
    ScopeInsufficient,
    StoreFailed,
    StoreReturned,
    TokenDiscarded,
    TokenWithheld,
)
from oauth_cc.flows import Failed, Load, Lock, Save
from oauth_cc.flows.renewal import Renewed, terms
from oauth_cc.flows.single_flight import Use
from oauth_cc.http import HttpResponse
from oauth_cc.stores._pending import Limits, PendingRenewal, StartRenewal
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Oddity
from tests.bound import bound_key

TERMS = terms(token_request(ClientCredentials("id", "s3cret"), Scope.of("a")), "https://as.example/token")
ORIGIN = "https://as.example:443"
PREFIX = TERMS.cache_key[:8]


def context_of(events: list[Event]) -> SourceContext:
    """Return a context that appends its events to *events*."""
    return SourceContext(TokenCache(), TERMS, Options(on_event=events.append))


def token(age: float = 0.0) -> Token:
    """Return a token with a lifetime of one hour that was issued *age* seconds ago."""
    now = time.time() - age
    return Token(Secret("tok-1"), "Bearer", now, now + 3600)


class _Leader:
    loop_thread = None

    def is_alive(self) -> bool:
        return True


def led(context: SourceContext) -> PendingRenewal:
    """Return the renewal that the caller leads."""
    answer = context.ask()
    assert isinstance(answer, StartRenewal)
    assert answer.pending.claim(_Leader())
    return answer.pending


def test_a_completed_renewal_serves_every_context_of_the_cache() -> None:
    """Contexts with another slot of the cache have no part in it."""
    events: list[Event] = []
    context, kept = context_of(events), token()
    assert context.fresh() is None
    context.complete(led(context), Renewed(kept, 0.5), [])
    assert (context.fresh(), context.ask()) == (kept, Use(kept))
    assert SourceContext(context.cache, TERMS).fresh() == kept
    assert SourceContext(context.cache, attrs.evolve(TERMS, slot="other")).fresh() is None
    assert events == []


@pytest.mark.parametrize(
    ("hook", "reason"),
    [(5, "not int"), ("text", "not str"), (asyncio.sleep, "as nothing awaits an async one")],
    ids=["an int", "a text", "async"],
)
def test_a_hook_that_is_async_or_not_callable_is_rejected(hook: Any, reason: str) -> None:
    """An async hook would never run."""
    with pytest.raises(errors.InvalidInput) as caught:
        Options(on_event=hook)
    assert caught.value.parameter == "on_event"
    assert str(caught.value) == f"on_event must be a plain function of one event, {reason}"


def test_a_mock_is_accepted_as_hook() -> None:
    """Users pass mocks in their own tests."""
    hook = Mock(spec=lambda event: None)
    kept = token()
    context = SourceContext(TokenCache(), TERMS, Options(on_event=hook))
    context.complete(led(context), Renewed(kept, 0.5), [])
    context.discard(kept, None)
    hook.assert_called_once()


def test_a_failed_renewal_reports_the_seconds_left_of_the_current_token() -> None:
    """None without a token, and never below 0."""
    events: list[Event] = []
    context, error = context_of(events), TimeoutError("slow")
    context.complete(led(context), error, [])
    assert events.pop() == RenewalFailed("id", ORIGIN, PREFIX, error, None)
    context.complete(led(context), Renewed(token(3500), 0.5), [])
    pending = led(context)
    context.complete(pending, error, [])
    event = events.pop()
    assert isinstance(event, RenewalFailed)
    assert event.seconds_left is not None
    assert 85 < event.seconds_left <= 95
    context.complete(PendingRenewal(pending.key, token(4000), pending.rejected, time.time(), Limits()), error, [])
    event = events.pop()
    assert isinstance(event, RenewalFailed)
    assert event.seconds_left == 0


def test_a_token_of_a_resource_that_does_not_name_the_issuer_any_more_is_dropped() -> None:
    """No seconds of it are left. Nothing is sent to the resource."""
    events: list[Event] = []
    context, error = context_of(events), errors.IssuerNotNamed(200, "the resource names another issuer")
    kept = token(3500)
    context.complete(led(context), Renewed(kept, 0.5), [])
    context.complete(led(context), error, [StoreReturned("id", ORIGIN, PREFIX)])
    assert events == [StoreReturned("id", ORIGIN, PREFIX), RenewalFailed("id", ORIGIN, PREFIX, error, None)]
    assert context.peek() is None
    assert context.cache.state(TERMS.slot).rejected == (kept,)


def test_only_the_cached_token_is_discarded_and_reported_once() -> None:
    """Many callers may discard the same token."""
    events: list[Event] = []
    context, kept = context_of(events), token()
    context.complete(led(context), Renewed(kept, 0.5), [])
    context.discard(token(1), None)
    assert events == []
    context.discard(kept, None)
    context.discard(kept, None)
    assert events == [TokenDiscarded("id", ORIGIN, PREFIX)]
    assert context.fresh() is None


def test_a_repeated_rejection_is_reported_once_and_keeps_the_token() -> None:
    """The event names the API."""
    events: list[Event] = []
    context, first = context_of(events), token()
    context.complete(led(context), Renewed(first, 0.5), [])
    assert context.discard(first, "https://api.example:443")
    second = attrs.evolve(token(), access_token=Secret("tok-2"))
    context.complete(led(context), Renewed(second, 0.5), [])
    assert [context.discard(second, "https://api.example:443") for _ in range(3)] == [False] * 3
    assert events == [
        TokenDiscarded("id", ORIGIN, PREFIX, "https://api.example:443"),
        RejectionRepeated("id", ORIGIN, PREFIX, 5.0, "https://api.example:443"),
    ]
    assert context.fresh() == second


def test_events_of_a_renewal_are_reported_after_its_token_is_kept() -> None:
    """A hook that asks for the token gets it."""
    seen: list[Token | None] = []
    kept, cache = token(), TokenCache()
    context = SourceContext(cache, TERMS, Options(on_event=lambda _: seen.append(cache.fresh(TERMS.slot, time.time()))))
    pending = led(context)
    context.complete(pending, Renewed(kept, 0.5), [StoreReturned("id", ORIGIN, PREFIX)])
    assert seen == [kept]
    assert pending.outcome.value == kept


def test_each_oddity_is_reported_once() -> None:
    """The same server returns the same oddity at every renewal."""
    events: list[Event] = []
    context = context_of(events)
    responses: list[tuple[Oddity, ...]] = [
        *((), ("token_type_missing",), ("token_type_missing", "white_space"), ("white_space",)),
    ]
    for oddities in responses:
        pending = led(attrs.evolve(context, cache=TokenCache()))
        context.complete(pending, Renewed(attrs.evolve(token(), oddities=oddities), 0.5), [])
    assert events == [
        ResponseOdd("id", ORIGIN, PREFIX, ("token_type_missing",)),
        ResponseOdd("id", ORIGIN, PREFIX, ("white_space",)),
    ]


def test_another_context_reports_its_own_oddities() -> None:
    """Each source has its own log and hook."""
    events: list[Event] = []
    for context in (context_of(events), context_of(events)):
        context.complete(led(context), Renewed(attrs.evolve(token(), oddities=("white_space",)), 0.5), [])
    assert events == [ResponseOdd("id", ORIGIN, PREFIX, ("white_space",))] * 2


@pytest.mark.parametrize(
    ("expected", "dialect", "status", "line"),
    [
        (True, Dialect(), 401, "Basic"),
        (False, Dialect(), 403, "Bearer error=expired"),
        (True, Dialect(rejection_words=("expired",)), 403, "Bearer error=expired"),
        (False, Dialect(rejection_statuses=(403,)), 401, "Bearer"),
        (True, Dialect(rejection_statuses=(403,)), 403, "Bearer"),
        (False, Dialect(rejection_statuses=(403,)), 500, "Bearer error=invalid_token"),
    ],
)
def test_a_response_is_a_rejection_as_the_dialect_of_the_request_says(
    expected: bool, dialect: Dialect, status: int, line: str
) -> None:
    """The shells ask the context."""
    asked = terms(TERMS.request.with_dialect(dialect), "https://as.example/token")
    context = SourceContext(TokenCache(), asked)
    assert context.is_rejection(HttpResponse(status, {"WWW-Authenticate": line})) is expected


def test_an_insufficient_scope_is_reported_as_the_api_names_it() -> None:
    """The event has the scope."""
    events: list[Event] = []
    fields = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="b"'}
    context = context_of(events)
    context.report_requirements(HttpResponse(401, fields), ORIGIN)
    context.report_requirements(HttpResponse(403), ORIGIN)
    assert events == []
    context.report_requirements(HttpResponse(403, fields), ORIGIN)
    assert events == [ScopeInsufficient("id", ORIGIN, PREFIX, Scope.of("b"), ORIGIN)]


def test_an_algorithm_of_proofs_that_the_api_does_not_accept_is_reported() -> None:
    """The event has both, and there is none for a bearer token."""
    events: list[Event] = []
    bound = terms(TERMS.request.with_dpop(bound_key("ours")), "https://as.example/token")
    context = SourceContext(TokenCache(), bound, Options(on_event=events.append))
    for line in ('DPoP algs="ES256 PS256"', "DPoP error=invalid_dpop_proof", 'DPoP algs="tok-1"'):
        context.report_requirements(HttpResponse(401, {"WWW-Authenticate": line}), ORIGIN)
    assert events == []
    other = HttpResponse(401, {"WWW-Authenticate": 'DPoP algs="PS256 tok-1 EdDSA"'})
    context_of(events).report_requirements(other, ORIGIN)
    assert events == []
    context.report_requirements(other, ORIGIN)
    (event,) = events
    assert isinstance(event, ProofAlgorithmUnsupported)
    assert (event.algorithm, event.accepted, event.api) == ("ES256", ("PS256", "EdDSA"), ORIGIN)


API = "https://api.example:443"


def demanding(scope: str) -> HttpResponse:
    """Return the response of an API that requires *scope*."""
    return HttpResponse(403, {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'})


@pytest.mark.parametrize(
    ("allowed", "required", "granted", "expected"),
    [
        ("", "b", "a", None),
        ("b", "b", "a", "a b"),
        ("b c", "b", "a", "a b"),
        ("b", "b c", "a", None),
        ("b", "", "a", None),
        ("b", "b", "a b", None),
        ("b", "b", "a d", "a b d"),
        ("b", "b", "", "a b"),
    ],
)
def test_a_wider_scope_is_requested_if_the_options_allow_all_of_it(
    allowed: str, required: str, granted: str, expected: str | None
) -> None:
    """It has the scope of the request and of the token, too."""
    context = SourceContext(TokenCache(), TERMS, Options(scopes_allowed=Scope.parse(allowed)))
    wider = context.widened(demanding(required), attrs.evolve(token(), scope=Scope.parse(granted)))
    if expected is None:
        assert wider is None
        return
    assert wider is not None
    assert wider.terms == TERMS.with_request(TERMS.request.with_scope(Scope.parse(expected)))
    assert (wider.cache, wider.options) == (context.cache, context.options)


def test_a_scope_that_another_caller_requested_meanwhile_leads_to_its_token() -> None:
    """If the token is the same, the server did not grant the scope."""
    allowed = Options(scopes_allowed=Scope.of("a"))
    context, kept = SourceContext(TokenCache(), TERMS, allowed), token()
    before = attrs.evolve(token(1), access_token=Secret("tok-0"))
    assert context.widened(demanding("a"), before) is None
    context.complete(led(context), Renewed(kept, 0.5), [])
    assert context.widened(demanding("a"), before) is context
    assert context.widened(demanding("a"), kept) is None


def test_a_response_without_a_demand_for_scope_widens_nothing() -> None:
    """Its status says so."""
    context = SourceContext(TokenCache(), TERMS, Options(scopes_allowed=Scope.of("b")))
    assert context.widened(HttpResponse(401, demanding("b").headers), token()) is None
    assert context.widened(HttpResponse(403), token()) is None


def test_a_replacement_that_is_rejected_within_a_minute_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API may have accepted it meanwhile."""
    for later, is_kept in ((60.0, True), (60.1, False)):
        context, first = context_of([]), token()
        monkeypatch.setattr(time, "time", lambda: 1000.0)
        context.complete(led(context), Renewed(first, 0.5), [])
        assert context.discard(first, API)
        second = attrs.evolve(token(), access_token=Secret("tok-2"))
        context.complete(led(context), Renewed(second, 0.5), [])
        monkeypatch.setattr(time, "time", lambda now=1000.0 + later: now)
        assert context.discard(second, API) is not is_kept


def test_an_origin_that_holds_a_secret_is_reported_without_it() -> None:
    """A redirect may have chosen the host."""
    events: list[Event] = []
    context = context_of(events)
    current, gone = [attrs.evolve(token(), access_token=Secret(f"{name}-token-1")) for name in ("now", "old")]
    context.complete(led(context), Renewed(gone, 0.5), [])
    context.discard(gone, API)
    context.complete(led(context), Renewed(current, 0.5), [])
    events.clear()
    for host in ("other.example", "s3cret.evil.example", "old-token-1.evil.example", "now-token-1.evil.example"):
        context.report_withheld(Origin("https", host, 443))
    assert events == [TokenWithheld("id", ORIGIN, shown) for shown in ("https://other.example:443", *["***"] * 3)]


def test_a_scope_that_repeats_a_secret_is_reported_without_it() -> None:
    """An API has seen the tokens of the call."""
    events: list[Event] = []
    given = attrs.evolve(token(), access_token=Secret("eyJ-given-tok"))
    context_of(events).report_requirements(demanding("a eyJ-given-tok s3cret"), API, given)
    assert events == [ScopeInsufficient("id", ORIGIN, PREFIX, Scope.of("a", "***"), API)]


def test_only_a_bound_token_has_proofs() -> None:
    """They share the nonces of the source."""
    assert context_of([]).proofs(token()) is None
    key = bound_key("ours")
    bound = SourceContext(TokenCache(), terms(TERMS.request.with_dpop(key), "https://as.example/token"))
    kept = attrs.evolve(token(), token_type="DPoP", dpop_jkt=key.jkt)
    bound.terms.hints.keep_nonce(origin(API), "n-1")
    proofs = bound.proofs(kept)
    assert proofs is not None
    proof = proofs.sign("GET", "/", origin(API))
    assert '"nonce":"n-1"' in urlsafe_b64decode(f"{proof.split('.')[1]}==").decode()


def test_a_renewal_has_the_limits_of_its_options() -> None:
    """An attempt may end a little after its timeout."""
    window = RenewalWindow(0.5, 0.6)
    asked = terms(TERMS.request, "https://as.example/token", renewal_window=window, wait_timeout=7.0)
    assert SourceContext(TokenCache(), asked, Options(timeout=3.0)).limits == Limits(window, 8.0, 7.0)


def test_seconds_to_renewal_are_those_of_the_cached_token() -> None:
    """Without a token the renewal is due."""
    context = context_of([])
    assert context.seconds_to_renewal() == -math.inf
    context.complete(led(context), Renewed(token(), 0.5), [])
    assert 1900 < context.seconds_to_renewal() <= 1980


def test_an_api_that_rejects_a_token_is_named_by_text() -> None:
    """The origin of a URL object is not its text."""
    api: Any = origin(API)
    with pytest.raises(errors.InvalidInput) as caught:
        context_of([]).discard(token(), api)
    assert (caught.value.parameter, str(caught.value)) == ("api", "api must be a str or None, not Origin")


@pytest.mark.parametrize("wrong", [None, "tok-1", 5])
def test_only_a_token_can_be_discarded(wrong: Any) -> None:
    """A text is not shown."""
    with pytest.raises(errors.InvalidInput, match="token must be a Token, not") as caught:
        context_of([]).discard(wrong, None)
    assert "tok-1" not in str(caught.value)


def test_a_failing_store_is_reported_once_and_its_return_once() -> None:
    """An unavailable store does not fill the log."""
    events: list[Event] = []
    context, error = context_of(events), OSError("gone")
    context.store_succeeded(Save, events.append)
    for operation in (Save, Load, Lock, Save):
        assert context.store_failed(error, operation, events.append) == Failed(error, retryable=True)
        # On a full disk loads succeed.
        context.store_succeeded(Load, events.append)
    context.store_succeeded(Save, events.append)
    context.store_succeeded(Save, events.append)
    assert events == [StoreFailed("id", ORIGIN, PREFIX, error), StoreReturned("id", ORIGIN, PREFIX)]


def test_raisable_copies_own_errors_and_clears_tracebacks_of_others() -> None:
    """Errors of a library may not support copying."""
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


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 86400.1, 1e20, None, "10", True])
def test_a_timeout_outside_its_range_is_rejected(timeout: Any) -> None:
    """The HTTP libraries would fail later, with the request in their frames."""
    for check, parameter in (
        (check_timeout, "timeout"),
        (lambda seconds: Options(timeout=seconds), "timeout"),
        (lambda seconds: Options(wait_timeout=seconds), "wait_timeout"),
    ):
        with pytest.raises(errors.InvalidInput) as caught:
            check(timeout)
        assert caught.value.parameter == parameter
        found = timeout if isinstance(timeout, int | float) else type(timeout).__name__
        assert str(caught.value) == f"{parameter} must be a number of seconds above 0 and at most 86400, not {found}"


@pytest.mark.parametrize("timeout", [1e-9, 1, 86400])
def test_a_timeout_may_be_anything_up_to_a_day(timeout: float) -> None:
    """It may be an int."""
    check_timeout(timeout)
    assert Options(timeout=timeout, wait_timeout=timeout).wait_timeout == timeout


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("retries", 3, "retries must be a Retries, not int; use Retries(attempts=...)"),
        (
            "renewal_window",
            0.8,
            "renewal_window must be a RenewalWindow, not float; use RenewalWindow(opens=..., closes=...)",
        ),
        ("background_renewal", 1, "background_renewal must be True or False, not int"),
        ("on_event", 5, "on_event must be a plain function of one event, not int"),
        ("scopes_allowed", "read", "scopes_allowed must be a Scope, not str; use Scope.of(...)"),
    ],
)
def test_options_name_the_field_of_another_type(field: str, value: Any, reason: str) -> None:
    """The error says what to pass."""
    with pytest.raises(errors.InvalidInput) as caught:
        Options(**{field: value})
    assert (caught.value.parameter, str(caught.value)) == (field, reason)


def test_options_of_another_type_are_rejected() -> None:
    """A dict is not an Options."""
    options: Any = {"timeout": 5.0}
    with pytest.raises(errors.InvalidInput) as caught:
        check_options(options)
    assert caught.value.parameter == "options"
    assert str(caught.value) == "options must be an Options, not dict; use Options(timeout=...)"
    check_options(Options())


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (Options(), "Options()"),
        (Options(retries=Retries(attempts=2)), "Options(retries=Retries(attempts=2, base=0.5, ceiling=8.0))"),
        (
            Options(timeout=5.0, background_renewal=False, scopes_allowed=Scope.of("a")),
            "Options(timeout=5.0, background_renewal=False, scopes_allowed=Scope.of('a'))",
        ),
    ],
)
def test_repr_of_options_shows_what_departs_from_the_defaults(options: Options, shown: str) -> None:
    """`help` shows the defaults with each signature."""
    assert repr(options) == shown


class Kept:
    """A client of some library."""


class KeptByAUser(Kept):
    """A user's subclass of the client."""


def test_a_client_of_another_class_is_rejected_by_name() -> None:
    """The error names both classes, each with its library."""
    with pytest.raises(errors.InvalidInput) as caught:
        check_kind(5, Kept)
    assert caught.value.parameter == "client"
    assert str(caught.value) == "client must be of the type tests.Kept, not builtins.int"
    check_kind(KeptByAUser(), Kept)
    check_kind(None, Kept)


def test_a_request_bound_to_a_certificate_requires_a_client() -> None:
    """A default client has no certificate."""
    plain = token_request(ClientCredentials("id", "s3cret"))
    check_client(plain, None)
    ours = Certificate("A" * 43)
    for request in (plain.with_certificate(ours), token_request(ClientCredentials("id", TlsClientAuth(ours)))):
        check_client(request, Kept())
        with pytest.raises(errors.InvalidInput) as caught:
            check_client(request, None)
        assert caught.value.parameter == "client"
        assert str(caught.value) == (
            "no client; this request needs mutual TLS, so pass a client that has the certificate and its key"
        )
