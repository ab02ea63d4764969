"""
Effects: values that a flow yields and a driver performs.
"""

from typing import Any, get_args

import attrs
import pytest

from oauth_cc import HttpRequest
from oauth_cc.effects import Effect, Failed, Moment, Observe, Received, Send, observe, send
from tests.world import World, token_answer

REQUEST = HttpRequest("POST", "https://as.example/token")


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


@pytest.mark.parametrize(("flow", "name"), [(observe, "Observe"), (lambda: send(REQUEST), "Send")])
def test_a_driver_that_errs(flow: Any, name: str) -> None:
    """A driver that answers an effect with something else is told so at once."""
    running = flow()
    assert type(next(running)) in (Observe, Send)
    with pytest.raises(TypeError, match=f"the driver answered {name} with str"):
        running.send("nonsense")
