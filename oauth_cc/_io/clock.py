"""
The clock and the random source of flows.
"""

import os
import time
from random import SystemRandom

from oauth_cc.flows.effects import Moment


def moment() -> Moment:
    """Return the current time, a unique id and a random number."""
    # Not the shared generator of `random`: a renewal in the background would change what a program draws after a seed.
    return Moment(time.time(), os.urandom(16).hex(), SystemRandom().random())
