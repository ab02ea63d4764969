"""
Measurements of functions and imports, and tables of their ratios.
"""

import os
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable, Mapping, Sequence

import attrs

ROUNDS = 9


@attrs.frozen
class Row:
    """
    One line of a table.

    Args:
        name: The title of the line.
        figures: The figure of each contestant. The first contestant is ours.
        aim: The ratio aimed at.
        met: Whether the aim is met, None without an aim.
    """

    name: str
    figures: Mapping[str, float]
    aim: str = ""
    met: bool | None = None


def microseconds(functions: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return microseconds a call for each of *functions*, measured in turns, as the best of several rounds."""
    timers = {name: timeit.Timer(function) for name, function in functions.items()}
    counts = {name: max(1, int(timer.autorange()[0] / 4)) for name, timer in timers.items()}
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(ROUNDS):
        for name, timer in timers.items():
            best[name] = min(best[name], timer.timeit(counts[name]) / counts[name] * 1e6)
    return best


# From /proc, because a child inherits the figure of getrusage from its parent.
_PEAK = """
import sys
try:
    print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))
except OSError:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def imports(statements: Mapping[str, str]) -> tuple[dict[str, float], dict[str, float]]:
    """Return milliseconds and MiB that each of *statements* adds to a bare interpreter, as medians of rounds."""
    # Users have compiled modules after the first import, so the modules are compiled here, too.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times: dict[str, list[float]] = {name: [] for name in ("bare", *statements)}
    peaks: dict[str, list[float]] = {name: [] for name in ("bare", *statements)}
    for turn in range(ROUNDS + 1):
        for name, statement in (("bare", "pass"), *statements.items()):
            started = timeit.default_timer()
            done = subprocess.run(
                [sys.executable, "-c", f"{statement}\n{_PEAK}"],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            )
            if turn:  # the first one compiles
                times[name].append((timeit.default_timer() - started) * 1e3)
                peaks[name].append(float(done.stdout) / 1024)
    base, floor = statistics.median(times["bare"]), statistics.median(peaks["bare"])
    return (
        {name: statistics.median(times[name]) - base for name in statements},
        {name: statistics.median(peaks[name]) - floor for name in statements},
    )


def show(title: str, unit: str, rows: Sequence[Row]) -> str:
    """Return a table of *rows*: the figure of each contestant in *unit*, and its ratio to ours."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    lines = [f"\n{title} ({unit}; in brackets: times ours)", _line(["", *names, "aim"])]
    for row in rows:
        ours = next(iter(row.figures.values()))
        cells = [_cell(row.figures[name], ours) if name in row.figures else "–" for name in names]
        verdict = "" if row.met is None else "met" if row.met else "MISSED"
        lines.append(_line([row.name, *cells, f"{row.aim} {verdict}".strip()]))
    return "\n".join(lines)


def _cell(figure: float, ours: float) -> str:
    return f"{figure:.2f} ({figure / ours:.1f}x)"


def _line(cells: Sequence[str]) -> str:
    first, *others = cells
    return f"{first:<30}" + "".join([f"{cell:>24}" for cell in others[:-1]]) + f"  {others[-1]}".rstrip()
