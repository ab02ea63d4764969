"""
The output of an error, to search for secrets.
"""

import pickle
import traceback
from pathlib import Path

from oauth_cc import OAuthError

TESTS = str(Path(__file__).parent)
MUTMUT = "/mutmut/"
"""In the path of the frames through which mutation testing calls every function, and which hold its arguments."""


def shown_by(error: BaseException) -> str:
    """
    Return everything that *error* can show: str, repr, args, pickle, and its tracebacks with local variables.

    The tracebacks are those of the whole chain of causes. They leave the frames of the tests out, as those contain the
    planted secrets.
    """
    texts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    if isinstance(error, OAuthError):
        texts.append(repr(pickle.dumps(error)))
    link: traceback.TracebackException | None = traceback.TracebackException.from_exception(error, capture_locals=True)
    while link is not None:
        texts += list(link.format_exception_only())
        frames = [each for each in link.stack if not each.filename.startswith(TESTS) and MUTMUT not in each.filename]
        texts += [f"{frame.name} {frame.locals}" for frame in frames]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)
