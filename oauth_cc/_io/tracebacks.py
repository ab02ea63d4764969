"""
Errors without the frames that they came through: these hold requests, and with them secrets.
"""

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


def chain(error: BaseException) -> list[BaseException]:
    """
    Gives *error* and every error that it came from: its causes, its contexts, and what urllib3 keeps as its reason or
    among its arguments.
    """
    found: list[BaseException] = []
    links: list[object] = [error]
    while links:
        link = links.pop()
        if isinstance(link, BaseException) and not any(link is one for one in found):
            found.append(link)
            links += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found


def strip_tracebacks(error: E) -> E:
    """Gives *error*, its whole `chain` without frames: tracebacks that show locals would print what they hold."""
    for link in chain(error):
        link.__traceback__ = None
    return error
