"""
The HTTP side of the test server: sockets, threads and paths.
"""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, final

from oauth_cc.testing._assertions import ALGORITHMS
from oauth_cc.testing._authority import Authority
from oauth_cc.testing._certificates import TLS_METHODS, ShownCertificate
from oauth_cc.testing._clients import BASIC, GRANT, JWT_BEARER, POST, RegisteredClient
from oauth_cc.testing._messages import Call, Reply, TokenRequestSeen, encoded
from oauth_cc.testing._state import State

_MAX_BODY: Final = 64 * 1024
_DEFAULT_CLIENTS: Final = (RegisteredClient("your_id", "s3cret"),)


@final
class AuthorizationServer:
    """
    A real authorization server on loopback, in a thread of this process. A context manager.

    It authenticates clients by HTTP Basic and post (RFC 6749) and by assertions (RFC 7521, RFC 7523), introspects
    tokens (RFC 7662), revokes them (RFC 7009), and publishes its metadata (RFC 8414, OpenID Connect Discovery). It
    protects a
    resource: ``/resource`` requires a token, ``/resource/SCOPE`` a token with that scope. If *tls* requests client
    certificates (``verify_mode``), it authenticates clients by certificate and binds tokens to certificates (RFC 8705).

    Args:
        clients: The registered clients.
        lifetime: The lifetime of tokens in seconds; None means tokens without ``expires_in``.
        tls: The TLS context of the server, with a certificate for ``localhost``; None means http on 127.0.0.1.
        assertion_audience: The audience of assertions that clients sign; older servers require the token endpoint.
        issuer_path: The path of the issuer, such as ``/`` or ``/realms/demo``.

    Raises:
        ValueError: If *issuer_path* is not empty and does not start with a slash.

    Example:
        >>> with AuthorizationServer() as server:
        ...     server.token_endpoint.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        *,
        clients: Sequence[RegisteredClient] = _DEFAULT_CLIENTS,
        lifetime: int | None = 3600,
        tls: ssl.SSLContext | None = None,
        assertion_audience: Literal["issuer", "token_endpoint"] = "issuer",
        issuer_path: str = "",
    ) -> None:
        if issuer_path and not issuer_path.startswith("/"):
            raise ValueError('issuer_path must be empty or start with "/", such as "/realms/demo"')
        self._http = _HttpServer(tls)
        self._accepts_certificates = tls is not None and tls.verify_mode is not ssl.CERT_NONE
        host = "127.0.0.1" if tls is None else "localhost"
        self._origin = f"{'http' if tls is None else 'https'}://{host}:{self._http.server_port}"
        self._path = issuer_path.removesuffix("/")
        self.issuer: Final = f"{self._origin}{issuer_path}"
        audience = self.issuer if assertion_audience == "issuer" else self.token_endpoint
        known = {client.client_id: client for client in clients}
        self._state = State(self.issuer, audience, known, lifetime)
        self._authority = Authority(self._state)
        self._http.routes = self._routes()
        # Polled often, so that a test does not wait for its server to stop.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and close its connections. A second call does nothing."""
        self._http.close()
        self._thread.join()

    @property
    def token_endpoint(self) -> str:
        """The URL of the token endpoint."""
        return f"{self._origin}/token"

    @property
    def introspection_endpoint(self) -> str:
        """The URL of the introspection endpoint."""
        return f"{self._origin}/introspect"

    @property
    def revocation_endpoint(self) -> str:
        """The URL of the revocation endpoint."""
        return f"{self._origin}/revoke"

    @property
    def metadata_url(self) -> str:
        """The URL of the server's metadata."""
        return f"{self._origin}/.well-known/oauth-authorization-server{self._path}"

    @property
    def resource_url(self) -> str:
        """The URL of the protected resource."""
        return f"{self._origin}/resource"

    @property
    def token_requests(self) -> tuple[TokenRequestSeen, ...]:
        """The requests that the token endpoint has received, in order."""
        return self._state.seen

    def register(self, client: RegisteredClient) -> None:
        """Register *client*, in place of an earlier client of this id, for example after a rotation of its secret."""
        self._state.register(client)

    def revoke_all(self) -> None:
        """Revoke every token issued so far."""
        self._state.end_all(revoked=True)

    def expire_all(self) -> None:
        """Let every token issued so far expire."""
        self._state.end_all(revoked=False)

    def _routes(self) -> "_Routes":
        metadata: _Methods = {"GET": lambda _call, _rest: self._metadata()}
        return {
            "/token": {"POST": lambda call, _: self._authority.token(call)},
            "/introspect": {"POST": lambda call, _: self._authority.introspect(call)},
            "/revoke": {"POST": lambda call, _: self._authority.revoke(call)},
            "/resource": {"GET": self._authority.resource, "POST": self._authority.resource},
            f"/.well-known/oauth-authorization-server{self._path}": metadata,
            f"{self._path}/.well-known/openid-configuration": metadata,
        }

    def _metadata(self) -> Reply:
        methods = [BASIC, POST, *ALGORITHMS, *(TLS_METHODS if self._accepts_certificates else ())]
        algorithms = [name for names in ALGORITHMS.values() for name in names]
        return Reply(
            200,
            {
                "issuer": self.issuer,
                "token_endpoint": self.token_endpoint,
                "token_endpoint_auth_methods_supported": methods,
                "token_endpoint_auth_signing_alg_values_supported": algorithms,
                "introspection_endpoint": self.introspection_endpoint,
                "introspection_endpoint_auth_methods_supported": methods,
                "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
                "revocation_endpoint": self.revocation_endpoint,
                "revocation_endpoint_auth_methods_supported": methods,
                "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
                "grant_types_supported": [GRANT, JWT_BEARER],
                "tls_client_certificate_bound_access_tokens": self._accepts_certificates,
                "response_types_supported": ["none"],
                "scopes_supported": sorted({scope for known in self._state.clients.values() for scope in known.scope}),
            },
        )


_Methods: TypeAlias = Mapping[str, Callable[[Call, str], Reply]]
_Routes: TypeAlias = Mapping[str, _Methods]


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # Long enough for many clients that connect at once.
    request_queue_size = 512

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes: _Routes = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        if tls is not None:
            # Each connection's thread does its handshake, so that a silent client does not block any other.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_bind(self) -> None:
        # HTTPServer's method looks up an unused host name, which can be slow.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        # A client may disconnect, or distrust the certificate.
        return None

    def close(self) -> None:
        with self._lock:
            closed, self._closed = self._closed, True
        if closed:
            return
        self.shutdown()
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    # Sends head and body together: separately, each response on a kept connection waits for an acknowledgement.
    wbufsize = -1

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY:
            self.close_connection = True
            self._send(Reply(413 if length.isdecimal() else 411, {"error": "invalid_request"}))
            return
        self._respond(self.rfile.read(int(length)).decode("utf-8", "replace"))

    def do_GET(self) -> None:
        self._respond("")

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815  # the names that http.server calls

    def _respond(self, body: str) -> None:
        methods, rest = self._methods(self.path.partition("?")[0])
        if self.command not in methods:
            allow = (("Allow", ", ".join(methods)),) if methods else ()
            self._send(Reply(405 if methods else 404, {"error": "invalid_request"}, allow))
            return
        headers = {name.title(): value for name, value in self.headers.items()}
        try:
            reply = methods[self.command](Call(self.command, headers, body, self._certificate()), rest)
        except Exception:
            reply = Reply(500, {"error": "server_error"})
        self._send(reply)

    def _certificate(self) -> ShownCertificate | None:
        connection: object = self.connection
        return ShownCertificate.read(connection.getpeercert(True) if isinstance(connection, ssl.SSLSocket) else None)

    def _methods(self, path: str) -> tuple[_Methods, str]:
        routes: _Routes = self.server.routes if isinstance(self.server, _HttpServer) else {}
        head, _, rest = path[1:].partition("/")
        return (routes[path], "") if path in routes else (routes.get(f"/{head}", {}), rest)

    def _send(self, reply: Reply) -> None:
        content = encoded(reply)
        self.send_response(reply.status)
        fields = {"Content-Type": "application/json", "Cache-Control": "no-store", **dict(reply.headers)}
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in http.server
        return None
