"""
mutmut by its parts: mutants, the tests that reach them, and runs of some of them. Each runs in the copy of the project.

The parts of mutmut are private, and `[tool.mutmut]` of pyproject.toml configures them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import mutmut.__main__ as mutmut
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.stats import save_stats, status_by_exit_code
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths, walk_mutatable_files
from mutmut.workers.isolation import ForkServerRunner

from tests.mutants.recorder import FOLDER

STATS: Final = Path("mutants/mutmut-stats.json")


def select(tests: Sequence[str]) -> None:
    """Use *tests* in place of the tests that pyproject.toml names."""
    config().pytest_add_cli_args_test_selection = list(tests)


def generate(processes: int) -> None:
    """Make the mutants, in so many *processes*."""
    set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    mutmut.create_mutants(processes)


def record(processes: int) -> None:
    """
    Run the tests without a mutant, in so many *processes*, and keep which function each of them reaches.

    A test that fails here counts calls or reads source code. It reaches nothing, so that it kills no mutant.
    """
    folder = Path("recorded").absolute()
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutants.recorder", "-n", str(processes)]
    command += ["--dist", "loadscope", *config().pytest_add_cli_args, *config().pytest_add_cli_args_test_selection]
    environment = {**os.environ, "MUTANT_UNDER_TEST": "stats", "PY_IGNORE_IMPORTMISMATCH": "1", FOLDER: str(folder)}
    subprocess.run(command, cwd="mutants", env=environment, check=False)
    for path in folder.iterdir():
        found = json.loads(path.read_text("utf-8"))
        for function, tests in found["reached"].items():
            state().tests_by_mangled_function_name[function] |= {*tests} - {*found["failed"]}
        state().duration_by_test.update(found["seconds"])
    save_stats()


def mutants() -> dict[str, str]:
    """Return the names of all mutants with their files."""
    return {name: str(each.path) for each in _files() for name in each.exit_code_by_key}


def run(names: Sequence[str], processes: int, seconds: float) -> None:
    """
    Run the tests on each of the mutants *names*.

    Args:
        names: The mutants.
        processes: How many run at once.
        seconds: How long the tests of one mutant take at most, quickest first, by the record.
    """
    submit = ForkServerRunner.submit

    def limited(runner: ForkServerRunner, name: str, tests: list[str], limit: int, estimate: float) -> None:
        chosen, total = list[str](), 0.0
        for test in sorted(tests, key=state().duration_by_test.__getitem__):
            total += state().duration_by_test[test]
            if total > seconds and chosen:
                break
            chosen.append(test)
        submit(runner, name, chosen, limit, min(estimate, seconds))

    # mutmut runs all tests, in any order, and all of them without a mutant before, which `record` did.
    setattr(ForkServerRunner, "submit", limited)  # noqa: B010 - the names of its parameters differ
    setattr(ForkServerRunner, "run_clean_tests", _passed)  # noqa: B010 - as above
    mutmut.cli.main(["run", "--max-children", str(processes), *names], standalone_mode=False)


def _passed(*_arguments: object, **_named: object) -> int:
    return 0


@attrs.frozen
class Verdict:
    """The *status* of the mutant *name* in the words of mutmut."""

    name: str
    status: str


def verdicts(names: Sequence[str]) -> list[Verdict]:
    """Return the verdict on each of *names*."""
    codes = {name: code for each in _files() for name, code in each.exit_code_by_key.items()}
    return [Verdict(name, status_by_exit_code[codes[name]]) for name in names]


def difference(name: str) -> str:
    """Return the change that the mutant *name* makes."""
    return get_diff_for_mutant(name, path=next(each.path for each in _files() if name in each.exit_code_by_key))


def _files() -> list[SourceFileMutationData]:
    found = [SourceFileMutationData(path=path) for path in walk_mutatable_files()]
    for each in found:
        each.load()
    return found
