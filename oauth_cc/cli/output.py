"""
The output of the command line and its exit codes.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TextIO

import attrs

DONE: Final = 0
REFUSED: Final = 1
BAD_INPUT: Final = 2
NO_ANSWER: Final = 3
TRY_LATER: Final = 4
NOT_WRITTEN: Final = 5
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
"""The last two are those of a shell for SIGINT and SIGPIPE."""


@attrs.frozen
class Output:
    """
    The output of a command.

    Args:
        text: The text that the command prints, or None if it could not print what comes before.
        code: Its exit code.
    """

    text: str | None
    code: int = DONE


def write(text: str) -> int:
    """Print *text* to stdout, and return the exit code: `DONE`, `NOT_WRITTEN` or `CLOSED_PIPE`."""
    return _attempt(lambda stdout: print(text, file=stdout))


def flush() -> int:
    """Write what was printed to stdout, and return the exit code as `write` does."""
    return _attempt(lambda _: None)


def _attempt(printing: Callable[[TextIO], None]) -> int:
    stdout = _opened(sys.stdout)
    if stdout is None:
        say("standard output is closed, so the result was not printed")
        return NOT_WRITTEN
    try:
        printing(stdout)
        stdout.flush()
    except BrokenPipeError:
        _silence(stdout)
        return CLOSED_PIPE
    except OSError as error:
        _silence(stdout)
        say(f"the result was not printed: {error.strerror}")
        return NOT_WRITTEN
    return DONE


def say(sentence: str) -> None:
    """Print *sentence* to stderr after the name of the program. If stderr cannot be written, nothing happens."""
    note(f"oauth-cc: {sentence}")


def note(text: str) -> None:
    """Print *text* to stderr, as `say` does, without the name of the program."""
    stderr = _opened(sys.stderr)
    if stderr is None:
        return
    try:
        print(text, file=stderr)
        stderr.flush()
    except OSError:
        _silence(stderr)


def _opened(stream: TextIO | None) -> TextIO | None:
    # None if the process was started with the descriptor closed. `print` would then write to another stream.
    return stream


def _silence(stream: TextIO) -> None:
    # The interpreter flushes both streams at exit, and would fail again.
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
