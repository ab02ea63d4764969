"""
The wheel as users install it, without the source tree.
"""

import json
import os
import shlex
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.guides import CLIENT_SECRET, blocks, localized, standing_in
from tests.typecheck import CHECKERS, PROGRAMS, Checker, all_programs, check, table

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PROGRAM = """
import sys, oauth_cc
assert not oauth_cc.__file__.startswith(sys.argv[1]), oauth_cc.__file__
from oauth_cc import ClientCredentials, Scope, compose_body, token_request
print(oauth_cc.__version__, compose_body(token_request(ClientCredentials("your_id"), Scope.of("hello", "world"))))
"""

HTTPX = "fetch_metadata fetch_metadata_async fetch_token fetch_token_async perform perform_async ClientCredentialsAuth"
INCOMPLETE = {
    # Accepts a client whose requests and responses have unannotated attributes, and its auth inherits from the
    # library's. A protocol for the client's send would name the request again, or accept a client of any library.
    "httpx2": HTTPX,
    "httpx": HTTPX,
    # Accepts a ClientSession or ClientRequest, which hold a BaseProtocol and a Morsel of unknown parameters. A protocol
    # for a session could not declare everything that is used, because its proxy has no public name.
    "aiohttp": "fetch_token fetch_metadata perform ClientCredentialsAuth",
    # Accepts a Session or PreparedRequest, whose cookies hold a Morsel of unknown parameters, and its auth and session
    # inherit from the library's. A protocol for what adapters send would name the PreparedRequest again.
    "requests": "fetch_token fetch_metadata perform sender ClientCredentialsAuth",
    "compat.requests_oauthlib": "OAuth2Session",
    # They are transports and adapters of these libraries.
    "testing.httpx2": "Transport Transport.handle_request Transport.handle_async_request",
    "testing.httpx": "Transport Transport.handle_request Transport.handle_async_request",
    "testing.requests": "Adapter Adapter.send",
    # Its stubs, types-grpcio, leave a parameter untyped.
    "integrations.grpc": "call_credentials",
    # Pytest's fixtures do not keep the type of the function.
    "testing.plugin": "authorization_server registered_client token_clock",
    # They accept a client of httpx2.
    "cli.network": "online anonymous",
    "cli.trace": "trace",
}
"""
Names, by module, whose types contain a type that their HTTP library leaves unknown.

Their own signatures are complete, as the option ``--ignoreexternal`` shows, and programs that use them see no unknown
type.
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create an environment with the wheel and the packages of this one, without this tree and its stubs."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    # A path file adds the folder of the packages, and not the path files in it, one of which names this tree.
    (site / "packages.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return folder


def _incomplete(installed: Path, *options: str) -> set[str]:
    # Pyright finds the package by the interpreter on PATH; there is no setting for it.
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


def test_the_wheel_holds_every_module_and_no_test(wheel: Path) -> None:
    """The wheel holds every module, the pytest plugin, py.typed and the licence, but no test and no stub."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "oauth_cc").rglob("*.py")}
    assert modules | {"oauth_cc/py.typed"} <= set(names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"oauth_cc", "oauth_cc-0.1.0.dist-info"}
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith(".md")]


def test_the_readme_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """
    The wheel installs attrs alone, and composes a request.

    With the extra that the README names, its first block runs as it stands: only its URLs are replaced.
    """
    install, program, printed = blocks(ROOT / "README.md")[:3]
    assert (install.language, program.language, printed.language) == ("sh", "python", "text")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"

    def run(*arguments: str | Path, **environment: str) -> str:
        done = subprocess.run(
            [python, *arguments], check=True, capture_output=True, text=True, cwd=tmp_path, env=environment or None
        )
        return done.stdout

    run("-m", "pip", "install", "--quiet", wheel)
    assert run("-I", "-c", PROGRAM, ROOT) == "0.1.0 grant_type=client_credentials&scope=hello+world\n"
    listed = run("-m", "pip", "list", "--format=freeze")
    names = {line.partition("==")[0].lower() for line in listed.splitlines()}
    assert names <= {"attrs", "oauth-cc", "oauth_cc", "pip", "setuptools"}
    run("-m", "pip", "install", "--quiet", shlex.split(install.text)[-1].replace("oauth_cc", str(wheel)))
    with standing_in(tmp_path) as urls:
        shown = run("-I", "-c", localized(program.text, urls), CLIENT_SECRET=CLIENT_SECRET, PATH=os.environ["PATH"])
    assert shown == printed.text


def test_public_types_are_known_except_those_of_http_libraries(installed: Path) -> None:
    """The type of every public name is known, except for the parts that HTTP libraries leave unknown."""
    excepted = {f"oauth_cc.{library}.{name}" for library, names in INCOMPLETE.items() for name in names.split()}
    found = _incomplete(installed)
    assert (sorted(found - excepted), sorted(excepted - found)) == ([], [])
    assert set() == _incomplete(installed, "--ignoreexternal")


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_programs_see_the_same_types_in_the_wheel(checker: Checker, installed: Path) -> None:
    """
    Downstream programs are accepted and rejected as in this tree, except for programs that need stubs for oauthlib.
    """
    excepted = (PROGRAMS / "facade.py", PROGRAMS / "migrating.py")
    programs = [program for program in all_programs() if program not in excepted]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = check(checker, programs, version, python=str(installed / "bin" / "python"), paths=())
    text, good = table({checker.name: {version: found}}, programs)
    assert good, text
