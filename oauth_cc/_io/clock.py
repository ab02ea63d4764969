"""
The world as flows see it: the clock, and chance.
"""

import random
import time
import uuid

from oauth_cc.flows.effects import Moment


def moment() -> Moment:
    """Gives the present moment."""
    # Chance spreads retries here; it hides nothing, so it need not be cryptographic.
    return Moment(time.time(), uuid.uuid4().hex, random.random())  # noqa: S311
