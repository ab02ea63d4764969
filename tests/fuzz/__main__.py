"""
``python -m tests.fuzz --minutes 10``: fuzz every parser that takes foreign bytes, each for the same time.

atheris edits valid inputs and follows the coverage of the package, if it is installed. Otherwise Hypothesis edits them,
and shrinks an input that breaks a promise, which is slower. The number of calls is printed for each target. The suite
does not run it; `tests/test_fuzz.py` calls each target a few times.
"""

import argparse
import importlib.util
import sys
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import guided
from tests.fuzz.targets import TARGETS, Target

_BATCH = 200


@st.composite
def inputs(draw: st.DrawFn, target: Target) -> bytes:
    """Draw an input of *target*: a seed with a few edits."""
    data = draw(st.sampled_from(target.seeds))
    pieces = st.sampled_from(target.pieces) | st.sampled_from(target.seeds) | st.binary(max_size=4)
    for place, length, piece in draw(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), pieces), max_size=5)):
        start = place % (len(data) + 1)
        data = data[:start] + piece + data[start + length :]
    return data


def fuzz(target: Target, seconds: float) -> int:
    """Call *target* for so many *seconds*, and return the number of calls."""
    end, calls = time.monotonic() + seconds, 0

    @settings(max_examples=_BATCH, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs(target) | st.binary(max_size=64))
    def call(data: bytes) -> None:
        nonlocal calls
        if time.monotonic() < end:
            calls += 1
            target.call(data)

    while time.monotonic() < end:
        call()
    return calls


def main() -> int:
    """Fuzz each target. Return 1 if an input broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together")
    parser.add_argument("--target", choices=sorted(TARGETS), help="only this one")
    arguments = parser.parse_args()
    names = [arguments.target] if arguments.target else list(TARGETS)
    has_atheris = importlib.util.find_spec("atheris") is not None
    seconds, total = arguments.minutes * 60 / len(names), 0
    for name in names:
        calls = guided.run(name, seconds) if has_atheris else fuzz(TARGETS[name], seconds)
        total += calls
        print(f"{name:<16}{calls:>10,} calls", flush=True)
    print(f"{'all':<16}{total:>10,} calls")
    return 0


if __name__ == "__main__":
    sys.exit(main())
