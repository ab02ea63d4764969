"""
The output of the command line where it cannot be written, and what ``--verbose`` hides.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TextIO

import httpx2
import pytest

from oauth_cc import HttpRequest
from oauth_cc.cli.output import CLOSED_PIPE, DONE, NOT_WRITTEN, flush, say, write
from oauth_cc.cli.parsing import Parser
from oauth_cc.cli.trace import trace, values_of


@contextmanager
def full_disk() -> Iterator[TextIO]:
    """Open a stream to a full disk."""
    stream = open("/dev/full", "w")  # noqa: PTH123, SIM115  # closed below, where its buffer may be full
    try:
        yield stream
    finally:
        stream.close()


@contextmanager
def closed_pipe() -> Iterator[TextIO]:
    """Open a stream whose reader is gone."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    try:
        yield stream
    finally:
        stream.close()


def test_a_full_disk_is_said_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Closing the stream, as the interpreter does at exit, does not fail again."""
    with full_disk() as stream:
        monkeypatch.setattr("sys.stdout", stream)
        assert write("text") == NOT_WRITTEN
    assert capsys.readouterr().err == "oauth-cc: the result was not printed: No space left on device\n"


def test_a_closed_pipe_is_silent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The reader wants no more."""
    with closed_pipe() as stream:
        monkeypatch.setattr("sys.stdout", stream)
        assert write("text") == CLOSED_PIPE
    assert capsys.readouterr().err == ""


def test_a_closed_output_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A process that is started without standard output has None in its place."""
    monkeypatch.setattr("sys.stdout", None)
    assert (write("text"), flush()) == (NOT_WRITTEN, NOT_WRITTEN)
    assert capsys.readouterr().err.startswith("oauth-cc: standard output is closed")


def test_an_error_output_that_cannot_be_written_is_ignored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing else can be done, and nothing goes to standard output instead."""
    monkeypatch.setattr("sys.stderr", None)
    say("sentence")
    with full_disk() as stream:
        monkeypatch.setattr("sys.stderr", stream)
        say("sentence")
    assert capsys.readouterr().out == ""


def test_help_that_cannot_be_written_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Help and version use the exit codes of other output."""
    parser = Parser(prog="oauth-cc")
    with full_disk() as stream:
        monkeypatch.setattr("sys.stdout", stream)
        with pytest.raises(SystemExit) as stopped:
            parser.parse_args(["--help"])
    assert stopped.value.code == NOT_WRITTEN


def test_a_parser_exits_with_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    """The message goes to standard error."""
    with pytest.raises(SystemExit) as stopped:
        Parser(prog="oauth-cc").exit(DONE, "bye\n")
    assert (stopped.value.code, capsys.readouterr().err) == (DONE, "bye\n")


@pytest.mark.parametrize(
    ("authorization", "body", "hidden"),
    [
        ("Basic %%%", b"", ["Basic %%%"]),
        ("Basic /////w==", b"", ["Basic /////w==", "/////w=="]),
        ("Basic aWQ6cyUyMGVjcmV0", b"", ["Basic aWQ6cyUyMGVjcmV0", "aWQ6cyUyMGVjcmV0", "s ecret"]),
        ("Bearer tok-1", b"api_key=value&scope=a", ["Bearer tok-1", "tok-1", "value"]),
        ("Bearer tok-1", b'{"key": "value", "number": 12345}', ["Bearer tok-1", "tok-1", "value"]),
        ("Bearer tok-1", b"%", ["Bearer tok-1", "tok-1"]),
    ],
)
def test_every_hidden_value_is_known(authorization: str, body: bytes, hidden: list[str]) -> None:
    """A server may repeat any of them."""
    request = HttpRequest("POST", "https://as.example/", {"Authorization": authorization}, body)
    assert [value.reveal() for value in values_of(request)] == hidden


def test_an_answer_that_is_read_by_async_code_is_not_traced() -> None:
    """The clients of the command line are for threads."""

    class Stream(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b""

    printed: list[str] = []
    with httpx2.Client() as client:
        trace(client, printed.append)
        response = httpx2.Response(200, stream=Stream())
        client.event_hooks["response"][0](response)
    assert (printed, isinstance(response.stream, Stream)) == ([], True)
