"""
A flow with a custom driver, and a match over all events.
"""

from collections.abc import Callable
from typing import assert_never, assert_type

from oauth_cc import ClientCredentials, HttpRequest, SecretFile, SigningKey, Token, token_request
from oauth_cc.authentication import KeySource, MacKey, SecretSource, Source
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
    TokenFound,
    TokenObtained,
    TokenWithheld,
)
from oauth_cc.flows import (
    Effect,
    Failed,
    FetchAssertion,
    Flow,
    Load,
    Lock,
    Moment,
    Observe,
    ReadKey,
    ReadSecret,
    Received,
    Report,
    Returned,
    Save,
    Send,
    Sign,
    Sleep,
    advance,
    exchange,
    without_store,
)


def drive(flow: Flow[Token], send: Callable[[HttpRequest], Received | Failed], moment: Moment) -> Token:
    """Drive a flow in a dozen lines."""
    step = advance(flow, None)
    while not isinstance(step, Returned):
        assert_type(step, Effect)
        step = advance(flow, perform(step, send, moment))
    assert_type(step.value, Token)
    return step.value


def perform(effect: Effect, send: Callable[[HttpRequest], Received | Failed], moment: Moment) -> object:
    """Match every effect."""
    match effect:
        case Send(request):
            assert_type(request, HttpRequest)
            return send(request)
        case Sign(key, signing_input):
            assert_type(key, SigningKey | MacKey)
            assert_type(signing_input, bytes)
            return Failed(NotImplementedError("no key"), retryable=False)
        case FetchAssertion(source):
            assert_type(source, Source)
            return Failed(NotImplementedError("no file"), retryable=False)
        case ReadSecret(secret):
            assert_type(secret, SecretFile | SecretSource)
            return Failed(NotImplementedError("no file"), retryable=True)
        case ReadKey(named):
            assert_type(named, KeySource)
            return named.read()
        case Sleep(seconds):
            assert_type(seconds, float)
            return None
        case Observe():
            return moment
        case Load() | Save() | Lock():
            return without_store(effect)
        case Report(event):
            print(described(event))
            return None
        case _:
            assert_never(effect)


def described(event: Event) -> str:
    """Match every event."""
    match event:
        case TokenObtained(client_id, server, key, lifetime, milliseconds, renewed):
            assert_type(lifetime, float)
            assert_type(renewed, bool)
            return f"{client_id} {server} {key} {milliseconds}"
        case TokenFound(client_id=client_id) | TokenDiscarded(client_id=client_id):
            assert_type(client_id, str)
            return client_id
        case RenewalFailed(error=error, seconds_left=seconds_left):
            assert_type(error, Exception)
            assert_type(seconds_left, float | None)
            return str(error)
        case RejectionRepeated(pause=pause):
            assert_type(pause, float)
            return str(pause)
        case ScopeInsufficient(scope=scope):
            return str(scope)
        case ResponseOdd(oddities=oddities):
            return ", ".join(oddities)
        case TokenWithheld(api=api) | ProofAlgorithmUnsupported(api=api):
            return api
        case StoreFailed(error=error):
            return str(error)
        case StoreReturned():
            return "back"
        case _:
            assert_never(event)


flow = exchange(token_request(ClientCredentials("your_id", "s3cret")), "https://as.example/token")
assert_type(flow, Flow[Token])
