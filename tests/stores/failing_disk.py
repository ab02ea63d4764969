"""
``python -m tests.stores.failing_disk FAULT FOLDER``: get tokens while the disk of a `FileStore` fails, and print the
events.

The fault is one of the kernel's, in this process and its mount namespace alone.
"""

import contextlib
import itertools
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from oauth_cc import ClientCredentials, Options
from oauth_cc.events import Event
from oauth_cc.httpx2 import TokenSource
from oauth_cc.stores.file import FileStore
from oauth_cc.testing import AuthorizationServer, RegisteredClient

TOKENS: Final = 3

_Step: TypeAlias = Callable[[], object]


def _mount(folder: Path, *options: str) -> None:
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    subprocess.run(command, check=True)
    folder.chmod(0o700)


def _read_only_mount(folder: Path) -> tuple[_Step, _Step]:
    _mount(folder)
    remount = ["mount", "-o"]
    return (
        lambda: subprocess.run([*remount, "remount,ro", str(folder)], check=True),
        lambda: subprocess.run([*remount, "remount,rw", str(folder)], check=True),
    )


def _full_mount(folder: Path) -> tuple[_Step, _Step]:
    _mount(folder, "-o", "size=64k")
    filler = folder / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    return fill, filler.unlink


def _permissions(folder: Path) -> tuple[_Step, _Step]:
    return lambda: folder.chmod(0o500), lambda: folder.chmod(0o700)


def _file_size(_folder: Path) -> tuple[_Step, _Step]:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    return (
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, most)),
        lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )


FAULTS: Final[dict[str, Callable[[Path], tuple[_Step, _Step]]]] = {
    "read-only mount": _read_only_mount,
    "full mount": _full_mount,
    "permissions": _permissions,
    "file size": _file_size,
}
"""What makes the disk fail, and what repairs it."""


def main(fault: str, folder: Path) -> None:
    """Get tokens before, during and after *fault*, and print the events as JSON."""
    events: list[str] = []

    def note(event: Event) -> None:
        error = getattr(event, "error", None)
        events.append(type(event).__name__ if error is None else f"{type(event).__name__}: {error}")

    with AuthorizationServer(clients=[RegisteredClient("your_id", "s3cret")]) as server:
        begin, end = FAULTS[fault](folder)
        store = FileStore(folder)
        options = Options(on_event=note, background_renewal=False)
        source = TokenSource(
            ClientCredentials("your_id", "s3cret"), server.token_endpoint, store=store, options=options
        )

        numbers = itertools.count()

        def obtain() -> None:
            # Another key each time, as tokens of one key that are rejected one after the other are paused.
            for _ in range(TOKENS):
                source.with_resource(f"https://{next(numbers)}.example/").token()

        obtain()
        for step in (begin, end):
            step()
            events.append("fault" if step is begin else "repair")
            obtain()
        print(json.dumps({"events": events, "stored": len(store.entries())}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
