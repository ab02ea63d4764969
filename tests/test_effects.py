"""
Effects: values that a flow yields and a driver performs.
"""

from collections.abc import Callable
from typing import Any, get_args

import attrs
import pytest

from oauth_cc import AssertionFile, HttpRequest, Secret, SecretFile, SigningKey, Token, errors
from oauth_cc.authentication import KeySource
from oauth_cc.flows import (
    Effect,
    Failed,
    FetchAssertion,
    Load,
    Lock,
    Moment,
    Observe,
    ReadKey,
    ReadSecret,
    Received,
    Returned,
    Save,
    Sign,
    advance,
    without_store,
)
from oauth_cc.flows.effects import fetch_assertion, load, lock, observe, read_key, read_secret, save, send, sign
from tests.world import World, token_answer

REQUEST = HttpRequest("POST", "https://as.example/token")
TOKEN = Token(Secret("tok-1"), "Bearer", 1700000000.0, 1700003600.0)
DOWN = Failed(OSError("down"), retryable=True)


def test_every_effect_is_a_frozen_final_record() -> None:
    """Effects can be compared, kept and replayed."""
    for kind in get_args(Effect):
        assert attrs.has(kind)
        assert getattr(kind, "__final__", False)
        assert "__setattr__" in vars(kind)


def test_flow_receives_the_moment_and_the_response() -> None:
    """A failure is a value too."""
    world = World([token_answer(), Failed(OSError("gone"), retryable=True)])
    assert world.run(observe()) == Moment(world.now, "id-0", 0.5)
    assert world.run(send(REQUEST)) == Received(token_answer(), world.now)
    assert isinstance(world.run(send(REQUEST)), Failed)
    assert world.sent == [REQUEST, REQUEST]


def test_flow_loads_what_it_saved_and_receives_the_state_of_the_lock() -> None:
    """A key without a token is None."""
    world = World([token_answer()])
    assert world.run(load("key")) is None
    assert world.run(save("key", TOKEN)) is None
    assert (world.run(load("key")), world.run(load("other"))) == (TOKEN, None)
    assert world.run(lock("key", 7.0)) is True
    world.lock = False
    assert world.run(lock("key", 0.0)) is False
    assert world.locked == [Lock("key", 7.0), Lock("key", 0.0)]


def test_store_failure_is_a_value() -> None:
    """A flow receives it like any other result."""
    world = World([token_answer()], stored=DOWN, lock=DOWN)
    assert [world.run(load("key")), world.run(save("key", TOKEN)), world.run(lock("key", 0.0))] == [DOWN] * 3


def test_without_a_store_nothing_is_found_and_the_lock_is_free() -> None:
    """A flow runs without a store as with an empty one."""
    assert without_store(Load("key")) is None
    assert without_store(Save("key", TOKEN)) is None
    assert without_store(Lock("key", 0.0)) is True


def test_advance_raises_the_error_of_the_flow() -> None:
    """At the end it returns the value of the flow."""

    def flow() -> Any:
        yield Observe()
        raise ValueError("bad")

    running = flow()
    assert advance(running, None) == Observe()
    with pytest.raises(ValueError, match="bad"):
        advance(running, None)
    ended = load("key")
    assert advance(ended, None) == Load("key")
    assert advance(ended, TOKEN) == Returned(TOKEN)


@pytest.mark.parametrize("given", [None, "flow", [Observe()], iter([Observe()])], ids=["None", "str", "list", "iter"])
def test_anything_but_a_generator_is_not_a_flow(given: Any) -> None:
    """The error says what to call."""
    with pytest.raises(errors.InvalidInput) as caught:
        advance(given, None)
    assert caught.value.parameter == "flow"
    assert str(caught.value) == (
        f"flow must be a generator, not {type(given).__name__}; call a function of oauth_cc.flows, such as "
        "revoke(token, client, endpoint)"
    )


def test_another_effect_than_those_of_a_store_is_rejected() -> None:
    """The user's own driver may mistake one for another."""
    effect: Any = Observe()
    with pytest.raises(errors.InvalidInput) as caught:
        without_store(effect)
    assert (caught.value.parameter, str(caught.value)) == (
        "effect",
        "effect must be a Load, Save or Lock, not Observe",
    )


TIME = "must be POSIX seconds as a finite float; use time.time()"


@pytest.mark.parametrize(
    ("make", "parameter", "reason"),
    [
        (lambda: Moment(of_any_type(None), "id", 0.5), "now", f"now {TIME}"),
        (lambda: Moment(float("inf"), "id", 0.5), "now", f"now {TIME}"),
        (lambda: Moment(of_any_type(True), "id", 0.5), "now", f"now {TIME}"),
        (lambda: Moment(1.0, of_any_type(5), 0.5), "unique_id", "unique_id must be a str, not int"),
        (
            lambda: Moment(1.0, "id", of_any_type("0.5")),
            "jitter",
            "jitter must be a float from 0 to 1, not str; use random.random()",
        ),
        (lambda: Received(token_answer(), of_any_type("1")), "received_at", f"received_at {TIME}"),
        (lambda: Received(token_answer(), 1.0, of_any_type(5)), "remark", "remark must be a str or None, not int"),
        (lambda: Failed(of_any_type("down"), True), "error", "error must be an exception, not str"),
        (
            lambda: Failed(of_any_type(KeyboardInterrupt()), True),
            "error",
            "error must be an exception, not KeyboardInterrupt",
        ),
        (lambda: Failed(OSError(), of_any_type(None)), "retryable", "retryable must be True or False, not NoneType"),
    ],
)
def test_result_of_an_effect_with_a_value_of_another_type_is_rejected(
    make: Callable[[], object], parameter: str, reason: str
) -> None:
    """The driver of a user makes these records. Whole numbers are numbers."""
    with pytest.raises(errors.InvalidInput) as caught:
        make()
    assert (caught.value.parameter, str(caught.value)) == (parameter, reason)
    assert Moment(1, "id", 0) == Moment(1.0, "id", 0.0)
    assert Received(token_answer(), 1, None) == Received(token_answer(), 1.0)


def of_any_type(value: object) -> Any:
    """Return *value*, of any type."""
    return value


KEY = SigningKey("ES256", lambda _: bytes(64), "key-1")
SOURCE = KeySource("client.pem", lambda: KEY)
MOMENT = Moment(1.0, "id", 0.5)
FLOWS: dict[str, tuple[Any, tuple[object, ...]]] = {
    "Observe": (observe, (MOMENT,)),
    "Send": (lambda: send(REQUEST), (Received(token_answer(), 1.0), DOWN)),
    "Sign": (lambda: sign(KEY, b"input"), (b"signature", DOWN)),
    "FetchAssertion": (lambda: fetch_assertion(AssertionFile("/run/token")), (Secret("assertion"), DOWN)),
    "ReadSecret": (lambda: read_secret(SecretFile("/run/secret")), (Secret("s3cret"), DOWN)),
    "ReadKey": (lambda: read_key(SOURCE), (KEY, DOWN)),
    "Load": (lambda: load("key"), (TOKEN, None, DOWN)),
    "Save": (lambda: save("key", TOKEN), (None, DOWN)),
    "Lock": (lambda: lock("key", 0.0), (True, False, DOWN)),
}


@pytest.mark.parametrize("name", FLOWS)
def test_illegal_result_of_a_driver_is_a_type_error(name: str) -> None:
    """The error names the effect and the type. A legal result is returned."""
    make, legal = FLOWS[name]
    for result in (MOMENT, Received(token_answer(), 1.0), b"", Secret(""), KEY, TOKEN, None, True, DOWN, "nonsense"):
        running = make()
        assert type(next(running)).__name__ == name
        if type(result) in {type(each) for each in legal}:
            assert advance(running, result) == Returned(result)
        else:
            with pytest.raises(TypeError) as caught:
                running.send(result)
            kind = type(result).__name__
            assert str(caught.value) == f"the driver must not return {kind} as the result of {name}"


def test_effects_contain_what_was_asked_for() -> None:
    """The order of the arguments is that of the functions."""
    assert next(sign(KEY, b"input")) == Sign(KEY, b"input")
    assert next(save("key", TOKEN)) == Save("key", TOKEN)
    assert next(lock("key", 7.0)) == Lock("key", 7.0)
    assert next(read_key(SOURCE)) == ReadKey(SOURCE)
    assert next(read_secret(SecretFile("/run/secret"))) == ReadSecret(SecretFile("/run/secret"))
    assert next(fetch_assertion(AssertionFile("/run/token"))) == FetchAssertion(AssertionFile("/run/token"))
