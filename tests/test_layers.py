"""
The layers: which modules may import which, and what pure modules never use.
"""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import oauth_cc
from tests.layers import IMPURE, PACKAGE, PURE
from tests.webassembly import pbkdf2_hmac

FORBIDDEN_NAMES = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}
SILENCED = re.compile(r"# *(noqa|type: *ignore|pyright:|mypy:|ty:|pyrefly:)|\bcast\(|\bimport\b.*\bAny\b")
FORBIDDEN_MODULES = {"urllib.request", "http.client", "http.server", "email.utils"}
CONTRACTS = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
EFFECTS = next(set(contract["forbidden_modules"]) for contract in CONTRACTS if contract["name"].startswith("The pure"))


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run *code* in its own interpreter."""
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)


def test_imports_point_down_and_pure_modules_do_no_io() -> None:
    """import-linter checks the contracts."""
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", PACKAGE.parent / "pyproject.toml"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PACKAGE.parent,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def imported(name: str) -> set[str]:
    """Return the modules that the file *name* of the package imports, at its top or in a function."""
    nodes = list(ast.walk(ast.parse((PACKAGE / name).read_text("utf-8"))))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return found | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_imports_pure_modules_only(name: str) -> None:
    """The contract lists the impure modules of other packages."""
    modules = imported(name) if name != "__init__.py" else set()
    assert not [module for module in modules if module.partition(".")[0] in EFFECTS]
    own = {module.split(".")[1] for module in modules if module.startswith("oauth_cc.")}
    assert not own & IMPURE


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_calls_no_impure_builtin(name: str) -> None:
    """It imports no impure submodule either, and has no hidden import."""
    tree = ast.parse((PACKAGE / name).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            assert node.id not in FORBIDDEN_NAMES
        if isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & FORBIDDEN_MODULES
        if isinstance(node, ast.ImportFrom):
            assert node.module not in FORBIDDEN_MODULES
            assert node.level == 0


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_silences_no_type_checker(name: str) -> None:
    """It has no cast and no `Any`."""
    assert not SILENCED.search((PACKAGE / name).read_text("utf-8"))


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_has_no_mutable_global(name: str) -> None:
    """No global is bound twice."""
    tree = ast.parse((PACKAGE / name).read_text("utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Global | ast.Nonlocal)]
    bound = [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    names = [node.id for node in bound if isinstance(node, ast.Name)]
    assert len(names) == len(set(names))


def test_importing_oauth_cc_loads_only_attrs_and_the_standard_library() -> None:
    """Extras load later."""
    code = (
        "import sys, oauth_cc\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(tops - set(sys.stdlib_module_names) - {'attr', 'attrs', 'oauth_cc', '__main__'}))"
    )
    found = run(code, "-I") if "site-packages" in oauth_cc.__file__ else run(code)
    extra = set(ast.literal_eval(found.stdout))
    # Some environments load these when the interpreter starts.
    assert extra <= {"_distutils_hack", "sitecustomize", "usercustomize", "__editables__", "a1_coverage"}, found.stderr


@pytest.mark.parametrize("extra", ["httpx2", "aiohttp", "authlib", "oauthlib"])
def test_the_core_works_without_extras(extra: str) -> None:
    """It composes a request."""
    code = (
        f"import sys; sys.modules[{extra!r}] = None\n"
        "from oauth_cc import *\n"
        "print(compose_body(token_request(ClientCredentials('your_id'), Scope.of('hello', 'world'))))"
    )
    assert run(code).stdout == "grant_type=client_credentials&scope=hello+world\n"


@pytest.mark.parametrize(
    ("module", "missing", "advice"),
    [
        ("httpx2", "httpx2", "install oauth_cc[httpx2]"),
        ("httpx", "httpx", "install oauth_cc[httpx]"),
        ("requests", "requests", "install oauth_cc[requests]"),
        ("aiohttp", "aiohttp", "install oauth_cc[aiohttp]"),
        ("aiohttp", "anyio", "install oauth_cc[aiohttp]"),
        ("testing", "authlib", "oauth_cc[testing]"),
        ("testing.httpx2", "httpx2", "install oauth_cc[httpx2,testing]"),
        ("testing.httpx", "httpx", "install oauth_cc[httpx,testing]"),
        ("testing.requests", "requests", "install oauth_cc[requests,testing]"),
        ("integrations.aiokafka", "aiokafka", "install oauth_cc[aiokafka]"),
        ("integrations.grpc", "grpc", "install oauth_cc[grpc]"),
        ("jose", "joserfc", "install oauth_cc[jwt]"),
        ("stores.file", "filelock", "install oauth_cc[file]"),
        ("stores.redis", "redis", "install oauth_cc[redis]"),
    ],
)
def test_the_error_of_a_missing_library_names_the_extra(module: str, missing: str, advice: str) -> None:
    """It says what to install."""
    found = run(f"import sys; sys.modules[{missing!r}] = None\nfrom oauth_cc.{module} import *")
    assert found.returncode == 1
    assert advice in found.stderr.splitlines()[-1]


@pytest.mark.parametrize("library", ["httpx2", "httpx"])
@pytest.mark.parametrize("use", ["AsyncTokenSource(request, url)", "asyncio.run(fetch_token_async(request, url))"])
def test_the_error_of_a_missing_anyio_names_the_extra(library: str, use: str) -> None:
    """Code with threads does not need anyio."""
    code = (
        f"import asyncio, sys; sys.modules['anyio'] = None\nfrom oauth_cc.{library} import *\n"
        "import oauth_cc\nrequest, url = oauth_cc.ClientCredentials('id', 's'), 'https://as.example/token'\n"
        f"TokenSource(request, url)\n{use}"
    )
    assert f"needs anyio for async code; install oauth_cc[{library}]" in run(code).stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import oauth_cc", "oauth_cc.flows oauth_cc.stores oauth_cc._io oauth_cc.metadata oauth_cc.jose"),
        ("import oauth_cc.httpx2", "oauth_cc.authentication.assertions"),
        ("import oauth_cc.httpx2", "asyncio anyio oauth_cc.metadata oauth_cc.flows.discovery oauth_cc.jose"),
        ("import oauth_cc.requests", "asyncio anyio oauth_cc.metadata oauth_cc.flows.discovery oauth_cc.jose"),
        ("import oauth_cc; oauth_cc.__version__", "importlib.metadata"),
        (
            "import oauth_cc.testing.plugin",
            "authlib httpx2 oauth_cc.flows oauth_cc.stores oauth_cc._io oauth_cc.testing._server",
        ),
    ],
)
def test_a_program_loads_only_modules_that_it_uses(code: str, absent: str) -> None:
    """Async code, discovery, stores and keys load later."""
    found = run(f"import sys\n{code}\nprint([name for name in {absent.split()!r} if name in sys.modules])")
    assert found.stdout == "[]\n", found.stderr


def test_the_pytest_plugin_loads_nothing_but_itself() -> None:
    """Pytest imports it in each run of a program that has oauth_cc."""
    code = "import sys, pytest, oauth_cc\nbefore = set(sys.modules)\nimport oauth_cc.testing.plugin\n"
    found = run(f"{code}print(sorted(set(sys.modules) - before))")
    assert found.stdout == "['oauth_cc.testing', 'oauth_cc.testing.plugin']\n", found.stderr


def test_the_stand_in_for_pbkdf2_derives_the_same_key() -> None:
    """Pyodide has no OpenSSL, and with it no `hashlib.pbkdf2_hmac`."""
    expected = hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000)
    assert expected == pbkdf2_hmac("sha256", b"password", b"salt", 1000)
