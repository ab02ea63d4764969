"""
The client's identifier together with its authentication method.
"""

from hashlib import sha512
from typing import Final, Protocol, TypeGuard, final, runtime_checkable

import attrs

from oauth_cc._wire.grammar import TEXT, text_fault
from oauth_cc._wire.typing import is_coroutine_function
from oauth_cc.authentication.client_secret import (
    ClientSecret,
    GivenSecret,
    SecretFile,
    SecretSource,
    checked_secret,
    is_function,
)
from oauth_cc.authentication.keys import KeySource, SigningKey
from oauth_cc.authentication.methods import ClientAuthentication, ClientSecretBasic
from oauth_cc.errors import InvalidInput
from oauth_cc.secret import REDACTION, Secret

LEFT_OUT: Final = Secret("")
"""
The default of *authentication*. It is not None, so that type checkers reject an unset ``os.environ.get(...)``.
"""


@runtime_checkable
class _BySecret(Protocol):
    # A method with a client secret that may be read for each token request.

    @property
    def secret(self) -> ClientSecret | None: ...

    def with_secret(self, secret: Secret, /) -> ClientAuthentication: ...


@runtime_checkable
class _ByKey(Protocol):
    # A method with a private key that may be read for each token request.

    @property
    def key(self) -> SigningKey: ...

    def with_key(self, key: SigningKey, /) -> ClientAuthentication: ...


@final
@attrs.frozen(init=False)
class ClientCredentials:
    """
    A client of an authorization server (RFC 6749 section 2).

    Args:
        client_id: The client identifier.
        authentication: A client authentication method such as `ClientSecretBasic`, or a client secret, which is sent by
            HTTP Basic: its value, or a `SecretFile`, a `SecretSource` or a function that it is read from. Without it a
            body can be composed, but not a request.

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

    def __init__(self, client_id: str, authentication: GivenSecret | ClientAuthentication = LEFT_OUT) -> None:
        method = None if authentication is LEFT_OUT else _method(authentication)
        fault = method if isinstance(method, InvalidInput) else _client_id_fault(client_id)
        if fault is not None:
            del self, client_id, authentication, method
            raise fault
        object.__setattr__(self, "client_id", client_id)
        object.__setattr__(self, "authentication", method)

    def with_secret(self, secret: str | Secret) -> "ClientCredentials":
        """
        Return the credentials with *secret* in place of the client secret of their authentication method.

        Raises `InvalidInput` if the method has no client secret, or the secret cannot be sent.

            >>> ClientCredentials("your_id", SecretFile("/run/secret")).with_secret("s3cret").authentication
            ClientSecretBasic(secret=Secret('***'), encode=True)
        """
        checked = checked_secret(secret)
        del secret
        if isinstance(checked, InvalidInput):
            raise checked
        if not isinstance(self.authentication, _BySecret) or self.authentication.secret is None:
            reason = "client authentication has no client secret; pass the secret to ClientCredentials"
            raise InvalidInput("client authentication", reason)
        return ClientCredentials(self.client_id, self.authentication.with_secret(checked))

    def with_key(self, key: SigningKey) -> "ClientCredentials":
        """
        Return the credentials with *key* in place of the private key of their authentication method.

        Raises `InvalidInput` if the method has no private key.
        """
        if not isinstance(self.authentication, _ByKey):
            reason = "client authentication has no private key; pass PrivateKeyJwt to ClientCredentials"
            raise InvalidInput("client authentication", reason)
        return ClientCredentials(self.client_id, self.authentication.with_key(key))


def sources_of(credentials: ClientCredentials) -> tuple[SecretFile | SecretSource | KeySource, ...]:
    """
    Return where the secret and the key of *credentials* are read from for each token request.

        >>> sources_of(ClientCredentials("your_id", SecretFile("/run/secret")))
        (SecretFile(path='/run/secret'),)
    """
    method = credentials.authentication
    found: list[SecretFile | SecretSource | KeySource] = []
    if isinstance(method, _BySecret) and isinstance(method.secret, SecretFile | SecretSource):
        found.append(method.secret)
    if isinstance(method, _ByKey) and isinstance(method.key, SigningKey) and method.key.source is not None:
        found.append(method.key.source)
    return tuple(found)


def by_name(credentials: ClientCredentials) -> ClientCredentials:
    """
    Return *credentials* with a name in place of a secret or a key that is still to be read.

    What is derived from them is the same before and after a rotation.

        >>> creds = ClientCredentials("your_id", SecretFile("/run/secret"))
        >>> by_name(creds) == by_name(creds), by_name(creds) == creds
        (True, False)
    """
    for source in sources_of(credentials):
        if isinstance(source, KeySource):
            credentials = credentials.with_key(SigningKey("ES256", bytes, f"file {source.name}"))
        else:
            text = f"file {source.path}" if isinstance(source, SecretFile) else f"source {source.name or ''}"
            # Long enough to key every HMAC.
            credentials = credentials.with_secret(sha512(text.encode()).hexdigest())
    return credentials


def has_name(credentials: ClientCredentials) -> bool:
    """Return whether *credentials* are the same in every process, so that a store can share their tokens."""
    sources = sources_of(credentials)
    return all([not isinstance(source, SecretSource) or source.name is not None for source in sources])


def _client_id_fault(client_id: str) -> InvalidInput | None:
    fault = text_fault(client_id)
    if fault is not None:
        return InvalidInput("client_id", f"client_id {fault}")
    if REDACTION in client_id:
        return InvalidInput("client_id", "client_id is the redacted text of a Secret; pass it as a plain str")
    # Printable text is always legal, and quicker to test than the pattern.
    if not client_id.isprintable() and not TEXT.fullmatch(client_id):
        return InvalidInput("client_id", "client_id must not contain a control character or lone surrogate; remove it")
    return None


def _method(given: GivenSecret | ClientAuthentication | None) -> ClientAuthentication | InvalidInput | None:
    if given is None:
        return None
    if isinstance(given, str | Secret | SecretFile | SecretSource):
        return _basic(given)
    if isinstance(given, bytes):
        return InvalidInput("client_secret", "client_secret must be a str, not bytes; decode it first")
    name = type(given).__name__
    if _is_method(given):
        if not is_coroutine_function(given.authenticate):
            return given
        reason = f"client authentication method {name} must not be async; pass a coroutine function to ClientAssertion"
        return InvalidInput("client authentication", reason)
    if is_function(given):
        return _basic(given)
    if isinstance(given, type):
        reason = f"client authentication must not be the class {given.__name__}; call it: {given.__name__}(...)"
        return InvalidInput("client authentication", reason)
    reason = f"client authentication must be a secret or a record such as ClientSecretBasic('...'), not {name}"
    return InvalidInput("client authentication", reason)


def _is_method(given: object) -> TypeGuard[ClientAuthentication]:
    return not isinstance(given, type) and callable(getattr(given, "authenticate", None))


def _basic(secret: GivenSecret) -> ClientAuthentication | InvalidInput:
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
