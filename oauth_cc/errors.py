"""
The errors of oauth_cc, one tree.

    OAuthError
    ├── InvalidInput                the caller's argument (also a ValueError); .parameter names it
    │   ├── InsecureEndpoint        a URL that is not https
    │   └── InvalidKey              a private key that cannot be read or used
    ├── TokenRequestRefused         the server refused: RFC 6749 section 5.2, or any status but 200 and 201
    ├── InvalidResponse             a response that is not a token response, or not metadata; .member or .reason
    │   ├── UnexpectedRedirect      the endpoint redirects; .location
    │   ├── UnsupportedTokenType    a token of a type that was not asked for; .token_type
    │   │   └── TokenTypeDowngrade  a bearer token where a bound one was asked for
    │   └── IssuerMismatch          the metadata of another issuer
    ├── RenewalTimedOut             another caller's token request takes too long (also a TimeoutError)
    ├── SourceClosed                a source of tokens was used after its end (also a RuntimeError)
    └── StoreUnavailable            a store of tokens cannot be read or written

Errors are values: equal by content, hashable, picklable. None of them ever holds a secret, an assertion, a token, or
text of a server that has not been cleaned. Errors of an HTTP library pass through as they are.
"""

from typing import Final, Literal, TypeAlias, get_args

__all__ = [
    "InsecureEndpoint",
    "InvalidInput",
    "InvalidKey",
    "InvalidResponse",
    "IssuerMismatch",
    "OAuthError",
    "RegisteredCode",
    "RenewalTimedOut",
    "SourceClosed",
    "StoreUnavailable",
    "TokenRequestRefused",
    "TokenTypeDowngrade",
    "UnexpectedRedirect",
    "UnsupportedTokenType",
]


def __dir__() -> list[str]:
    return __all__


RegisteredCode: TypeAlias = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_authorization_details",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "server_error",
    "temporarily_unavailable",
]
"""The error codes of RFC 6749 section 5.2, RFC 8707, RFC 9396 and RFC 9449, and two of RFC 6749 section 4.1.2.1."""

_CODES: Final[dict[str, RegisteredCode]] = {code: code for code in get_args(RegisteredCode)}


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
    *reason* is a sentence that says what is wrong and what to do, without quoting the value.
    """

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(parameter, reason)
        self.parameter: Final = parameter
        self.reason: Final = reason

    def __str__(self) -> str:
        # A reason that does not open with its parameter is not a sentence yet.
        openings = (self.parameter, f"no {self.parameter}", f"the {self.parameter}", f"this {self.parameter}")
        return self.reason if self.reason.startswith(openings) else f"{self.parameter}: {self.reason}"


class InsecureEndpoint(InvalidInput):
    """A URL that is not https (RFC 6749 sections 1.6 and 3.2)."""


class InvalidKey(InvalidInput):
    """A private key that cannot be read, has no part that signs, or does not fit its algorithm."""


class TokenRequestRefused(OAuthError):
    """
    The server refused the token request: an error of RFC 6749 section 5.2, or a status that is neither 200 nor 201.

    *error* is the server's code as it was sent, None if the response holds none; *description* its text, cleaned (no
    control characters, no secret of the request, bounded), or None; *uri* an https or http page about the error, or
    None; *status* the HTTP status; *retryable* whether the same request may succeed later; *retry_after* the seconds
    the server asked to wait, clamped, or None.
    """

    def __init__(
        self,
        error: str | None,
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

    @property
    def code(self) -> RegisteredCode | None:
        """*error* if it is a registered code, else None: what to compare, as type checkers refuse a typo here."""
        return None if self.error is None else _CODES.get(self.error)

    def __str__(self) -> str:
        if self.error is None:
            return (
                f"the server refused the token request with HTTP {self.status}, and with neither a token nor an error "
                "of RFC 6749: check the endpoint, and any proxy before it"
            )
        text = f"the server refused the token request: {self.error} (HTTP {self.status})"
        if self.description:
            text = f"{text}: {self.description}"
        return f"{text} [{self.uri}]" if self.uri else text


class InvalidResponse(OAuthError):
    """
    A response that is not a token response (RFC 6749 section 5.1), or not metadata (RFC 8414).

    *status* is the HTTP status; *reason* says what is wrong without quoting the response; *member* names the member
    that is missing or illegal, None if it is no matter of one; *retryable* and *retry_after* are those of
    `TokenRequestRefused`.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        member: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status, reason, member, retryable, retry_after)
        self.status: Final = status
        self.reason: Final = reason
        self.member: Final = member
        self.retryable: Final = retryable
        self.retry_after: Final = retry_after

    def __str__(self) -> str:
        return f"HTTP {self.status}: {self.reason}"


class UnexpectedRedirect(InvalidResponse):
    """
    The endpoint redirects to *location*, cleaned, or None. A token request is never sent anywhere else.
    """

    def __init__(self, status: int, reason: str, location: str | None = None) -> None:
        super().__init__(status, reason)
        # Sets the args, by which errors are pickled and compared.
        Exception.__init__(self, status, reason, location)
        self.location: Final = location


class IssuerMismatch(InvalidResponse):
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
