"""
Effects: values that a flow yields and a driver performs.
"""

from typing import Any, get_args

import attrs
import pytest

from oauth_cc import HttpRequest, Secret, Token
from oauth_cc.flows import (
    Effect,
    Failed,
    Load,
    Lock,
    Moment,
    Observe,
    Received,
    Returned,
    Save,
    advance,
    without_store,
)
from oauth_cc.flows.effects import load, lock, observe, save, send
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


FLOWS = {
    "Observe": observe,
    "Send": lambda: send(REQUEST),
    "Load": lambda: load("key"),
    "Save": lambda: save("key", TOKEN),
    "Lock": lambda: lock("key", 0.0),
}


@pytest.mark.parametrize("name", FLOWS)
def test_illegal_result_of_a_driver_is_a_type_error(name: str) -> None:
    """The error names the effect and the type."""
    make: Any = FLOWS[name]
    running = make()
    assert type(next(running)).__name__ == name
    with pytest.raises(TypeError, match=f"must not return str as the result of {name}"):
        running.send("nonsense")
