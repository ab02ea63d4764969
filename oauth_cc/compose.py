"""
The composition of a token request: its body, its headers and its unsigned assertion.

    TokenRequest ─ http_request ─▶ HttpRequest
"""

from typing import Final

import attrs

from oauth_cc._wire.form import encode, encode_value
from oauth_cc._wire.json import parse_object, write
from oauth_cc.authentication.credentials import by_name
from oauth_cc.authentication.federated import AssertionSource, checked_assertion
from oauth_cc.authentication.jwt import AssertionDraft, UnsignedJwt, checked_proof
from oauth_cc.authentication.methods import JWT_BEARER_GRANT, AuthenticationFields, GrantDraft, Proof, assertion_fields
from oauth_cc.dialect import RFC_6749
from oauth_cc.endpoint import Endpoint, as_endpoint, endpoint_fault
from oauth_cc.errors import InvalidInput
from oauth_cc.http import HttpRequest
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.secret import Secret

__all__ = ["compose_body", "http_request", "unsigned_assertion"]


def __dir__() -> list[str]:
    return __all__


_NO_FIELDS: Final = AuthenticationFields()
_MEDIA_TYPES: Final = {"form": "application/x-www-form-urlencoded", "json": "application/json"}


def unsigned_assertion(request: GivenRequest, *, now: float, unique_id: str) -> UnsignedJwt:
    """
    Return the assertion of a client that signs one, before it is signed (RFC 7523 section 3).

    Each time that the request is sent needs an assertion of its own.

    Args:
        request: The request, or credentials alone.
        now: The time in POSIX seconds.
        unique_id: Text that is hard to guess and never used before.

    Raises:
        InvalidInput: The client does not sign an assertion.

    Example:
        >>> from oauth_cc import ClientCredentials, PrivateKeyJwt, SigningKey
        >>> key = SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth")
        >>> request = ClientCredentials("your_id", PrivateKeyJwt(key, "https://as.example"))
        >>> unsigned = unsigned_assertion(request, now=1700000000.0, unique_id="3f1c")
        >>> assertion = unsigned.signed(key.signer(unsigned.signing_input))
        >>> http_request(request, "https://as.example/token", assertion=assertion).method
        'POST'
    """
    proof = proof_of(as_request(request))
    if isinstance(proof, GrantDraft):
        return proof.draft.at(now, unique_id)
    if not isinstance(proof, AssertionDraft):
        reason = "this client authentication does not sign an assertion; use PrivateKeyJwt or ClientSecretJwt"
        raise InvalidInput("client authentication", reason)
    return proof.at(now, unique_id)


def proof_of(request: TokenRequest) -> Proof | None:
    """
    Return what authenticates the client of *request*; None if its credentials have no authentication method.

    Raises `InvalidInput` if the ``authenticate()`` of a user's own method returns something else.
    """
    method = request.credentials.authentication
    if method is None:
        return None
    proof = method.authenticate(request.credentials.client_id)
    if isinstance(proof, GrantDraft):
        return proof.with_scope(str(request.scope))
    if isinstance(proof, Proof):
        return proof
    given = type(proof).__name__
    del proof
    reason = f"{type(method).__name__}.authenticate() must return AuthenticationFields, not {given}"
    raise InvalidInput("client authentication", reason)


def client_proof_of(request: TokenRequest) -> Proof | None:
    """
    Return what authenticates the client of *request* at other endpoints: `proof_of` without a grant.

    Raises `InvalidInput` as `proof_of` does.
    """
    proof = proof_of(request)
    return proof.fields if isinstance(proof, GrantDraft) else proof


def compose_body(request: GivenRequest, *, assertion: str | Secret | None = None) -> str:
    """
    Return the body of a token request, exactly as it is sent (RFC 6749 section 4.4.2 and appendix B).

    The order is that of oauthlib: an embedded body, grant_type, client authentication, scope, then the rest in the
    order of the builders.

    Args:
        request: The request, or credentials alone. The body holds the secret of `ClientSecretPost`.
        assertion: The client's assertion, if it authenticates by one; the body holds it.

    Raises:
        InvalidInput: The request cannot be composed.

    Example:
        >>> from oauth_cc import ClientCredentials, Scope, token_request
        >>> compose_body(token_request(ClientCredentials("your_id"), Scope.of("hello", "world")))
        'grant_type=client_credentials&scope=hello+world'
    """
    asked = as_request(request)
    proof = proof_of(asked)
    fields = _fields(proof, assertion)
    del assertion
    if isinstance(fields, InvalidInput):
        raise fields
    return _compose(asked, fields, proof)


def http_request(
    request: GivenRequest,
    endpoint: str | Endpoint,
    *,
    assertion: str | Secret | None = None,
    proof: str | Secret | None = None,
) -> HttpRequest:
    """
    Return the HTTP request that sends a token request (RFC 6749 section 3.2).

    Args:
        request: The request, or credentials alone.
        endpoint: The token endpoint, a URL or an `Endpoint`.
        assertion: The client's assertion, if it authenticates by one: signed after `unsigned_assertion`, or issued by
            someone else.
        proof: The signed proof for exactly this request, if it is one for a DPoP token; `oauth_cc.dpop.dpop_proof`
            makes it (RFC 9449 section 5).

    Raises:
        InvalidInput: The request cannot be composed, or *endpoint* is not https.

    Example:
        >>> from oauth_cc import ClientCredentials
        >>> request = ClientCredentials("your_id", "s3cret")
        >>> http_request(request, "https://as.example/token").headers[0]
        ('Content-Type', 'application/x-www-form-urlencoded')
    """
    fault = endpoint_fault(endpoint)
    if fault is not None:
        # Tracebacks show local variables, and a rejected URL may hold credentials.
        del endpoint, assertion, proof
        raise fault
    checked = None if assertion is None else checked_assertion(assertion)
    signed = None if proof is None else checked_proof(proof)
    del assertion, proof
    asked = as_request(request)
    by_client = proof_of(asked)
    if isinstance(checked, InvalidInput):
        raise checked
    if isinstance(signed, InvalidInput):
        raise signed
    if (signed is None) != (asked.dpop_key is None):
        reason = (
            "no DPoP proof; use fetch_token() or an auth, which make one per request, or pass proof="
            if signed is None
            else "DPoP proof must be left out for a request without with_dpop()"
        )
        raise InvalidInput("DPoP proof", reason)
    return authenticated_request(asked, as_endpoint(endpoint), by_client, checked, signed)


def authenticated_request(
    request: TokenRequest,
    endpoint: Endpoint,
    proof: Proof | None,
    assertion: Secret | None,
    dpop_proof: Secret | None = None,
) -> HttpRequest:
    """
    Return the request that `http_request` returns, for a proof that the caller has taken: one attempt authenticates
    once.

    Args:
        request: The request.
        endpoint: The token endpoint.
        proof: The result of `proof_of`.
        assertion: The client's assertion, if it authenticates by one.
        dpop_proof: The DPoP proof, or None.

    Raises:
        InvalidInput: The request cannot be composed.
    """
    if request.credentials.authentication is None:
        reason = "no client authentication; pass a secret to ClientCredentials (is an environment variable unset?)"
        raise InvalidInput("client authentication", reason)
    fields = _fields(proof, assertion)
    if isinstance(fields, InvalidInput):
        raise fields
    # Headers and body are written inside the call, so that no local variable holds what they reveal.
    return HttpRequest(
        "POST",
        endpoint.url,
        _headers(request, fields, request.dialect.body_format, dpop_proof),
        _compose(request, fields, proof).encode("utf-8"),
    )


def authenticated_form(
    request: TokenRequest,
    endpoint: Endpoint,
    proof: Proof | None,
    assertion: Secret | None,
    pairs: tuple[tuple[str, Secret], ...],
) -> HttpRequest:
    """
    Return the request that sends *pairs* to another endpoint of the server, authenticated as a token request is.

    Args:
        request: The token request whose client authenticates. Its headers are sent, too.
        endpoint: The endpoint.
        proof: The result of `proof_of`.
        assertion: The client's assertion, if it authenticates by one.
        pairs: Names and values of the form.

    Raises:
        InvalidInput: The request cannot be composed.
    """
    fields = _fields(proof, assertion)
    if isinstance(fields, InvalidInput):
        raise fields
    _check_fields(request, fields)
    form = (*pairs, *fields.parameters)
    if request.includes_client_id and "client_id" not in dict(form):
        form = (*form, ("client_id", Secret(request.credentials.client_id)))
    return HttpRequest("POST", endpoint.url, _headers(request, fields, "form"), _encode(form).encode("utf-8"))


def check_request(request: TokenRequest, endpoint: Endpoint) -> None:
    """
    Raise the `InvalidInput` that `http_request` raises, before the secret or the assertion has been read.

    Args:
        request: The request.
        endpoint: The token endpoint.
    """
    named = by_name(request.credentials)
    if named is not request.credentials:
        request = attrs.evolve(request, credentials=named)
    proof = proof_of(request)
    made_later = isinstance(proof, AssertionDraft | AssertionSource | GrantDraft)
    authenticated_request(request, endpoint, proof, Secret("-") if made_later else None)


def _fields(proof: Proof | None, assertion: str | Secret | None) -> AuthenticationFields | InvalidInput:
    if isinstance(proof, AuthenticationFields) or proof is None:
        if assertion is not None:
            reason = "client assertion must be left out, as this client does not authenticate by one"
            return InvalidInput("client assertion", reason)
        return _NO_FIELDS if proof is None else proof
    if assertion is None:
        reason = "no client assertion; use fetch_token() or an auth, which make one per request, or pass assertion="
        return InvalidInput("client assertion", reason)
    checked = checked_assertion(assertion)
    return assertion_fields(proof, checked) if isinstance(checked, Secret) else checked


def _headers(
    request: TokenRequest, fields: AuthenticationFields, body_format: str, dpop_proof: Secret | None = None
) -> list[tuple[str, str]]:
    plain = [("Content-Type", _MEDIA_TYPES[body_format]), ("Accept", "application/json")]
    if request.headers:
        taken = {name.lower() for name, _ in request.headers}
        plain = [pair for pair in plain if pair[0].lower() not in taken]
        plain += [(name, value.reveal()) for name, value in request.headers]
    if dpop_proof is not None:
        plain.append(("DPoP", dpop_proof.reveal()))
    return plain + [(name, value.reveal()) for name, value in fields.headers]


def _compose(request: TokenRequest, fields: AuthenticationFields, proof: Proof | None) -> str:
    if fields.parameters or request.headers or request.dpop_key is not None:
        _check_fields(request, fields)
    if request.dialect is not RFC_6749 or request.resource_names or isinstance(proof, GrantDraft):
        return _compose_departing(request, fields, proof)
    body = "grant_type=client_credentials"
    if fields.parameters:
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


def _compose_departing(request: TokenRequest, fields: AuthenticationFields, proof: Proof | None) -> str:
    # The order of `_compose`.
    dialect = request.dialect
    is_grant = isinstance(proof, GrantDraft)
    pairs = [("grant_type", JWT_BEARER_GRANT if is_grant else dialect.grant_type), *_revealed(fields.parameters)]
    if request.includes_client_id and "client_id" not in dict(fields.parameters):
        pairs.append(("client_id", request.credentials.client_id))
    pairs = [*_revealed(request.body), *pairs]
    if request.scope.tokens and not (isinstance(proof, GrantDraft) and proof.scope_claim):
        pairs.append(("scope", dialect.scope_separator.join(request.scope.tokens)))
    pairs += [("resource", resource) for resource in (*request.resources, *request.resource_names)]
    details = request.authorization_details
    if dialect.body_format == "json":
        return _write_json([*pairs, *_revealed(request.parameters)], details)
    if details:
        pairs.append(("authorization_details", "[" + ",".join(details) + "]"))
    return encode([*pairs, *_revealed(request.parameters)])


def _write_json(pairs: list[tuple[str, str]], details: tuple[str, ...]) -> str:
    members: dict[str, object] = {}
    for name, value in pairs:
        # Only resource repeats.
        earlier = members.get(name)
        members[name] = value if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), value]
    if details:
        members["authorization_details"] = [parse_object(text) for text in details]
    return write(members)


def _revealed(parameters: tuple[tuple[str, Secret], ...]) -> list[tuple[str, str]]:
    return [(name, value.reveal()) for name, value in parameters]


def _encode(parameters: tuple[tuple[str, Secret], ...]) -> str:
    return encode(_revealed(parameters))


def _check_fields(request: TokenRequest, fields: AuthenticationFields) -> None:
    taken = {name for name, _ in (*request.body, *request.parameters)} | {"grant_type", "scope", "resource"}
    for name, value in fields.parameters:
        if name in taken:
            reason = f"{name} must not be given by the request and by its client authentication; leave one out"
            raise InvalidInput(name, reason)
        if name == "client_id" and value != Secret(request.credentials.client_id):
            reason = "client authentication must be for the client_id of the credentials"
            raise InvalidInput("client authentication", reason)
    given = {name.lower() for name, _ in request.headers}
    if request.dpop_key is not None:
        given.add("dpop")
    for name, _ in fields.headers:
        if name.lower() in given:
            raise InvalidInput("header", f"header {name} must not be given by the request and by its authentication")
