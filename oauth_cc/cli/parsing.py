"""
A parser of command lines whose errors never quote a value, as a value may be a secret in the wrong place.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from oauth_cc.cli.output import BAD_INPUT, DONE, flush, note, say, write

_OPTION: Final = re.compile(r"--[a-z][a-z-]{0,30}")
_SECRET: Final = re.compile(r"secret|password|token|assertion|credential")
_CHOICES: Final = " (choose from "


class Parser(argparse.ArgumentParser):
    """
    An argument parser whose errors are one sentence without any value.

    Pass ``allow_abbrev=False``, as an error about an abbreviation quotes the value behind ``=``.
    """

    def error(self, message: str) -> NoReturn:
        """Print *message* without values to stderr, and exit with code 2."""
        say(f"{without_values(message)}; see {self.prog} --help")
        self.exit(BAD_INPUT)

    def print_help(self, file: object = None) -> None:  # noqa: ARG002  # argparse never passes one
        """Print the help to stdout, and exit if that fails."""
        code = write(self.format_help().rstrip())
        if code != DONE:
            sys.exit(code)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """
        Print *message* to stderr and exit.

        Args:
            status: The exit code. If it is 0 and the output could not be written, the exit code says so.
            message: A line to print, or None.
        """
        if message:
            note(message.rstrip())
        sys.exit(status or flush())


def without_values(message: str) -> str:
    """
    Return an error *message* of argparse without the values that it quotes. The choices stay.

        >>> without_values("argument --format: invalid choice: 's3cret' (choose from 'json', 'token')")
        "argument --format: invalid choice (choose from 'json', 'token')"
        >>> without_values("argument --secret-stdin: ignored explicit argument 's3cret'")
        'argument --secret-stdin: ignored explicit argument'
    """
    shown = re.split(r":? ['\"]", message, maxsplit=1)[0]
    if shown.endswith("invalid choice"):
        # The last ones: a value may contain the same words.
        return f"{shown}{_CHOICES}{message.rpartition(_CHOICES)[2]}"
    return shown


def unrecognized(words: Sequence[str]) -> str:
    """
    Return the error for *words* that no option takes. It names options, and never what may be their value.

        >>> unrecognized(["--client-secret", "s3cret"])
        'unrecognized argument --client-secret; a secret is never an argument, as other users can read arguments'
        >>> unrecognized(["s3cret"])
        'unrecognized argument, which is not shown as it may be a secret'
    """
    names: list[str] = []
    value_follows = False
    for word in words:
        name, separator, _ = word.partition("=")
        is_option = not value_follows and _OPTION.fullmatch(name) is not None
        if is_option:
            names.append(name)
        value_follows = is_option and not separator
    if not names:
        return "unrecognized argument, which is not shown as it may be a secret"
    advice = "a secret is never an argument, as other users can read arguments"
    sentence = f"unrecognized argument {', '.join(names)}"
    return f"{sentence}; {advice}" if any([_SECRET.search(name) for name in names]) else sentence
