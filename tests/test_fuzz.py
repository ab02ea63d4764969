"""
The targets of `tests.fuzz`, called a few times each.
"""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import inputs
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_accepts_its_seeds_and_edits_of_them(name: str) -> None:
    """``python -m tests.fuzz`` goes on for minutes."""

    @settings(max_examples=20)
    @given(inputs(TARGETS[name]) | st.binary(max_size=64))
    def call(data: bytes) -> None:
        TARGETS[name].call(data)

    for seed in TARGETS[name].seeds:
        TARGETS[name].call(seed)
    call()


@pytest.mark.slow
def test_the_command_reports_its_calls() -> None:
    """It ends when its time is over."""
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "0.01", "--target", "form"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("form ")
    assert done.stdout.splitlines()[-1].endswith(" calls")
