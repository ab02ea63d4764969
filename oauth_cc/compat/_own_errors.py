"""
Classes like oauthlib's errors. `oauth_cc.compat._errors` uses them if oauthlib is not installed.
"""

import json

from oauth_cc.compat._body import append
from oauth_cc.compat._placing import with_query


class OAuth2Error(Exception):
    """
    The base class of the errors that a server reports and of the errors that the client detects.

    The attributes that only servers need are None.

    Args:
        description: A text for people; None means the text of the class.
        uri: A page about the error.
        state: The state that the server echoes.
        status_code: The HTTP status; None means the status of the class.

    Example:
        >>> str(OAuth2Error("try later"))
        '(None) try later'
    """

    error: str | None = None
    status_code: int = 400
    description: str = ""

    def __init__(
        self,
        description: str | None = None,
        uri: str | None = None,
        state: str | None = None,
        status_code: int | None = None,
    ) -> None:
        if description is not None:
            self.description = description
        super().__init__(f"({self.error}) {self.description}")
        self.uri = uri
        self.state = state
        if status_code:
            self.status_code = status_code
        self.redirect_uri: str | None = None
        self.client_id: str | None = None
        self.scopes: list[str] | None = None
        self.response_type: str | None = None
        self.response_mode: str | None = None
        self.grant_type: str | None = None

    def __reduce__(self) -> tuple[type["OAuth2Error"], tuple[object, ...]]:
        return type(self), (self.description, self.uri, self.state, self.status_code)

    def in_uri(self, uri: str) -> str:
        """Return *uri* with the error in its query, or in its fragment if *response_mode* is ``fragment``."""
        return with_query(uri, self.twotuples, fragment=self.response_mode == "fragment")

    @property
    def twotuples(self) -> list[tuple[str, str | None]]:
        """The members of an error response (RFC 6749 section 5.2) that have a value, as (name, value) pairs."""
        members = [("error_description", self.description), ("error_uri", self.uri), ("state", self.state)]
        return [("error", self.error), *[(name, value) for name, value in members if value]]

    @property
    def urlencoded(self) -> str:
        """The error as form text."""
        return append("", self.twotuples)

    @property
    def json(self) -> str:
        """The error as JSON text."""
        return json.dumps(dict(self.twotuples))

    @property
    def headers(self) -> dict[str, str]:
        """The challenge that a server sends with status 401 (RFC 6750 section 3); empty for any other status."""
        if self.status_code != 401:
            return {}
        members = [("error", self.error), ("error_description", self.description), ("error_uri", self.uri)]
        shown = [f'{name}="{value}"' for name, value in members if value or name == "error"]
        return {"WWW-Authenticate": f"Bearer {', '.join(shown)}"}


class CustomOAuth2Error(OAuth2Error):
    """
    An error code that no other class covers.

    Args:
        error: The error code.
        description: The server's description, or None.
        uri: A page about the error, or None.
        state: Unused by this grant.
        status_code: The HTTP status, or None.
    """

    def __init__(
        self,
        error: str,
        description: str | None = None,
        uri: str | None = None,
        state: str | None = None,
        status_code: int | None = None,
    ) -> None:
        self.error: str | None = error
        super().__init__(description, uri, state, status_code)

    def __reduce__(self) -> tuple[type["OAuth2Error"], tuple[object, ...]]:
        return type(self), (self.error, self.description, self.uri, self.state, self.status_code)


class TokenExpiredError(OAuth2Error):
    """The client's token has expired."""

    error: str | None = "token_expired"


class InsecureTransportError(OAuth2Error):
    """The URL is not https."""

    error: str | None = "insecure_transport"
    description: str = "OAuth 2 MUST utilize https."


class MismatchingStateError(OAuth2Error):
    """The state of the response differs from the state of the request."""

    error: str | None = "mismatching_state"
    description: str = "CSRF Warning! State not equal in request and response."


class MissingCodeError(OAuth2Error):
    """The response has no code."""

    error: str | None = "missing_code"


class MissingTokenError(OAuth2Error):
    """The response has no access token."""

    error: str | None = "missing_token"


class MissingTokenTypeError(OAuth2Error):
    """The response has no token type, and ``OAUTHLIB_STRICT_TOKEN_TYPE`` requires one."""

    error: str | None = "missing_token_type"


class FatalClientError(OAuth2Error):
    """The server rejected the client itself."""


class InvalidRequestFatalError(FatalClientError):
    """``invalid_request``, from a server that must not redirect."""

    error: str | None = "invalid_request"


class InvalidClientIdError(InvalidRequestFatalError):
    """``invalid_request``: oauthlib raises this class for any fault of the request (RFC 6749 section 5.2)."""

    description: str = "Invalid client_id parameter value."


class InvalidRequestError(OAuth2Error):
    """``invalid_request``, for servers to raise."""

    error: str | None = "invalid_request"


class AccessDeniedError(OAuth2Error):
    """``access_denied`` (RFC 6749 section 4.1.2.1)."""

    error: str | None = "access_denied"


class UnsupportedResponseTypeError(OAuth2Error):
    """``unsupported_response_type`` (RFC 6749 section 4.1.2.1)."""

    error: str | None = "unsupported_response_type"


class InvalidScopeError(OAuth2Error):
    """``invalid_scope`` (RFC 6749 section 5.2)."""

    error: str | None = "invalid_scope"


class ServerError(OAuth2Error):
    """``server_error`` (RFC 6749 section 4.1.2.1)."""

    error: str | None = "server_error"


class TemporarilyUnavailableError(OAuth2Error):
    """``temporarily_unavailable`` (RFC 6749 section 4.1.2.1)."""

    error: str | None = "temporarily_unavailable"


class InvalidClientError(FatalClientError):
    """``invalid_client`` (RFC 6749 section 5.2)."""

    error: str | None = "invalid_client"
    status_code: int = 401


class InvalidGrantError(OAuth2Error):
    """``invalid_grant`` (RFC 6749 section 5.2)."""

    error: str | None = "invalid_grant"


class UnauthorizedClientError(OAuth2Error):
    """``unauthorized_client`` (RFC 6749 section 5.2)."""

    error: str | None = "unauthorized_client"


class UnsupportedGrantTypeError(OAuth2Error):
    """``unsupported_grant_type`` (RFC 6749 section 5.2)."""

    error: str | None = "unsupported_grant_type"


class UnsupportedTokenTypeError(OAuth2Error):
    """``unsupported_token_type`` (RFC 7009 section 2.2.1)."""

    error: str | None = "unsupported_token_type"


class InvalidTokenError(OAuth2Error):
    """``invalid_token`` (RFC 6750 section 3.1)."""

    error: str | None = "invalid_token"
    status_code: int = 401
    description: str = "The access token provided is expired, revoked, malformed, or invalid for other reasons."


class InsufficientScopeError(OAuth2Error):
    """``insufficient_scope`` (RFC 6750 section 3.1)."""

    error: str | None = "insufficient_scope"
    status_code: int = 403
    description: str = "The request requires higher privileges than provided by the access token."


class ConsentRequired(OAuth2Error):
    """``consent_required`` (OpenID Connect Core section 3.1.2.6)."""

    error: str | None = "consent_required"


class LoginRequired(OAuth2Error):
    """``login_required`` (OpenID Connect Core section 3.1.2.6)."""

    error: str | None = "login_required"
