"""
Type checking: the time of mypy without a cache for a program of one file that uses the library.

Each library is installed where pip would install it, in an environment of its own: ours with attrs, oauthlib with its
stubs. Two sets of stubs are measured: types-oauthlib, and ``typings/``, which covers this grant only.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import attr
import attrs

import oauth_cc
from tests.benchmarks.measure import ROUNDS, Row

OURS = """
from oauth_cc import ClientCredentials, Scope, compose_body, token_request

body: str = compose_body(token_request(ClientCredentials("your_id", "s3cret"), Scope.of("hello", "world")))
"""
FACADE = """
from oauth_cc.compat import BackendApplicationClient

body: str = BackendApplicationClient("your_id").prepare_request_body(scope=["hello", "world"])
"""
OAUTHLIB = FACADE.replace("oauth_cc.compat", "oauthlib.oauth2")
PACKAGE = Path(oauth_cc.__file__).parent


def mypy() -> Row:
    """Measure ``mypy --strict`` without a cache in milliseconds, as medians of rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        published, own = _environment(folder / "published"), _environment(folder / "own")
        for package in (PACKAGE, Path(attrs.__file__).parent, Path(attr.__file__).parent):
            shutil.copytree(package, _site(own) / package.name)
        shutil.copytree(PACKAGE.parent / "typings" / "oauthlib", _site(own) / "oauthlib-stubs")
        install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(_site(published)), "types-oauthlib"]
        subprocess.run([sys.executable, *install], check=True, capture_output=True)
        programs = {
            "oauth_cc": (OURS, own),
            "the facade": (FACADE, own),
            "types-oauthlib": (OAUTHLIB, published),
            "oauthlib, typings/": (OAUTHLIB, own),
            "no import": ("x = 1\n", own),
        }
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, (program, environment) in programs.items():
                times[name].append(_milliseconds(program, environment))
    figures = {name: statistics.median(found) for name, found in times.items()}
    return Row("mypy, cold", figures, "1x types-oauthlib", figures["oauth_cc"] <= figures["types-oauthlib"])


def _environment(folder: Path) -> Path:
    venv.create(folder, with_pip=False)
    return folder


def _site(environment: Path) -> Path:
    return next(environment.glob("lib/python3*/site-packages"))


def _milliseconds(program: str, environment: Path) -> float:
    # CPU time, because other processes share the machine.
    (environment / "program.py").write_text(program, "utf-8")
    options = ["--strict", "--cache-dir", os.devnull, "--python-executable", str(environment / "bin" / "python")]
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "mypy", *options, "program.py"],
        cwd=environment,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        check=True,
        capture_output=True,
    )
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return spent * 1e3
