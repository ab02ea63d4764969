"""
Short-lived daemon threads, on which the library does what a caller must be able to leave.
"""

import contextvars
import threading
from collections.abc import Callable


def start(name: str, work: Callable[[], object]) -> bool:
    """
    Run *work* on a daemon thread of its own, with a copy of the caller's context variables.

    Args:
        name: What the thread does. Its name is this after "oauth_cc ".
        work: A function that handles its own errors.

    Returns:
        False if no thread can be started: at the limit of the machine, or while the interpreter shuts down. *work* has
        not been called then.
    """
    run = contextvars.copy_context().run
    try:
        threading.Thread(target=run, args=(work,), name=f"oauth_cc {name}", daemon=True).start()
    except RuntimeError:
        return False
    return True
