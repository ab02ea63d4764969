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
AWAY = Failed(OSError("away"), retryable=True)


def test_every_effect_is_a_frozen_final_record() -> None:
    """An effect can be compared, kept and replayed."""
    for kind in get_args(Effect):
        assert attrs.has(kind)
        assert getattr(kind, "__final__", False)
        assert "__setattr__" in vars(kind)


def test_observe_and_send() -> None:
    """A flow gets the moment it asked for, and what came of its request."""
    world = World([token_answer(), Failed(OSError("gone"), retryable=True)])
    assert world.run(observe()) == Moment(world.now, "id-0", 0.5)
    assert world.run(send(REQUEST)) == Received(token_answer(), world.now)
    assert isinstance(world.run(send(REQUEST)), Failed)
    assert world.sent == [REQUEST, REQUEST]


def test_the_store_keeps_and_gives_back() -> None:
    """A flow gets what it asks of the shared store: nothing, its token, and whether the lock is its own."""
    world = World([token_answer()])
    assert world.run(load("key")) is None
    assert world.run(save("key", TOKEN)) is None
    assert (world.run(load("key")), world.run(load("other"))) == (TOKEN, None)
    assert world.run(lock("key", 7.0)) is True
    world.lock = False
    assert world.run(lock("key", 0.0)) is False
    assert world.locked == [Lock("key", 7.0), Lock("key", 0.0)]


def test_a_store_that_is_away_is_a_value() -> None:
    """A flow gets the failure of the shared store as it gets any other answer."""
    world = World([token_answer()], stored=AWAY, lock=AWAY)
    assert [world.run(load("key")), world.run(save("key", TOKEN)), world.run(lock("key", 0.0))] == [AWAY] * 3


def test_without_a_store_nothing_is_found_and_the_lock_is_free() -> None:
    """A flow needs no store: it goes on as if one were empty and idle."""
    assert without_store(Load("key")) is None
    assert without_store(Save("key", TOKEN)) is None
    assert without_store(Lock("key", 0.0)) is True


def test_a_flow_that_raises_passes_its_error_on() -> None:
    """Whoever advances a flow gets what it raises, and the value that it returns."""

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
def test_a_driver_that_errs(name: str) -> None:
    """A driver that answers an effect with something else is told so at once."""
    make: Any = FLOWS[name]
    running = make()
    assert type(next(running)).__name__ == name
    with pytest.raises(TypeError, match=f"the driver answered {name} with str"):
        running.send("nonsense")
