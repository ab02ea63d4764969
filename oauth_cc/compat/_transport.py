"""
The URLs that requests and tokens may be sent to.
"""

import os
import re
from typing import Final

_UNSENDABLE: Final = re.compile(r"[\x00-\x20\x7F-\x9F]")


def check_transport(url: str) -> None:
    """
    Check that *url* is https, unless the environment has ``OAUTHLIB_INSECURE_TRANSPORT``, and that it is a single URL.

    Raises InsecureTransportError, or ValueError if it contains a space or a control character.

        >>> check_transport("https://as.example/token")
    """
    # The common spelling first: reading the environment costs as much as all other checks.
    if not (isinstance(url, str) and url.startswith("https://")) and _is_insecure(url):
        # Imported here because it imports oauthlib, which only errors need.
        from oauth_cc.compat._errors import InsecureTransportError

        raise InsecureTransportError
    if isinstance(url, str) and (" " in url or not url.isprintable()) and _UNSENDABLE.search(url):
        raise ValueError("the URL must not contain a space or a control character; percent-encode it (RFC 3986)")


def _is_insecure(url: str) -> bool:
    return not os.environ.get("OAUTHLIB_INSECURE_TRANSPORT") and not url.lower().startswith("https://")
