"""
A protected resource that names the authorization server it trusts (RFC 9728).
"""

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, final, get_args
from urllib.parse import urlsplit

import attrs

from oauth_cc.scope import Scope
from oauth_cc.testing._http import Listener
from oauth_cc.testing._messages import Call, Reply
from oauth_cc.testing._misbehavior import Misbehaving, Misbehavior
from oauth_cc.testing._server import AuthorizationServer

_WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"

ResourcePart: TypeAlias = Literal["metadata", "resource"]
"""A part of a protected resource."""


@final
@attrs.frozen
class ResourceCall:
    """
    A call that a protected resource received.

    Args:
        method: The method.
        path: The path, without a query.
        has_token: Whether it had an Authorization header.
        status: The status of the response.
    """

    method: str
    path: str
    has_token: bool
    status: int


@final
class ProtectedResource(Misbehaving[ResourcePart]):
    """
    An API on loopback that accepts the tokens of *server* and publishes its metadata. A context manager.

    A call without a token gets a 401 that names the metadata. `misbehave` makes it hostile: a fault may change members
    of the metadata, or the challenge.

    Args:
        server: The authorization server that the API trusts, and names.
        path: The path of the API, such as ``/mcp``. Every path below it is the API, too.
        scope: The scope that each call needs, and that the 401 names.
        needs_dpop: Whether it accepts only tokens that are bound to a key (RFC 9449).
        port: The port on 127.0.0.1; 0 means a free one.

    Raises:
        ValueError: *path* does not start with a slash.
        OSError: The port is in use.

    Example:
        >>> with AuthorizationServer() as server, ProtectedResource(server, "/mcp") as api:
        ...     api.url.endswith("/mcp"), api.metadata_url.endswith("/.well-known/oauth-protected-resource/mcp")
        (True, True)
    """

    def __init__(
        self,
        server: AuthorizationServer,
        path: str = "/mcp",
        *,
        scope: Scope | None = None,
        needs_dpop: bool = False,
        port: int = 0,
    ) -> None:
        if not path.startswith("/"):
            raise ValueError('path must start with "/", such as "/mcp"')
        self._server = server
        self._path = path
        self.scope: Scope = Scope() if scope is None else scope
        self._needs_dpop = needs_dpop
        super().__init__(Misbehavior(None), get_args(ResourcePart))
        self._calls: list[ResourceCall] = []
        self._lock = threading.Lock()
        self._listener = Listener(port, None, self.respond, server.now)
        self._decide = server.resource_at(self.origin)
        self._listener.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.close()

    @property
    def origin(self) -> str:
        """The origin of its URLs."""
        return f"http://127.0.0.1:{self._listener.server_port}"

    @property
    def url(self) -> str:
        """The URL of the API, which is its resource identifier."""
        return f"{self.origin}{self._path}"

    @property
    def metadata_url(self) -> str:
        """The URL of the metadata."""
        return f"{self.origin}{_WELL_KNOWN}{'' if self._path == '/' else self._path}"

    @property
    def calls(self) -> tuple[ResourceCall, ...]:
        """The calls that arrived, requests of the metadata included, in order."""
        with self._lock:
            return tuple(self._calls)

    def respond(self, call: Call) -> Reply:
        """Return the response to *call*."""
        part, usual = self._usual(call)
        reply, _ = self._misbehavior.reply(part, self._server.now(), usual)
        seen = ResourceCall(call.method, call.path, "Authorization" in call.headers, reply.status)
        with self._lock:
            self._calls.append(seen)
        return reply

    def _usual(self, call: Call) -> tuple[ResourcePart, Callable[[], Reply]]:
        if call.path == urlsplit(self.metadata_url).path and call.method == "GET":
            return "metadata", lambda: Reply(200, self._metadata(), (("Cache-Control", "max-age=60"),))
        if call.path == self._path or call.path.startswith(f"{self._path.removesuffix('/')}/"):
            return "resource", lambda: self._protected(call)
        return "resource", lambda: Reply(404, {"error": "invalid_request"})

    def _metadata(self) -> Mapping[str, object]:
        members: dict[str, object] = {"resource": self.url, "authorization_servers": [self._server.issuer]}
        if self.scope:
            members["scopes_supported"] = sorted(self.scope.tokens)
        if self._needs_dpop:
            members["dpop_bound_access_tokens_required"] = True
        return {**members, "bearer_methods_supported": ["header"]}

    def _protected(self, call: Call) -> Reply:
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        is_other = bool(token) and self.url not in self._server.audience(token)
        if is_other or (token and self._needs_dpop and scheme.lower() != "dpop"):
            # A token for another resource (RFC 8707 section 3), or one without a key.
            return self._refusal(Reply(401, {"error": "invalid_token"}))
        reply = self._decide(call, f"{self.scope}")
        return reply if reply.status == HTTPStatus.OK else self._refusal(reply)

    def _refusal(self, reply: Reply) -> Reply:
        error = None if isinstance(reply.body, bytes) else reply.body.get("error")
        parameters = {"error": error, "scope": f"{self.scope}" or None, "resource_metadata": self.metadata_url}
        shown = ", ".join([f'{name}="{value}"' for name, value in parameters.items() if value is not None])
        others = [(name, value) for name, value in reply.headers if name.lower() != "www-authenticate"]
        scheme = "DPoP" if self._needs_dpop else "Bearer"
        return attrs.evolve(reply, headers=(*others, ("WWW-Authenticate", f"{scheme} {shown}")))
