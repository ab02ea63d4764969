"""
What is asked for, and how the request is written.

    ClientCredentials, Scope ─ token_request ─▶ TokenRequest ─ http_request ─▶ HttpRequest
"""

from collections.abc import Iterable, Mapping
from typing import Final, final

import attrs

from oauth_cc._wire.form import decode, encode, encode_value
from oauth_cc._wire.grammar import NAME, NONCE
from oauth_cc._wire.json import JsonValue, parse_object, write
from oauth_cc.authentication.certificate import Certificate, certificate_fault
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.federated import checked_assertion
from oauth_cc.authentication.jwt import AssertionDraft, UnsignedAssertion
from oauth_cc.authentication.methods import AuthenticationFields, Proof, TlsClientAuth, assertion_fields
from oauth_cc.endpoint import Endpoint, as_endpoint, check_resource, endpoint_fault
from oauth_cc.errors import (
    InvalidInput,
)
from oauth_cc.http import HttpRequest, pairs_of
from oauth_cc.scope import NO_SCOPE, Scope
from oauth_cc.secret import REDACTION, Secret

__all__ = ["TokenRequest", "compose_body", "http_request", "token_request", "unsigned_assertion"]


def __dir__() -> list[str]:
    return __all__


_NO_FIELDS: Final = AuthenticationFields()
_RESERVED: Final[Mapping[str, str]] = {
    "grant_type": "is fixed for this grant: leave it out",
    "client_id": "is that of the credentials: use with_client_id_in_body()",
    "client_secret": "would be a second way of authentication: give it to ClientCredentials",
    "client_assertion": "would be a second way of authentication: give it to ClientCredentials",
    "client_assertion_type": "would be a second way of authentication: give it to ClientCredentials",
    "scope": "has a builder of its own: use with_scope()",
    "resource": "has a builder of its own: use with_resource()",
    "authorization_details": "has a builder of its own: use with_authorization_details()",
}


@final
@attrs.frozen
class TokenRequest:
    """
    A token request of the client credentials grant (RFC 6749 section 4.4.2), before it is written.

    Made by `token_request`; each ``with_…`` gives a new record and leaves this one as it is. The values of further
    parameters are kept as `Secret`, since a provider may ask for a key in one. Raises `InvalidInput` as builders do.

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
    dpop_jkt: str | None = None
    certificate: Certificate | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.credentials, ClientCredentials):
            reason = f"give ClientCredentials, not {type(self.credentials).__name__}"
            raise InvalidInput("client credentials", reason)
        if not isinstance(self.scope, Scope):
            reason = f"give a Scope, not {type(self.scope).__name__}: Scope.of('a', 'b') or Scope.parse('a b')"
            raise InvalidInput("scope", reason)
        if self.resources or self.authorization_details or self.parameters or self.body or self.dpop_jkt is not None:
            self._check_options()
        if self.certificate is not None:
            self._check_certificate()

    def _check_options(self) -> None:
        for resource in self.resources:
            check_resource(resource)
        for text in self.authorization_details:
            _check_detail(parse_object(text))
        names: set[str] = set()
        for name, value in (*self.body, *self.parameters):
            fault = _parameter_fault(name, value, names)
            if fault is not None:
                raise fault
            names.add(name)
        if self.dpop_jkt is not None and not (isinstance(self.dpop_jkt, str) and NONCE.fullmatch(self.dpop_jkt)):
            raise InvalidInput("dpop_jkt", "give the key's thumbprint as text (RFC 7638)")

    def _check_certificate(self) -> None:
        fault = certificate_fault(self.certificate)
        if fault is not None:
            del self
            raise fault
        way = self.credentials.authentication
        if isinstance(way, TlsClientAuth) and way.certificate != self.certificate:
            reason = "a connection shows one certificate, and the client authenticates by another: leave this one out"
            raise InvalidInput("certificate", reason)

    @property
    def client_certificate(self) -> Certificate | None:
        """The certificate that its connection has to show: that of `TlsClientAuth`, or of `with_certificate`."""
        way = self.credentials.authentication
        return way.certificate if isinstance(way, TlsClientAuth) else self.certificate

    def with_scope(self, scope: Scope) -> "TokenRequest":
        """Asks for *scope* instead. Raises `InvalidInput` if it is no `Scope`."""
        return attrs.evolve(self, scope=scope)

    def with_resource(self, uri: str) -> "TokenRequest":
        """
        Asks for a token for the resource *uri* too (RFC 8707 section 2): an absolute URI without fragment.

        Raises `InvalidInput`.
        """
        return attrs.evolve(self, resources=tuple(dict.fromkeys((*self.resources, check_resource(uri)))))

    def with_authorization_details(self, *details: Mapping[str, JsonValue]) -> "TokenRequest":
        """
        Asks for these *details* too (RFC 9396 section 2): JSON objects, each with a str ``type``.

        Raises `InvalidInput`.

            >>> request = token_request(ClientCredentials("your_id"))
            >>> request.with_authorization_details({"type": "payment", "actions": ["read"]}).authorization_details
            ('{"type":"payment","actions":["read"]}',)
        """
        texts = tuple([_write_detail(detail) for detail in details])
        return attrs.evolve(self, authorization_details=self.authorization_details + texts)

    def with_parameter(self, name: str, value: str | Secret) -> "TokenRequest":
        """
        Adds a parameter that a provider asks for, such as ``audience``; one without value counts as omitted (RFC 6749
        section 3.2).

        Raises `InvalidInput`: `InvalidInput` if *name* has a builder of its own or belongs to client
        authentication, `InvalidInput` if it is there already.
        """
        sealed = value if isinstance(value, Secret) else Secret(value) if isinstance(value, str) else None
        del value
        if sealed is None:
            raise InvalidInput(_shown(name), "give its value as a str")
        if not sealed.reveal() and _parameter_fault(name, sealed, ()) is None:
            return self
        return attrs.evolve(self, parameters=(*self.parameters, (name, sealed)))

    def with_parameters(
        self, parameters: Mapping[str, str | Secret] | Iterable[tuple[str, str | Secret]]
    ) -> "TokenRequest":
        """Adds several *parameters*, a mapping or (name, value) pairs, as `with_parameter` does one."""
        pairs = _sealed(parameters)
        del parameters
        if isinstance(pairs, InvalidInput):
            raise pairs
        request = self
        for name, value in pairs:
            request = request.with_parameter(name, value)
        return request

    def with_client_id_in_body(self) -> "TokenRequest":
        """Sends client_id in the body too, whatever the way of authentication."""
        return attrs.evolve(self, includes_client_id=True)

    def with_body(self, body: str) -> "TokenRequest":
        """
        Embeds an existing form *body*, in front of the parameters of this request and in place of an earlier one.

        Raises `InvalidInput` if it is no form text (RFC 6749 appendix B), else `InvalidInput` as `with_parameter`.

            >>> compose_body(token_request(ClientCredentials("your_id")).with_body("x=1"))
            'x=1&grant_type=client_credentials'
        """
        pairs = _read_body(body)
        del body
        if isinstance(pairs, InvalidInput):
            raise pairs
        return attrs.evolve(self, body=pairs)

    def with_dpop_jkt(self, jkt: str) -> "TokenRequest":
        """
        Asks for a token bound to the key of thumbprint *jkt* (RFC 7638, RFC 9449): a bearer token is refused then.

        The proof itself is added to the `HttpRequest`. Raises `InvalidInput`.
        """
        return attrs.evolve(self, dpop_jkt=jkt)

    def with_certificate(self, certificate: Certificate) -> "TokenRequest":
        """
        Asks for a token bound to *certificate*, whatever the way of authentication (RFC 8705 section 3): it is of use
        on connections that show it, and is kept for no other. `TlsClientAuth` implies it.

        The HTTP library is given the certificate with its key. Raises `InvalidInput` if it is no `Certificate`,
        or another than that of `TlsClientAuth`.
        """
        fault = certificate_fault(certificate)
        if fault is not None:
            # Tracebacks show local variables, and this one may be a whole file, with its key.
            del certificate
            raise fault
        return attrs.evolve(self, certificate=certificate)


def token_request(credentials: ClientCredentials, scope: Scope = NO_SCOPE) -> TokenRequest:
    """
    Gives the request of *credentials* for a token of *scope*; the empty scope leaves the choice to the server (RFC 6749
    section 3.3). Raises `InvalidInput` for anything that is not these records.

        >>> token_request(ClientCredentials("your_id"), Scope.of("hello")).scope
        Scope.of('hello')
    """
    return TokenRequest(credentials, scope)


def unsigned_assertion(request: TokenRequest | ClientCredentials, *, now: float, unique_id: str) -> UnsignedAssertion:
    """
    Gives the assertion of *request* that is still to be signed, one for each time that it is sent (RFC 7523 section 3).

    *now*: POSIX seconds; *unique_id*: text never given before, and hard to guess. Raises `InvalidInput` if the
    client authenticates by no JWT that it signs.

        >>> from oauth_cc import PrivateKeyJwt, SigningKey
        >>> key = SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth")
        >>> request = token_request(ClientCredentials("your_id", PrivateKeyJwt(key, "https://as.example")))
        >>> unsigned = unsigned_assertion(request, now=1700000000.0, unique_id="3f1c")
        >>> assertion = unsigned.signed(key.signer(unsigned.signing_input))
        >>> http_request(request, "https://as.example/token", assertion=assertion).method
        'POST'
    """
    proof = proof_of(as_request(request))
    if not isinstance(proof, AssertionDraft):
        reason = "the client signs no assertion: PrivateKeyJwt and ClientSecretJwt do"
        raise InvalidInput("client authentication", reason)
    return proof.at(now, unique_id)


def as_request(given: TokenRequest | ClientCredentials) -> TokenRequest:
    """
    Return *given* as a `TokenRequest`: credentials ask for no scope. Raises `InvalidInput` for anything else.

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


def proof_of(request: TokenRequest) -> Proof | None:
    """
    Gives what proves who sends *request*, None if its client has no way of authentication. Raises
    `InvalidInput` if a way of a user's own gives something else.
    """
    way = request.credentials.authentication
    if way is None:
        return None
    proof = way.authenticate(request.credentials.client_id)
    if isinstance(proof, Proof):
        return proof
    given = type(proof).__name__
    del proof
    reason = f"{type(way).__name__}.authenticate() gives no AuthenticationFields, but {given}"
    raise InvalidInput("client authentication", reason)


def compose_body(request: TokenRequest | ClientCredentials, *, assertion: str | Secret | None = None) -> str:
    """
    Gives the form body of *request*, exactly as it is sent (RFC 6749 section 4.4.2 and appendix B).

    It holds the secret if the client authenticates by `ClientSecretPost`, and *assertion* if by one, as `http_request`
    has it. The order is that of oauthlib: an embedded body, grant_type, what authenticates, scope, then the rest as
    given.

        >>> compose_body(token_request(ClientCredentials("your_id"), Scope.of("hello", "world")))
        'grant_type=client_credentials&scope=hello+world'
    """
    asked = as_request(request)
    fields = _fields(proof_of(asked), assertion)
    del assertion
    if isinstance(fields, InvalidInput):
        raise fields
    return _compose(asked, fields)


def http_request(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    *,
    assertion: str | Secret | None = None,
) -> HttpRequest:
    """
    Gives the HTTP request that asks the token *endpoint*, a URL, for what *request* says (RFC 6749 section 3.2).

    *assertion*: the client's assertion, if it authenticates by one: made by `unsigned_assertion` and its key, or by
    someone else. Raises `InvalidInput` or
    `InvalidInput`.

        >>> request = token_request(ClientCredentials("your_id", "s3cret"))
        >>> http_request(request, "https://as.example/token").headers[0]
        ('Content-Type', 'application/x-www-form-urlencoded')
    """
    fault = endpoint_fault(endpoint)
    if fault is not None:
        # Tracebacks show local variables, and a URL is refused for the credentials in it, too.
        del endpoint, assertion
        raise fault
    try:
        asked = as_request(request)
        proof = proof_of(asked)
    except InvalidInput:
        del assertion
        raise
    checked = None if assertion is None else checked_assertion(assertion)
    del assertion
    if isinstance(checked, InvalidInput):
        raise checked
    return authenticated_request(asked, as_endpoint(endpoint), proof, checked)


def authenticated_request(
    request: TokenRequest, endpoint: Endpoint, proof: Proof | None, assertion: Secret | None
) -> HttpRequest:
    """
    Return what `http_request` returns, for a *request* whose *proof* was taken: one attempt authenticates once.
    """
    if request.credentials.authentication is None:
        reason = (
            "is missing, or the None of a setting that is not there: give ClientCredentials a secret, or a record such "
            "as ClientSecretPost('...') (RFC 6749 section 4.4.2)"
        )
        raise InvalidInput("client authentication", reason)
    fields = _fields(proof, assertion)
    if isinstance(fields, InvalidInput):
        raise fields
    # Header and body are written inside the call, so that no local variable holds what they reveal.
    return HttpRequest("POST", endpoint.url, _headers(fields), _compose(request, fields).encode("ascii"))


def _fields(proof: Proof | None, assertion: str | Secret | None) -> AuthenticationFields | InvalidInput:
    if isinstance(proof, AuthenticationFields) or proof is None:
        if assertion is not None:
            reason = "is given, and the client authenticates by none: leave it out"
            return InvalidInput("client assertion", reason)
        return _NO_FIELDS if proof is None else proof
    if assertion is None:
        reason = "is made for each request: TokenSource, fetch_token() and ClientCredentialsAuth do, or give assertion="
        return InvalidInput("client assertion", reason)
    checked = checked_assertion(assertion)
    return assertion_fields(proof, checked) if isinstance(checked, Secret) else checked


def _headers(fields: AuthenticationFields) -> list[tuple[str, str]]:
    plain = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
    return plain + [(name, value.reveal()) for name, value in fields.headers]


def _compose(request: TokenRequest, fields: AuthenticationFields) -> str:
    body = "grant_type=client_credentials"
    if fields.parameters:
        _check_fields(request, fields)
        body += f"&{_encode(fields.parameters)}"
    if request.includes_client_id and "client_id" not in dict(fields.parameters):
        body += f"&client_id={encode_value(request.credentials.client_id)}"
    if request.body:
        body = f"{_encode(request.body)}&{body}"
    if request.scope.tokens:
        body += f"&scope={encode_value(' '.join(request.scope.tokens))}"
    for resource in request.resources:
        body += f"&resource={encode_value(resource)}"
    if request.authorization_details:
        body += f"&authorization_details={encode_value('[' + ','.join(request.authorization_details) + ']')}"
    if request.parameters:
        body += f"&{_encode(request.parameters)}"
    return body


def _encode(parameters: tuple[tuple[str, Secret], ...]) -> str:
    return encode([(name, value.reveal()) for name, value in parameters])


def _check_fields(request: TokenRequest, fields: AuthenticationFields) -> None:
    taken = {name for name, _ in (*request.body, *request.parameters)} | {"grant_type", "scope", "resource"}
    for name, value in fields.parameters:
        if name in taken:
            raise InvalidInput(name, "is given by the request and by its way of authentication: leave one out")
        if name == "client_id" and value != Secret(request.credentials.client_id):
            reason = "authenticates as another client_id than that of the credentials"
            raise InvalidInput("client authentication", reason)


def _parameter_fault(name: str, value: Secret, taken: Iterable[str]) -> InvalidInput | None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        reason = "a name holds letters, digits, '-', '.' and '_' only (RFC 6749 appendix A.18)"
        return InvalidInput("parameter name", reason)
    if name in _RESERVED:
        return InvalidInput(name, _RESERVED[name])
    if name in taken:
        return InvalidInput(name, "is given twice, which RFC 6749 section 3.2 forbids: leave one out")
    if not isinstance(value, Secret):
        return InvalidInput(name, "give its value as a str")
    if any("\ud800" <= character <= "\udfff" for character in value.reveal()):
        return InvalidInput(name, "holds half a surrogate pair, which has no UTF-8 form: correct the value")
    if REDACTION in value.reveal():
        return InvalidInput(name, "holds a Secret made text: give the Secret itself")
    return None


def _sealed(
    parameters: Mapping[str, str | Secret] | Iterable[tuple[str, str | Secret]],
) -> list[tuple[str, Secret]] | InvalidInput:
    try:
        pairs = [(name, value) for name, value in pairs_of(parameters)]
    except (TypeError, ValueError):
        return InvalidInput("parameters", "give a mapping or (name, value) pairs")
    for name, value in pairs:
        if not isinstance(value, str | Secret):
            return InvalidInput(_shown(name), "give its value as a str")
    return [(name, value if isinstance(value, Secret) else Secret(value)) for name, value in pairs]


def _shown(name: str) -> str:
    return name if isinstance(name, str) and NAME.fullmatch(name) else "parameter name"


def _read_body(body: str) -> tuple[tuple[str, Secret], ...] | InvalidInput:
    if not isinstance(body, str):
        return InvalidInput("body", f"give form text as str, not {type(body).__name__}")
    pairs = decode(body)
    if isinstance(pairs, str):
        return InvalidInput("body", pairs)
    return tuple([(name, Secret(value)) for name, value in pairs])


def _write_detail(detail: Mapping[str, JsonValue]) -> str:
    try:
        text = write(detail)
    except (TypeError, ValueError, RecursionError):
        reason = "give JSON values only: str, int, finite float, bool, None, list and dict"
        raise InvalidInput("authorization_details", reason) from None
    _check_detail(parse_object(text))
    return text


def _check_detail(detail: dict[str, object] | str) -> None:
    if isinstance(detail, str):
        raise InvalidInput("authorization_details", f"an element {detail}")
    if not isinstance(detail.get("type"), str):
        reason = "each element needs a member 'type' with a str (RFC 9396 section 2)"
        raise InvalidInput("authorization_details", reason)
