"""
``python -m tests.mutants --sample 500 --seed 1``: change the code at random, one place at a time, and count the changes
that a test notices.

The sample is stratified by file. The same seed draws the same mutants of the same code. The project is copied to
``--folder``, as it is committed; a folder that exists is used again, with its mutants and the record of what each test
reaches, so that a later run begins at once.
"""

import argparse
import math
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_KILLED: Final = ("killed", "timeout", "segfault", "caught by type check")
_Z: Final = 1.96


def sample(mutants: Mapping[str, str], size: int, seed: int) -> list[str]:
    """
    Return *size* mutants at random: as many of each file as its share of all, give or take one.

    Args:
        mutants: The names of the mutants, with their files.
        size: How many to draw.
        seed: What the choice depends on.
    """
    drawing = random.Random(seed)
    shuffled = sorted(sorted(mutants), key=lambda name: (mutants[name], drawing.random()))
    step = max(1.0, len(shuffled) / size)
    start = drawing.random() * step
    return [shuffled[int(start + step * index)] for index in range(min(size, len(shuffled)))]


def interval(killed: int, total: int) -> tuple[float, float]:
    """
    Return the 95 % confidence interval of a share (Wilson).

        >>> [round(bound, 3) for bound in interval(460, 500)]
        [0.893, 0.941]

    Args:
        killed: How many of the sample were killed.
        total: The size of the sample.
    """
    share, factor = killed / total, 1 + _Z**2 / total
    middle = (share + _Z**2 / (2 * total)) / factor
    half = _Z * math.sqrt(share * (1 - share) / total + _Z**2 / (4 * total**2)) / factor
    return middle - half, middle + half


def _copied(folder: Path) -> None:
    if not (folder / ".git").exists():
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)  # noqa: S607 - as developers do


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sample in a copy of the project, and print the result."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=500, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=60.0, help="of tests for one mutant, the quickest tests first")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "oauth_cc-mutants"))
    parser.add_argument("tests", nargs="*", help="paths of tests, in place of all; fewer tests notice fewer changes")
    given = parser.parse_args(arguments)
    _copied(given.folder)
    os.chdir(given.folder)
    # Reads the configuration of the folder that it is imported in.
    from tests.mutants import engine

    if given.tests:
        engine.select(given.tests)
    if not engine.STATS.exists():
        engine.generate(given.processes)
        engine.record(given.processes)
    names = sample(engine.mutants(), given.sample, given.seed)
    missing = [verdict.name for verdict in engine.verdicts(names) if verdict.status == "not checked"]
    if missing:
        engine.run(missing, given.processes, given.seconds)
    found = engine.verdicts(names)
    counts = Counter([verdict.status for verdict in found])
    killed = sum([counts[status] for status in _KILLED])
    low, high = interval(killed, len(found))
    for verdict in found:
        if verdict.status not in _KILLED:
            print(f"\n{verdict.status}: {verdict.name}\n{engine.difference(verdict.name)}")
    print(f"\n{len(engine.mutants())} mutants, of which {len(found)} were drawn with seed {given.seed}: {dict(counts)}")
    print(f"{killed / len(found):.1%} noticed; with 95 % confidence {low:.1%} to {high:.1%} of all mutants")
    return 0


if __name__ == "__main__":
    sys.exit(main())
