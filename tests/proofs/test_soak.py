"""
Processes that share short-lived tokens while they are killed at random: the short form of
``python -m tests.benchmarks.soak``.
"""

from pathlib import Path

import pytest

from tests.benchmarks.soak import soak
from tests.proofs.worker import Task
from tests.redis_server import RedisServer

pytestmark = pytest.mark.slow


def test_a_file_store_survives_random_kills_with_few_requests(tmp_path: Path) -> None:
    """The server gets at most one request for each lifetime and each killed process."""
    seen = soak(Task("", directory=f"{tmp_path}/tokens"), seconds=6.0, seed=1)
    assert seen.errors == []
    assert seen.calls > 100
    assert seen.requests <= seen.allowed


def test_redis_survives_random_kills_with_few_requests(redis_server: RedisServer) -> None:
    """The server gets at most one request for each lifetime and each killed process."""
    seen = soak(Task("", redis=redis_server.path, lock_lifetime=1.0), seconds=6.0, seed=2)
    assert seen.errors == []
    assert seen.calls > 100
    assert seen.requests <= seen.allowed
