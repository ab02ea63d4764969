"""
Settings and fixtures of all tests.
"""

import os
import random
from collections.abc import Iterator, Sequence
from typing import Final

import pytest
import redis.backoff
import trustme
from filelock import FileLock
from hypothesis import HealthCheck, settings

from tests.redis_server import RedisServer, find_program

_OF_THE_MACHINE: Final = frozenset(
    "CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY ALL_PROXY NETRC SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE".split()
)
# Programs without tests or examples, whose imports take long.
collect_ignore = ["mcp_server.py", "reference.py"]

settings.register_profile("dev", max_examples=50, deadline=None)
# Derandomized, so that a failure can be repeated. No deadline, because machines differ in speed.
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file with one certificate authority."""
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    return str(file)


@pytest.fixture(autouse=True)
def bare_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, one_authority: str) -> None:
    """Keep the proxies, credentials and authorities of the machine out of every test."""
    for name in [name for name in os.environ if name.upper() in _OF_THE_MACHINE]:
        monkeypatch.delenv(name)
    # Each client of httpx2 and httpx reads the authorities: 25 milliseconds for all public ones. Slow tests install
    # packages, for which pip needs those.
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setenv("SSL_CERT_FILE", one_authority)


# A command that its store has left goes on with the retries of redis-py. Their pauses come from a generator of their
# own, because Hypothesis rejects a change of the shared one while another test draws values.
vars(redis.backoff)["random"] = random.Random(0)


@pytest.fixture(scope="session")
def redis_program(pytestconfig: pytest.Config) -> Sequence[str]:
    """Return the command that starts a Redis server."""
    # None only if the cache plugin is disabled.
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("redis-server")
    with FileLock(folder / "lock"):
        found = find_program(folder)
    reason = "redis-server is not installed, and no Debian package of it is available; install redis-server"
    # In CI a missing server would hide what its tests show.
    return found or (pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason))


@pytest.fixture(scope="session")
def shared_redis(redis_program: Sequence[str]) -> Iterator[RedisServer]:
    """Run one Redis server for all tests."""
    with RedisServer(redis_program) as server:
        yield server


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """Empty the shared Redis server."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis
