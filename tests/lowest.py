"""
``python -m tests.lowest``: run the tests with the lowest versions of the dependencies that pyproject.toml allows.

A least version is a promise. The environment has every extra at its least version, and the newest tools of the group
``tools`` that accept them. Arguments are passed to pytest; without arguments the fast tests run, as in CI.
"""

import re
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.interpreters import FAST, run
from tests.typecheck import ROOT

_REQUIREMENT: Final = re.compile(r"(?P<name>[-.\w]+)(?:\[[-,\w]+\])?>=(?P<version>[.\w]+)")
# The other tests that need the SDK of MCP are slow ones.
_TESTS: Final = (*FAST, "--ignore=tests/mcp_server.py")


def constraints() -> list[str]:
    """Return a pip constraint for each dependency of the package and its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    named = {requirement for requirements in lists for requirement in requirements}
    found = [_REQUIREMENT.fullmatch(name) for name in named if not name.startswith(f"{project['name']}[")]
    return sorted([f"{match['name']}=={match['version']}" for match in found if match is not None])


def main(arguments: Sequence[str]) -> int:
    """Run the tests, print what was run, and return 1 if they failed or could not run."""
    lowest = constraints()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "constraints.txt")
        path.write_text("\n".join([*lowest, ""]), "utf-8")
        line, passed = run(Path(sys.executable), Path(folder, "venv"), arguments or _TESTS, constraints=path)
    print(f"{', '.join(lowest)}: {line}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
