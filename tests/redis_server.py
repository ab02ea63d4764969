"""
Real Redis servers for tests: installed ones, or unpacked from Debian packages without installing them.
"""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

PACKAGES = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1", "libssl3")


def find_program(folder: Path) -> list[str] | None:
    """Return the command that starts a Redis server, None if there is none. Packages are unpacked in *folder*."""
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    if installed:
        return [installed]
    program = folder / "root/usr/bin/redis-server"
    if not program.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        for package in PACKAGES:
            # Newer releases have other names for some of them, or include them.
            subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, check=False)  # noqa: S607
        for archive in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", archive, folder / "root"], capture_output=True, check=False)  # noqa: S607
    libraries = ":".join(str(path) for path in (folder / "root/usr/lib").glob("*-linux-gnu"))
    words = ["/usr/bin/env", f"LD_LIBRARY_PATH={libraries}", str(program)]
    tried = subprocess.run([*words, "--version"], capture_output=True, check=False)
    return words if tried.returncode == 0 else None


def free_port() -> int:
    """Return a free port of loopback, below 55,000, as the bus of a cluster uses the port 10,000 above it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 55_000:
            return port


class RedisServer:
    """
    A Redis server with a unix socket at *path*, as a context manager. It persists nothing, so it starts empty.

    Args:
        program: The command that starts it.
        options: Further options of the command.
        listens: Whether to listen on *port* of loopback too.
    """

    def __init__(self, program: Sequence[str], *options: str, listens: bool = False) -> None:
        # Not in pytest's folder, as the path of a unix socket must be short.
        self.folder = tempfile.mkdtemp(prefix="oauth_cc-")
        self.path = f"{self.folder}/redis.sock"
        self.port = free_port() if listens else 0
        private = [
            "--port",
            f"{self.port}",
            "--unixsocket",
            self.path,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            self.folder,
        ]
        self._words = [*program, *private, *options]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        self._process = subprocess.Popen(self._words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ends_at = time.monotonic() + 10
        while time.monotonic() < ends_at and self._process.poll() is None:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(self.path) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError(f"the Redis server does not start: {self._words}")

    def stop(self) -> None:
        """Kill the server. Its data are lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop the server without ending it. Connections to it are accepted, and no command gets a reply."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, *, timeout: float = 1.0, decode_responses: bool = False) -> redis.Redis:
        """Return a client with a *timeout* in seconds and no retries."""
        retry = Retry(NoBackoff(), 0)
        return redis.Redis(
            unix_socket_path=self.path, socket_timeout=timeout, retry=retry, decode_responses=decode_responses
        )

    def async_client(self, *, timeout: float = 1.0) -> redis.asyncio.Redis:
        """Return an asyncio client with a *timeout* in seconds and no retries."""
        retry = AsyncRetry(NoBackoff(), 0)
        return redis.asyncio.Redis(unix_socket_path=self.path, socket_timeout=timeout, retry=retry)
