"""
The wheel: what users install, without the source tree beside it.
"""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.typecheck import CHECKERS, PROGRAMS, Checker, all_programs, check, table

ROOT = Path(__file__).parent.parent
PROGRAM = """
import sys, oauth_cc
assert not oauth_cc.__file__.startswith(sys.argv[1]), oauth_cc.__file__
from oauth_cc import ClientCredentials, Scope, compose_body, token_request
print(oauth_cc.__version__, compose_body(token_request(ClientCredentials("your_id"), Scope.of("hello", "world"))))
"""

HTTPX = """
    fetch_metadata fetch_metadata_async fetch_token fetch_token_async
    ClientCredentialsAuth ClientCredentialsAuth.from_issuer TokenSource.from_issuer AsyncTokenSource.from_issuer"""
INCOMPLETE = {
    # Takes a client, whose requests and answers have attributes without an annotation; its auth has to inherit from
    # the library's. A protocol for the client's send would name the request again, or take the client of any library.
    "httpx2": HTTPX,
    "httpx": HTTPX,
    # Takes a ClientSession or ClientRequest, which hold a BaseProtocol and a Morsel of unknown parameters. A protocol
    # for a session would promise less than what is used, as its proxy has no public name.
    "aiohttp": """
        fetch_token fetch_metadata AsyncTokenSource AsyncTokenSource.__init__ AsyncTokenSource.from_issuer
        ClientCredentialsAuth ClientCredentialsAuth.from_issuer
        ClientCredentialsAuth.__init__ ClientCredentialsAuth.__call__ ClientCredentialsAuth.async_source""",
    # Takes a Session or PreparedRequest, whose cookies hold a Morsel of unknown parameters; its auth and its session
    # inherit from the library's. A protocol for what adapters send would name the PreparedRequest again.
    "requests": """
        fetch_token fetch_metadata sender TokenSource TokenSource.__init__ TokenSource.from_issuer
        ClientCredentialsAuth ClientCredentialsAuth.from_issuer
        ClientCredentialsAuth.__init__ ClientCredentialsAuth.__call__ ClientCredentialsAuth.source""",
    "compat.requests_oauthlib": "OAuth2Session OAuth2Session.fetch_token",
}
"""
Names, by module, whose types end in something that its HTTP library left without a type. Their own signatures are
complete, which the option ``--ignoreexternal`` shows, and programs that use them see no unknown type.
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel and its extras, without the stubs of this tree."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    package = f"{wheel}[httpx2,httpx,requests,aiohttp,redis-encryption,cli,testing]"
    subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", package],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    return folder


def _incomplete(installed: Path, *options: str) -> set[str]:
    # Pyright finds a package to verify by the interpreter on PATH, and by no setting.
    path = f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(installed)}
    environment.pop("PYTHONPATH", None)
    run = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "oauth_cc", "--outputjson", *options],
        check=False,
        capture_output=True,
        text=True,
        cwd=installed,
        env=environment,
    )
    report = json.loads(run.stdout)["typeCompleteness"]
    assert Path(report["packageRootDirectory"]).is_relative_to(installed)
    assert len(report["symbols"]) > 1000
    return {
        symbol["name"]
        for symbol in report["symbols"]
        if symbol["isExported"] and (symbol["isTypeAmbiguous"] or not symbol["isTypeKnown"])
    }


def test_contents(wheel: Path) -> None:
    """The wheel holds every module, the mark that it is typed, and the licence; no test, no stub and no guide."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "oauth_cc").rglob("*.py")}
    assert modules | {"oauth_cc/py.typed"} <= set(names)
    assert {name.partition("/")[0] for name in names} == {"oauth_cc", "oauth_cc-0.1.0.dist-info"}
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith(".md")]


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


@pytest.mark.slow
def test_types_are_complete(installed: Path) -> None:
    """Every public name has a type that is known to its end, but for what the HTTP libraries left open in theirs."""
    excepted = {f"oauth_cc.{library}.{name}" for library, names in INCOMPLETE.items() for name in names.split()}
    found = _incomplete(installed)
    assert (sorted(found - excepted), sorted(excepted - found)) == ([], [])
    assert set() == _incomplete(installed, "--ignoreexternal")


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_programs_see_the_same_types_in_the_wheel(checker: Checker, installed: Path) -> None:
    """
    Downstream programs are accepted and refused as in this tree, all but those that need stubs for oauthlib.
    """
    excepted = (PROGRAMS / "facade.py", PROGRAMS / "migrating.py")
    programs = [program for program in all_programs() if program not in excepted]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = check(checker, programs, version, python=str(installed / "bin" / "python"), paths=())
    text, good = table({checker.name: {version: found}}, programs)
    assert good, text
