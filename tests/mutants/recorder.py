"""
A plugin of pytest that records which mutated functions each test reaches, in every process of pytest-xdist.

mutmut records the same in one process, which takes as many times longer as there are processors.
"""

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest
from mutmut.state import state

FOLDER: Final = "MUTANTS_RECORDED"
"""The environment variable with the folder for the records."""

_reached: defaultdict[str, list[str]] = defaultdict(list)
_seconds: defaultdict[str, float] = defaultdict(float)
_failed: set[str] = set()


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Record what the test reached."""
    hits: set[str] = vars(state())["_stats"]
    for function in hits:
        _reached[function].append(item.nodeid)
    hits.clear()


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Record how long the test took, and whether it failed."""
    _seconds[item.nodeid] += call.duration
    if call.excinfo is not None:
        _failed.add(item.nodeid)


def pytest_sessionfinish() -> None:
    """Write the record of this process."""
    record = {"reached": _reached, "seconds": _seconds, "failed": sorted(_failed)}
    Path(os.environ[FOLDER], f"{os.getpid()}.json").write_text(json.dumps(record), "utf-8")
