"""
The text of a network error of requests.
"""

from collections.abc import Mapping
from typing import Final

import requests

from oauth_cc._io.network_errors import sentence, system_reason, tunnel_status
from oauth_cc.http import HttpRequest

_TEXTS: Final[Mapping[type[requests.RequestException], str]] = {
    requests.ConnectTimeout: "no connection within {connecting:g} seconds",
    requests.Timeout: "no complete response within {reading:g} seconds",
    requests.exceptions.ProxyError: "the proxy did not connect",
    requests.exceptions.SSLError: "no TLS connection",
    requests.ConnectionError: "no connection, or it was closed early",
    requests.exceptions.ChunkedEncodingError: "the connection was closed early, or the response is not HTTP",
    requests.exceptions.RetryError: "the adapter of the session repeated the request without success",
}


def describe(
    error: requests.RequestException, request: HttpRequest, timeout: tuple[float, float], proxy: str | None = None
) -> None:
    """
    Replace the text of *error*, which may quote what the server sent, and the errors that led to it.

    Args:
        error: The error.
        request: The request that failed.
        timeout: The seconds for connecting, and for each read and the whole body.
        proxy: Host and port of the proxy that the environment names, if it was used.
    """
    reason = system_reason(error)
    error.args = (sentence(_text(error, reason, timeout), request, proxy),)
    # Of these an OSError composes its text if it was made of two arguments.
    del error.errno, error.strerror
    error.__cause__ = error.__context__ = None
    if reason is not None:
        reason.__cause__ = reason.__context__ = None
        error.__cause__ = reason


def _text(error: requests.RequestException, reason: OSError | None, timeout: tuple[float, float]) -> str:
    if error.args and all([isinstance(argument, str) for argument in error.args]):
        # The text of a test tool, of a hook or of this library: requests itself passes the errors of urllib3.
        return str(error)
    connecting, reading = timeout
    template = next((text for kind, text in _TEXTS.items() if isinstance(error, kind)), "no response")
    text = template.format(connecting=connecting, reading=reading)
    tunnel = tunnel_status(error)
    if tunnel is not None:
        return f"{text} (HTTP {tunnel})"
    return text if reason is None else f"{text} ({reason})"
