"""
``python -m tests.reference [FOLDER]``: the API reference as HTML pages, by pdoc; a warning of pdoc is an error.

Without a folder, the pages are built and thrown away, as `.ci/check` does.
"""

import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import pdoc
import pdoc.doc
import pdoc.render

from tests.test_exports import MODULES, PUBLIC


class _Class(pdoc.doc.Class):
    """A public class, which has what it inherits from private ones as its own: its constructor among them."""

    def _taken_from(self, member_name: str, obj: object) -> tuple[str, str]:
        module, qualname = super()._taken_from(member_name, obj)
        own = module.startswith("oauth_cc.") and "._" in module
        return (self.modulename, f"{self.qualname}.{member_name}") if own else (module, qualname)


def build(folder: Path) -> None:
    """Write a page for each public module to *folder*."""
    for module in MODULES.values():
        # pdoc documents what a module holds; some names load on first use.
        for name in module.__all__:
            vars(module).setdefault(name, getattr(module, name))
    pdoc.doc.Class = _Class  # type: ignore[misc]  # the only way to have another one
    pdoc.render.configure(docformat="google")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # What a session inherits from requests has annotations that requests itself does not import.
        warnings.filterwarnings("ignore", r"Error parsing type annotation \S+ for requests\.")
        pdoc.pdoc(*PUBLIC, output_directory=folder)


def main(arguments: Sequence[str]) -> None:
    """Build the reference in the folder that *arguments* name, or in a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        build(Path(*arguments or [temporary]))


if __name__ == "__main__":
    main(sys.argv[1:])
