"""
HTTP Basic as requests-oauthlib sends it, and as RFC 6749 defines it.
"""

from typing import TypeGuard, final

from requests.auth import HTTPBasicAuth

from oauth_cc._wire.form import percent_encode
from oauth_cc._wire.json import is_array
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost, NoAuthentication
from oauth_cc.compat.requests_oauthlib._types import Auth, CallAuth
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import Secret


def revealed(secret: str | Secret) -> str:
    """Return *secret* as text: every secret of this package is a str or a `Secret`."""
    return secret.reveal() if isinstance(secret, Secret) else secret


def raw_basic(client_id: str, secret: str) -> HTTPBasicAuth:
    """
    Return HTTP Basic as requests-oauthlib sends it: not percent-encoded, in Latin-1.

    requests-oauthlib rejects text outside Latin-1. Here such text is sent as UTF-8.

        >>> raw_basic("your_id", "s3cret").username
        'your_id'

    Args:
        client_id: The client identifier.
        secret: The client secret.
    """
    try:
        f"{client_id}{secret}".encode("latin-1")
    except UnicodeEncodeError:
        return HTTPBasicAuth(client_id.encode(), secret.encode())
    return HTTPBasicAuth(client_id, secret)


@final
class _EncodedBasic(HTTPBasicAuth):
    """HTTP Basic with percent-encoded client identifier and secret (RFC 6749 section 2.3.1)."""


def as_auth(auth: Auth | None, client_id: str | None) -> CallAuth | InvalidInput | None:
    """
    Return *auth* in the form that requests takes, or the error to raise.

    Args:
        auth: What the program passed.
        client_id: The client identifier of the session.
    """
    if isinstance(auth, ClientSecretBasic):
        if not client_id:
            return InvalidInput("client_id", "no client_id; pass it as OAuth2Session('your_id'), or pass client=")
        if not isinstance(auth.secret, Secret):
            reason = "client_secret must be the secret itself in a session; read the file or the source first"
            return InvalidInput("client_secret", reason)
        secret = auth.secret.reveal()
        if auth.encode:
            return _EncodedBasic(percent_encode(client_id), percent_encode(secret))
        return raw_basic(client_id, secret)
    if isinstance(auth, ClientSecretPost | NoAuthentication):
        reason = f"auth must not be {type(auth).__name__}; pass client_secret= and include_client_id=True instead"
        return InvalidInput("auth", reason)
    if _is_pair(auth):
        return raw_basic(auth[0], revealed(auth[1]))
    if auth and (isinstance(auth, type) or not callable(auth)):
        reason = f"auth must be a pair of client_id and secret or an auth of requests, not {type(auth).__name__}"
        return InvalidInput("auth", f"{reason}; pass client_secret=, or auth=ClientSecretBasic(client_secret)")
    return auth


def _is_pair(auth: object) -> TypeGuard[tuple[str, str] | tuple[str, Secret]]:
    return is_array(auth) and len(auth) == 2


def hint(auth: CallAuth | None) -> str | None:
    """Return what may be wrong with *auth* if the server rejects the client, or None."""
    match auth:
        case _EncodedBasic():
            return "if the server does not decode HTTP Basic, pass client_secret= and leave out auth="
        case HTTPBasicAuth(password=""):
            return "no client_secret was passed (is an environment variable unset?)"
        case HTTPBasicAuth(username=str(name), password=str(secret)) if percent_encode(name + secret) != name + secret:
            return (
                "the client_id or the secret has reserved characters; if the server decodes HTTP Basic (RFC 6749 "
                "section 2.3.1), pass auth=ClientSecretBasic(client_secret)"
            )
        case _:
            return None
