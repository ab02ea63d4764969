"""
The errors of oauth_cc, one tree.

    OAuthError
    ├── InvalidInput                      what the caller gave (also a ValueError)
    │   ├── InvalidClientId
    │   ├── InvalidClientSecret
    │   ├── InvalidAuthentication
    │   ├── InvalidCertificate
    │   ├── InvalidScope
    │   ├── InvalidResource
    │   ├── InvalidAuthorizationDetails
    │   ├── InvalidParameter
    │   │   ├── ReservedParameter
    │   │   └── RepeatedParameter
    │   ├── InvalidBody
    │   ├── InvalidEndpoint
    │   │   ├── InsecureEndpoint
    │   │   └── InvalidIssuer
    │   └── InvalidStoredToken
    ├── TokenRequestRefused               what the server answered, RFC 6749 section 5.2
    │   ├── InvalidRequestRefused … one class for each registered code
    │   └── (itself for every other code)
    ├── InvalidResponse                   an answer that is no token response, or no metadata
    │   ├── UnexpectedStatus
    │   ├── UnexpectedRedirect
    │   ├── ResponseTooLarge
    │   ├── MalformedResponse
    │   ├── InvalidMember
    │   ├── InvalidMetadata
    │   │   └── IssuerMismatch
    │   └── UnsupportedTokenType
    │       └── TokenTypeDowngrade
    ├── RenewalTimedOut                   another caller's token request takes too long (also a TimeoutError)
    ├── SourceClosed                      a source of tokens was used after its end (also a RuntimeError)
    └── StoreUnavailable                  a store of tokens cannot be read or written

Errors are values: equal by content, hashable, picklable. None of them ever holds a secret, an assertion, a
token, or text of a server that has not been cleaned. Errors of an HTTP library pass through as they are.
"""

from collections.abc import Mapping
from typing import Final

__all__ = [
    "InsecureEndpoint",
    "InvalidAuthentication",
    "InvalidAuthorizationDetails",
    "InvalidAuthorizationDetailsRefused",
    "InvalidBody",
    "InvalidCertificate",
    "InvalidClientId",
    "InvalidClientRefused",
    "InvalidClientSecret",
    "InvalidDpopProofRefused",
    "InvalidEndpoint",
    "InvalidGrantRefused",
    "InvalidInput",
    "InvalidIssuer",
    "InvalidMember",
    "InvalidMetadata",
    "InvalidParameter",
    "InvalidRequestRefused",
    "InvalidResource",
    "InvalidResponse",
    "InvalidScope",
    "InvalidScopeRefused",
    "InvalidStoredToken",
    "InvalidTargetRefused",
    "IssuerMismatch",
    "MalformedResponse",
    "OAuthError",
    "RenewalTimedOut",
    "RepeatedParameter",
    "ReservedParameter",
    "ResponseTooLarge",
    "ServerErrorRefused",
    "SourceClosed",
    "StoreUnavailable",
    "TemporarilyUnavailableRefused",
    "TokenRequestRefused",
    "TokenTypeDowngrade",
    "UnauthorizedClientRefused",
    "UnexpectedRedirect",
    "UnexpectedStatus",
    "UnsupportedGrantTypeRefused",
    "UnsupportedTokenType",
    "UseDpopNonceRefused",
]


def __dir__() -> list[str]:
    return __all__


class OAuthError(Exception):
    """
    The root of the tree: catch it to catch whatever oauth_cc raises on its own account.
    """

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, OAuthError) and self.args == other.args

    def __hash__(self) -> int:
        return hash((type(self), self.args))


class InvalidInput(OAuthError, ValueError):
    """
    What the caller gave cannot be used; nothing was sent.

    *parameter* names what is at fault in the words of the RFCs (``scope``, ``client_secret``, ``token endpoint``);
    *reason* says what is wrong and what to do, without quoting the value.
    """

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(parameter, reason)
        self.parameter: Final = parameter
        self.reason: Final = reason

    def __str__(self) -> str:
        return f"{self.parameter}: {self.reason}"


class InvalidClientId(InvalidInput):
    """The client identifier is no text, is empty, or holds control characters (RFC 6749 appendix A.1)."""


class InvalidClientSecret(InvalidInput):
    """The client secret is no text or holds control characters (RFC 6749 appendix A.2)."""


class InvalidAuthentication(InvalidInput):
    """No way, two ways, or an unknown way of client authentication, or one that the server does not support."""


class InvalidCertificate(InvalidInput):
    """What was given is no X.509 certificate, no thumbprint of one, or is not the one of the connection (RFC 8705)."""


class InvalidScope(InvalidInput):
    """A scope outside the grammar of RFC 6749 section 3.3."""


class InvalidResource(InvalidInput):
    """A resource that is no absolute URI, or has a fragment (RFC 8707 section 2)."""


class InvalidAuthorizationDetails(InvalidInput):
    """Authorization details that are no JSON objects with a string ``type`` (RFC 9396 section 2)."""


class InvalidParameter(InvalidInput):
    """A parameter name outside RFC 6749 appendix A.18, or a value that is no text."""


class ReservedParameter(InvalidParameter):
    """A parameter that has a builder of its own, or belongs to client authentication."""


class RepeatedParameter(InvalidParameter):
    """A parameter given twice, which RFC 6749 section 3.2 forbids."""


class InvalidBody(InvalidInput):
    """An existing body that is not ``application/x-www-form-urlencoded`` (RFC 6749 appendix B)."""


class InvalidEndpoint(InvalidInput):
    """A URL that no secret and no token may be sent to (RFC 6749 section 3.2)."""


class InsecureEndpoint(InvalidEndpoint):
    """A URL that is not https (RFC 6749 sections 1.6 and 3.2)."""


class InvalidIssuer(InvalidEndpoint):
    """An issuer identifier that is no https URL, or has a query or a fragment (RFC 8414 section 2)."""


class InvalidStoredToken(InvalidInput):
    """A text that `Token.to_json` did not write."""


class TokenRequestRefused(OAuthError):
    """
    The server refused, in the form of RFC 6749 section 5.2.

    *error* is the server's code; *description* its text, cleaned (no control characters, no secret of the request,
    bounded), or None; *uri* an https or http page about the error, or None; *status* the HTTP status; *retryable*
    whether the same request may succeed later; *retry_after* the seconds the server asked to wait, clamped, or None.
    """

    def __init__(
        self,
        error: str,
        description: str | None = None,
        uri: str | None = None,
        status: int = 400,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(error, description, uri, status, retryable, retry_after)
        self.error: Final = error
        self.description: Final = description
        self.uri: Final = uri
        self.status: Final = status
        self.retryable: Final = retryable
        self.retry_after: Final = retry_after

    def __str__(self) -> str:
        text = f"the server refused the token request: {self.error} (HTTP {self.status})"
        if self.description:
            text = f"{text}: {self.description}"
        return f"{text} [{self.uri}]" if self.uri else text


class InvalidRequestRefused(TokenRequestRefused):
    """``invalid_request``: a parameter is missing, repeated or malformed (RFC 6749 section 5.2)."""


class InvalidClientRefused(TokenRequestRefused):
    """``invalid_client``: the client was not authenticated (RFC 6749 section 5.2)."""


class InvalidGrantRefused(TokenRequestRefused):
    """``invalid_grant``: the grant is invalid or expired (RFC 6749 section 5.2)."""


class UnauthorizedClientRefused(TokenRequestRefused):
    """``unauthorized_client``: the client may not use this grant (RFC 6749 section 5.2)."""


class UnsupportedGrantTypeRefused(TokenRequestRefused):
    """``unsupported_grant_type``: the server does not offer this grant (RFC 6749 section 5.2)."""


class InvalidScopeRefused(TokenRequestRefused):
    """``invalid_scope``: the scope is unknown, malformed or exceeds what may be granted (RFC 6749 section 5.2)."""


class InvalidTargetRefused(TokenRequestRefused):
    """``invalid_target``: the resource is unknown or not allowed (RFC 8707 section 2)."""


class InvalidAuthorizationDetailsRefused(TokenRequestRefused):
    """``invalid_authorization_details`` (RFC 9396 section 5)."""


class InvalidDpopProofRefused(TokenRequestRefused):
    """``invalid_dpop_proof`` (RFC 9449 section 5)."""


class UseDpopNonceRefused(TokenRequestRefused):
    """``use_dpop_nonce``: the proof has to carry the server's nonce (RFC 9449 section 8)."""


class ServerErrorRefused(TokenRequestRefused):
    """``server_error``: the server met an unexpected condition (RFC 6749 section 4.1.2.1, used here too)."""


class TemporarilyUnavailableRefused(TokenRequestRefused):
    """``temporarily_unavailable``: the server is overloaded (RFC 6749 section 4.1.2.1, used here too)."""


REFUSALS: Final[Mapping[str, type[TokenRequestRefused]]] = {
    "invalid_request": InvalidRequestRefused,
    "invalid_client": InvalidClientRefused,
    "invalid_grant": InvalidGrantRefused,
    "unauthorized_client": UnauthorizedClientRefused,
    "unsupported_grant_type": UnsupportedGrantTypeRefused,
    "invalid_scope": InvalidScopeRefused,
    "invalid_target": InvalidTargetRefused,
    "invalid_authorization_details": InvalidAuthorizationDetailsRefused,
    "invalid_dpop_proof": InvalidDpopProofRefused,
    "use_dpop_nonce": UseDpopNonceRefused,
    "server_error": ServerErrorRefused,
    "temporarily_unavailable": TemporarilyUnavailableRefused,
}
"""The class of each registered error code; every other code is a plain `TokenRequestRefused`."""


class InvalidResponse(OAuthError):
    """
    The answer is no token response and no error of RFC 6749 section 5.2; or it is no metadata (RFC 8414).

    *status* is the HTTP status; *reason* says what is wrong without quoting the answer; *retryable* and
    *retry_after* are those of `TokenRequestRefused`.
    """

    def __init__(self, status: int, reason: str, retryable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(status, reason, retryable, retry_after)
        self.status: Final = status
        self.reason: Final = reason
        self.retryable: Final = retryable
        self.retry_after: Final = retry_after

    def __str__(self) -> str:
        return f"HTTP {self.status}: {self.reason}"


class UnexpectedStatus(InvalidResponse):
    """A status other than 200 without a usable error object: a proxy's page, a gateway's, a wrong URL's."""


class UnexpectedRedirect(InvalidResponse):
    """The endpoint redirects. A token request is never sent anywhere else: correct the endpoint."""


class ResponseTooLarge(InvalidResponse):
    """The answer exceeds the bound on its size."""


class MalformedResponse(InvalidResponse):
    """A success status, but the answer is not one JSON object in UTF-8 (RFC 8259, RFC 6749 section 5.1)."""


class InvalidMember(InvalidResponse):
    """
    A member of the JSON object is missing or illegal (RFC 6749 section 5.1): *member* names it.
    """

    def __init__(self, status: int, reason: str, member: str) -> None:
        super().__init__(status, reason)
        # Sets the args, by which errors are pickled and compared.
        Exception.__init__(self, status, reason, member)
        self.member: Final = member


class InvalidMetadata(InvalidResponse):
    """Metadata of an authorization server that lack what is needed, or hold what is illegal (RFC 8414 section 2)."""


class IssuerMismatch(InvalidMetadata):
    """Metadata of another issuer than the one asked for: they must not be used (RFC 8414 section 3.3)."""


class UnsupportedTokenType(InvalidResponse):
    """
    A token of a type that was not asked for must not be used (RFC 6749 section 7.1): *token_type* is the server's word.
    """

    def __init__(self, status: int, reason: str, token_type: str) -> None:
        super().__init__(status, reason)
        Exception.__init__(self, status, reason, token_type)
        self.token_type: Final = token_type


class TokenTypeDowngrade(UnsupportedTokenType):
    """A token bound to a key was asked for, a bearer token came (RFC 9449 section 5)."""


class RenewalTimedOut(OAuthError, TimeoutError):
    """
    Another caller's token request, which this one waited for, did not end within *seconds*: try again later.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds: Final = seconds

    def __str__(self) -> str:
        return f"no token within {self.seconds:g} seconds: the token request under way has not ended; try again later"


class SourceClosed(OAuthError, RuntimeError):
    """A source of tokens was asked after its ``close()``: make a new one, or close it later."""

    def __str__(self) -> str:
        return "this source of tokens is closed: make a new one, or close it later"


class StoreUnavailable(OAuthError):
    """
    A store of tokens cannot be read or written: *reason* says why, and what to do. Tokens are kept in memory meanwhile.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: Final = reason

    def __str__(self) -> str:
        return self.reason
