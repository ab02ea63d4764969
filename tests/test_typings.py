"""
The stubs in typings/, compared with the packages that they describe.
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
def test_stubs_match_the_package(package: str) -> None:
    """Each name in a stub exists at run time with the same signature. A stub may omit names."""
    found = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "--ignore-missing-stub", "--concise", package],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": str(TYPINGS)},
    )
    assert found.returncode == 0, found.stdout + found.stderr
