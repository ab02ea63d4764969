"""
The token request of the client credentials grant, as a record with builders.

    ClientCredentials, Scope ─ token_request ─▶ TokenRequest
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, final

import attrs

from oauth_cc._wire.grammar import HEADER_NAME
from oauth_cc._wire.json import JsonValue, parse_object
from oauth_cc.additions import (
    check_detail,
    checked_resource_name,
    header_fault,
    pairs_fault,
    parameter_fault,
    read_body,
    sealed_pairs,
    secret_of,
    shown_name,
    value_fault,
    write_detail,
)
from oauth_cc.authentication.certificate import GivenCertificate, client_certificate_fault
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.keys import SigningKey, dpop_key_fault
from oauth_cc.authentication.methods import TlsClientAuth
from oauth_cc.dialect import BEARER, RFC_6749, Dialect
from oauth_cc.endpoint import check_resource
from oauth_cc.errors import InvalidInput, switch_fault, tuple_fault
from oauth_cc.scope import NO_SCOPE, Scope
from oauth_cc.secret import Secret

__all__ = ["TokenRequest", "token_request"]


def __dir__() -> list[str]:
    return __all__


_NO_OPTIONS: Final = ((), (), (), ())


@final
@attrs.frozen
class TokenRequest:
    """
    A token request of the client credentials grant (RFC 6749 section 4.4.2), before it is composed.

    `token_request` makes one. Each ``with_…`` method returns a new record and leaves this one unchanged. Parameters and
    headers hold their values as `Secret`, since some providers require a key in one of them.

    Args:
        credentials: The client identifier, and how the client authenticates.
        scope: The scope to request. Empty to leave it to the server.
        resources: The URIs of the resources that the token is for (RFC 8707).
        authorization_details: JSON objects, each as text (RFC 9396).
        parameters: Further parameters of the request.
        body: Parameters that the client authentication needs in the body.
        includes_client_id: Whether the body has the client_id even if a header has it.
        dpop_key: The key that the token is bound to (RFC 9449), or None.
        certificate: The certificate that the token is bound to (RFC 8705), or None.
        resource_names: Resources as a server names them that takes no URI.
        headers: Further headers of the request.
        dialect: How the server departs from RFC 6749.

    Raises:
        InvalidInput: A field is of another type, or has an invalid value.

    Example:
        >>> from oauth_cc import compose_body
        >>> request = token_request(ClientCredentials("your_id"), Scope.of("hello", "world"))
        >>> compose_body(request.with_resource("https://api.example/").with_client_id_in_body())
        'grant_type=client_credentials&client_id=your_id&scope=hello+world&resource=https%3A%2F%2Fapi.example%2F'
    """

    credentials: ClientCredentials
    scope: Scope = NO_SCOPE
    resources: tuple[str, ...] = ()
    authorization_details: tuple[str, ...] = ()
    parameters: tuple[tuple[str, Secret], ...] = ()
    body: tuple[tuple[str, Secret], ...] = ()
    includes_client_id: bool = False
    dpop_key: SigningKey | None = None
    certificate: GivenCertificate | None = None
    resource_names: tuple[str, ...] = ()
    headers: tuple[tuple[str, Secret], ...] = ()
    dialect: Dialect = RFC_6749

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.credentials, ClientCredentials):
            reason = f"credentials must be ClientCredentials('id', secret), not {type(self.credentials).__name__}"
            raise InvalidInput("client credentials", reason)
        if not isinstance(self.scope, Scope):
            kind = type(self.scope).__name__
            advice = "use Scope.parse('a b')" if kind == "str" else "use Scope.of('a', 'b')"
            raise InvalidInput("scope", f"scope must be a Scope, not {kind}; {advice}")
        # Compared in one step, as most requests have none of them.
        if (self.resources, self.authorization_details, self.parameters, self.body) != _NO_OPTIONS:
            self._check_options()
        if self.dpop_key is not None:
            fault = dpop_key_fault(self.dpop_key)
            if fault is not None:
                del self
                raise fault
        if self.certificate is not None:
            self._check_certificate()
        if self.includes_client_id is not False:
            self._check_switch()
        if self.resource_names != () or self.headers != () or self.dialect is not RFC_6749:
            self._check_departures()

    def _check_switch(self) -> None:
        fault = switch_fault(includes_client_id=self.includes_client_id)
        if fault is not None:
            raise fault

    def _check_options(self) -> None:
        fault = (
            tuple_fault("resources", self.resources, "use with_resource()")
            or tuple_fault("authorization_details", self.authorization_details, "use with_authorization_details()")
            or pairs_fault("parameters", self.parameters, "with_parameter()")
            or pairs_fault("body", self.body, "with_body()")
        )
        if fault is not None:
            raise fault
        for resource in self.resources:
            check_resource(resource)
        for text in self.authorization_details:
            check_detail(parse_object(text))
        names: set[str] = set()
        for name, value in (*self.body, *self.parameters):
            fault = parameter_fault(name, value, names)
            if fault is not None:
                raise fault
            names.add(name)

    def _check_certificate(self) -> None:
        fault = client_certificate_fault(self.certificate)
        if fault is not None:
            del self
            raise fault
        method = self.credentials.authentication
        if isinstance(method, TlsClientAuth) and method.certificate != self.certificate:
            reason = "certificate must be the one of TlsClientAuth, as a connection has only one; leave it out"
            raise InvalidInput("certificate", reason)

    def _check_departures(self) -> None:
        fault = tuple_fault("resource_names", self.resource_names, "use with_resource(..., uri=False)")
        fault = fault or pairs_fault("headers", self.headers, "with_header()")
        if fault is not None:
            raise fault
        for name in self.resource_names:
            checked_resource_name(name)
        taken: set[str] = set()
        for header, value in self.headers:
            fault = header_fault(header, value, taken)
            if fault is not None:
                raise fault
            taken.add(header.lower())
        if not isinstance(self.dialect, Dialect):
            reason = (
                f"dialect must be a Dialect, not {type(self.dialect).__name__}; use Dialect(...) or oauth_cc.dialects"
            )
            raise InvalidInput("dialect", reason)
        grant_type = getattr(self.credentials.authentication, "grant_type", None)
        if isinstance(grant_type, str) and self.dialect.grant_type != RFC_6749.grant_type:
            reason = f"dialect must not have a grant_type for credentials that are a grant ({grant_type})"
            raise InvalidInput("dialect", reason)
        if self.dialect.scope_separator != " " and any(["," in token for token in self.scope.tokens]):
            reason = "scope must not contain ',' within a scope-token, as the dialect separates scope-tokens with it"
            raise InvalidInput("scope", reason)
        if self.dpop_key is not None and self.dialect.placement != BEARER:
            reason = "dialect must not place a DPoP token elsewhere; it belongs in the Authorization header (RFC 9449)"
            raise InvalidInput("dialect", reason)

    @property
    def client_certificate(self) -> GivenCertificate | None:
        """The certificate of the connection: that of `TlsClientAuth`, or of `with_certificate`."""
        method = self.credentials.authentication
        return method.certificate if isinstance(method, TlsClientAuth) else self.certificate

    @property
    def dpop_jkt(self) -> str | None:
        """The thumbprint of the key that the token is to be bound to (RFC 9449 section 6.1), or None."""
        return None if self.dpop_key is None else self.dpop_key.jkt

    def with_scope(self, scope: Scope) -> "TokenRequest":
        """Return the request with *scope* in place of its scope. Raises `InvalidInput` unless it is a `Scope`."""
        return attrs.evolve(self, scope=scope)

    def with_resource(self, resource: str, *, uri: bool = True) -> "TokenRequest":
        """
        Return the request for a token that *resource* accepts, beside the resources it has (RFC 8707 section 2).

        Args:
            resource: An absolute URI without a fragment.
            uri: False for a server that expects a GUID or a name in place of a URI.

        Raises:
            InvalidInput: *resource* is not such a URI, or not a name of visible ASCII characters, or *uri* is not a
                bool.

        Example:
            >>> token_request(ClientCredentials("your_id")).with_resource("00000003-0000", uri=False).resource_names
            ('00000003-0000',)
        """
        fault = switch_fault(uri=uri)
        if fault is not None:
            raise fault
        if uri:
            return attrs.evolve(self, resources=tuple(dict.fromkeys((*self.resources, check_resource(resource)))))
        names = dict.fromkeys((*self.resource_names, checked_resource_name(resource)))
        return attrs.evolve(self, resource_names=tuple(names))

    def with_authorization_details(self, *details: Mapping[str, JsonValue]) -> "TokenRequest":
        """
        Return the request with further authorization *details* (RFC 9396 section 2).

        Args:
            details: JSON objects, each with a str ``type``.

        Raises:
            InvalidInput: A detail is not such an object.

        Example:
            >>> request = token_request(ClientCredentials("your_id"))
            >>> request.with_authorization_details({"type": "payment", "actions": ["read"]}).authorization_details
            ('{"type":"payment","actions":["read"]}',)
        """
        texts = tuple([write_detail(detail) for detail in details])
        return attrs.evolve(self, authorization_details=self.authorization_details + texts)

    def with_parameter(self, name: str, value: str | Secret) -> "TokenRequest":
        """
        Return the request with one more parameter, such as ``audience``.

        Args:
            name: The name of the parameter.
            value: Its value; an empty value counts as omitted (RFC 6749 section 3.2).

        Raises:
            InvalidInput: *name* has a builder of its own, belongs to client authentication, or is repeated.
        """
        sealed, kind = secret_of(value), type(value).__name__
        del value
        if sealed is None:
            raise value_fault(shown_name(name), shown_name(name), kind)
        if not sealed.reveal() and parameter_fault(name, sealed, ()) is None:
            return self
        return attrs.evolve(self, parameters=(*self.parameters, (name, sealed)))

    def with_parameters(
        self, parameters: Mapping[str, str | Secret] | Iterable[tuple[str, str | Secret]]
    ) -> "TokenRequest":
        """Return the request with several *parameters*, a mapping or (name, value) pairs; see `with_parameter`."""
        pairs = sealed_pairs(parameters)
        del parameters
        if isinstance(pairs, InvalidInput):
            raise pairs
        request = self
        for name, value in pairs:
            request = request.with_parameter(name, value)
        return request

    def with_header(self, name: str, value: str | Secret) -> "TokenRequest":
        """
        Return the request with one more HTTP header. Only the token request has it, not the API calls.

        Args:
            name: The name of the header; an earlier one of this name is replaced.
            value: Its value, which is redacted and is part of the cache key.

        Raises:
            InvalidInput: *name* belongs to HTTP itself or to client authentication, or *value* cannot be sent.

        Example:
            >>> request = token_request(ClientCredentials("your_id")).with_header("X-Merchant-Id", "4711")
            >>> request.headers
            (('X-Merchant-Id', Secret('***')),)
        """
        sealed, kind = secret_of(value), type(value).__name__
        del value
        if sealed is None:
            shown = f"header {name}" if isinstance(name, str) and HEADER_NAME.fullmatch(name) else "a header"
            raise value_fault("header", shown, kind)
        fault = header_fault(name, sealed, ())
        if fault is not None:
            raise fault
        kept = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        return attrs.evolve(self, headers=(*kept, (name, sealed)))

    def with_client_id_in_body(self) -> "TokenRequest":
        """Return the request with client_id in its body, for any client authentication method."""
        return attrs.evolve(self, includes_client_id=True)

    def with_dialect(self, dialect: Dialect) -> "TokenRequest":
        """
        Return the request for a server that departs from RFC 6749 as *dialect* says.

        Raises `InvalidInput` if the dialect cannot be combined with the rest of the request.

            >>> from oauth_cc import dialects
            >>> token_request(ClientCredentials("your_id")).with_dialect(dialects.EBAY).dialect.bearer_names
            ('Application Access Token',)
        """
        return attrs.evolve(self, dialect=dialect)

    def with_body(self, body: str) -> "TokenRequest":
        """
        Return the request with an existing form *body* in front of its parameters, in place of an earlier body.

        Raises `InvalidInput` unless it is form text (RFC 6749 appendix B) whose parameters `with_parameter` accepts.

            >>> from oauth_cc import compose_body
            >>> compose_body(token_request(ClientCredentials("your_id")).with_body("x=1"))
            'x=1&grant_type=client_credentials'
        """
        pairs = read_body(body)
        del body
        if isinstance(pairs, InvalidInput):
            raise pairs
        return attrs.evolve(self, body=pairs)

    def with_dpop(self, key: SigningKey) -> "TokenRequest":
        """
        Return the request for a token that is bound to *key*: each use of it needs a new proof by the key (RFC 9449).

        A bearer token in the response is an error then. The key is not read again while the request exists: tokens are
        cached for this key alone.

        Args:
            key: The key that signs the proofs: `oauth_cc.jose.new_key` makes one for the life of the process,
                `oauth_cc.jose.key_from_file` loads one that lasts, for stores that processes share.

        Raises:
            InvalidKey: *key* is not a `SigningKey` with a ``public_jwk``.
            InvalidInput: The dialect places the token in another header.

        Example:
            >>> public = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
            >>> key = SigningKey("ES256", lambda signing_input: bytes(64), "alias/dpop", public_jwk=public)
            >>> token_request(ClientCredentials("your_id")).with_dpop(key).dpop_jkt == key.jkt
            True
        """
        fault = dpop_key_fault(key)
        if fault is not None:
            # Tracebacks show local variables, and this one may be a private key.
            del key
            raise fault
        return attrs.evolve(self, dpop_key=key)

    def with_certificate(self, certificate: GivenCertificate) -> "TokenRequest":
        """
        Return the request for a token that is bound to *certificate* (RFC 8705 section 3).

        Only connections with the certificate can use the token, and it is cached for this certificate alone. The HTTP
        client needs the certificate with its key. `TlsClientAuth` implies it.

        Raises `InvalidInput` unless it is a `Certificate` or a `CertificateFile`, and that of `TlsClientAuth` if there
        is one.
        """
        fault = client_certificate_fault(certificate)
        if fault is not None:
            # Tracebacks show local variables, and this one may be a whole file, with its key.
            del certificate
            raise fault
        return attrs.evolve(self, certificate=certificate)


GivenRequest: TypeAlias = TokenRequest | ClientCredentials
"""What is accepted as a token request. Credentials request no scope."""


def token_request(credentials: ClientCredentials, scope: Scope = NO_SCOPE) -> TokenRequest:
    """
    Return the request of a client for a token.

    Args:
        credentials: The client and how it authenticates.
        scope: The scope to request. An empty scope leaves the choice to the server (RFC 6749 section 3.3).

    Raises:
        InvalidInput: An argument is of another type.

    Example:
        >>> token_request(ClientCredentials("your_id"), Scope.of("hello")).scope
        Scope.of('hello')
    """
    return TokenRequest(credentials, scope)


def as_request(given: GivenRequest) -> TokenRequest:
    """
    Return *given* as a `TokenRequest`; credentials request no scope. Raises `InvalidInput` for anything else.

        >>> as_request(ClientCredentials("your_id")) == token_request(ClientCredentials("your_id"))
        True
    """
    if isinstance(given, TokenRequest):
        return given
    if isinstance(given, ClientCredentials):
        return TokenRequest(given)
    kind = type(given).__name__
    del given
    reason = f"request must be a TokenRequest or ClientCredentials, not {kind}; use token_request(credentials, scope)"
    raise InvalidInput("request", reason)
