"""
``python -m tests.typecheck``: check downstream programs with four type checkers in their strict modes, print a table.

Each checker must accept each program of ``tests/typing``, and refuse each program of ``tests/typing/refused`` at the
line that ends in ``# refused`` and at no other, for every supported version of Python. ``--python 3.12`` checks one
version; ``--readme`` prints the lists and the table of `tests/typing/README.md`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeAlias

import attrs

ROOT: Final = Path(__file__).parent.parent
PROGRAMS: Final = ROOT / "tests" / "typing"
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
MARK: Final = re.compile(r"# refused(?: by (?P<checkers>[a-z, ]+))?$")

Lines: TypeAlias = Mapping[str, frozenset[int]]
"""Line numbers by file name."""


@attrs.frozen
class Checker:
    """
    A type checker.

    Args:
        name: Its name.
        command: Returns the command for a version of Python and an interpreter.
        found: Returns the lines with errors in the checker's output.
        settings: Returns the files that turn its strict mode on and name the folders of modules.
    """

    name: str
    command: Callable[[str, str], Sequence[str]]
    found: Callable[[str], Sequence[tuple[str, int]]]
    settings: Callable[[Sequence[str]], Mapping[str, str]]


def _lines(pattern: str) -> Callable[[str], Sequence[tuple[str, int]]]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda output: [(Path(name).name, int(line)) for name, line in compiled.findall(output)]


def _pyright(output: str) -> Sequence[tuple[str, int]]:
    diagnostics = json.loads(output)["generalDiagnostics"]
    return [
        (Path(diagnostic["file"]).name, diagnostic["range"]["start"]["line"] + 1)
        for diagnostic in diagnostics
        if diagnostic["severity"] == "error"
    ]


CHECKERS: Final = (
    Checker(
        "mypy",
        lambda version, python: (
            *(sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--no-error-summary", "--no-pretty"),
            *("--python-version", version, "--python-executable", python, "."),
        ),
        _lines(r"^(\S+?\.py):(\d+): error:"),
        lambda paths: {"mypy.ini": f"[mypy]\nstrict = true\ncache_dir = .mypy\nmypy_path = {':'.join(paths)}\n"},
    ),
    Checker(
        "pyright",
        lambda version, python: (
            *(sys.executable, "-m", "pyright", "--outputjson", "--pythonversion", version, "--pythonpath", python),
        ),
        _pyright,
        lambda paths: {
            "pyrightconfig.json": json.dumps(
                {
                    "include": ["."],
                    "typeCheckingMode": "strict",
                    "extraPaths": paths,
                }
            )
        },
    ),
    Checker(
        "pyrefly",
        lambda version, python: (
            *(sys.executable, "-m", "pyrefly", "check", "--output-format", "min-text", "--summary=none"),
            *("--python-version", version, "--python-interpreter-path", python),
        ),
        _lines(r"^\s*ERROR (\S+?\.py):(\d+):"),
        lambda paths: {
            "pyrefly.toml": f"project-includes = ['**/*.py']\nsearch-path = {json.dumps(paths)}\npreset = 'strict'\n"
        },
    ),
    Checker(
        "ty",
        lambda version, python: (
            *(sys.executable, "-m", "ty", "check", "--output-format", "concise", "."),
            *("--python-version", version, "--python", python),
        ),
        _lines(r"^(\S+?\.py):(\d+):\d+: error"),
        lambda paths: {"ty.toml": f"[environment]\nextra-paths = {json.dumps(paths)}\n[rules]\nall = 'error'\n"},
    ),
)


def marked(program: Path, checker: str) -> frozenset[int]:
    """Return the numbers of the lines of *program* that *checker* should refuse."""
    marks = [MARK.search(line) for line in program.read_text("utf-8").splitlines()]
    by = [None if mark is None else mark["checkers"] or checker for mark in marks]
    return frozenset(number for number, named in enumerate(by, 1) if named is not None and checker in named)


def check(
    checker: Checker,
    programs: Sequence[Path],
    version: str,
    *,
    python: str = sys.executable,
    paths: Sequence[str] = (str(ROOT / "typings"), str(ROOT)),
) -> Lines:
    """
    Return the lines of *programs* that *checker* refuses.

    The programs are copied to a temporary folder, so that no setting of this project applies.

    Args:
        checker: The type checker.
        programs: The programs.
        version: The version of Python.
        python: The interpreter whose packages the programs import.
        paths: Further folders of modules.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, text in checker.settings(list(paths)).items():
            Path(folder, name).write_text(text, "utf-8")
        for program in programs:
            Path(folder, program.name).write_bytes(program.read_bytes())
        # Checkers ask the interpreter for its module folders, and PYTHONPATH would add to them.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = checker.command(version, python)
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        found = checker.found(run.stdout)
        if run.returncode not in (0, 1) or (run.returncode == 1) != bool(found):
            raise RuntimeError(f"{checker.name} failed:\n{run.stdout}\n{run.stderr}")
    return {program.name: frozenset(line for name, line in found if name == program.name) for program in programs}


def table(found: Mapping[str, Mapping[str, Lines]], programs: Sequence[Path]) -> tuple[str, bool]:
    """
    Return a table of programs by checker, and whether each result is the expected one.

    Args:
        found: The refused lines by checker and version.
        programs: The programs.
    """
    width = max(len(program.stem) for program in programs)
    rows = [f"{'':<{width}}  expected   " + "".join([f"{name:<10}" for name in found]).rstrip()]
    good = True
    for program in programs:
        cells = [_cell(program, name, versions) for name, versions in found.items()]
        good = good and not any(cell.isupper() for cell in cells)
        wish = "refused" if program.parent.name == "refused" else "accepted"
        rows.append(f"{program.stem:<{width}}  {wish:<9}  " + "".join([f"{cell:<9} " for cell in cells]).rstrip())
    return "\n".join(rows), good


def _cell(program: Path, checker: str, versions: Mapping[str, Lines]) -> str:
    expected = marked(program, checker)
    for version, lines in versions.items():
        if lines[program.name] != expected:
            return f"{_wrong(expected, lines[program.name])} ({version})"
    return "refused" if expected else "accepted"


def _wrong(expected: frozenset[int], lines: frozenset[int]) -> str:
    if not lines:
        return "ACCEPTED"
    return "ELSEWHERE" if expected else f"REFUSED {min(lines)}"


def readme() -> str:
    """Return the generated part of the guide: the programs to be accepted, and which checker refuses which other."""
    names = [checker.name for checker in CHECKERS]
    accepted, refused = ([p for p in all_programs() if (p.parent.name == "refused") is kind] for kind in (False, True))
    rows = [f"{len(accepted)} programs that each checker accepts:", ""]
    rows += [f"- [{_spoken(program)}]({program.name})" for program in accepted]
    rows += ["", f"{len(refused)} programs that a checker refuses (✓):", ""]
    rows += [f"| | {' | '.join(names)} |", f"| --- |{' :-: |' * len(names)}"]
    for program in refused:
        marks = ["✓" if marked(program, name) else "–" for name in names]
        rows.append(f"| {_spoken(program)} | {' | '.join(marks)} |")
    return "\n".join(rows)


def _spoken(program: Path) -> str:
    return program.stem.replace("_", " ")


def all_programs() -> list[Path]:
    """Return every program, the programs to accept first."""
    return [*sorted(PROGRAMS.glob("*.py")), *sorted((PROGRAMS / "refused").glob("*.py"))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table for the requested versions of Python, and return 0 if every result is the expected one."""
    parser = argparse.ArgumentParser(prog="python -m tests.typecheck", description="Check downstream programs.")
    parser.add_argument("--python", choices=PYTHONS, help="check this version alone")
    parser.add_argument("--readme", action="store_true", help="print what the guide lists, and check nothing")
    options = parser.parse_args(arguments)
    if options.readme:
        print(readme())
        return 0
    programs = all_programs()
    versions = [options.python] if options.python else PYTHONS
    runs = [(checker, version) for checker in CHECKERS for version in versions]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda run: check(run[0], programs, run[1]), runs))
    found: dict[str, dict[str, Lines]] = {checker.name: {} for checker in CHECKERS}
    for (checker, version), lines in zip(runs, results, strict=True):
        found[checker.name][version] = lines
    text, good = table(found, programs)
    right = sum([program.parent.name != "refused" for program in programs])
    print(f"{text}\n\n{right} programs to accept and {len(programs) - right} to refuse, by each of")
    print(f"{', '.join(found)} for Python {', '.join(versions)}: {'as expected' if good else 'NOT AS EXPECTED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
