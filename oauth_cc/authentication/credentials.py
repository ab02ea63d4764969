"""
The client's identifier together with its authentication method.
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
The default of *authentication*. It is not None, so that type checkers reject an unset ``os.environ.get(...)``.
"""


@final
@attrs.frozen(init=False)
class ClientCredentials:
    """
    A client of an authorization server (RFC 6749 section 2).

    Args:
        client_id: The client identifier.
        authentication: A client authentication method such as `ClientSecretBasic`, or a client secret, which is sent by
            HTTP Basic. Without it a body can be composed, but not a request.

    Raises:
        InvalidInput: The client identifier or the secret is empty or contains a character that it must not, or the
            authentication is of another type.

    Example:
        >>> ClientCredentials("your_id", "s3cret")
        ClientCredentials(client_id='your_id', authentication=ClientSecretBasic(secret=Secret('***'), encode=True))
        >>> ClientCredentials("your_id", "s3cret") == ClientCredentials("your_id", ClientSecretBasic("s3cret"))
        True
    """

    client_id: str
    authentication: ClientAuthentication | None = None

    def __init__(self, client_id: str, authentication: str | Secret | ClientAuthentication = LEFT_OUT) -> None:
        method = None if authentication is LEFT_OUT else _method(authentication)
        fault = method if isinstance(method, InvalidInput) else _client_id_fault(client_id)
        if fault is not None:
            del self, client_id, authentication, method
            raise fault
        object.__setattr__(self, "client_id", client_id)
        object.__setattr__(self, "authentication", method)


def _client_id_fault(client_id: str) -> InvalidInput | None:
    if not isinstance(client_id, str):
        return InvalidInput("client_id", f"client_id must be a str, not {type(client_id).__name__}")
    if not client_id:
        return InvalidInput("client_id", "client_id must not be empty (is an environment variable unset?)")
    if REDACTION in client_id:
        return InvalidInput("client_id", "client_id is the redacted text of a Secret; pass it as a plain str")
    # Printable text is always legal, and quicker to test than the pattern.
    if not client_id.isprintable() and not TEXT.fullmatch(client_id):
        return InvalidInput("client_id", "client_id must not contain a control character or a lone surrogate; strip it")
    return None


def _method(given: str | Secret | ClientAuthentication | None) -> ClientAuthentication | InvalidInput | None:
    if given is None:
        return None
    if isinstance(given, str | Secret):
        return _basic(given)
    if isinstance(given, bytes):
        return InvalidInput("client_secret", "client_secret must be a str, not bytes; decode it first")
    name = type(given).__name__
    if isinstance(given, type) or not callable(getattr(given, "authenticate", None)):
        reason = f"client authentication must be a secret or a record such as ClientSecretBasic('...'), not {name}"
        return InvalidInput("client authentication", reason)
    if is_coroutine_function(given.authenticate):
        reason = f"client authentication method {name} must not be async; pass a coroutine function to ClientAssertion"
        return InvalidInput("client authentication", reason)
    return given


def _basic(secret: str | Secret) -> ClientAuthentication | InvalidInput:
    if not secret:
        reason = (
            "client_secret must not be empty (is an environment variable unset?); "
            "use ClientSecretBasic('') if the server issued an empty one"
        )
        return InvalidInput("client_secret", reason)
    try:
        return ClientSecretBasic(secret)
    except InvalidInput as fault:
        return fault.with_traceback(None)
