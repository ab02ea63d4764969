"""
A replacement for requests-oauthlib's session, for the client credentials grant: change one import.
"""

from oauth_cc.compat.requests_oauthlib._session import OAuth2Session
from oauth_cc.compat.requests_oauthlib._types import TokenUpdated

__all__ = ["OAuth2Session", "TokenUpdated"]


def __dir__() -> list[str]:
    return __all__
