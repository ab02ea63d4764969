"""
The README's blocks.
"""

import ast
import re
from pathlib import Path

import oauth_cc

README = Path(oauth_cc.__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(match["language"], match["text"]) for match in BLOCK.finditer(README.read_text("utf-8"))]


def functions() -> dict[str, object]:
    """Gives what the Python blocks import, and the functions that they define; nothing else of them is run."""
    nodes = [node for language, text in BLOCKS if language == "python" for node in ast.parse(text).body]
    kept: list[ast.stmt] = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)]
    namespace: dict[str, object] = {}
    exec(compile(ast.Module(kept, type_ignores=[]), "README.md", "exec"), namespace)  # noqa: S102  # what this is for
    return namespace
