"""
The decisions of the test server, made by Authlib: client authentication, tokens and their validation.
"""

from typing import final

import attrs

from oauth_cc.testing._dpop import ProofVerifier
from oauth_cc.testing._messages import Call, Reply, TokenRequestSeen
from oauth_cc.testing._requests import Request, client_id, thumbprint
from oauth_cc.testing._resource import Resource
from oauth_cc.testing._state import State
from oauth_cc.testing._token_endpoint import TokenEndpoint


@final
class Authority:
    """
    The endpoints of one server.

    Args:
        state: The clients and the tokens.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._endpoint = TokenEndpoint(state)
        self._resource = Resource(state)

    def token(self, call: Call) -> Reply:
        """Return the response of the token endpoint (RFC 6749 section 3.2)."""
        request = Request(call)
        reply = _reply(self._endpoint.create_token_response(request))
        names = tuple(name for name, _ in request.fields.pairs)
        self.state.see(
            TokenRequestSeen(
                names, client_id(request), request.auth_method, reply.status, thumbprint(request), request.dpop_jkt
            )
        )
        return with_nonce(reply, self.state.token_proofs)

    def see_unread(self, call: Call, status: int) -> None:
        """
        Record a token request that the server did not process.

        Args:
            call: The request.
            status: The status of its response.
        """
        names = tuple(name for name, _ in Request(call).fields.pairs)
        self.state.see(TokenRequestSeen(names, None, None, status))

    def introspect(self, call: Call) -> Reply:
        """Return the response of the introspection endpoint (RFC 7662)."""
        return _reply(self._endpoint.create_endpoint_response("introspection", call))

    def revoke(self, call: Call) -> Reply:
        """Return the response of the revocation endpoint (RFC 7009)."""
        return _reply(self._endpoint.create_endpoint_response("revocation", call))

    def resource(self, call: Call, scope: str) -> Reply:
        """
        Return the response of the protected resource to a call (RFC 6750).

        Args:
            call: The call.
            scope: The scope token that the resource requires, or "".
        """
        return with_nonce(self._resource.reply(call, scope), self.state.api_proofs)


def with_nonce(reply: Reply, proofs: ProofVerifier) -> Reply:
    """
    Return *reply* with the nonce for the next proof, if proofs need one (RFC 9449 section 8).

    Args:
        reply: The response.
        proofs: The verifier of proofs, which decides whether they need a nonce.
    """
    if proofs.nonces is None:
        return reply
    return attrs.evolve(reply, headers=(*reply.headers, ("DPoP-Nonce", proofs.nonces.new())))


def _reply(response: object) -> Reply:
    if isinstance(response, Reply):
        return response
    raise TypeError(f"Authlib returned {type(response).__name__}, not a Reply")
