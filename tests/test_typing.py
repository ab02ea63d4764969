"""
Downstream programs under four type checkers.
"""

from pathlib import Path

import pytest

from tests.typecheck import CHECKERS, PROGRAMS, all_programs, check, main, marked, readme, table


@pytest.mark.slow
def test_programs_are_accepted_or_refused_as_expected(capsys: pytest.CaptureFixture[str]) -> None:
    """Each strict checker accepts or refuses each program, at the expected line; CI runs every version of Python."""
    assert main(["--python", "3.11"]) == 0, capsys.readouterr().out


def test_each_refused_program_has_one_mistake() -> None:
    """At least 150 programs are to be refused, each at one line; no accepted program has a mark."""
    refused = [program for program in all_programs() if program.parent.name == "refused"]
    assert len(refused) >= 150
    for program in refused:
        assert len(frozenset[int]().union(*[marked(program, checker.name) for checker in CHECKERS])) == 1, program.name
    assert not any(marked(program, "mypy") for program in all_programs() if program not in refused)


def test_the_guide_holds_the_generated_table() -> None:
    """The guide contains the output of ``python -m tests.typecheck --readme``."""
    assert readme() in (PROGRAMS / "README.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_an_unexpected_result_is_found(checker: object, tmp_path: Path) -> None:
    """A wrong program without a mark, a right program with one, and a mark at the wrong line are found."""
    (known,) = [one for one in CHECKERS if one is checker]
    texts = {
        "wrong_unmarked.py": "from oauth_cc import Scope\n\nScope.of(1)\n",
        "right_marked.py": 'from oauth_cc import Scope\n\nScope.of("a")  # refused\n',
        "marked_elsewhere.py": 'from oauth_cc import Scope\n\nScope.of(1)\nScope.of("a")  # refused\n',
    }
    programs = [tmp_path / name for name in texts]
    for program in programs:
        program.write_text(texts[program.name], "utf-8")
    text, good = table({known.name: {"3.11": check(known, programs, "3.11")}}, programs)
    assert not good
    assert [line.split()[2] for line in text.splitlines()[1:]] == ["REFUSED", "ACCEPTED", "ELSEWHERE"]


def test_one_unexpected_version_is_named() -> None:
    """A result that is unexpected for one version of Python names that version."""
    program = PROGRAMS / "builders.py"
    found = {"3.11": {program.name: frozenset[int]()}, "3.12": {program.name: frozenset({7})}}
    text, good = table({"mypy": found}, [program])
    assert not good
    assert text.endswith("REFUSED 7 (3.12)")
