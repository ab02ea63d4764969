"""
A token request as a command to paste into a shell.
"""

import shlex
from collections.abc import Iterator
from typing import Final

from oauth_cc.authentication.assertions import ClientAssertion, ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.client_secret import SecretFile
from oauth_cc.authentication.federated import AssertionFile
from oauth_cc.authentication.jwt import JWT_BEARER
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost, NoAuthentication, TlsClientAuth
from oauth_cc.doctor._lines import TYP, is_plain_http, ready_dialect, shown_form, shown_issuer, shown_value
from oauth_cc.doctor._records import Observed
from oauth_cc.request import TokenRequest

_METHODS: Final = {
    ClientSecretBasic: "basic",
    ClientSecretPost: "post",
    ClientSecretJwt: "secret-jwt",
    PrivateKeyJwt: "private-key-jwt",
    NoAuthentication: "none",
    TlsClientAuth: "tls",
    ClientAssertion: "assertion",
}


def shell(request: TokenRequest, endpoint: str, observed: Observed) -> str:
    """
    Return the command that sends *request*, or a comment that there is none.

    A secret is read from its file, or else from the environment.

        >>> from oauth_cc import ClientCredentials, Scope, token_request
        >>> request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))
        >>> shell(request, "https://as.example/token", Observed("https://as.example/token"))
        'oauth-cc token --client-id your_id --token-url https://as.example/token --auth basic --scope read'

    Args:
        request: The token request.
        endpoint: The URL of the token endpoint.
        observed: What was observed, and how the server was reached.
    """
    missing = _missing(request)
    if missing is not None:
        return f"# no shell equivalent: the command line has no option for {missing}"
    issuer = shown_issuer(observed)
    target = ["--token-url", endpoint] if issuer is None else ["--issuer", issuer]
    words = ["oauth-cc", "token", "--client-id", request.credentials.client_id, *target]
    words += ["--allow-http"] if is_plain_http(issuer or endpoint, observed) else []
    words += [*_method_options(request), *_options(request)]
    words += [] if observed.ca_file is None else ["--ca-file", observed.ca_file]
    words += ["--proxy", observed.proxy] if observed.proxy_given and observed.proxy is not None else []
    return " ".join([shlex.quote(word) for word in words])


def _missing(request: TokenRequest) -> str | None:
    method = request.credentials.authentication
    if request.dialect.departures() and ready_dialect(request) is None:
        return "this dialect"
    if type(method) not in _METHODS:
        return "this client authentication"
    if isinstance(method, ClientAssertion) and not isinstance(method.source, AssertionFile):
        return "an assertion that a function returns"
    if isinstance(method, PrivateKeyJwt) and (method.x5t or method.x5c):
        return "x5t and x5c"
    return None


def _options(request: TokenRequest) -> Iterator[str]:
    yield from _parameters(request)
    for name, _ in request.headers:
        yield from ("--header-env", f"{name}=HEADER")
    if request.client_certificate is not None:
        yield from ("--certificate", "client.pem")
    if request.dpop_key is not None:
        yield from ("--dpop-key", "dpop.pem")
    ready = ready_dialect(request)
    if ready is not None:
        yield from ("--dialect", ready.lower().replace("_", "-"))


def _parameters(request: TokenRequest) -> Iterator[str]:
    if request.body:
        yield from ("--body", shown_form(request.body))
    if request.scope:
        yield from ("--scope", f"{request.scope}")
    for resource in request.resources:
        yield from ("--resource", resource)
    for name in request.resource_names:
        yield from ("--resource-name", name)
    if request.authorization_details:
        yield from ("--authorization-details", f"[{','.join(request.authorization_details)}]")
    for name, value in request.parameters:
        yield from ("--parameter", f"{name}={shown_value(name, value) or '...'}")
    yield from ["--include-client-id"] if request.includes_client_id else []


def _method_options(request: TokenRequest) -> Iterator[str]:
    method = request.credentials.authentication
    name = next((name for kind, name in _METHODS.items() if isinstance(method, kind)), "basic")
    if isinstance(method, ClientSecretBasic) and not method.encode:
        name = "basic-raw"
    if isinstance(method, TlsClientAuth) and method.self_signed:
        name = "self-signed-tls"
    yield from ("--auth", name)
    if isinstance(method, ClientSecretBasic | ClientSecretPost | ClientSecretJwt) and isinstance(
        method.secret, SecretFile
    ):
        yield from ("--secret-file", method.secret.path)
    if isinstance(method, ClientAssertion) and isinstance(method.source, AssertionFile):
        yield from ("--assertion-file", method.source.path)
        yield from () if method.assertion_type == JWT_BEARER else ("--assertion-type", method.assertion_type)
    if isinstance(method, PrivateKeyJwt):
        yield from _key_options(method)
    if isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        yield from _jwt_options(method)


def _key_options(method: PrivateKeyJwt) -> Iterator[str]:
    yield from ("--key", "key.pem")
    if method.key.key_id is not None:
        yield from ("--key-id", method.key.key_id)
    if method.key.certificate is not None:
        yield from ("--key-certificate", "cert.pem")
    if method.claims != "{}":
        yield from ("--claims", method.claims)


def _jwt_options(method: PrivateKeyJwt | ClientSecretJwt) -> Iterator[str]:
    if method.algorithm.startswith(("RS", "PS", "HS")) and method.algorithm not in ("RS256", "HS256"):
        yield from ("--algorithm", method.algorithm)
    yield from ("--issuer", method.issuer)
    if method.audience is not None:
        yield from ("--audience", method.audience)
    if method.typ != TYP:
        yield from ("--typ", method.typ or "none")
    if method.lifetime != 60:
        yield from ("--lifetime", f"{method.lifetime}")
