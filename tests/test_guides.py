"""
Every example of every guide runs, and prints what the guide says.
"""

import contextlib
import importlib.util
import io
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from oauth_cc.cli import main
from tests.guides import (
    CLIENT_SECRET,
    GUIDES,
    LINK,
    ROOT,
    anchors,
    as_printed,
    blocks,
    localized,
    name,
    needs_mcp,
    prose,
    standing_in,
)

COMMANDS = r"""
    python3 -m venv \.venv-demo && \.venv-demo/bin/pip install --quiet '\.\[cli,testing\]' && .*oauth-cc demo
    python3 -m venv \.venv && .*--editable '\.\[all\]' --group dev && \.venv/bin/python -m pytest .*
    pip install '?oauth_cc(\[(?P<extras>[a-z0-9,-]+)\])?'?
    python -c "(?P<program>.*)"
    python -m (?P<module>tests\.[\w.]+)(?P<options>.*)
"""
"""The commands that guides may show: what a newcomer and CI run, and what is checked here."""


def run_python(guide: Path, folder: Path) -> None:
    """Run the Python blocks of *guide*, with its files in *folder*, and compare each output with the text below it."""
    found = blocks(guide)
    namespace: dict[str, object] = {"__name__": "guide"}
    with standing_in(folder, mcp=needs_mcp(guide)) as urls:
        for index, block in enumerate(found):
            if block.language != "python":
                continue
            following = found[index + 1] if index + 1 < len(found) else None
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                # Line numbers of a traceback are those of the guide.
                text = "\n" * (block.line - 1) + localized(block.text, urls)
                exec(compile(text, guide, "exec"), namespace)  # noqa: S102  # what this test is for
            expected = following.text if following is not None and following.language == "text" else ""
            assert as_printed(printed.getvalue(), urls) == expected, f"{name(guide)}:{block.line}"


@pytest.mark.parametrize(
    "guide",
    # An MCP server takes a moment to start.
    [pytest.param(guide, marks=[pytest.mark.slow] if needs_mcp(guide) else []) for guide in GUIDES],
    ids=name,
)
def test_python_blocks_run_and_print_what_stands_below_them(
    guide: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They run one after the other in a folder of their own, as a reader would type them."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("TOKEN_STORE_KEYS", Fernet.generate_key().decode())
    monkeypatch.chdir(tmp_path)
    run_python(guide, tmp_path)


@pytest.mark.parametrize("guide", GUIDES, ids=name)
def test_command_lines_print_what_stands_below_them(
    guide: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They run one after the other, with a client secret in the environment. Three dots stand for any text."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", CLIENT_SECRET)
    text = "".join([block.text for block in blocks(guide) if block.language == "console"])
    with standing_in(tmp_path) as urls:
        for session in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = session.partition("\n")
            program, *arguments = shlex.split(localized(command, urls))
            assert program == "oauth-cc"
            assert main(arguments) == 0
            pattern = re.escape(expected).replace(r"\.\.\.", ".+")
            assert re.fullmatch(pattern, as_printed(capsys.readouterr().out, urls))


@pytest.mark.parametrize("guide", GUIDES, ids=name)
def test_commands_of_a_shell_are_those_that_are_run_elsewhere_or_exist(guide: Path) -> None:
    """An extra, a module and an option that a guide names exist, and a line of Python runs."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    known = [line.strip() for line in COMMANDS.strip().splitlines()]
    for command in [line for block in blocks(guide) if block.language == "sh" for line in block.text.splitlines()]:
        (match,) = [match for match in (re.fullmatch(line, command.partition("  #")[0]) for line in known) if match]
        parts = match.groupdict()
        assert set((parts.get("extras") or "all").split(",")) <= set(extras)
        if (program := parts.get("program")) is not None:
            subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True)
        if (module := parts.get("module")) is not None:
            spec = importlib.util.find_spec(
                f"{module}.__main__" if (ROOT / module.replace(".", "/")).is_dir() else module
            )
            assert spec is not None
            assert spec.origin is not None
            options = re.findall(r"--[\w-]+", parts["options"])
            assert all(f'"{option}"' in Path(spec.origin).read_text("utf-8") for option in options)


@pytest.mark.parametrize("guide", GUIDES, ids=name)
def test_no_block_is_of_a_kind_that_nothing_runs(guide: Path) -> None:
    """A block of text stands below a block of Python that prints it."""
    found = [block.language for block in blocks(guide)]
    assert set(found) <= {"python", "text", "console", "sh"}
    assert all(above == "python" for above, below in zip(["", *found], found, strict=False) if below == "text")
    assert "```" not in prose(guide)


@pytest.mark.parametrize("guide", GUIDES, ids=name)
def test_links_lead_to_files_and_headings_that_exist(guide: Path) -> None:
    """A link to another site is not followed."""
    targets = [match["target"] for match in LINK.finditer(prose(guide))]
    for target in [target for target in targets if not target.startswith("https://")]:
        path, _, anchor = target.partition("#")
        found = (guide.parent / path).resolve() if path else guide
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_the_readme_has_the_two_commands_of_a_newcomer() -> None:
    """CI runs the second one as it stands there."""
    commands = [block.text for block in blocks(ROOT / "README.md") if block.text.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert "<!-- the tests -->\n```sh\n" + commands[1] in (ROOT / "README.md").read_text("utf-8")


def test_a_guide_that_is_wrong_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error, another output, output that the guide does not show, a dead link, a block without a language."""
    monkeypatch.setattr("tests.guides.ROOT", tmp_path)
    guide = tmp_path / "README.md"
    prints = "```python\nprint(1)\n```\n"
    for text in ("```python\n1 / 0\n```\n", f"{prints}\n```text\n2\n```\n", prints):
        guide.write_text(text, "utf-8")
        with pytest.raises((ZeroDivisionError, AssertionError)):
            run_python(guide, tmp_path)
    guide.write_text("[no such file](nothing.md), [no such heading](#nothing)\n\n```\nno language\n```\n", "utf-8")
    for check in (test_no_block_is_of_a_kind_that_nothing_runs, test_links_lead_to_files_and_headings_that_exist):
        with pytest.raises(AssertionError):
            check(guide)
