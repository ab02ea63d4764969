"""
A file without an end.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def endless(path: Path, size: int) -> Iterator[threading.Event]:
    """
    Make *path* a pipe with *size* bytes and no end, and yield an event that is set if a reader waits for more.
    """
    os.mkfifo(path)
    read, waited = threading.Event(), threading.Event()

    def write() -> None:
        with path.open("wb") as pipe:
            pipe.write(b"a" * size)
            pipe.flush()
            if not read.wait(5):
                waited.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield waited
    finally:
        read.set()
        writer.join()
