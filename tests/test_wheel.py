"""
The wheel: what users install, without the source tree beside it.
"""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = """
import sys, oauth_cc
assert not oauth_cc.__file__.startswith(sys.argv[1]), oauth_cc.__file__
from oauth_cc import ClientCredentials, Scope, compose_body, token_request
print(oauth_cc.__version__, compose_body(token_request(ClientCredentials("your_id"), Scope.of("hello", "world"))))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_contents(wheel: Path) -> None:
    """The wheel holds every module, the mark that it is typed, and the licence; no test and no stub travels along."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "oauth_cc").rglob("*.py")}
    assert modules | {"oauth_cc/py.typed"} <= set(names)
    assert {name.partition("/")[0] for name in names} == {"oauth_cc", "oauth_cc-0.1.0.dist-info"}
    assert any(name.endswith("/licenses/LICENSE") for name in names)


@pytest.mark.slow
def test_installs(wheel: Path, tmp_path: Path) -> None:
    """In an empty environment the wheel brings attrs alone, and composes."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True, capture_output=True, cwd=tmp_path)
    done = subprocess.run(
        [python, "-I", "-c", PROGRAM, str(ROOT)], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout == "0.1.0 grant_type=client_credentials&scope=hello+world\n"
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    installed = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert installed <= {"attrs", "oauth-cc", "oauth_cc", "pip", "setuptools"}
