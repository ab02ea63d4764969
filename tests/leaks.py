"""
What an error shows to whoever prints it.
"""

import pickle
import traceback
from pathlib import Path

from oauth_cc import OAuthError

TESTS = str(Path(__file__).parent)


def shown_by(error: BaseException) -> str:
    """
    Gives all that *error* shows: str, repr, args, its pickle, and its tracebacks with the local variables of each frame
    of a library, the whole chain down. The frames of the tests are left out: they hold the secrets they plant.
    """
    texts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    if isinstance(error, OAuthError):
        texts.append(repr(pickle.dumps(error)))
    link: traceback.TracebackException | None = traceback.TracebackException.from_exception(error, capture_locals=True)
    while link is not None:
        texts += list(link.format_exception_only())
        texts += [f"{frame.name} {frame.locals}" for frame in link.stack if not frame.filename.startswith(TESTS)]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)
