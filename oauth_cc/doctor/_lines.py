"""
A token request as lines to paste: of Python, and of a shell.
"""

import shlex
from collections.abc import Iterator
from typing import Final

from oauth_cc import dialects
from oauth_cc.authentication.assertions import ClientAssertion, ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost, NoAuthentication, TlsClientAuth
from oauth_cc.dialect import Dialect
from oauth_cc.request import TokenRequest

_SECRET: Final = 'os.environ["OAUTH_CLIENT_SECRET"]'
_TYP: Final = "client-authentication+jwt"
_CERTIFICATE: Final = 'Certificate.from_pem(open("client.pem").read())'
_OWN: Final = frozenset({"bearer_names", "grant_type", "placement"})
_HARMLESS: Final = frozenset({"audience", "organization", "tenant", "version"})


def python(request: TokenRequest, endpoint: str) -> str:
    """
    Return lines of Python that send *request*. A secret is read from the environment.

        >>> from oauth_cc import ClientCredentials, Scope, token_request
        >>> request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))
        >>> print(python(request, "https://as.example/token"))
        import os
        from oauth_cc import ClientCredentials, ClientSecretBasic, Scope, token_request
        from oauth_cc.httpx2 import fetch_token
        <BLANKLINE>
        client = ClientCredentials("your_id", ClientSecretBasic(os.environ["OAUTH_CLIENT_SECRET"]))
        request = token_request(client, Scope.of("read"))
        token = fetch_token(request, "https://as.example/token")

    Args:
        request: The token request.
        endpoint: The URL of the token endpoint.
    """
    method = request.credentials.authentication
    made = _method(request)
    names = ["ClientCredentials", type(method).__name__, "token_request"] + (["Scope"] if request.scope else [])
    names += ["Certificate"] if request.client_certificate is not None else []
    names += _names_of_dialect(request)
    names += ["Secret"] if request.headers else []
    lines = ["import os"] if "os.environ" in made or request.headers else []
    lines += [f"from oauth_cc import {', '.join(sorted(set(names), key=lambda name: (name.islower(), name)))}"]
    if isinstance(method, PrivateKeyJwt) or request.dpop_key is not None:
        lines.append("from oauth_cc.jose import key_from_file")
    lines += ["from oauth_cc.httpx2 import fetch_token", ""]
    scope = f", Scope.of({', '.join([_quoted(token) for token in request.scope.tokens])})" if request.scope else ""
    lines.append(f"client = ClientCredentials({_quoted(request.credentials.client_id)}, {made})")
    lines.append(f"request = token_request(client{scope})")
    lines += [f"request = request.{call}" for call in _calls(request)]
    # Such a client has the certificate and its key.
    client = "" if request.client_certificate is None else ", client=..."
    return "\n".join([*lines, f"token = fetch_token(request, {_quoted(endpoint)}{client})"])


def shell(request: TokenRequest, endpoint: str) -> str:
    """
    Return the command that sends *request*. A secret is read from the environment.

        >>> from oauth_cc import ClientCredentials, Scope, token_request
        >>> request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))
        >>> shell(request, "https://as.example/token")
        'oauth-cc token --client-id your_id --token-url https://as.example/token --auth basic --scope read'

    Args:
        request: The token request.
        endpoint: The URL of the token endpoint.
    """
    words = ["oauth-cc", "token", "--client-id", request.credentials.client_id, "--token-url", endpoint]
    return " ".join([shlex.quote(word) for word in [*words, *_options(request)]])


def _method(request: TokenRequest) -> str:
    match request.credentials.authentication:
        case ClientSecretBasic(_, encode):
            return f"ClientSecretBasic({_SECRET}{'' if encode else ', encode=False'})"
        case ClientSecretPost():
            return f"ClientSecretPost({_SECRET})"
        case ClientSecretJwt() as method:
            return f"ClientSecretJwt({_SECRET}, {_quoted(method.issuer)}{_terms(method)})"
        case PrivateKeyJwt() as method:
            key_id = "" if method.key.key_id is None else f", key_id={_quoted(method.key.key_id)}"
            return f'PrivateKeyJwt(key_from_file("key.pem"{key_id}), {_quoted(method.issuer)}{_terms(method)})'
        case NoAuthentication():
            return "NoAuthentication()"
        case TlsClientAuth():
            return f"TlsClientAuth({_CERTIFICATE})"
        case _:
            # The program's own way.
            return f"{type(request.credentials.authentication).__name__}(...)"


def _terms(method: PrivateKeyJwt | ClientSecretJwt) -> str:
    audience = "" if method.audience is None else f", audience={_quoted(method.audience)}"
    typ = "None" if method.typ is None else _quoted(method.typ)
    return audience if method.typ == _TYP else f"{audience}, typ={typ}"


def _calls(request: TokenRequest) -> Iterator[str]:
    for resource in request.resources:
        yield f"with_resource({_quoted(resource)})"
    for resource in request.resource_names:
        yield f"with_resource({_quoted(resource)}, uri=False)"
    for name, value in request.parameters:
        yield f"with_parameter({_quoted(name)}, {_quoted(value.reveal()) if name in _HARMLESS else '...'})"
    for name, _ in request.headers:
        yield f'with_header({_quoted(name)}, Secret(os.environ["HEADER"]))'
    if request.certificate is not None:
        yield f"with_certificate({_CERTIFICATE})"
    if request.dpop_key is not None:
        yield 'with_dpop(key_from_file("dpop.pem"))'
    if _names_of_dialect(request) == ["dialects"]:
        yield f"with_dialect(dialects.{_ready(request)})"
    elif request.dialect.departures():
        yield f"with_dialect(Dialect({', '.join(_fields(request.dialect))}))"


def _names_of_dialect(request: TokenRequest) -> list[str]:
    departures = request.dialect.departures()
    if not departures:
        return []
    # A general departure has the name of one server only by chance.
    return ["dialects"] if _ready(request) is not None and _OWN & departures.keys() else ["Dialect"]


def _fields(dialect: Dialect) -> Iterator[str]:
    for name in dialect.departures():
        value: object = getattr(dialect, name)
        yield f"{name}={dict(dialect.members) if name == 'members' else value!r}"


def _ready(request: TokenRequest) -> str | None:
    names = [name for name in dialects.__all__ if getattr(dialects, name) == request.dialect]
    return names[0] if names else None


_METHODS: Final = {
    ClientSecretPost: "post",
    ClientSecretJwt: "secret-jwt",
    PrivateKeyJwt: "private-key-jwt",
    NoAuthentication: "none",
    TlsClientAuth: "tls",
    ClientAssertion: "assertion",
}


def _options(request: TokenRequest) -> Iterator[str]:
    yield from _method_options(request)
    if request.scope:
        yield from ("--scope", f"{request.scope}")
    for resource in request.resources:
        yield from ("--resource", resource)
    for name in request.resource_names:
        yield from ("--resource-name", name)
    for name, value in request.parameters:
        yield from ("--parameter", f"{name}={value.reveal() if name in _HARMLESS else '...'}")
    for name, _ in request.headers:
        yield from ("--header-env", f"{name}=HEADER")
    if request.client_certificate is not None:
        yield from ("--certificate", "client.pem")
    if request.dpop_key is not None:
        yield from ("--dpop-key", "dpop.pem")
    ready = _ready(request)
    if ready is not None:
        yield from ("--dialect", ready.lower().replace("_", "-"))


def _method_options(request: TokenRequest) -> Iterator[str]:
    method = request.credentials.authentication
    basic = "basic-raw" if isinstance(method, ClientSecretBasic) and not method.encode else "basic"
    yield from ("--auth", next((name for kind, name in _METHODS.items() if isinstance(method, kind)), basic))
    if isinstance(method, ClientAssertion):
        yield from ("--assertion-file", "assertion")
    if isinstance(method, PrivateKeyJwt):
        yield from ("--key", "key.pem")
        if method.key.key_id is not None:
            yield from ("--key-id", method.key.key_id)
    if isinstance(method, PrivateKeyJwt | ClientSecretJwt):
        yield from ("--issuer", method.issuer)
        if method.audience is not None:
            yield from ("--audience", method.audience)
        if method.typ != _TYP:
            yield from ("--typ", method.typ or "none")


def _quoted(text: str) -> str:
    # As people write it, and as ruff formats it.
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'
