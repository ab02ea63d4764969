"""
The floors of the package, named once for the tests.
"""

from typing import Final

PURE: Final = (
    "errors several awaited secret base64url grammar form jsontext url content_coding http scope certificate challenge "
    "assertion authentication credentials request token freshness key response metadata profile dpop events effects "
    "exchange discovery renewal standing call"
).split()
"""Floors 0 to 3: no I/O, no clock, no chance."""

SHELLS_AND_FACES: Final = (
    "clock frames token_dict report stores desk jose proving threads tasks source async_source origins httpx_like "
    "httpx2 httpx requests aiohttp testing display demo cli __main__ compat"
).split()
"""Floors 4 and 5."""
