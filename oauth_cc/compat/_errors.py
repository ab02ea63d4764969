"""
The errors of the facade: oauthlib's own classes where oauthlib is installed, else classes of the same names.

So ``except oauthlib.oauth2.TokenExpiredError`` catches what the facade raises, and nobody needs oauthlib for it.
Importing this module looks for oauthlib; importing `oauth_cc.compat` does not.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # What type checkers see, with oauthlib or without: no type of that package stands in a signature of ours.
    from oauth_cc.compat._own_errors import *
else:
    from oauth_cc.compat import _own_errors

    try:
        from oauthlib.oauth2.rfc6749 import errors as _found
    except ImportError:
        _found = _own_errors
    _names = [name for name, kind in vars(_own_errors).items() if isinstance(kind, type)]
    globals().update({name: getattr(_found, name) for name in _names})


class InvalidResponseError(OAuth2Error, ValueError):
    """
    An answer, or a token given to the client, that cannot be used; a ValueError as well.

    oauthlib has no such class: it lets ValueError, TypeError, AttributeError and others out, or uses the token.
    The text says what is wrong and quotes nothing of the answer.
    """

    error: str | None = "invalid_response"

    def __reduce__(self) -> tuple[type[OAuth2Error], tuple[object, ...]]:
        return type(self), (self.description, self.uri, self.state, self.status_code)


# No code that only a client can come to (token_expired, insecure_transport, ...): a server that named one would steer
# what its clients do about their own faults.
_REFUSALS: Final[Mapping[object, type[OAuth2Error]]] = {
    "access_denied": AccessDeniedError,
    "consent_required": ConsentRequired,
    "insufficient_scope": InsufficientScopeError,
    "invalid_client": InvalidClientError,
    "invalid_grant": InvalidGrantError,
    "invalid_request": InvalidClientIdError,
    "invalid_scope": InvalidScopeError,
    "invalid_token": InvalidTokenError,
    "login_required": LoginRequired,
    "server_error": ServerError,
    "temporarily_unavailable": TemporarilyUnavailableError,
    "unauthorized_client": UnauthorizedClientError,
    "unsupported_grant_type": UnsupportedGrantTypeError,
    "unsupported_response_type": UnsupportedResponseTypeError,
    "unsupported_token_type": UnsupportedTokenTypeError,
}


def refusal(members: Mapping[str, object]) -> OAuth2Error:
    """
    Gives the error that an answer with a member ``error`` is, with the server's description, page and state.

    A code that no server may send is a `CustomOAuth2Error`, as every unknown one; null, an `InvalidResponseError`.

        >>> str(refusal({"error": "invalid_scope", "error_description": "unknown: a"}))
        '(invalid_scope) unknown: a'
    """
    code = members["error"]
    if code is None:
        return InvalidResponseError("The answer has an error without a code.")
    kind = _REFUSALS.get(code) if isinstance(code, str) else None
    description = members.get("error_description")
    if kind is InvalidClientIdError and description is None:
        # The text of the class blames client_id; the code says only that something in the request is wrong.
        description = ""
    rest = (description, members.get("error_uri"), members.get("state"))
    # Typed as RFC 6749 section 5.2 has these members, and kept as the server sent them, as oauthlib does.
    if kind is None:
        return CustomOAuth2Error(code, *rest)  # type: ignore[arg-type]  # as the server sent them, as oauthlib does
    return kind(*rest)  # type: ignore[arg-type]  # as above
