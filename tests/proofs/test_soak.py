"""
Processes that share short-lived tokens while they are killed at random: some seconds of what
``python -m tests.benchmarks.soak`` does for a minute.
"""

from pathlib import Path

import pytest

from tests.benchmarks.soak import soak
from tests.proofs.worker import Task
from tests.redis_server import RedisServer

pytestmark = pytest.mark.slow


def test_over_files(tmp_path: Path) -> None:
    """The server is asked once for each lifetime and each process that was killed, at the most."""
    seen = soak(Task("", directory=f"{tmp_path}/tokens"), seconds=6.0, seed=1)
    assert seen.errors == []
    assert seen.calls > 100
    assert seen.requests <= seen.allowed


def test_over_redis(redis_server: RedisServer) -> None:
    """The same."""
    seen = soak(Task("", redis=redis_server.path, lock_lifetime=1.0), seconds=6.0, seed=2)
    assert seen.errors == []
    assert seen.calls > 100
    assert seen.requests <= seen.allowed
