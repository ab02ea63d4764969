"""
A replacement for requests-oauthlib's session, for the client credentials grant: change one import.
"""

try:
    import requests
except ImportError as _error:
    raise ImportError("oauth_cc.compat.requests_oauthlib needs requests; install oauth_cc[requests]") from _error

from oauth_cc.compat.requests_oauthlib._session import OAuth2Session
from oauth_cc.compat.requests_oauthlib._types import TokenUpdated

del requests

__all__ = ["OAuth2Session", "TokenUpdated"]


def __dir__() -> list[str]:
    return __all__
