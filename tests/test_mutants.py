"""
The sample of `python -m tests.mutants`.
"""

from collections import Counter

import pytest

from tests.mutants.__main__ import interval, sample

MUTANTS = {f"{file}{number}": file for file, size in {"a": 600, "b": 300, "c": 100}.items() for number in range(size)}


def test_a_sample_has_the_share_of_each_file() -> None:
    """And no mutant twice."""
    drawn = sample(MUTANTS, 100, seed=1)
    assert len(set(drawn)) == 100
    assert Counter([MUTANTS[name] for name in drawn]) == {"a": 60, "b": 30, "c": 10}


def test_a_seed_draws_the_same_sample_again() -> None:
    """In any order of the mutants. Another seed draws another one."""
    backwards = dict(reversed(MUTANTS.items()))
    assert sample(MUTANTS, 50, seed=7) == sample(backwards, 50, seed=7)
    assert sample(MUTANTS, 50, seed=7) != sample(MUTANTS, 50, seed=8)


def test_a_sample_of_more_than_all_is_all() -> None:
    """In any order."""
    assert sorted(sample(MUTANTS, 5000, seed=1)) == sorted(MUTANTS)


@pytest.mark.parametrize(
    ("killed", "total", "low", "high"), [(460, 500, 0.893, 0.941), (50, 50, 0.929, 1.0), (0, 50, 0.0, 0.071)]
)
def test_the_interval_is_that_of_wilson(killed: int, total: int, low: float, high: float) -> None:
    """As the tables of statistics have it."""
    assert [round(abs(bound), 3) for bound in interval(killed, total)] == [low, high]
