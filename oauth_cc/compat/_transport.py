"""
Where requests and tokens may go.
"""

import os
import re
from typing import Final

_UNSENDABLE: Final = re.compile(r"[\x00-\x20\x7F-\x9F]")


def check_transport(url: str) -> None:
    """
    Sees to it that *url* is https, unless the environment has ``OAUTHLIB_INSECURE_TRANSPORT``, and is one URL.

    Raises InsecureTransportError, or ValueError if it holds a space or a control character.

        >>> check_transport("https://as.example/token")
    """
    # The everyday spelling is tried first: looking into the environment costs as much as all the rest.
    if not (isinstance(url, str) and url.startswith("https://")) and _is_insecure(url):
        # Imported here because it looks for oauthlib, which only errors need.
        from oauth_cc.compat._errors import InsecureTransportError

        raise InsecureTransportError
    if isinstance(url, str) and (" " in url or not url.isprintable()) and _UNSENDABLE.search(url):
        raise ValueError("the URL holds a space or a control character: percent-encode it (RFC 3986)")


def _is_insecure(url: str) -> bool:
    return not os.environ.get("OAUTHLIB_INSECURE_TRANSPORT") and not url.lower().startswith("https://")
