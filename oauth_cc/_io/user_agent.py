"""
The User-Agent of token and metadata requests. Some firewalls refuse a request without one.
"""

from typing import Final

from oauth_cc import __version__
from oauth_cc.http import HttpRequest

USER_AGENT: Final = f"oauth_cc/{__version__}"
"""The product of this library (RFC 9110 section 10.1.5)."""


def with_user_agent(request: HttpRequest) -> HttpRequest:
    """
    Return *request* with the User-Agent of this library, or as it is if it has one.

        >>> named = HttpRequest("POST", "https://as.example/token", {"user-agent": "shop/1"})
        >>> with_user_agent(named).headers
        (('user-agent', 'shop/1'),)
    """
    if any(name.lower() == "user-agent" for name, _ in request.headers):
        return request
    return request.with_header("User-Agent", USER_AGENT)
