"""
Every example of the README runs, and prints what it says.
"""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from oauth_cc.cli import main
from tests.readme import BLOCKS


def test_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The Python blocks run one after the other, as a reader would type them, and print what stands below them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # Some write files.
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "readme"}
    for index, (language, text) in enumerate(BLOCKS):
        if language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(text, f"README.md block {index}", "exec"), namespace)  # noqa: S102  # what this test is for
            following = BLOCKS[index + 1] if index + 1 < len(BLOCKS) else ("", "")
            expected = following[1] if following[0] == "text" else ""
            assert printed.getvalue() == expected


def test_console(capsys: pytest.CaptureFixture[str]) -> None:
    """The command lines print what stands below them."""
    ((_, text),) = [block for block in BLOCKS if block[0] == "console"]
    for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = session.partition("\n")
        program, *arguments = shlex.split(command)
        assert program == "oauth-cc"
        assert main(arguments) == 0
        assert capsys.readouterr().out == expected


def test_languages() -> None:
    """No block is of a kind that nothing runs: sh blocks are the two commands, run by CI and by a newcomer."""
    assert {language for language, _ in BLOCKS} == {"python", "text", "console", "sh"}
    commands = [text for language, text in BLOCKS if language == "sh"]
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv") for command in commands)
