"""
Downstream programs under four type checkers.
"""

from pathlib import Path

import pytest

from tests.typecheck import CHECKERS, PROGRAMS, all_programs, check, main, marked, readme, table


def test_programs_are_accepted_or_refused_as_they_should_be(capsys: pytest.CaptureFixture[str]) -> None:
    """Each program by each checker, in its strict mode, at its line; CI does so for every version of Python."""
    assert main(["--python", "3.11"]) == 0, capsys.readouterr().out


def test_there_are_programs_of_both_kinds() -> None:
    """At least a hundred and fifty are to be refused, each at one line, and the name of none is that of a package."""
    refused = [program for program in all_programs() if program.parent.name == "refused"]
    assert len(refused) >= 150
    for program in refused:
        assert len(frozenset[int]().union(*[marked(program, checker.name) for checker in CHECKERS])) == 1, program.name
    assert not any(marked(program, "mypy") for program in all_programs() if program not in refused)


def test_the_guide_says_which_checker_refuses_what() -> None:
    """It holds what ``python -m tests.typecheck --readme`` prints."""
    assert readme() in (PROGRAMS / "README.md").read_text("utf-8")


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker.name)
def test_a_program_that_is_not_as_it_should_be_is_noticed(checker: object, tmp_path: Path) -> None:
    """A wrong program without its mark, a right one with it, and a mark at the wrong line."""
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


def test_one_version_that_differs_is_enough() -> None:
    """A program that is as it should be for one version of Python, and not for another, is named with the latter."""
    program = PROGRAMS / "builders.py"
    found = {"3.11": {program.name: frozenset[int]()}, "3.12": {program.name: frozenset({7})}}
    text, good = table({"mypy": found}, [program])
    assert not good
    assert text.endswith("REFUSED 7 (3.12)")
