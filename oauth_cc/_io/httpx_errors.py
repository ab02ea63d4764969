"""
The text of a network error on httpx2 or httpx.

The text of the library may quote what a server sent, and that may be a token. So it is replaced.
"""

import ssl
from collections.abc import Mapping
from typing import Final

from oauth_cc._io.httpx_connection import Connection
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._wire.url import DEFAULT_PORTS
from oauth_cc.endpoint import origin
from oauth_cc.http import HttpRequest

# By the name of the error's class in both libraries.
_TEXTS: Final[Mapping[str, str]] = {
    "ConnectTimeout": "no connection within {timeout:g} seconds",
    "PoolTimeout": "no free connection in the client's pool within {timeout:g} seconds",
    "TimeoutException": "no complete response within {timeout:g} seconds",
    "ConnectError": "no connection",
    "NetworkError": "the connection broke",
    "ProxyError": "the proxy did not connect",
    "RemoteProtocolError": "the connection was closed early, or the response is not HTTP",
    "LocalProtocolError": "the request is not HTTP",
}
_SYSTEM: Final = frozenset({"builtins", "ssl", "socket"})


def describe(error: Exception, request: HttpRequest, connection: Connection, timeout: float) -> None:
    """
    Replace the text of *error*, and drop every linked error but the reason of the operating system or OpenSSL.

    Args:
        error: The error of the library.
        request: The request that it ended. The text names its server.
        connection: The connection. If it was made to a proxy, the text names the proxy.
        timeout: The timeout of the attempt in seconds.
    """
    names = [kind.__name__ for kind in type(error).__mro__]
    text = next((_TEXTS[name] for name in names if name in _TEXTS), "no response").format(timeout=timeout)
    reason = _reason(error)
    if reason is not None and not isinstance(reason, TimeoutError):
        text = f"{text} ({reason})"
    error.args = (sentence(text, request, connection),)
    error.__cause__ = error.__context__ = None
    if reason is not None:
        reason.__cause__ = reason.__context__ = None
        error.__cause__ = reason
    strip_tracebacks(error)


def sentence(text: str, request: HttpRequest, connection: Connection) -> str:
    """
    Return *text* with the server that *request* is sent to, and with the proxy of *connection*.

        >>> sentence("no response", HttpRequest("POST", "https://as.example/token"), Connection(is_own=True))
        'token endpoint at as.example: no response'
    """
    called = origin(request.url)
    host, port = called.host.strip("[]"), called.port
    named = called.host if port == DEFAULT_PORTS[called.scheme] else f"{called.host}:{port}"
    text = f"{'token' if request.method == 'POST' else 'metadata'} endpoint at {named}: {text}"
    if connection.connected_to in (None, (host, port)):
        return text
    proxy = ":".join(map(str, connection.connected_to))
    return f"{text}; the connection goes through the proxy {proxy}{' of the environment' if connection.is_own else ''}"


def _reason(error: Exception) -> OSError | None:
    # Texts of the operating system and of OpenSSL quote nothing that a server sent.
    found = [link for link in chain(error) if isinstance(link, OSError) and type(link).__module__ in _SYSTEM]
    return max(found, key=lambda link: (isinstance(link, ssl.SSLError), link.errno is not None), default=None)
