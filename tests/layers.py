"""
The layers of the package: which modules are pure, by their place in it.
"""

from pathlib import Path
from typing import Final

import oauth_cc

PACKAGE: Final = Path(oauth_cc.__file__).parent
IMPURE: Final = frozenset(
    {"jose", "stores", "_io", "httpx2", "httpx", "requests", "aiohttp", "compat", "testing", "cli"}
)
"""What performs effects, or serves programs that do. Every other module is pure: no I/O, clock or randomness."""


def _is_pure(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py") not in IMPURE | {"__main__"}


PURE: Final = sorted([str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if _is_pure(path)])
"""The files of pure modules, relative to the package."""
