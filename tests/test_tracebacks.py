"""
Removal of tracebacks from errors.
"""

import traceback

from oauth_cc._io.tracebacks import chain, strip_tracebacks


class Wrapped(Exception):
    """An error that keeps another error, as urllib3's errors do."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__("wrapped", reason)
        self.reason = reason


def raised() -> BaseException:
    """Return an error with a cause, whose context keeps two more errors."""
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


def test_chain_lists_every_linked_error_once() -> None:
    """Some errors are linked more than once."""
    assert [RuntimeError, OSError, Wrapped, KeyError] == [type(link) for link in chain(raised())]


def test_chain_lists_the_errors_of_a_group() -> None:
    """On trio a connection that no address accepts has one error for each address."""
    refused = OSError(111, "refused")
    assert refused in chain(ExceptionGroup("all attempts failed", [refused]))


def test_chain_follows_every_kind_of_link() -> None:
    """Each linked error has a cause of its own."""
    named = {kind: OSError(kind) for kind in ("cause", "context", "reason", "argument", "group")}
    for each in named.values():
        each.__cause__ = LookupError(each.args[0])
    error = ExceptionGroup("all attempts failed", [named["group"]])
    error.__cause__, error.__context__ = named["cause"], named["context"]
    vars(error)["reason"] = named["reason"]
    wrapping = RuntimeError("no token", named["argument"])
    error.__cause__.__context__ = wrapping
    found = chain(error)
    assert len(found) == 12
    assert {str(link) for link in found if type(link) is OSError} == set(named)
    assert {str(link) for link in found if type(link) is LookupError} == set(named)


def test_chain_ends_when_errors_link_to_each_other() -> None:
    """The context of an error may lead back to the error."""
    first, second = ValueError("a"), ValueError("a")
    first.__context__, second.__context__ = second, first
    assert [first, second] == chain(first)


def test_strip_tracebacks_leaves_no_frame_with_a_secret() -> None:
    """The error stays the same object, and no linked error keeps a traceback."""
    error = raised()
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "M4RKER" in shown
    assert error is strip_tracebacks(error)
    assert "M4RKER" not in "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert all(link.__traceback__ is None for link in chain(error))
