"""
Errors without the frames that they came through.
"""

import traceback

from oauth_cc._io.tracebacks import chain, strip_tracebacks


class Wrapped(Exception):
    """An error that keeps another one, as urllib3's do."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__("wrapped", reason)
        self.reason = reason


def raised() -> BaseException:
    """Gives an error with a cause, which has a context, which keeps two more."""
    secret = "M4RKER"
    try:
        try:
            try:
                try:
                    raise KeyError(len(secret))
                except KeyError as first:
                    raise Wrapped(first) from None
            except Wrapped:
                raise OSError("away")  # noqa: B904  # its context is what is tested
        except OSError as second:
            raise RuntimeError("no token") from second
    except RuntimeError as third:
        return third


def test_chain() -> None:
    """Every error once, though some are reached by several ways."""
    assert [RuntimeError, OSError, Wrapped, KeyError] == [type(link) for link in chain(raised())]


def test_a_circle() -> None:
    """An error that came from itself is one."""
    first, second = ValueError("a"), ValueError("a")
    first.__context__, second.__context__ = second, first
    assert [first, second] == chain(first)


def test_no_frame_is_left() -> None:
    """Whatever shows local variables shows none, and the error is the same."""
    error = raised()
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "M4RKER" in shown
    assert error is strip_tracebacks(error)
    assert "M4RKER" not in "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert all(link.__traceback__ is None for link in chain(error))
