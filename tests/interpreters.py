"""
``python -m tests.interpreters``: run the tests on every other supported Python of this machine.

Each interpreter on PATH or in pyenv gets an environment with every extra and the group ``dev``, made by uv if there is
one. Arguments are passed to pytest; without arguments the fast tests run, as in CI. A missing interpreter, and one
without a version of a dependency, are reported and not a failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.typecheck import PYTHONS, ROOT

OWN: Final = f"{sys.version_info[0]}.{sys.version_info[1]}"
FAST: Final = ("-q", "-n", "auto", "--dist", "loadscope", "-m", "not slow")


def interpreters() -> Mapping[str, Path]:
    """Return an interpreter for each supported version of Python that this machine has."""
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
    # A shim of pyenv without a selected version exists, but fails.
    code = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"
    run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return run.stdout.strip() == version


def run(
    python: Path, folder: Path, arguments: Sequence[str], constraints: Path | None = None
) -> tuple[str, bool | None]:
    """
    Run the tests in a new environment.

    Args:
        python: The interpreter.
        folder: The folder of the environment.
        arguments: The arguments of pytest; if empty, the fast tests run.
        constraints: A file of constraints for pip. None for the newest versions.

    Returns:
        The last line of the output or the reason why the tests did not run, and whether they passed; None if they did
        not run.
    """
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    subprocess.run([python, "-m", "venv", folder], check=True, env=environment)
    own = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    uv = shutil.which("uv")
    pip: list[str | Path] = [own, "-m", "pip", "install", "--quiet"]
    if uv is None:
        subprocess.run([*pip, "--upgrade", "pip"], check=True, env=environment)
    else:
        pip = [uv, "pip", "install", "--quiet", "--python", own]
    # The SDKs of MCP need newer versions of what this package depends on.
    group = "dev" if constraints is None else "tools"
    install = [*pip, "--editable", f"{ROOT}[all]", "--group", f"{ROOT / 'pyproject.toml'}:{group}"]
    install += [] if constraints is None else ["--constraint", constraints]
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
    """Print the result of each version, and return 0 if no test failed."""
    found = interpreters()
    failed = False
    for version in PYTHONS:
        text = "not run: this machine has no such interpreter"
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
