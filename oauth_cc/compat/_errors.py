"""
The errors of the facade: oauthlib's own classes if oauthlib is installed, else classes of the same names.

So ``except oauthlib.oauth2.TokenExpiredError`` matches the facade's errors, and oauthlib is not required. Importing
this module imports oauthlib if it is there; importing `oauth_cc.compat` does not.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # Type checkers always see these classes: no signature here contains a type of oauthlib.
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
    A response, or a token passed to the client, that cannot be used. Also a ValueError.

    oauthlib has no such class: it raises ValueError, TypeError, AttributeError and others, or uses the token. The text
    never quotes the response.
    """

    error: str | None = "invalid_response"

    def __reduce__(self) -> tuple[type[OAuth2Error], tuple[object, ...]]:
        return type(self), (self.description, self.uri, self.state, self.status_code)


# Without the codes that only a client may raise (token_expired, insecure_transport, ...): a server that sent one would
# control how its clients handle their own faults.
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
    Return the error that a response with a member ``error`` reports, with the server's description, page and state.

    A code that no server may send becomes a `CustomOAuth2Error`, like every unknown code; null becomes an
    `InvalidResponseError`.

        >>> str(refusal({"error": "invalid_scope", "error_description": "unknown: a"}))
        '(invalid_scope) unknown: a'
    """
    code = members["error"]
    if code is None:
        return InvalidResponseError("error must be a code, not null")
    kind = _REFUSALS.get(code) if isinstance(code, str) else None
    description = members.get("error_description")
    if kind is InvalidClientIdError and description is None:
        # The text of the class blames client_id, but the code means any fault of the request.
        description = ""
    rest = (description, members.get("error_uri"), members.get("state"))
    # Typed as RFC 6749 section 5.2 defines these members, and stored unchecked, as in oauthlib.
    if kind is None:
        return CustomOAuth2Error(code, *rest)  # type: ignore[arg-type]  # stored unchecked, as in oauthlib
    return kind(*rest)  # type: ignore[arg-type]  # as above
