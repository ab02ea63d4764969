"""
The clock and the random source of flows.
"""

import os
import random
import time

from oauth_cc.flows.effects import Moment


def moment() -> Moment:
    """Return the current time, a unique id and a random number."""
    return Moment(time.time(), os.urandom(16).hex(), random.random())  # noqa: S311  # spreads retries, and protects nothing
