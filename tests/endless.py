"""
A file that goes on for as long as somebody reads.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def endless(path: Path, size: int) -> Iterator[threading.Event]:
    """
    Makes *path* a pipe of *size* bytes that does not end; gives an event that is set if somebody waited for more.
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
