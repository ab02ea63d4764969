"""
A test server without its transport: the endpoints by their paths, and their faults.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias, final

from oauth_cc.testing._assertions import ALGORITHMS
from oauth_cc.testing._authority import Authority
from oauth_cc.testing._certificates import TLS_METHODS
from oauth_cc.testing._clients import BASIC, GRANT, JWT_BEARER, POST
from oauth_cc.testing._dpop import ALGORITHMS as DPOP_ALGORITHMS
from oauth_cc.testing._faults import EndpointName
from oauth_cc.testing._messages import Call, Reply
from oauth_cc.testing._misbehavior import Misbehavior
from oauth_cc.testing._state import State

_Endpoint: TypeAlias = tuple[EndpointName, Mapping[str, Callable[[Call, str], Reply]]]


@final
class Service:
    """
    A server without its transport.

    Args:
        origin: The origin of the server's URLs.
        issuer_path: The path of the issuer.
        accepts_certificates: Whether connections may have client certificates.
        state: The clients and the tokens.
        misbehavior: The faults.
        more_metadata: Further members of the metadata.
    """

    def __init__(
        self,
        origin: str,
        issuer_path: str,
        accepts_certificates: bool,
        state: State,
        misbehavior: Misbehavior,
        more_metadata: Mapping[str, object],
    ) -> None:
        self._origin = origin
        self._accepts_certificates = accepts_certificates
        self._state = state
        self._misbehavior = misbehavior
        self._more_metadata = more_metadata
        self._authority = Authority(state)
        self._endpoints = self._by_path(issuer_path.removesuffix("/"))

    def respond(self, call: Call) -> Reply:
        """Return the response to *call*."""
        head, _, rest = call.path[1:].partition("/")
        exact = self._endpoints.get(call.path)
        found = exact or self._endpoints.get(f"/{head}")
        if found is None:
            return Reply(404, {"error": "invalid_request"})
        endpoint, methods = found
        if call.method not in methods:
            return Reply(405, {"error": "invalid_request"}, (("Allow", ", ".join(methods)),))
        usual = methods[call.method]
        reply, looked = self._misbehavior.reply(
            endpoint, self._state.now(), lambda: usual(call, "" if exact is not None else rest)
        )
        if endpoint == "token" and not looked:
            self._authority.see_unread(call, reply.status)
        return reply

    def _by_path(self, path: str) -> Mapping[str, _Endpoint]:
        authority = self._authority
        metadata: _Endpoint = ("metadata", {"GET": lambda _call, _rest: self._metadata()})
        return {
            "/token": ("token", {"POST": lambda call, _: authority.token(call)}),
            "/introspect": ("introspection", {"POST": lambda call, _: authority.introspect(call)}),
            "/revoke": ("revocation", {"POST": lambda call, _: authority.revoke(call)}),
            "/resource": ("resource", {"GET": authority.resource, "POST": authority.resource}),
            f"/.well-known/oauth-authorization-server{path}": metadata,
            f"{path}/.well-known/openid-configuration": metadata,
        }

    def _metadata(self) -> Reply:
        methods = [BASIC, POST, *ALGORITHMS, *(TLS_METHODS if self._accepts_certificates else ())]
        algorithms = [name for names in ALGORITHMS.values() for name in names]
        members: dict[str, object] = {"issuer": self._state.issuer, "token_endpoint": f"{self._origin}/token"}
        for name, path in (("introspection", "introspect"), ("revocation", "revoke")):
            members |= {
                f"{name}_endpoint": f"{self._origin}/{path}",
                f"{name}_endpoint_auth_methods_supported": methods,
                f"{name}_endpoint_auth_signing_alg_values_supported": algorithms,
            }
        members |= {
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "grant_types_supported": [GRANT, JWT_BEARER],
            "tls_client_certificate_bound_access_tokens": self._accepts_certificates,
            "dpop_signing_alg_values_supported": DPOP_ALGORITHMS,
            "response_types_supported": ["none"],
            "scopes_supported": sorted({scope for known in self._state.clients.values() for scope in known.scope}),
        }
        return Reply(200, {**members, **self._more_metadata})
