"""
The shell over requests: token requests, a source of tokens, the auth that puts them on calls, and a session with it.
"""

try:
    from oauth_cc.requests.auth import ClientCredentialsAuth
    from oauth_cc.requests.discovery import fetch_metadata, from_issuer
    from oauth_cc.requests.sending import DEFAULT_TIMEOUT, Timeout, fetch_token
    from oauth_cc.requests.session import OAuth2Session
    from oauth_cc.requests.source import TokenSource
except ImportError as _error:
    raise ImportError("oauth_cc.requests needs requests: install oauth_cc[requests]") from _error

__all__ = [
    "DEFAULT_TIMEOUT",
    "ClientCredentialsAuth",
    "OAuth2Session",
    "Timeout",
    "TokenSource",
    "fetch_metadata",
    "fetch_token",
    "from_issuer",
]
