"""
The pure modules of the package, and the tests that need no other modules.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import oauth_cc

PACKAGE: Final = Path(oauth_cc.__file__).parent
TESTS: Final = Path(__file__).parent
IMPURE: Final = frozenset(
    "jose stores _io httpx2 httpx requests aiohttp compat testing integrations cli settings tls workload".split()
)
"""Modules that perform effects, and modules for programs that do. All other modules do no I/O."""

PORTABLE: Final = frozenset({"attrs", "hypothesis", "oauthlib", "pytest"})
"""Packages in pure Python that tests of pure modules may import. `.ci/python314` installs them."""

NATIVE: Final = frozenset(
    {"asyncio", "concurrent", "importlib", "multiprocessing", "socket", "ssl", "subprocess", "threading"}
)
"""Modules that need threads, processes or sockets, which WebAssembly lacks; and importlib, which hides an import."""


def _is_pure(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py") not in IMPURE | {"__main__"}


PURE: Final = sorted([str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if _is_pure(path)])
"""The files of pure modules, relative to the package."""


@cache
def _imported(path: Path) -> Sequence[str]:
    """Return the dotted names that the file *path* imports, at its top or in a function."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@cache
def _is_portable(name: str) -> bool:
    """Return whether the import of the dotted *name* needs pure Python and pure modules only."""
    top, _, rest = name.partition(".")
    if top == "oauth_cc":
        # Names that load on first use stand for the module that they load.
        loaded = oauth_cc._LOADED_WHEN_USED.get(rest, name)
        return not IMPURE.intersection(loaded.split(".")[1:2])
    if top == "tests":
        return all([_is_portable(inner) for file in _files(name) for inner in _imported(file)])
    return top in PORTABLE or top in sys.stdlib_module_names - NATIVE


def _files(name: str) -> Iterator[Path]:
    """Yield the file of tests/ that the dotted *name* stands for: a module, or a name in a module."""
    parts = name.split(".")[1:]
    candidates = [TESTS.joinpath(*parts[:count]).with_suffix(".py") for count in range(1, len(parts) + 1)]
    yield from [path for path in candidates if path.exists()]


PURE_TESTS: Final = sorted(
    [
        str(path.relative_to(TESTS.parent))
        for path in TESTS.rglob("test_*.py")
        if all([_is_portable(name) for name in _imported(path)])
    ]
)
"""The files of tests that import pure modules only, relative to the repository."""
