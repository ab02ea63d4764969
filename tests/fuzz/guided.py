"""
``python -m tests.fuzz.guided NAME SECONDS``: fuzz one target with atheris, which follows the coverage of the package.

A process of its own, as atheris ends the process with the run.
"""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.typecheck import ROOT


def run(name: str, seconds: float) -> int:
    """
    Fuzz one target, and return the number of calls.

    Args:
        name: The name of the target.
        seconds: For how long, at least a second.

    Raises:
        RuntimeError: An input broke a promise. The text has the traceback and the input.
    """
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(max(1, round(seconds)))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    counted = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    if done.returncode != 0 or not counted:
        raise RuntimeError(f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return int(counted[0])


def main(name: str, seconds: str) -> None:
    """Fuzz, and end the process."""
    atheris: Any = importlib.import_module("atheris")
    # The package must be imported here and not before, to be instrumented.
    with atheris.instrument_imports(include=["oauth_cc"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            (corpus / str(number)).write_bytes(seed)
        escaped = ["".join([f"\\x{octet:02x}" for octet in piece]) for piece in target.pieces]
        words.write_text("".join([f'"{word}"\n' for word in escaped]), "ascii")
        options = [f"-max_total_time={seconds}", f"-dict={words}", "-max_len=4096", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={folder}/", *options], target.call)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
