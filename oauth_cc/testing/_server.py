"""
The test server as a program starts it: its URLs, its tokens and its faults.
"""

import ssl
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Literal, Self, final, get_args
from urllib.parse import urlsplit

from oauth_cc.testing._clients import RegisteredClient
from oauth_cc.testing._dpop import ProofVerifier
from oauth_cc.testing._faults import EndpointName, Quota
from oauth_cc.testing._http import Listener
from oauth_cc.testing._messages import Call, Reply, TokenRequestSeen
from oauth_cc.testing._misbehavior import Misbehaving, Misbehavior
from oauth_cc.testing._resource import Resource
from oauth_cc.testing._service import Service
from oauth_cc.testing._state import State

_DEFAULT_CLIENTS: Final = (RegisteredClient("your_id", "s3cret"),)


@final
class AuthorizationServer(Misbehaving[EndpointName]):
    """
    A real authorization server on loopback, in a thread of this process. A context manager.

    It authenticates clients by HTTP Basic and post (RFC 6749) and by assertions (RFC 7521, RFC 7523), introspects
    tokens (RFC 7662), revokes them (RFC 7009), and publishes its metadata (RFC 8414, OpenID Connect Discovery). It
    protects a resource: ``/resource`` requires a token, ``/resource/SCOPE`` a token with that scope. If *tls* requests
    client certificates (``verify_mode``), it authenticates clients by certificate and binds tokens to certificates
    (RFC 8705). A token request with a DPoP proof gets a token that is bound to its key (RFC 9449).

    Args:
        clients: The registered clients.
        lifetime: The lifetime of tokens in seconds; None means tokens without ``expires_in``.
        tls: The TLS context of the server, with a certificate for ``localhost``; None means http on 127.0.0.1.
        assertion_audience: The audience of assertions that clients sign; older servers require the token endpoint.
        issuer_path: The path of the issuer, such as ``/`` or ``/realms/demo``.
        port: The port on 127.0.0.1; 0 means a free one.
        origin: The origin of a server without a socket, such as ``https://auth.example.com``. The transports of
            `oauth_cc.testing.httpx2`, ``httpx`` and ``requests`` call it. None means a socket.
        quota: The limit of token requests. None means no limit.
        dpop_nonces: Whether DPoP proofs must have a nonce, at the token endpoint and at the resource. Each response has
            a new nonce, and each nonce is accepted once.
        authorization_endpoint: Whether the metadata names one, which some clients need. There is none.

    Raises:
        ValueError: *issuer_path* is not empty and does not start with a slash, or *origin* is not an origin.
        OSError: The port is in use.

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
        port: int = 0,
        origin: str | None = None,
        quota: Quota | None = None,
        dpop_nonces: bool = False,
        authorization_endpoint: bool = False,
    ) -> None:
        if issuer_path and not issuer_path.startswith("/"):
            raise ValueError('issuer_path must be empty or start with "/", such as "/realms/demo"')
        self._tls = tls
        self._listener = self._listening(port) if origin is None else None
        self._is_in_process = origin is not None
        self._is_running = True
        self._origin = self._own_origin() if origin is None else _checked(origin)
        self._path = issuer_path.removesuffix("/")
        self.issuer: Final = f"{self._origin}{issuer_path}"
        audience = self.issuer if assertion_audience == "issuer" else self.token_endpoint
        known = {client.client_id: client for client in clients}
        self._state = State(self.issuer, audience, known, lifetime, demands_nonces=dpop_nonces)
        super().__init__(Misbehavior(quota), get_args(EndpointName))
        accepts_certificates = tls is not None and tls.verify_mode is not ssl.CERT_NONE
        self._service = Service(
            self._origin,
            self._path,
            accepts_certificates,
            self._state,
            self._misbehavior,
            {"authorization_endpoint": f"{self._origin}/authorize"} if authorization_endpoint else {},
        )
        if self._listener is not None:
            self._listener.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Refuse connections from now on, and close those there are. A second call does nothing."""
        self._is_running = False
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def start(self) -> None:
        """
        Start a stopped server again, on the same port, with its clients and tokens. A second call does nothing.

        Raises OSError if another program has taken the port meanwhile.
        """
        if not self._is_running and not self._is_in_process:
            self._listener = self._listening(urlsplit(self._origin).port or 0)
            self._listener.begin()
        self._is_running = True

    @property
    def is_running(self) -> bool:
        """Return whether the server responds."""
        return self._is_running

    @property
    def origin(self) -> str:
        """The origin of its URLs."""
        return self._origin

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

    def end_nonces(self) -> None:
        """Accept none of the DPoP nonces issued so far."""
        for proofs in (self._state.token_proofs, self._state.api_proofs):
            if proofs.nonces is not None:
                proofs.nonces.end_all()

    @property
    def quota(self) -> Quota | None:
        """The limit of token requests. A new one starts without requests."""
        return self._misbehavior.quota

    @quota.setter
    def quota(self, quota: Quota | None) -> None:
        self._misbehavior.quota = quota

    @property
    def clock_skew(self) -> float:
        """The seconds by which the server's clock is ahead of this machine's."""
        return self._state.clock_skew

    @clock_skew.setter
    def clock_skew(self, seconds: float) -> None:
        self._state.clock_skew = seconds

    def resource_at(self, origin: str) -> Callable[[Call, str], Reply]:
        """
        Return what decides about the calls of another API that accepts the tokens of this server.

        Args:
            origin: The origin of the API.

        Returns:
            A function of a call and the scope that it needs.
        """
        return Resource(self._state, ProofVerifier(origin, self._state.now, None)).reply

    def audience(self, token: str) -> tuple[str, ...]:
        """Return the resources that an access *token* is for (RFC 8707). Empty for a token of another server."""
        issued = self._state.find(token)
        return () if issued is None else issued.audience

    def respond(self, call: Call) -> Reply:
        """Return the response to *call*, for a transport."""
        return self._service.respond(call)

    def now(self) -> float:
        """Return the time of the server, in POSIX seconds."""
        return self._state.now()

    def _listening(self, port: int) -> Listener:
        return Listener(port, self._tls, self.respond, self.now)

    def _own_origin(self) -> str:
        port = 0 if self._listener is None else self._listener.server_port
        return f"http://127.0.0.1:{port}" if self._tls is None else f"https://localhost:{port}"


def _checked(origin: str) -> str:
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
        raise ValueError('origin must be a scheme and a host, such as "https://auth.example.com"')
    return origin
