"""
The removal of tracebacks from errors. Their frames hold requests, and requests hold secrets.
"""

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


def chain(error: BaseException) -> list[BaseException]:
    """
    Return *error* and every error linked to it, each once.

    Links are `__cause__`, `__context__`, the errors of a group, as trio raises, and the attribute `reason` and the
    arguments, where urllib3 keeps errors.
    """
    found: list[BaseException] = []
    links: list[object] = [error]
    while links:
        link = links.pop()
        if isinstance(link, BaseException) and not any(link is one for one in found):
            found.append(link)
            links += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
            links += getattr(link, "exceptions", ())
    return found


def strip_tracebacks(error: E) -> E:
    """Return *error* after removing every traceback of its `chain`. Log tools print the local variables of frames."""
    for link in chain(error):
        link.__traceback__ = None
    return error
