"""
Worker processes, as tests start, stop and kill them.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from tests.proofs.worker import Outcome, Task

ROOT = Path(__file__).parent.parent.parent


class Worker:
    """A process that performs *task*, as a context manager. It is ready once `ready` returns."""

    def __init__(self, task: Task) -> None:
        words = [sys.executable, "-W", "error", "-m", "tests.proofs.worker"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self._write(json.dumps(attrs.asdict(task)))

    def ready(self) -> Self:
        """Wait until the process has imported its modules."""
        assert self._read() == "ready"
        return self

    def go(self) -> None:
        """Start a round."""
        self._write("go")

    def outcome(self) -> Outcome:
        """Wait for the end of the round and return its outcome."""
        return Outcome(**json.loads(self._read()))

    def pause(self) -> None:
        """Stop the process at any point of its work."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue the stopped process."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill the process without a chance to clean up."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


def round_of(workers: Sequence[Worker]) -> list[Outcome]:
    """Start one round of all *workers* together, once all are ready, and return the outcomes."""
    for worker in workers:
        worker.ready()
    for worker in workers:
        worker.go()
    return [worker.outcome() for worker in workers]
