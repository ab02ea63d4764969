"""
Help for your own tests: a real authorization server in the process (extra ``testing``).

Its decisions are Authlib's, not this library's: the two check each other.
"""

from oauth_cc.testing.authority import Client, TokenRequestSeen
from oauth_cc.testing.server import AuthorizationServer

__all__ = ["AuthorizationServer", "Client", "TokenRequestSeen"]
