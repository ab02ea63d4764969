"""
The texts of network errors, which name the server and the proxy and quote nothing that a server sent.
"""

import socket
import ssl
from collections.abc import Callable
from functools import partial
from types import FunctionType

import pytest

from oauth_cc import HttpRequest
from oauth_cc._io.httpx_connection import Connection
from oauth_cc._io.httpx_errors import raising_hook, say, socks_missing
from oauth_cc._io.network_errors import bare_proxy, is_cut_head, sentence, system_reason, tunnel_status

TOKEN_REQUEST = HttpRequest("POST", "https://as.example/token")
REFUSED = OSError(111, "Connection refused")
NO_TLS = ssl.SSLError("no TLS")


class OfALibrary(OSError):
    """An error of an HTTP library."""


def linked(
    error: BaseException, *, cause: BaseException | None = None, context: BaseException | None = None
) -> BaseException:
    """Return *error* with these links."""
    error.__cause__, error.__context__ = cause, context
    return error


@pytest.mark.parametrize(
    ("method", "url", "proxy", "expected"),
    [
        ("POST", "https://as.example/token", None, "token endpoint at as.example: away"),
        ("POST", "https://as.example:443/token", None, "token endpoint at as.example: away"),
        ("POST", "https://as.example:80/token", None, "token endpoint at as.example:80: away"),
        ("POST", "http://127.0.0.1/token", None, "token endpoint at 127.0.0.1: away"),
        ("GET", "http://[::1]:443/x", None, "metadata endpoint at [::1]:443: away"),
        (
            *("GET", "https://as.example/x", "p.example:3128"),
            "metadata endpoint at as.example: away; a proxy of the environment is used: p.example:3128",
        ),
    ],
)
def test_a_sentence_names_what_was_requested_and_the_proxy(
    method: str, url: str, proxy: str | None, expected: str
) -> None:
    """The default port of the scheme is left out."""
    assert sentence("away", HttpRequest(method, url), proxy) == expected


@pytest.mark.parametrize(
    "proxy",
    [
        "http://someone:secret@proxy.example:3128/",
        "http://proxy.example:3128",
        "http://some@one:sec//ret@proxy.example:3128",
        "someone:secret@proxy.example:3128",
        "proxy.example:3128",
    ],
)
def test_a_proxy_is_named_without_its_credentials(proxy: str) -> None:
    """The scheme is left out, too."""
    assert bare_proxy(proxy) == "proxy.example:3128"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (REFUSED, REFUSED),
        (NO_TLS, NO_TLS),
        (OSError("a text without a number"), None),
        (TimeoutError(110, "Connection timed out"), None),
        (OfALibrary(111, "Connection refused"), None),
        (ValueError("no OSError"), None),
        (linked(OfALibrary("wrapped"), cause=REFUSED, context=NO_TLS), NO_TLS),
        (linked(OfALibrary("wrapped"), cause=NO_TLS, context=REFUSED), NO_TLS),
        (linked(OfALibrary("wrapped"), context=REFUSED), REFUSED),
    ],
    ids=repr,
)
def test_the_reason_is_an_error_of_the_system_or_of_openssl(error: BaseException, expected: OSError | None) -> None:
    """The reason of OpenSSL says more."""
    assert system_reason(error) is expected


def test_an_unknown_host_is_a_reason_of_the_system() -> None:
    """Its class is in the module of sockets."""
    unknown = socket.gaierror(-2, "Name or service not known")
    assert system_reason(unknown) is unknown


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("Tunnel connection failed: 407 M4RKER"), 407),
        (ValueError(OSError("Tunnel connection failed: 502")), 502),
        (ValueError(OSError("Tunnel connection failed: none"), OSError("Tunnel connection failed: 403 no")), 403),
        (OSError("Tunnel connection failed: 4071"), None),
        (OSError("no Tunnel connection failed: 407 x"), None),
        (OfALibrary("Tunnel connection failed: 407 x"), None),
        (ValueError("Tunnel connection failed: 407 x"), None),
    ],
    ids=repr,
)
def test_the_status_of_a_refused_tunnel_is_found(error: BaseException, expected: int | None) -> None:
    """The text after it comes from the proxy."""
    assert tunnel_status(error) == expected


@pytest.mark.parametrize(
    ("status", "version", "headers", "expected"),
    [
        (200, 11, [("Date", "Mo")], True),
        (200, 11, [], True),
        (200, 11, [("Content-Length", "")], True),
        (200, 11, [("Content-Length", "0")], False),
        (200, 11, [("Date", "Mo"), ("TRANSFER-ENCODING", "chunked")], False),
        (200, 11, [("Connection", "close")], False),
        (200, 10, [("Date", "Mo")], False),
        (204, 11, [("Date", "Mo")], False),
    ],
)
def test_a_head_without_an_end_is_cut(
    status: int, version: int, headers: list[tuple[str, str]], expected: bool
) -> None:
    """RFC 9112 sections 6.3 and 9.6."""
    assert is_cut_head(status, version, headers) is expected


@pytest.mark.parametrize(
    ("url", "connected_to", "is_own", "expected"),
    [
        ("https://as.example/token", None, True, "as.example: away"),
        ("https://as.example/token", ("as.example", 443), True, "as.example: away"),
        ("https://[::1]:8443/token", ("::1", 8443), True, "[::1]:8443: away"),
        (
            *("https://as.example/token", ("as.example", 3128), True),
            "as.example: away; a proxy of the environment is used: as.example:3128",
        ),
        (
            *("https://as.example/token", ("p.example", 443), False),
            "as.example: away; the client uses a proxy: p.example:443",
        ),
    ],
)
def test_a_sentence_names_the_proxy_that_a_connection_was_made_to(
    url: str, connected_to: tuple[str, int] | None, is_own: bool, expected: str
) -> None:
    """A connection from a pool was made before, and its address is not known."""
    connection = Connection(is_own=is_own)
    connection.connected_to = connected_to
    assert say("away", HttpRequest("POST", url), connection) == f"token endpoint at {expected}"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p.example:3128"}, None),
        (
            {"HTTPS_PROXY": "http://p.example:3128", "ALL_PROXY": "SOCKS5h://someone:s3cret@socks.example:1080"},
            "socks.example:1080",
        ),
    ],
    ids=["none", "http", "socks"],
)
def test_a_missing_package_for_socks_is_named_where_the_environment_has_such_a_proxy(
    environment: dict[str, str], proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another missing package is not explained."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    expected = (
        "token endpoint at as.example: httpx needs socksio for a SOCKS proxy; install httpx[socks]"
        f"; a proxy of the environment is used: {proxy}"
    )
    assert socks_missing(TOKEN_REQUEST, "httpx") == (None if proxy is None else expected)


def calling(module: str) -> Callable[[Callable[[], object]], object]:
    """Return a function of *module*, whose name is that of the module, that calls another function."""

    def through(function: Callable[[], object]) -> object:
        return function()

    name = module.replace(".", "_")
    return FunctionType(through.__code__.replace(co_name=name, co_qualname=name), {"__name__": module})


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (["httpx2._client", "theirs"], "the response hook theirs of the client"),
        (["oauth_cc._io.x", "httpx2._client", "theirs.logs", "x"], "the response hook theirs_logs of the client"),
        (["httpx2_tools.hooks"], "the response hook httpx2_tools_hooks of the client"),
        (["httpx"], "the response hook httpx of the client"),
        (["httpx2", "oauth_cc", "httpx2._client", "oauth_cc._io.x"], "a response hook of the client"),
    ],
)
def test_a_hook_that_raised_is_named_by_the_first_function_beyond_the_library(
    modules: list[str], expected: str
) -> None:
    """The hook may be a function of the library."""
    step: Callable[[], object] = partial(int, "of the hook")
    for module in reversed(modules):
        step = partial(calling(module), step)
    with pytest.raises(ValueError, match="of the hook") as caught:
        step()
    assert caught.value.__traceback__ is not None
    # Without the frame of this test.
    assert raising_hook(caught.value.with_traceback(caught.value.__traceback__.tb_next), "httpx2") == expected
