"""
The exceptions of oauth_cc.

    OAuthError
    ├── InvalidInput                an invalid argument (also a ValueError); .parameter names it
    │   ├── InsecureEndpoint        a URL that is not https
    │   └── InvalidKey              a private key that cannot be read or used
    ├── TokenRequestRefused         an error response: RFC 6749 section 5.2, or any status but 200 and 201
    ├── InvalidResponse             a response that is not a token response, or not metadata; .member or .reason
    │   ├── UnexpectedRedirect      a redirect, which is never followed; .location
    │   ├── UnsupportedTokenType    a token of a type that was not requested; .token_type
    │   │   └── TokenTypeDowngrade  a bearer token where a bound token was requested
    │   ├── IssuerMismatch          the metadata of another issuer
    │   └── IssuerNotNamed          a protected resource that does not name the issuer
    ├── RenewalTimedOut             another caller's token request takes too long (also a TimeoutError)
    ├── SourceClosed                a token source was used after close() (also a RuntimeError)
    └── StoreUnavailable            a token store cannot be read or written

Errors are values: compared by content, hashable, picklable. They never contain a secret, an assertion or a token, and
redact what they quote from a server. Exceptions of an HTTP library pass through unchanged.
"""

import math
from typing import Final, Literal, TypeAlias, get_args

from oauth_cc._wire.typing import is_tuple

__all__ = [
    "InsecureEndpoint",
    "InvalidInput",
    "InvalidKey",
    "InvalidResponse",
    "IssuerMismatch",
    "IssuerNotNamed",
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

_TOO_MANY_REQUESTS: Final = 429
_FIRST_SERVER_ERROR: Final = 500
_CODES: Final[dict[str, RegisteredCode]] = {code: code for code in get_args(RegisteredCode)}


class OAuthError(Exception):
    """
    The base class of every exception that oauth_cc itself raises.
    """

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, OAuthError) and self.args == other.args

    def __hash__(self) -> int:
        return hash((type(self), self.args))


class InvalidInput(OAuthError, ValueError):
    """
    An invalid argument. No request was sent.

    Attributes:
        parameter: What is invalid, in the words of the RFCs (``scope``, ``client_secret``, ``token endpoint``).
        reason: A sentence that says what is wrong and what to do. It never quotes the value.
    """

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(parameter, reason)
        self.parameter: Final = parameter
        self.reason: Final = reason

    def __str__(self) -> str:
        return self.reason


class InsecureEndpoint(InvalidInput):
    """A URL that is not https (RFC 6749 sections 1.6 and 3.2)."""


class InvalidKey(InvalidInput):
    """A private key that cannot be read, cannot sign, or does not fit its algorithm."""


class TokenRequestRefused(OAuthError):
    """
    An error response to a token request (RFC 6749 section 5.2), or a status that is neither 200 nor 201.

    Texts of the server are cleaned: no control characters, no secret of the request, bounded.

    Args:
        error: The error code as it was sent; None if the response has none.
        description: The text beside the code, or None.
        uri: An http or https page about the error, or None.
        status: The HTTP status.
        retryable: Whether the same request may succeed later.
        retry_after: The seconds to wait that the server requested, within limits, or None.
        server_message: What the server says in any form, such as ``message`` or plain text, or None.
        advice: What to check, or None.
    """

    def __init__(
        self,
        error: str | None,
        description: str | None = None,
        uri: str | None = None,
        status: int = 400,
        retryable: bool = False,
        retry_after: float | None = None,
        server_message: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(error, description, uri, status, retryable, retry_after, server_message, advice)
        self.error: Final = error
        self.description: Final = description
        self.uri: Final = uri
        self.status: Final = status
        self.retryable: Final = retryable
        self.retry_after: Final = retry_after
        self.server_message: Final = description if server_message is None else server_message
        self.advice: Final = advice

    @property
    def code(self) -> RegisteredCode | None:
        """*error* if it is a registered code, else None: what to compare, as type checkers reject a typo here."""
        return None if self.error is None else _CODES.get(self.error)

    def __str__(self) -> str:
        code = "" if self.error is None else f": {self.error}"
        text = f"the server {_what_it_did(self.status)}{code} (HTTP {self.status})"
        if self.server_message:
            text = f"{text}: {self.server_message}"
        if self.uri:
            text = f"{text} [{self.uri}]"
        return f"{text}; {self.advice}" if self.advice else text


def _what_it_did(status: int) -> str:
    if status == _TOO_MANY_REQUESTS:
        return "limits requests"
    return "is failing" if status >= _FIRST_SERVER_ERROR else "rejected the request"


class InvalidResponse(OAuthError):
    """
    A response that is not a token response (RFC 6749 section 5.1), or not metadata (RFC 8414).

    Attributes:
        status: The HTTP status.
        reason: A sentence that says what is wrong. It quotes only words of the server, redacted.
        member: The name of the member that is missing or invalid, or None.
        retryable: Whether the same request may succeed later.
        retry_after: The seconds to wait that the server requested, within limits, or None.
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
    A redirect. Token requests never follow one.

    Attributes:
        location: The target without query and fragment, redacted, or None.
    """

    def __init__(self, status: int, reason: str, location: str | None = None) -> None:
        super().__init__(status, reason)
        # Errors are pickled and compared by their args.
        Exception.__init__(self, status, reason, location)
        self.location: Final = location


class IssuerMismatch(InvalidResponse):
    """The metadata of another issuer than the one requested, which must not be used (RFC 8414 section 3.3)."""


class IssuerNotNamed(InvalidResponse):
    """
    The metadata of a protected resource that does not name the caller's issuer (RFC 9728 section 2).

    Nothing is sent to any other authorization server, and no token to the resource.
    """


class UnsupportedTokenType(InvalidResponse):
    """
    A token of a type that was not requested, which must not be used (RFC 6749 section 7.1).

    Attributes:
        token_type: The server's ``token_type``, redacted.
    """

    def __init__(self, status: int, reason: str, token_type: str) -> None:
        super().__init__(status, reason)
        Exception.__init__(self, status, reason, token_type)
        self.token_type: Final = token_type


class TokenTypeDowngrade(UnsupportedTokenType):
    """A bearer token where a token bound to a key was requested (RFC 9449 section 5)."""


class RenewalTimedOut(OAuthError, TimeoutError):
    """
    No token within the `wait_timeout` of the caller, because another caller's token request is still running.

    Attributes:
        seconds: How long the caller waited.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds: Final = seconds

    def __str__(self) -> str:
        return (
            f"no token within {self.seconds:g} seconds, as another caller's request is still running; try again later"
        )


class SourceClosed(OAuthError, RuntimeError):
    """A token source that was used after its ``close()``."""

    def __str__(self) -> str:
        return "this token source is closed; create a new one, or close this one after its last use"


class StoreUnavailable(OAuthError):
    """
    A token store that cannot be read or written. Meanwhile, tokens are cached in memory only.

    Attributes:
        reason: A sentence that says why, and what to do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: Final = reason

    def __str__(self) -> str:
        return self.reason


def kind_fault(name: str, given: object, expected: str, advice: str = "") -> InvalidInput:
    """
    Return the error for an argument of another type. It does not quote the argument.

        >>> str(kind_fault("scope", ["read"], "a Scope", "use Scope.of(...)"))
        'scope must be a Scope, not list; use Scope.of(...)'

    Args:
        name: The name of the parameter.
        given: The argument.
        expected: What it must be.
        advice: What to do, or nothing.
    """
    reason = f"{name} must be {expected}, not {type(given).__name__}"
    return InvalidInput(name, f"{reason}; {advice}" if advice else reason)


def switch_fault(**switches: object) -> InvalidInput | None:
    """
    Return the error for the first of *switches* that is neither True nor False, or None.

        >>> str(switch_fault(x5t=False, x5c=None))
        'x5c must be True or False, not NoneType'
    """
    wrong = [(name, given) for name, given in switches.items() if not isinstance(given, bool)]
    return kind_fault(*wrong[0], "True or False") if wrong else None


def texts_fault(**texts: object) -> InvalidInput | None:
    """
    Return the error for the first of *texts* that is neither a str nor None, or None.

        >>> str(texts_fault(issuer=None, proxy=5))
        'proxy must be a str or None, not int'
    """
    wrong = [(name, given) for name, given in texts.items() if not (given is None or isinstance(given, str))]
    return kind_fault(*wrong[0], "a str or None") if wrong else None


def tuple_fault(name: str, given: object, advice: str = "") -> InvalidInput | None:
    """
    Return the error for an argument that is not a tuple of str, or None.

        >>> str(tuple_fault("resources", ["https://api.example"], "use with_resource()"))
        'resources must be a tuple of str, not list; use with_resource()'

    Args:
        name: The name of the parameter.
        given: The argument.
        advice: What to do, or nothing.
    """
    if not is_tuple(given):
        return kind_fault(name, given, "a tuple of str", advice)
    wrong = [text for text in given if not isinstance(text, str)]
    return kind_fault(name, wrong[0], "a tuple of str", advice) if wrong else None


def moment_fault(name: str, given: object) -> InvalidInput | None:
    """
    Return the error for an argument that is not a point in time, or None.

    Args:
        name: The name of the parameter.
        given: The argument.
    """
    if (type(given) is int or type(given) is float) and abs(given) < math.inf:
        return None
    return InvalidInput(name, f"{name} must be POSIX seconds as a finite float; use time.time()")
