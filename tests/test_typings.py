"""
The stubs of our own: each says of its package what is so.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TYPINGS = Path(__file__).parent.parent / "typings"
PACKAGES = sorted(folder.name for folder in TYPINGS.iterdir() if folder.is_dir())


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_stubs_are_true(package: str) -> None:
    """Every name that a stub has is there at run time with that signature; a stub may leave names out."""
    found = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "--ignore-missing-stub", "--concise", package],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": str(TYPINGS)},
    )
    assert found.returncode == 0, found.stdout + found.stderr
