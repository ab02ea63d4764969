"""
How a client proves who it is at the token endpoint (RFC 6749 section 2.3).

A way of authentication is a record with one pure method, `ClientAuthentication.authenticate`; anyone can write another.
Those that stand here are `BuiltInAuthentication`, which is closed, so that a `match` over it can be exhaustive.
"""

import re
from binascii import b2a_base64
from typing import Protocol, TypeAlias, final

import attrs

from oauth_cc.certificate import Certificate, certificate_fault
from oauth_cc.errors import InvalidAuthentication, InvalidClientSecret
from oauth_cc.form import percent_encode
from oauth_cc.grammar import HEADER_NAME, HEADER_VALUE, NAME, TEXT
from oauth_cc.secret import Secret

__all__ = [
    "AuthenticationFields",
    "BuiltInAuthentication",
    "ClientAuthentication",
    "ClientSecretBasic",
    "ClientSecretPost",
    "NoAuthentication",
    "TlsClientAuth",
]


@final
@attrs.frozen
class AuthenticationFields:
    """
    What a request carries to prove who the client is.

    *headers* and *parameters*: (name, value) pairs for the header and the form; *secrets*: what else must never be
    shown, so that an error text in which the server echoes it is cleaned.
    Raises `InvalidAuthentication` if they are two ways at once (RFC 6749 section 2.3) or no legal fields.

        >>> AuthenticationFields(parameters=(("client_id", Secret("your_id")),))
        AuthenticationFields(headers=(), parameters=(('client_id', Secret('***')),), secrets=())
    """

    headers: tuple[tuple[str, Secret], ...] = ()
    parameters: tuple[tuple[str, Secret], ...] = ()
    secrets: tuple[Secret, ...] = ()

    def __attrs_post_init__(self) -> None:
        names = [name for name, _ in self.parameters]
        ways = [name for name in names if name in ("client_secret", "client_assertion")]
        ways += [name for name, _ in self.headers if name.lower() == "authorization"]
        if len(ways) > 1:
            reason = f"{' and '.join(ways)} are two ways of authentication, and a request carries one"
            raise InvalidAuthentication("client authentication", reason)
        legal_headers = [HEADER_NAME.fullmatch(name) and _matches(HEADER_VALUE, value) for name, value in self.headers]
        legal_parameters = [NAME.fullmatch(name) and _matches(TEXT, value) for name, value in self.parameters]
        if len(set(names)) != len(names) or not all(legal_headers) or not all(legal_parameters):
            reason = "gives a field twice, or one that no HTTP message or form can hold"
            raise InvalidAuthentication("client authentication", reason)


class ClientAuthentication(Protocol):
    """
    A way of client authentication: a record, compared by value, with one pure method.
    """

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the fields that prove that the sender is *client_id*."""
        ...


@final
@attrs.frozen(init=False)
class ClientSecretBasic:
    """
    Sends the secret by HTTP Basic, the way every server must support (RFC 6749 section 2.3.1).

    *secret*: the client secret; *encode*: whether client_id and secret are percent-encoded first, as the RFC has it;
    pass False for a server that compares without decoding. Raises `InvalidClientSecret`.

        >>> ClientSecretBasic("7Fjfp0ZBr1KtDRbnfVdmIw").authenticate("s6BhdRkqt3").headers[0][1].reveal()
        'Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3'
    """

    secret: Secret
    encode: bool = True

    def __init__(self, secret: str | Secret, *, encode: bool = True) -> None:
        checked = _client_secret(secret)
        if isinstance(checked, InvalidClientSecret):
            # Tracebacks show local variables, and one of these may be the secret.
            del self, secret
            raise checked
        object.__setattr__(self, "secret", checked)
        object.__setattr__(self, "encode", encode)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """
        Gives the Authorization field. Raises `InvalidAuthentication` if *client_id* has a colon that is not encoded.
        """
        if not self.encode and ":" in client_id:
            reason = "a client_id with ':' cannot be sent by Basic with encode=False: leave encode=True or use post"
            raise InvalidAuthentication("client authentication", reason)
        return AuthenticationFields(headers=(("Authorization", self._field(client_id)),), secrets=(self.secret,))

    def _field(self, client_id: str) -> Secret:
        code = percent_encode if self.encode else str
        pair = f"{code(client_id)}:{code(self.secret.reveal())}"
        return Secret(f"Basic {b2a_base64(pair.encode('utf-8'), newline=False).decode('ascii')}")


@final
@attrs.frozen(init=False)
class ClientSecretPost:
    """
    Sends client_id and secret in the body, for a server that takes no HTTP Basic (RFC 6749 section 2.3.1).

    *secret*: the client secret. Raises `InvalidClientSecret`.

        >>> ClientSecretPost("s3cret").authenticate("your_id").parameters
        (('client_id', Secret('***')), ('client_secret', Secret('***')))
    """

    secret: Secret

    def __init__(self, secret: str | Secret) -> None:
        checked = _client_secret(secret)
        if isinstance(checked, InvalidClientSecret):
            del self, secret
            raise checked
        object.__setattr__(self, "secret", checked)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the parameters ``client_id`` and ``client_secret``."""
        pairs = (("client_id", Secret(client_id)), ("client_secret", self.secret))
        return AuthenticationFields(parameters=pairs, secrets=(self.secret,))


@final
@attrs.frozen
class NoAuthentication:
    """
    Sends client_id in the body and proves nothing: for a server that knows the client by other means, such as a
    gateway's network. Public clients must not use this grant (RFC 6749 section 4.4).

        >>> NoAuthentication().authenticate("your_id").parameters[0][0]
        'client_id'
    """

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the parameter ``client_id``."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


@final
@attrs.frozen(init=False)
class TlsClientAuth:
    """
    Sends client_id in the body, and has the TLS connection prove the rest (RFC 8705 section 2).

    *certificate*: the one that the HTTP library was given with its key; *self_signed*: whether the server knows that
    very certificate (``self_signed_tls_client_auth``), and not its subject alone (``tls_client_auth``). Raises
    `InvalidCertificate` if it is no `Certificate`.

        >>> way = TlsClientAuth(Certificate("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"))
        >>> way.authenticate("your_id")
        AuthenticationFields(headers=(), parameters=(('client_id', Secret('***')),), secrets=())
    """

    certificate: Certificate
    self_signed: bool = False

    def __init__(self, certificate: Certificate, *, self_signed: bool = False) -> None:
        fault = certificate_fault(certificate)
        if fault is not None:
            # It may be a whole file, with its key.
            del self, certificate
            raise fault
        object.__setattr__(self, "certificate", certificate)
        object.__setattr__(self, "self_signed", self_signed)

    def authenticate(self, client_id: str) -> AuthenticationFields:
        """Gives the parameter ``client_id``."""
        return AuthenticationFields(parameters=(("client_id", Secret(client_id)),))


BuiltInAuthentication: TypeAlias = ClientSecretBasic | ClientSecretPost | NoAuthentication | TlsClientAuth
"""A way of authentication that stands here."""


def _client_secret(secret: str | Secret) -> Secret | InvalidClientSecret:
    if not isinstance(secret, str | Secret):
        return InvalidClientSecret("client_secret", f"give it as a str or Secret, not as {type(secret).__name__}")
    sealed = secret if isinstance(secret, Secret) else Secret(secret)
    return sealed if _matches(TEXT, sealed) else InvalidClientSecret("client_secret", _secret_fault(sealed))


def _secret_fault(secret: Secret) -> str:
    if secret.reveal().endswith(("\n", "\r")):
        return "ends with a newline: strip it (a secret read from a file usually has one)"
    return "holds a control character or half a surrogate pair, which no secret may: check where it comes from"


def _matches(pattern: re.Pattern[str], secret: Secret) -> bool:
    return pattern.fullmatch(secret.reveal()) is not None
