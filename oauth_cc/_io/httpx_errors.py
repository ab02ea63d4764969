"""
The texts of network errors and log lines on httpx2 and httpx.
"""

import traceback
from collections.abc import Mapping
from typing import Final
from urllib.request import getproxies

from oauth_cc._io.httpx_connection import Connection
from oauth_cc._io.network_errors import bare_proxy, sentence, system_reason
from oauth_cc._io.tracebacks import strip_tracebacks
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
    reason = system_reason(error)
    if reason is not None:
        text = f"{text} ({reason})"
    error.args = (say(text, request, connection),)
    error.__cause__ = error.__context__ = None
    if reason is not None:
        reason.__cause__ = reason.__context__ = None
        error.__cause__ = reason
    strip_tracebacks(error)


def say(text: str, request: HttpRequest, connection: Connection) -> str:
    """
    Return *text* with the server that *request* is sent to, and with the proxy of *connection*.

        >>> say("no response", HttpRequest("POST", "https://as.example/token"), Connection(is_own=True))
        'token endpoint at as.example: no response'

    Args:
        text: What happened.
        request: The token request, or the request for metadata.
        connection: The connection. If it leads to a proxy, the text names the host and port of the proxy.
    """
    called = origin(request.url)
    if connection.connected_to in (None, (called.host.strip("[]"), called.port)):
        return sentence(text, request)
    proxy = ":".join(map(str, connection.connected_to))
    if connection.is_own:
        return sentence(text, request, proxy)
    return sentence(f"{text}; the client uses a proxy: {proxy}", request)


def socks_missing(request: HttpRequest, library: str) -> str | None:
    """
    Return the text for a SOCKS proxy of the environment that *library* cannot use. None if the environment has none.

    Args:
        request: The request. The text names its server.
        library: The name of the HTTP library, which lacks the package ``socksio``.
    """
    found = next((proxy for proxy in getproxies().values() if proxy.lower().startswith("socks")), None)
    if found is None:
        return None
    return sentence(f"{library} needs socksio for a SOCKS proxy; install {library}[socks]", request, bare_proxy(found))


def raising_hook(error: Exception, library: str) -> str:
    """
    Return a name for the response hook that raised *error*: the function that raised, or whose call raised.

    Args:
        error: The error that the user's response hook raised.
        library: The name of the HTTP library. Its own functions are not named.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module: object = frame.f_globals.get("__name__")
        if str(module).partition(".")[0] not in (library, "oauth_cc"):
            return f"the response hook {frame.f_code.co_qualname} of the client"
    return "a response hook of the client"
