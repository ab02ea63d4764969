"""
Cutting of a connection of http.client from another thread, over real sockets.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest
import trustme
from urllib3.util.ssltransport import SSLTransport

from oauth_cc._io.connection import Connection


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return a certificate authority."""
    return trustme.CA()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def with_socket(connected: object) -> HTTPConnection:
    """Return a connection of http.client with the socket *connected*."""
    made = HTTPConnection("as.example")
    vars(made)["sock"] = connected
    return made


@contextlib.contextmanager
def reading(read: Callable[[], bytes]) -> Iterator[list[bytes]]:
    """Call *read* on a thread, which must have ended after the block, and yield the list of what it returned."""
    found: list[bytes] = []

    def run() -> None:
        # A cut in the middle of TLS is an error.
        with contextlib.suppress(OSError):
            found.append(read())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield found
    thread.join(10)
    assert not thread.is_alive()


def is_cut(ours: socket.socket, theirs: socket.socket) -> bool:
    """Return whether neither end can be read or written."""
    ours.settimeout(0.01)
    theirs.settimeout(0.01)
    try:
        ended = (ours.recv(1), theirs.recv(1)) == (b"", b"")
    except TimeoutError:
        return False
    with pytest.raises(BrokenPipeError):
        ours.send(b"x")
    return ended


def test_a_cut_ends_a_read_that_another_thread_is_in(pair: tuple[socket.socket, socket.socket]) -> None:
    """http.client has dropped its socket by then, because the response owns it."""
    ours, theirs = pair
    connection, made = Connection(), with_socket(ours)
    connection.watch(made)
    connection.connected()
    made.sock = None
    with reading(lambda: ours.recv(1)) as found:
        connection.cut()
    assert found == [b""]
    assert is_cut(ours, theirs)


def test_a_connection_that_is_not_cut_stays_as_it_is(pair: tuple[socket.socket, socket.socket]) -> None:
    """Both ends can be read."""
    ours, theirs = pair
    connection = Connection()
    connection.watch(with_socket(ours))
    connection.connected()
    assert not is_cut(ours, theirs)


def test_a_cut_ends_a_tunnel_that_a_proxy_does_not_complete(pair: tuple[socket.socket, socket.socket]) -> None:
    """The connection is watched, and is not connected yet."""
    ours, theirs = pair
    connection = Connection()
    connection.watch(with_socket(ours))
    with reading(lambda: ours.recv(1)) as found:
        connection.cut()
    assert found == [b""]
    assert is_cut(ours, theirs)


@pytest.mark.parametrize("is_watched", [False, True])
def test_a_connection_that_is_made_after_the_cut_is_cut_as_well(
    is_watched: bool, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Finding the address may take longer than the timeout."""
    ours, theirs = pair
    connection = Connection()
    made = with_socket(None)
    if is_watched:
        connection.watch(made)
    connection.cut()
    connection.watch(made)
    made.sock = ours
    connection.connected()
    assert is_cut(ours, theirs)


def test_a_cut_of_what_was_never_made_or_has_ended_is_not_an_error(pair: tuple[socket.socket, socket.socket]) -> None:
    """The deadline may pass at any time."""
    connection = Connection()
    connection.connected()
    connection.cut()
    ours, _ = pair
    ended = Connection()
    ended.watch(with_socket(ours))
    ended.connected()
    ours.close()
    ended.cut()
    ended.cut()
    strange = Connection()
    strange.watch(with_socket(object()))
    strange.cut()


def test_a_cut_ends_a_read_within_tls(pair: tuple[socket.socket, socket.socket], authority: trustme.CA) -> None:
    """The socket below TLS is shut down."""
    with tls_between(*pair, authority) as ours:
        connection = Connection()
        connection.watch(with_socket(ours))
        connection.connected()
        with reading(lambda: ours.recv(1)):
            connection.cut()


def test_a_cut_leaves_the_state_of_tls_to_the_thread_that_reads(
    pair: tuple[socket.socket, socket.socket], authority: trustme.CA
) -> None:
    """The method of an SSLSocket would take the state from a thread that uses it."""
    with tls_between(*pair, authority) as ours:
        connection = Connection()
        connection.watch(with_socket(ours))
        connection.connected()
        connection.cut()
        assert ours.version() is not None
        assert ours.recv(1) == b""


def test_a_cut_ends_a_read_within_tls_to_a_server_within_tls_to_a_proxy(
    pair: tuple[socket.socket, socket.socket], authority: trustme.CA
) -> None:
    """urllib3 wraps the socket to the proxy in an object that is not a socket."""
    with tls_between(*pair, authority) as ours:
        within = object.__new__(SSLTransport)
        within.socket = ours
        connection = Connection()
        connection.watch(with_socket(within))
        connection.connected()
        with reading(lambda: ours.recv(1)):
            connection.cut()


@contextlib.contextmanager
def tls_between(ours: socket.socket, theirs: socket.socket, authority: trustme.CA) -> Iterator[ssl.SSLSocket]:
    """Yield our end of a TLS connection over a pair of sockets, whose other end sends nothing."""
    server_side, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(server_side)
    authority.configure_trust(trust)
    wrapped: list[ssl.SSLSocket] = []
    thread = threading.Thread(target=lambda: wrapped.append(server_side.wrap_socket(theirs, server_side=True)))
    thread.start()
    with trust.wrap_socket(ours, server_hostname="localhost") as client:
        thread.join(10)
        (server,) = wrapped
        with server:
            yield client
