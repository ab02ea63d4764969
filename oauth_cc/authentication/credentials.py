"""
Who asks: the client identifier, and how the client proves that it is its own.
"""

from typing import Final, final

import attrs

from oauth_cc._wire.grammar import TEXT
from oauth_cc._wire.typing import is_coroutine_function
from oauth_cc.authentication.methods import ClientAuthentication, ClientSecretBasic
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import REDACTION, Secret

LEFT_OUT: Final = Secret("")
"""
Stands for no authentication where none is given, in place of None, which is what a setting that is not there gives:
checkers refuse that.
"""


@final
@attrs.frozen(init=False)
class ClientCredentials:
    """
    A client of an authorization server (RFC 6749 section 2).

    *client_id*: its identifier; *authentication*: how it proves who it is, a record such as `ClientSecretBasic`, with a
    plain str or `Secret` meaning a client secret sent by HTTP Basic; without it, or with None where no checker objects,
    a body can be composed, but no request. Raises `InvalidInput`.

        >>> ClientCredentials("your_id", "s3cret")
        ClientCredentials(client_id='your_id', authentication=ClientSecretBasic(secret=Secret('***'), encode=True))
        >>> ClientCredentials("your_id", "s3cret") == ClientCredentials("your_id", ClientSecretBasic("s3cret"))
        True
    """

    client_id: str
    authentication: ClientAuthentication | None = None

    def __init__(self, client_id: str, authentication: str | Secret | ClientAuthentication = LEFT_OUT) -> None:
        way = None if authentication is LEFT_OUT else _way(authentication)
        fault = way if isinstance(way, InvalidInput) else _client_id_fault(client_id)
        if fault is not None:
            del self, client_id, authentication, way
            raise fault
        object.__setattr__(self, "client_id", client_id)
        object.__setattr__(self, "authentication", way)


def _client_id_fault(client_id: str) -> InvalidInput | None:
    if not isinstance(client_id, str):
        return InvalidInput("client_id", f"give it as a str, not as {type(client_id).__name__}")
    if not client_id:
        return InvalidInput("client_id", "must not be empty (is an environment variable unset?)")
    if REDACTION in client_id:
        return InvalidInput("client_id", "is a Secret made text: a client identifier is none, give it as a str")
    # What is printable is legal; the pattern knows what else is.
    if not client_id.isprintable() and not TEXT.fullmatch(client_id):
        return InvalidInput("client_id", "holds a control character or half a surrogate pair: strip or correct it")
    return None


def _way(given: str | Secret | ClientAuthentication | None) -> ClientAuthentication | InvalidInput | None:
    if given is None:
        return None
    if isinstance(given, str | Secret):
        return _basic(given)
    if isinstance(given, bytes):
        return InvalidInput("client_secret", "give it as a str: decode the bytes first")
    if isinstance(given, type) or not callable(getattr(given, "authenticate", None)):
        reason = f"{type(given).__name__} is no way of authentication: give a client secret or ClientSecretBasic('...')"
        return InvalidInput("client authentication", reason)
    if is_coroutine_function(given.authenticate):
        reason = f"{type(given).__name__}.authenticate() is awaited by nobody: give ClientAssertion a coroutine"
        return InvalidInput("client authentication", reason)
    return given


def _basic(secret: str | Secret) -> ClientAuthentication | InvalidInput:
    if not secret:
        reason = "must not be empty (is an environment variable unset?); pass ClientSecretBasic('') if that is meant"
        return InvalidInput("client_secret", reason)
    try:
        return ClientSecretBasic(secret)
    except InvalidInput as fault:
        return fault.with_traceback(None)
