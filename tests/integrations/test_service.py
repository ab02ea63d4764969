"""
A service on FastAPI as the guide writes it, with two workers, through trouble of its authorization server.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx2
import pytest

from oauth_cc.testing import AuthorizationServer, Fault
from tests.guides import ROOT, blocks

GUIDE: Final = ROOT / "oauth_cc" / "integrations" / "README.md"
WORKERS: Final = 2
WORKERS_OF_UVICORN: Final = f"""
import os, socket, uvicorn, service
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
for _ in range({WORKERS} - 1):
    if os.fork() == 0:
        break
uvicorn.Server(uvicorn.Config(service.app, log_level="warning")).run(sockets=[listener])
"""
"""A program that loads the service before it forks, as servers do. Calls wait in the socket until a worker is ready."""


def service_of_the_guide() -> str:
    """Return the program of the guide, and its test."""
    program, test = [block.text for block in blocks(GUIDE) if "fastapi" in block.text][:2]
    assert "<!-- the service -->\n```python\n" + program in GUIDE.read_text("utf-8")
    return program + test


class Service:
    """The service of the guide, in processes of its own."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=url, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def get(self, times: int = 1) -> set[int]:
        """Return the statuses of *times* concurrent calls."""
        with ThreadPoolExecutor(times) as pool:
            return set(pool.map(lambda _: self._client.get("/things", timeout=15).status_code, range(times)))

    def until(self, reached: Callable[[], bool]) -> set[int]:
        """Return the statuses of calls until something is *reached*, which takes calls of both workers."""
        statuses: set[int] = set()
        ends_at = time.monotonic() + 20
        while not reached() and time.monotonic() < ends_at:
            statuses |= self.get(8)
        assert reached()
        return statuses


@pytest.fixture
def service(tmp_path: Path, authorization_server: AuthorizationServer) -> Iterator[Service]:
    """Run the service with two workers."""
    tmp_path.joinpath("service.py").write_text(service_of_the_guide(), "utf-8")
    environment = {
        **os.environ,
        "CLIENT_ID": "your_id",
        "CLIENT_SECRET": "s3cret",
        "TOKEN_ENDPOINT": authorization_server.token_endpoint,
        "API_URL": authorization_server.resource_url,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }
    command = [sys.executable, "-c", WORKERS_OF_UVICORN]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        running = Service(f"http://127.0.0.1:{int(process.stdout.readline())}")
        try:
            yield running
        finally:
            running.close()
            os.killpg(process.pid, signal.SIGTERM)
            process.stdout.read()


@pytest.mark.slow
@pytest.mark.parametrize("invalidate", [AuthorizationServer.revoke_all, AuthorizationServer.expire_all])
def test_a_service_of_two_workers_replaces_rejected_tokens_within_the_call(
    service: Service, authorization_server: AuthorizationServer, invalidate: Callable[[AuthorizationServer], None]
) -> None:
    """Each worker has its own token. An outage is not seen while the cached tokens are good."""
    server = authorization_server
    assert service.until(lambda: len(server.token_requests) == WORKERS) == {200}
    with server.misbehaving(Fault(drop_after=0)):
        assert service.get(8) == {200}
    invalidate(server)
    assert service.until(lambda: len(server.token_requests) == 2 * WORKERS) == {200}


@pytest.mark.slow
def test_a_service_of_two_workers_waits_for_a_quota(
    service: Service, authorization_server: AuthorizationServer
) -> None:
    """One of the workers asks twice."""
    server = authorization_server
    assert service.until(lambda: len(server.token_requests) == WORKERS) == {200}
    server.misbehave(Fault(status=429, headers={"Retry-After": "1"}))
    server.revoke_all()
    assert service.until(lambda: len(server.token_requests) == 2 * WORKERS + 1) == {200}


@pytest.mark.slow
def test_a_service_of_two_workers_lives_through_an_outage_without_a_token(
    service: Service, authorization_server: AuthorizationServer
) -> None:
    """Its callers learn that the service is not available."""
    server = authorization_server
    assert service.until(lambda: len(server.token_requests) == WORKERS) == {200}
    server.revoke_all()
    with server.misbehaving(Fault(drop_after=0)):
        assert service.get(8) == {503}
    assert service.get(8) == {200}


def test_the_test_of_the_guide_passes(pytester: pytest.Pytester) -> None:
    """It runs the service in its process, with the plugin."""
    pytester.makepyfile(service_of_the_guide())
    plugins = ["-p", "oauth_cc.testing.plugin", "-p", "no:cacheprovider", "-p", "anyio"]
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-W", "ignore::DeprecationWarning"]
    pytester.runpytest("--disable-plugin-autoload", *plugins, *quiet).assert_outcomes(passed=1)
