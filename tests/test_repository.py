"""
The files for contributors in .github and .ci: what they name exists, and workflows have no more rights than they need.
"""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.layers import PACKAGE, PORTABLE, PURE_TESTS
from tests.lowest import constraints

ROOT = PACKAGE.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CLASSIFIERS = PROJECT["classifiers"]


def test_the_map_of_the_code_names_existing_files_only() -> None:
    """It is part of CONTRIBUTING."""
    text = (GITHUB / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+(?:/\w+)*(?:\.py|/))`", text))
    assert len(named) > 20
    assert not [name for name in named if not (PACKAGE / name).exists() and not (ROOT / name).exists()]


@pytest.mark.parametrize(
    ("document", "section"),
    [("SECURITY.md", "### What is defended"), ("CONTRIBUTING.md", "## How the running program is tested")],
)
def test_the_tables_of_what_is_tested_name_tests_that_exist(document: str, section: str) -> None:
    """Each row ends in tests: files, or tests in them."""
    text = (GITHUB / document).read_text("utf-8")
    _, _, shown = text.partition(section)
    rows = [row for row in shown.partition("##")[0].splitlines() if row.startswith("| ")][2:]
    assert len(rows) > 14
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row.rpartition(" | ")[2])
        assert named, row
        for file, name in named:
            assert not name or name in _functions(file), f"{file}::{name}"


@cache
def _functions(file: str) -> frozenset[str]:
    nodes = ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
    return frozenset([node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)])


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_right_by_default_and_actions_pinned_by_hash(workflow: Path) -> None:
    """Each job names the rights that it needs, and a comment names the version that a hash stands for."""
    text = workflow.read_text("utf-8")
    assert "\npermissions: {}\n" in text
    assert "write" not in text
    actions = re.findall(r"uses: (.*)", text)
    assert actions
    assert not [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)]


def test_the_workflow_tests_every_supported_python() -> None:
    """The classifiers name the versions: .ci/run tests all but the last, and .ci/python314 the last."""
    text = (GITHUB / "workflows" / "ci.yml").read_text("utf-8")
    versions = [name.rpartition(" ")[2] for name in CLASSIFIERS if ":: Python :: 3." in name]
    (matrix,) = re.findall(r"python-version: \[(.*)\]", text)
    assert [*re.findall(r"[\d.]+", matrix), "3.14"] == versions
    assert all(f"run: .ci/{name}" in text for name in ("check", "run", "python314"))
    assert "-m tests.lowest" in text


def test_each_dependency_has_a_least_version() -> None:
    """CI runs the tests with exactly these."""
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    named = {re.split(r"[\[<>=!~ ]", each)[0] for requirements in lists for each in requirements} - {PROJECT["name"]}
    pinned = [each.partition("==")[0] for each in constraints()]
    assert sorted(named) == sorted(pinned)
    assert "urllib3" in named


def test_tests_that_import_pure_modules_only_are_found() -> None:
    """`.ci/python314` runs them: nearly all tests of pure modules, and no test that needs a socket or a native part."""
    assert {f"tests/test_{name}.py" for name in ("scope", "response", "challenge", "renewal")} < set(PURE_TESTS)
    assert not {f"tests/test_{name}.py" for name in ("source", "jose", "layers", "exports")} & set(PURE_TESTS)
    assert len(PURE_TESTS) > 20


def test_what_tests_of_pure_modules_import_is_installed_for_python_3_14() -> None:
    """`.ci/python314` names the packages for pip."""
    text = (ROOT / ".ci" / "python314").read_text("utf-8")
    assert f":all: {' '.join(sorted(PORTABLE))}\n" in text
