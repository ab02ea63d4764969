"""
The pytest plugin of oauth_cc: an authorization server, its client and a clock, as fixtures.

Pytest imports it in every run of a program that has oauth_cc, so the fixtures import what they need.
"""

import threading
import time
import warnings
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from oauth_cc.testing import AuthorizationServer, RegisteredClient, TokenClock

_RENEWAL: Final = "oauth_cc renewal"
_LONGEST_WAIT: Final = 30.0


@pytest.fixture
def registered_client() -> "RegisteredClient":
    """Return the client that is registered at `authorization_server`. A fixture of this name replaces it."""
    from oauth_cc.testing import RegisteredClient

    return RegisteredClient("your_id", "s3cret")


@pytest.fixture
def authorization_server(registered_client: "RegisteredClient") -> "Iterator[AuthorizationServer]":
    """Run an authorization server on loopback, with an API that needs its tokens."""
    from oauth_cc.testing import AuthorizationServer

    with AuthorizationServer(clients=[registered_client]) as server:
        yield server


@pytest.fixture
def token_clock(monkeypatch: pytest.MonkeyPatch) -> "TokenClock":
    """Return a clock that the test moves: the clock of ``time.time()``, in the program and in the server."""
    from oauth_cc.testing import TokenClock

    clock = TokenClock(time.time)
    monkeypatch.setattr(time, "time", clock.now)
    return clock


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Generator[None]:
    """
    Wait for renewals in the background, before fixtures such as those of requests-mock and responses end.

    A renewal that outlives them would send the real secret to the real server.
    """
    ends_at = time.monotonic() + _LONGEST_WAIT
    renewals = [thread for thread in threading.enumerate() if thread.name == _RENEWAL]
    for thread in renewals:
        thread.join(max(0.0, ends_at - time.monotonic()))
    yield
    if any(thread.is_alive() for thread in renewals):
        text = f"a renewal of oauth_cc outlives this test by more than {_LONGEST_WAIT:g} seconds"
        warnings.warn(pytest.PytestWarning(text), stacklevel=1)
