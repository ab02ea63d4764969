"""
``python -m tests.interpreters``: the tests on every other Python of this machine that the project supports.

Each interpreter found on PATH or among pyenv's gets an environment of its own with every extra and the group ``dev``.
Arguments are those of pytest; without any, it runs the fast tests of the library, as CI does. An interpreter for which
a dependency cannot be had is named, and so is a version of which there is none; neither is a failure.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.typecheck import PYTHONS, ROOT

OWN: Final = f"{sys.version_info[0]}.{sys.version_info[1]}"
# Neither type checkers nor wheels differ from one interpreter to another.
FAST: Final = (
    "-q",
    "-n",
    "auto",
    "--dist",
    "loadscope",
    "-m",
    "not slow",
    *[f"--ignore=tests/test_{name}.py" for name in ("typing", "typings", "wheel")],
)


def interpreters() -> Mapping[str, Path]:
    """Gives an interpreter for each supported version of Python that this machine has."""
    found: dict[str, Path] = {}
    for version in PYTHONS:
        for folder in _folders():
            python = folder / f"python{version}"
            if version not in found and python.exists() and _runs(python, version):
                found[version] = python
    return found


def _folders() -> Iterator[Path]:
    yield from (Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep))
    yield from sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob("*/bin"))


def _runs(python: Path, version: str) -> bool:
    # Those of pyenv's that no version is chosen for are there, and fail.
    code = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return run.stdout.strip() == version


def run(python: Path, folder: Path, arguments: Sequence[str]) -> tuple[str, bool | None]:
    """
    Gives what came of the tests with *python* in an environment made in *folder*, and whether they passed; None if they
    could not be run.
    """
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    subprocess.run([python, "-m", "venv", folder], check=True, env=environment)
    own = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip: list[str | Path] = [own, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--upgrade", "pip"], check=True, env=environment)
    install = [*pip, "--editable", f"{ROOT}[all]", "--group", f"{ROOT / 'pyproject.toml'}:dev"]
    installed = subprocess.run(install, capture_output=True, text=True, check=False, env=environment)
    if installed.returncode != 0:
        reasons = [line for line in installed.stderr.splitlines() if line.startswith("ERROR")]
        return f"not run: {reasons[-1] if reasons else installed.stderr[-200:]}", None
    command: list[str | Path] = [own, "-m", "pytest", "-o", f"cache_dir={folder / 'cache'}", *(arguments or FAST)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    if done.returncode != 0:
        print(done.stdout[-10_000:], done.stderr[-2_000:], sep="\n")
    return done.stdout.strip().rpartition("\n")[2].strip("= "), done.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Prints what came of each version; gives 0 if no test failed."""
    found = interpreters()
    failed = False
    for version in PYTHONS:
        text = "not run: there is no such interpreter here"
        if version == OWN:
            text = "not run: this is the Python of the other tests"
        elif version in found:
            with tempfile.TemporaryDirectory() as folder:
                text, passed = run(found[version], Path(folder, "venv"), arguments)
            failed = failed or passed is False
        print(f"{version:<6}{text}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
