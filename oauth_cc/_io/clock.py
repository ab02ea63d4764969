"""
The world as flows see it: the clock, and chance.
"""

import os
import random
import time

from oauth_cc.flows.effects import Moment


def moment() -> Moment:
    """Gives the present moment."""
    # Chance spreads retries here; it hides nothing, so it need not be cryptographic.
    return Moment(time.time(), os.urandom(16).hex(), random.random())  # noqa: S311  # spreads retries
