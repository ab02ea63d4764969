"""
The tests of oauthlib and of requests-oauthlib, run with the facade in place of the class.

They are downloaded from PyPI into pytest's cache, checked against their hashes, and never committed. None is excluded
but those of other grants, each with its reason, where the session replaces the original's.
"""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from oauth_cc.testing import AuthorizationServer, RegisteredClient

pytestmark = pytest.mark.slow

HASHES = {
    "oauthlib-4.0.1.tar.gz": "3d73febdb6faa00f277c81fb04be7b7586fb96fc3b7f0b9c772dada69a25ede7",
    "requests-oauthlib-2.0.0.tar.gz": "b3dffaebd884d8cd778494369603a9e7b58d29111bf6b41bdc2dcd87203af4e9",
    # One of oauthlib's tests listens to its signal.
    "blinker-1.9.0-py3-none-any.whl": "ba0efaa9080b619ff2f3459d1d500c57bddea4a6b424b60a91141db6fd2f08bc",
}
CLIENTS = "tests/oauth2/rfc6749/clients"
SWAPPED = Path(__file__).with_name("swapped.py")
SESSION = Path(__file__).with_name("swapped_session.py")
ROOT = SWAPPED.parent.parent.parent


def fetched(name: str, folder: Path) -> Path:
    """Return the distribution *name*, downloaded into *folder* unless it is there."""
    archive = folder / name
    if not archive.exists():
        project, version = name.removesuffix("-py3-none-any.whl").removesuffix(".tar.gz").rsplit("-", 1)
        kind = ["--only-binary" if name.endswith(".whl") else "--no-binary", ":all:"]
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind, "--dest", str(folder)]
        done = subprocess.run([*download, f"{project}=={version}"], capture_output=True, text=True, check=False)
        if done.returncode and os.environ.get("OAUTH_CC_OFFLINE"):
            pytest.skip(f"OAUTH_CC_OFFLINE is set, and pip cannot fetch {name}")
        assert done.returncode == 0, f"pip cannot fetch {name}; set OAUTH_CC_OFFLINE to skip this\n{done.stderr}"
    assert HASHES[name] == hashlib.sha256(archive.read_bytes()).hexdigest()
    return archive


def unpacked(release: str, folder: Path) -> Path:
    """Return the folder of the source distribution of *release*."""
    if not (folder / release).exists():
        with tarfile.open(fetched(f"{release}.tar.gz", folder)) as opened:
            opened.extractall(folder, filter="data")
    return folder / release


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    """Return the folder that keeps the source distributions between runs."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("upstream")


@pytest.mark.parametrize(
    ("release", "file", "name", "count"),
    [
        ("oauthlib-4.0.1", f"{CLIENTS}/test_backend_application.py", "BackendApplicationClient", 2),
        ("oauthlib-4.0.1", f"{CLIENTS}/test_base.py", "Client", 13),
        ("requests-oauthlib-2.0.0", "tests/test_oauth2_session.py", "BackendApplicationClient", 30),
        ("requests-oauthlib-2.0.0", "tests/test_oauth2_auth.py", "BackendApplicationClient", 4),
    ],
)
def test_the_tests_of_the_original_pass(folder: Path, release: str, file: str, name: str, count: int) -> None:
    """Every test of the file passes, and none is skipped."""
    assert count == passed([SWAPPED, file, name], unpacked(release, folder), folder)


def test_the_tests_of_the_original_session_pass(folder: Path) -> None:
    """With our session in place, and those of its compliance fixes. Five tests of other grants are left out."""
    files = ["tests/test_oauth2_session.py", "tests/test_compliance_fixes.py"]
    assert 35 == passed([SESSION, *files], unpacked("requests-oauthlib-2.0.0", folder), folder)


def test_the_documented_example_of_the_original_runs(folder: Path) -> None:
    """Its section on this grant, with the imports changed."""
    text = (unpacked("requests-oauthlib-2.0.0", folder) / "docs/oauth2_workflow.rst").read_text("utf-8")
    section = text.partition("\nBackend Application Flow\n")[2].partition("\nRefreshing tokens\n")[0]
    code = "\n".join(re.findall(r"^ +>>> (.*(?:\n {10,}\w.*)*)", section, re.MULTILINE))
    known = RegisteredClient("your_client_id", "your_client_secret")
    with AuthorizationServer(clients=[known]) as server:
        for before, after in [
            ("from oauthlib.oauth2 import", "from oauth_cc.compat import"),
            ("from requests_oauthlib import", "from oauth_cc.compat.requests_oauthlib import"),
            ("https://provider.com/oauth2/token", server.token_endpoint),
        ]:
            assert 2 == code.count(before)
            code = code.replace(before, after)
        namespace: dict[str, Any] = {}
        exec(code, namespace)  # noqa: S102  # what this test is for
        assert 200 == namespace["oauth"].get(server.resource_url).status_code
        assert [200, 200] == [asked.status for asked in server.token_requests]


def passed(command: list[Path | str], at: Path, folder: Path) -> int:
    """Return how many tests passed in *command*, run in the folder *at*. No other test was run."""
    signals = fetched("blinker-1.9.0-py3-none-any.whl", folder)
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=at,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(signals)])},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"^(\d+) passed.* in ", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    return int(found[1])
