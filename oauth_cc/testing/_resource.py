"""
The protected resource of the test server, decided by Authlib (RFC 6750).
"""

from collections.abc import Sequence
from typing import final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import OAuth2Request, ResourceProtector
from authlib.oauth2.rfc6749.errors import MissingAuthorizationError
from authlib.oauth2.rfc6750 import BearerTokenValidator, InsufficientScopeError, InvalidTokenError

from oauth_cc.testing._dpop import ALGORITHMS, ProofRejected, ProofVerifier
from oauth_cc.testing._messages import Call, Reply
from oauth_cc.testing._requests import Request, call_of, thumbprint
from oauth_cc.testing._state import Issued, State


class _Validator(BearerTokenValidator):
    def __init__(self, state: State, proofs: ProofVerifier) -> None:
        super().__init__(realm="oauth_cc")
        self.state = state
        self.proofs = proofs

    def authenticate_token(self, token_string: str) -> Issued | None:
        return self.state.find(token_string)

    def validate_token(self, token: object, scopes: Sequence[str] | None, request: OAuth2Request) -> None:
        # RFC 8705 section 3: a bound token is valid only with its certificate.
        if isinstance(token, Issued) and token.certificate not in (None, thumbprint(request)):
            raise InvalidTokenError(realm=self.realm)
        self.check_key(token, request)
        super().validate_token(token, scopes, request)

    def check_key(self, token: object, request: OAuth2Request) -> None:
        # RFC 9449 section 7.2: a token bound to a key is not a bearer token.
        if isinstance(token, Issued) and token.dpop_jkt is not None:
            raise InvalidTokenError(realm=self.realm)


class _DpopValidator(_Validator):
    TOKEN_TYPE = "dpop"

    def check_key(self, token: object, request: OAuth2Request) -> None:
        if not isinstance(token, Issued):
            return
        call = call_of(request)
        jkt = self.proofs.thumbprint(call, token.value)
        if jkt is None:
            raise ProofRejected("invalid_dpop_proof", "The call has no proof.")
        if jkt != token.dpop_jkt:
            raise InvalidTokenError(realm=self.realm)


@final
class Resource:
    """
    The protected resource.

    Args:
        state: The tokens that it accepts.
        proofs: Verifies the proofs for its URLs. None for those of the server.
    """

    def __init__(self, state: State, proofs: ProofVerifier | None = None) -> None:
        verifier = state.api_proofs if proofs is None else proofs
        self._protector = ResourceProtector()
        self._protector.register_token_validator(_Validator(state, verifier))
        self._protector.register_token_validator(_DpopValidator(state, verifier))

    def reply(self, call: Call, scope: str) -> Reply:
        """
        Return the response of the protected resource to a call (RFC 6750).

        Args:
            call: The call.
            scope: The scope token that the resource requires, or "".
        """
        try:
            token = self._protector.validate_request([scope] if scope else None, Request(call))
        except MissingAuthorizationError:
            # Section 3.1: a request without a token gets a challenge without an error code.
            return Reply(401, {}, (("WWW-Authenticate", 'Bearer realm="oauth_cc"'),))
        except ProofRejected as rejected:
            challenge = f'DPoP realm="oauth_cc", error="{rejected.code}", algs="{" ".join(ALGORITHMS)}"'
            return Reply(401, {"error": rejected.code}, (("WWW-Authenticate", challenge),))
        except InsufficientScopeError as error:
            scheme = call.headers["Authorization"].split(" ")[0]
            challenge = f'{scheme} realm="oauth_cc", error="insufficient_scope", scope="{scope}"'
            return Reply(403, {"error": error.error}, (("WWW-Authenticate", challenge),))
        except OAuth2Error as error:
            status, body, headers = error()
            return Reply(status, dict(body), tuple(headers))
        if not isinstance(token, Issued):
            raise TypeError("Authlib accepted a token that this server did not issue")
        return Reply(200, {"client_id": token.client_id, "scope": token.scope, "method": call.method})
