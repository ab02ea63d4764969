"""
A `FileStore` on a disk that is full or read-only: each token is obtained, and the failure is reported once.

The kernel refuses in each row: a mount of the row's own where this machine allows one, and in any case a directory
without permission to write, and a limit on the size of files.
"""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.stores.failing_disk import FAULTS, TOKENS

pytestmark = pytest.mark.slow  # each row starts a process

_ROOT: Final = Path(__file__).parents[2]
_NAMESPACES: Final = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])
# Root may write where permissions forbid it, but for these capabilities.
_MERE_OWNER: Final = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]

REASONS: Final = {
    "read-only mount": "cannot be used (Read-only file system); pass another directory to FileStore",
    "full mount": "is on a full disk; free some space, or pass another directory to FileStore",
    "permissions": "cannot be used (Permission denied); pass another directory to FileStore",
    "file size": "is on a full disk; free some space, or pass another directory to FileStore",
}


@functools.cache
def mounting() -> list[str] | None:
    """Return the command that starts a program that may mount, or None if this machine allows it to nobody."""
    for command in _NAMESPACES:
        try:
            tried = subprocess.run(
                [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
            )
        except FileNotFoundError:
            continue
        if tried.returncode == 0:
            return list(command)
    return None


def command_for(fault: str) -> list[str]:
    """Return the command before that of the program that fails by *fault*."""
    if fault.endswith("mount"):
        found = mounting()
        if found is None:
            pytest.skip("this machine allows no mount; the rows 'permissions' and 'file size' show the same")
        return found
    return _MERE_OWNER if fault == "permissions" and os.geteuid() == 0 else []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_fails_is_reported_once(fault: str, tmp_path: Path) -> None:
    """Not at every token, although loads succeed where saves fail. Its return is reported once, too."""
    folder = tmp_path / "tokens"
    folder.mkdir(mode=0o700)
    command = [*command_for(fault), sys.executable, "-m", "tests.stores.failing_disk", fault, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    ran = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    obtained = ["TokenObtained"] * TOKENS
    failed, returned = f"StoreFailed: {folder} {REASONS[fault]}", "StoreReturned"
    assert json.loads(ran.stdout) == {
        "events": [*obtained, "fault", failed, *obtained, "repair", returned, *obtained],
        "stored": 2 * TOKENS,
    }
