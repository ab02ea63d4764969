"""
The shell over requests: token requests, a source of tokens, and the auth that puts them on calls.
"""

try:
    from oauth_cc.requests._auth import ClientCredentialsAuth
    from oauth_cc.requests._discovery import fetch_metadata, from_issuer
    from oauth_cc.requests._sending import fetch_token
    from oauth_cc.requests._source import TokenSource
except ImportError as _error:
    raise ImportError("oauth_cc.requests needs requests: install oauth_cc[requests]") from _error

__all__ = ["ClientCredentialsAuth", "TokenSource", "fetch_metadata", "fetch_token", "from_issuer"]


def __dir__() -> list[str]:
    return __all__
