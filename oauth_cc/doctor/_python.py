"""
A token request as lines of Python to paste.
"""

from collections.abc import Iterator
from typing import Final

from oauth_cc._wire.json import parse_object
from oauth_cc.authentication.assertions import ClientAssertion, ClientSecretJwt, PrivateKeyJwt
from oauth_cc.authentication.client_secret import ClientSecret, SecretFile
from oauth_cc.authentication.federated import AssertionFile
from oauth_cc.authentication.jwt import JWT_BEARER
from oauth_cc.authentication.methods import ClientSecretBasic, ClientSecretPost, NoAuthentication, TlsClientAuth
from oauth_cc.dialect import Dialect
from oauth_cc.doctor._lines import TYP, is_plain_http, ready_dialect, shown_form, shown_issuer, shown_value
from oauth_cc.doctor._records import Observed
from oauth_cc.request import TokenRequest

_CERTIFICATE: Final = 'Certificate.from_pem(Path("client.pem").read_text())'
_OWN: Final = frozenset({"bearer_names", "grant_type", "placement"})
_NAMES: Final = (
    *("AssertionFile", "Certificate", "ClientAssertion", "ClientCredentials", "ClientSecretBasic", "ClientSecretJwt"),
    *("ClientSecretPost", "Dialect", "Endpoint", "NoAuthentication", "Placement", "PrivateKeyJwt", "Scope", "Secret"),
    *("SecretFile", "TlsClientAuth", "dialects", "token_request"),
)


def python(request: TokenRequest, endpoint: str, observed: Observed) -> str:
    """
    Return lines of Python that send *request*. A secret is read from its file, or else from the environment.

        >>> from oauth_cc import ClientCredentials, Scope, token_request
        >>> request = token_request(ClientCredentials("your_id", "s3cret"), Scope.of("read"))
        >>> print(python(request, "https://as.example/token", Observed("https://as.example/token")))
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
        observed: What was observed, and how the server was reached.
    """
    scope = f", Scope.of({', '.join([_quoted(token) for token in request.scope.tokens])})" if request.scope else ""
    lines = [f"client = ClientCredentials({_quoted(request.credentials.client_id)}, {_method(request)})"]
    lines.append(f"request = token_request(client{scope})")
    lines += [f"request = request.{call}" for call in _calls(request)]
    made = [*_connection(request, observed)]
    client = ", client=http" if made else ""
    lines += made
    issuer = shown_issuer(observed)
    if issuer is None:
        lines.append(f"token = fetch_token(request, {_url(endpoint, observed)}{client})")
    else:
        lines.append(f"token = TokenSource.from_issuer({_url(issuer, observed)}, request{client}).token()")
    return "\n".join([*_imports("\n".join(lines)), "", *lines])


def _imports(code: str) -> Iterator[str]:
    for module in ("os", "ssl"):
        if f"{module}." in code:
            yield f"import {module}"
    yield from ["from pathlib import Path"] if "Path(" in code else []
    yield from ["import httpx2"] if "httpx2.Client(" in code else []
    # The constructors and values that the lines name, as ruff sorts them.
    names = [name for name in _NAMES if any([f"{mark}{name}{end}" in code for mark in " (" for end in "(."])]
    yield f"from oauth_cc import {', '.join(sorted(names, key=lambda name: (name.islower(), name)))}"
    if "key_from_file(" in code:
        yield "from oauth_cc.jose import key_from_file"
    yield f"from oauth_cc.httpx2 import {'TokenSource' if 'TokenSource.' in code else 'fetch_token'}"


def _url(url: str, observed: Observed) -> str:
    return f"Endpoint({_quoted(url)}, allow_http=True)" if is_plain_http(url, observed) else _quoted(url)


def _connection(request: TokenRequest, observed: Observed) -> Iterator[str]:
    is_mutual = request.client_certificate is not None
    options: list[str] = []
    if observed.proxy_given and observed.proxy is not None:
        options += [f"proxy={_quoted(observed.proxy)}", "trust_env=False"]
    if observed.ca_file is not None or is_mutual:
        file = "" if observed.ca_file is None else f"cafile={_quoted(observed.ca_file)}"
        yield f"tls = ssl.create_default_context({file})"
        options.append("verify=tls")
    if is_mutual:
        yield 'tls.load_cert_chain("client.pem")'
    if options:
        yield f"http = httpx2.Client({', '.join(options)})"


def _method(request: TokenRequest) -> str:
    match request.credentials.authentication:
        case ClientSecretBasic(secret, encode):
            return f"ClientSecretBasic({_secret(secret)}{'' if encode else ', encode=False'})"
        case ClientSecretPost(secret):
            return f"ClientSecretPost({_secret(secret)})"
        case ClientSecretJwt() as method:
            algorithm = "" if method.algorithm == "HS256" else f", algorithm={_quoted(method.algorithm)}"
            return f"ClientSecretJwt({_secret(method.secret)}, {_quoted(method.issuer)}{algorithm}{_terms(method)})"
        case PrivateKeyJwt() as method:
            return f"PrivateKeyJwt({_key(method)}, {_quoted(method.issuer)}{_terms(method)}{_further(method)})"
        case NoAuthentication():
            return "NoAuthentication()"
        case TlsClientAuth(_, self_signed):
            return f"TlsClientAuth({_CERTIFICATE}{', self_signed=True' if self_signed else ''})"
        case ClientAssertion(AssertionFile(path), assertion_type):
            kind = "" if assertion_type == JWT_BEARER else f", {_quoted(assertion_type)}"
            return f"ClientAssertion(AssertionFile({_quoted(path)}){kind})"
        case _:
            # The program's own way.
            return "..."


def _secret(secret: ClientSecret) -> str:
    if isinstance(secret, SecretFile):
        return f"SecretFile({_quoted(secret.path)})"
    return 'os.environ["OAUTH_CLIENT_SECRET"]'


def _key(method: PrivateKeyJwt) -> str:
    key = method.key
    key_id = "" if key.key_id is None else f", key_id={_quoted(key.key_id)}"
    # The default of an RSA key is RS256, and any other key has one algorithm.
    is_default = key.algorithm == "RS256" or not key.algorithm.startswith(("RS", "PS"))
    algorithm = "" if is_default else f", algorithm={_quoted(key.algorithm)}"
    certificate = "" if key.certificate is None else ', certificate=Certificate.from_pem(Path("cert.pem").read_text())'
    return f'key_from_file("key.pem"{algorithm}{key_id}{certificate})'


def _terms(method: PrivateKeyJwt | ClientSecretJwt) -> str:
    audience = "" if method.audience is None else f", audience={_quoted(method.audience)}"
    typ = "None" if method.typ is None else _quoted(method.typ)
    lifetime = "" if method.lifetime == 60 else f", lifetime={method.lifetime}"
    return f"{audience}{'' if method.typ == TYP else f', typ={typ}'}{lifetime}"


def _further(method: PrivateKeyJwt) -> str:
    claims = "" if method.claims == "{}" else f", claims={method.claims!r}"
    return f"{claims}{', x5t=True' if method.x5t else ''}{', x5c=True' if method.x5c else ''}"


def _calls(request: TokenRequest) -> Iterator[str]:
    yield from _parameters(request)
    for name, _ in request.headers:
        yield f'with_header({_quoted(name)}, Secret(os.environ["HEADER"]))'
    if request.certificate is not None:
        yield f"with_certificate({_CERTIFICATE})"
    if request.dpop_key is not None:
        yield 'with_dpop(key_from_file("dpop.pem"))'
    departures = request.dialect.departures()
    ready = ready_dialect(request)
    # A general departure has the name of one server only by chance.
    if ready is not None and _OWN & departures.keys():
        yield f"with_dialect(dialects.{ready})"
    elif departures:
        yield f"with_dialect(Dialect({', '.join(_fields(request.dialect))}))"


def _parameters(request: TokenRequest) -> Iterator[str]:
    if request.body:
        yield f"with_body({_quoted(shown_form(request.body))})"
    for resource in request.resources:
        yield f"with_resource({_quoted(resource)})"
    for resource in request.resource_names:
        yield f"with_resource({_quoted(resource)}, uri=False)"
    for detail in request.authorization_details:
        yield f"with_authorization_details({parse_object(detail)!r})"
    for name, value in request.parameters:
        shown = shown_value(name, value)
        yield f"with_parameter({_quoted(name)}, {'...' if shown is None else _quoted(shown)})"
    if request.includes_client_id:
        yield "with_client_id_in_body()"


def _fields(dialect: Dialect) -> Iterator[str]:
    for name in dialect.departures():
        value: object = getattr(dialect, name)
        yield f"{name}={dict(dialect.members) if name == 'members' else value!r}"


def _quoted(text: str) -> str:
    # As people write it, and as ruff formats it.
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'
