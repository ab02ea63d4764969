"""
The text of a network error.

The text of an HTTP library may quote what a server sent, and that may be a token. So it is replaced.
"""

import re
import ssl
from collections.abc import Iterable
from typing import Final

from oauth_cc._io.tracebacks import chain
from oauth_cc._wire.url import DEFAULT_PORTS
from oauth_cc.endpoint import origin
from oauth_cc.http import HttpRequest

# The text of http.client for a tunnel that a proxy refuses. The text after the status comes from the proxy.
_TUNNEL: Final = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")

_OK: Final = 200
_HTTP_1_1: Final = 11
_ENDINGS: Final = frozenset({"connection", "content-length", "transfer-encoding"})


def sentence(text: str, request: HttpRequest, proxy: str | None = None) -> str:
    """
    Return *text* with the server that *request* is sent to.

        >>> token_request = HttpRequest("POST", "https://as.example/token")
        >>> sentence("no connection", token_request, "proxy.example:3128")
        'token endpoint at as.example: no connection; a proxy of the environment is used: proxy.example:3128'

    Args:
        text: What happened.
        request: The token request, or the request for metadata.
        proxy: Host and port of the proxy that the environment names, if it was used.
    """
    called = origin(request.url)
    host = called.host if called.port == DEFAULT_PORTS[called.scheme] else f"{called.host}:{called.port}"
    text = f"{'token' if request.method == 'POST' else 'metadata'} endpoint at {host}: {text}"
    return text if proxy is None else f"{text}; a proxy of the environment is used: {proxy}"


def bare_proxy(proxy: str) -> str:
    """
    Return host and port of the URL *proxy*, without its credentials.

        >>> bare_proxy("http://someone:secret@proxy.example:3128/")
        'proxy.example:3128'
    """
    return proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")


def system_reason(error: BaseException) -> OSError | None:
    """Return the error of the operating system or of OpenSSL that led to *error*. It quotes nothing of a server's."""
    found = [link for link in chain(error) if isinstance(link, OSError) and _is_of_the_system(link)]
    return max(found, key=lambda link: isinstance(link, ssl.SSLError), default=None)


def tunnel_status(error: BaseException) -> int | None:
    """Return the status with which a proxy refused a tunnel, if that led to *error*."""
    found = [_TUNNEL.match(str(link)) for link in chain(error) if type(link) is OSError]
    return next((int(match[1]) for match in found if match), None)


def is_cut_head(status: int, version: int, headers: Iterable[tuple[str, str]]) -> bool:
    """
    Return whether a response without a body is the beginning of a head, which http.client takes for a whole response.

    A server that says how its response ends has sent the whole head. RFC 7009 allows a success without a body, and
    a server that ends it by closing the connection says so, or speaks HTTP/1.0 (RFC 9112 sections 6.3 and 9.6).

        >>> is_cut_head(200, 11, [("Date", "Mo")]), is_cut_head(200, 11, [("Connection", "close")])
        (True, False)

    Args:
        status: The status code.
        version: The version of HTTP, as http.client writes it.
        headers: The headers, of which the last one may be cut.
    """
    return (
        status == _OK
        and version == _HTTP_1_1
        and _ENDINGS.isdisjoint([name.lower() for name, value in headers if value])
    )


def _is_of_the_system(error: OSError) -> bool:
    own = type(error).__module__ in ("builtins", "ssl", "socket")
    return own and not isinstance(error, TimeoutError) and (error.errno is not None or isinstance(error, ssl.SSLError))
