"""
The shell over aiohttp: token requests, a source of tokens, and the client middleware that puts them on calls.
"""

try:
    from oauth_cc.aiohttp._auth import ClientCredentialsAuth
    from oauth_cc.aiohttp._discovery import fetch_metadata, from_issuer
    from oauth_cc.aiohttp._sending import fetch_token
    from oauth_cc.aiohttp._source import AsyncTokenSource
except ImportError as _error:
    raise ImportError("oauth_cc.aiohttp needs aiohttp and anyio: install oauth_cc[aiohttp]") from _error

__all__ = ["AsyncTokenSource", "ClientCredentialsAuth", "fetch_metadata", "fetch_token", "from_issuer"]


def __dir__() -> list[str]:
    return __all__
