"""
The ready-made dialects.
"""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from oauth_cc import Dialect, dialects


def described() -> dict[str, str]:
    """Return the docstring below each constant of the module."""
    body = ast.parse(Path(dialects.__file__).read_text("utf-8")).body
    found: dict[str, str] = {}
    for constant, below in pairwise(body):
        text = below.value if isinstance(below, ast.Expr) else None
        if isinstance(constant, ast.AnnAssign) and isinstance(text, ast.Constant):
            found[ast.unparse(constant.target)] = str(text.value)
    return found


@pytest.mark.parametrize("name", dialects.__all__)
def test_a_dialect_differs_from_the_default(name: str) -> None:
    """A server that follows the RFC needs none."""
    dialect = getattr(dialects, name)
    assert isinstance(dialect, Dialect)
    assert dialect != Dialect()
    assert dialect.departures()


@pytest.mark.parametrize("name", dialects.__all__)
def test_a_dialect_says_where_it_is_from_when_and_how_sure_it_is(name: str) -> None:
    """A, B or C; the module explains the letters."""
    assert re.search(r"^Source: .+; 20\d\d-\d\d; [ABC]\.", described()[name], re.MULTILINE | re.DOTALL)


def test_no_dialect_is_left_out() -> None:
    """Every dialect of the module is public, under one name."""
    own = [name for name, item in vars(dialects).items() if isinstance(item, Dialect)]
    assert own == dialects.__all__
    assert len({getattr(dialects, name) for name in own}) == len(own)
