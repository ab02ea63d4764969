"""
The doctor: broken set-ups of servers on loopback, each with a healthy twin in which nothing is found.
"""

import io
import json
import re
import shlex
import ssl
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

import oauth_cc.doctor
from oauth_cc import (
    AssertionFile,
    Certificate,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    Dialect,
    HttpResponse,
    JwtBearerGrant,
    NoAuthentication,
    PrivateKeyJwt,
    Scope,
    SecretFile,
    SigningKey,
    TlsClientAuth,
    TokenRequest,
    dialects,
    token_request,
)
from oauth_cc._wire.json import JsonValue
from oauth_cc.authentication.methods import ClientAuthentication
from oauth_cc.cli import main
from oauth_cc.cli.authentication import authentication_of
from oauth_cc.cli.environment import described
from oauth_cc.cli.options import parsed
from oauth_cc.cli.request import request_of
from oauth_cc.doctor import Observed
from oauth_cc.metadata import ServerMetadata
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.bound import bound_key
from tests.keys import CURVES, RSA, pem
from tests.shells.scripted import TOKEN, Answer, Asked, Drop, Script, Silence, serve

MARK: Final = "M4RKER"
DATE: Final = "Tue, 14 Nov 2023 22:14:20 GMT"
KEY: Final = SigningKey("ES256", lambda signing_input: bytes(64), "alias/oauth")
CERTIFICATE: Final = Certificate.from_pem(trustme.CA().issue_cert("client.example").cert_chain_pems[0].bytes())
Members: TypeAlias = Mapping[str, object]


def token(**members: object) -> Answer:
    """Return an answer with a token and *members*."""
    merged: dict[str, object] = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600, **members}
    return Answer(chunks=(json.dumps({name: value for name, value in merged.items() if value is not None}).encode(),))


def refused(code: str | None, description: str | None = None, status: int = 400, **headers: str) -> Answer:
    """Return an error response."""
    members = {"error": code, "error_description": description}
    content = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
    return Answer(status, tuple(headers.items()), (content,))


def site(answer: Answer | Callable[[Asked], Answer], metadata: Members | Answer | None = None) -> Script:
    """Return the script of a server with *metadata* whose token endpoint gives *answer*."""

    def step(asked: Asked) -> Answer:
        if asked.method == "POST":
            return answer if isinstance(answer, Answer) else answer(asked)
        if isinstance(metadata, Answer):
            return metadata
        base = f"http://{asked.headers['Host']}"
        known = {"issuer": base, "token_endpoint": f"{base}/token", **(metadata or {})}
        signed = ["client_secret_basic", "private_key_jwt"]
        known.setdefault("token_endpoint_auth_methods_supported", signed)
        return Answer(chunks=(json.dumps(known).replace("{base}", base).encode(),))

    return step


def wants(test: Callable[[Asked], bool], otherwise: Answer) -> Callable[[Asked], Answer]:
    """Return a token endpoint that gives a token to requests that pass *test*."""
    return lambda asked: TOKEN if test(asked) else otherwise


def claims(asked: Asked) -> str:
    """Return header and claims of the assertion in *asked*, decoded."""
    parts = re.search(rb"client_assertion=([^.]*)\.([^.]*)", asked.body)
    assert parts is not None
    return "".join([urlsafe_b64decode(part + b"==").decode() for part in parts.groups()])


@attrs.frozen
class SetUp:
    """
    A server, and how it is asked.

    Args:
        script: What the server does.
        options: Options of the command; ``{url}`` is the server, ``{dir}`` the folder of the files.
        url: The token endpoint, or None to name the issuer alone.
        secret: The client secret.
        tls: The name of the certificate of the server, None for http.
        environment: Variables of the environment.
    """

    script: Script = TOKEN
    options: tuple[str, ...] = ()
    url: str | None = "{url}/token"
    secret: str = MARK
    tls: str | None = None
    environment: Mapping[str, str] = attrs.Factory(dict)


@attrs.frozen
class Case:
    """A broken set-up, the topic of its first finding, a part of its sentence or advice, and its healthy twin."""

    name: str
    topic: str
    says: str
    broken: SetUp
    healthy: SetUp = SetUp()


SIGNED = ("--auth", "private-key-jwt", "--key", "{dir}/key.pem", "--key-id", "k1", "--issuer", "{url}")
ISSUER = ("--issuer", "{url}")
INVALID = refused("invalid_client", "unknown", 401)
RAW = b64encode(f"id:{MARK}+/=".encode()).decode()
NEVER_DECODES = site(wants(lambda asked: asked.headers.get("Authorization") == f"Basic {RAW}", INVALID))


def scoped(answer: Answer, *options: str) -> SetUp:
    """Return a set-up that asks for two scope-tokens."""
    return SetUp(answer, ("--scope", "a b", *options))


def signed(answer: Answer | Callable[[Asked], Answer], *options: str, metadata: Members | None = None) -> SetUp:
    """Return a set-up with a private key."""
    return SetUp(site(answer, metadata), (*SIGNED, *options), url=None)


def simple(name: str, topic: str, says: str, answer: Script, healthy: SetUp = SetUp()) -> Case:
    """Return a case that differs in its answer alone."""
    return Case(name, topic, says, SetUp(answer), healthy)


CASES = [
    # The connection.
    Case("no such host", "address", "check its spelling", SetUp(url="https://as.invalid/token")),
    Case("no such port", "connection", "was refused", SetUp(url="http://127.0.0.1:1/token")),
    simple("the server hangs up", "connection", "closed the connection", Drop),
    Case("the server is silent", "connection", "arrived in time", SetUp(Silence, ("--timeout", "0.1"))),
    Case("expired", "tls", "has expired", SetUp(tls="expired"), SetUp(tls="good")),
    Case("not yet valid", "tls", "not valid yet", SetUp(tls="early"), SetUp(tls="good")),
    Case("wrong host", "tls", "for another host", SetUp(tls="elsewhere"), SetUp(tls="good")),
    Case("unknown authority", "tls", "SSL_CERT_FILE", SetUp(tls="stranger"), SetUp(tls="good")),
    Case("self-signed", "tls", "self-signed", SetUp(tls="alone"), SetUp(tls="good")),
    Case(
        "https to http", "tls", "does not support TLS", SetUp(url="https://localhost:{port}/token"), SetUp(tls="good")
    ),
    Case(
        "http to https",
        "connection",
        "not respond to plain http",
        SetUp(tls="good", url="http://localhost:{port}/token"),
    ),
    Case(
        "no client certificate",
        "certificate",
        "--certificate",
        SetUp(tls="mutual"),
        SetUp(tls="mutual", options=("--certificate", "{dir}/client.pem")),
    ),
    Case(
        "no such proxy",
        "proxy",
        "NO_PROXY",
        SetUp(options=("--allow-http",), url="http://as.example/t", environment={"HTTP_PROXY": "http://127.0.0.1:1"}),
        SetUp(options=("--allow-http",), url="http://as.example/t", environment={"HTTP_PROXY": "{url}"}),
    ),
    Case(
        "a proxy that asks for a password",
        "proxy",
        "user and password",
        SetUp(Answer(407), ("--allow-http", "--proxy", "{url}"), "http://as.example/t"),
        SetUp(TOKEN, ("--allow-http", "--proxy", "{url}"), "http://as.example/t"),
    ),
    Case(
        "a proxy that does not tunnel",
        "proxy",
        "NO_PROXY",
        SetUp(url="https://as.example/t", environment={"HTTPS_PROXY": "http://user:M4RKER@127.0.0.1:{port}"}),
        SetUp(environment={"HTTPS_PROXY": "http://user:M4RKER@127.0.0.1:{port}", "NO_PROXY": "127.0.0.1"}),
    ),
    Case("plain http", "http", "use https", SetUp(url="http://as.example/token?client=M4RKER")),
    Case("a plain http issuer", "http", "use https", SetUp(options=("--issuer", "http://as.example"), url=None)),
    # The URL and the metadata.
    Case("userinfo in the URL", "endpoint", "userinfo", SetUp(url="https://user:M4RKER@as.example/token")),
    simple("moved", "redirect", "https://new.example/token", Answer(308, (("Location", "https://new.example/token"),))),
    simple("a login page", "redirect", "not a token endpoint", Answer(302, (("Location", "/login?next=/token"),))),
    simple("no such path", "endpoint", "check the path", Answer(404)),
    simple("no POST", "endpoint", "does not accept a POST", Answer(405)),
    simple("gone", "endpoint", "has moved", Answer(410)),
    simple("a page", "response", "check that the URL is", Answer(200, (), (b"<html></html>",))),
    simple("an empty answer", "response", "check that the URL is", Answer(200)),
    Case(
        "another endpoint than in the metadata",
        "endpoint",
        "/oauth/token",
        SetUp(site(TOKEN, {"token_endpoint": "{base}/oauth/token"}), ISSUER),
        SetUp(site(TOKEN), ISSUER),
    ),
    Case(
        "a slash too many",
        "metadata",
        "another issuer",
        SetUp(site(TOKEN, {"issuer": "{base}/"}), ISSUER, None),
        SetUp(site(TOKEN), ISSUER, None),
    ),
    Case(
        "another issuer beside the endpoint",
        "metadata",
        "another issuer",
        SetUp(site(TOKEN, {"issuer": "https://other.example"}), ISSUER),
        SetUp(site(TOKEN), ISSUER),
    ),
    Case(
        "no metadata",
        "metadata",
        "check the issuer",
        SetUp(site(TOKEN, Answer(404)), ISSUER, None),
        SetUp(site(TOKEN, Answer(404)), ISSUER),
    ),
    Case(
        "an outage of the metadata",
        "server",
        "try again in 700 seconds",
        SetUp(site(TOKEN, Answer(503, (("Retry-After", "700"),))), ISSUER, None),
        SetUp(site(TOKEN), ISSUER, None),
    ),
    Case(
        "a limit of metadata requests",
        "quota",
        "limits requests, so its metadata could not be read",
        SetUp(site(TOKEN, Answer(429)), ISSUER, None),
        SetUp(site(TOKEN), ISSUER, None),
    ),
    Case(
        "no such issuer",
        "connection",
        "was refused",
        SetUp(options=("--issuer", "http://127.0.0.1:1"), url=None),
        SetUp(options=("--issuer", "http://127.0.0.1:1")),
    ),
    Case(
        "metadata without the grant",
        "grant",
        "another issuer may be meant",
        SetUp(site(refused("unsupported_grant_type"), {"grant_types_supported": ["authorization_code"]}), ISSUER, None),
        SetUp(site(TOKEN, {"grant_types_supported": ["client_credentials"]}), ISSUER, None),
    ),
    Case(
        "metadata without the method",
        "method",
        "client_secret_post",
        SetUp(site(INVALID, {"token_endpoint_auth_methods_supported": ["client_secret_post"]}), ISSUER, None),
        SetUp(
            site(TOKEN, {"token_endpoint_auth_methods_supported": ["client_secret_post"]}),
            (*ISSUER, "--auth", "post"),
            None,
        ),
    ),
    Case(
        "metadata without post",
        "method",
        "client_secret_basic",
        SetUp(site(INVALID), (*ISSUER, "--auth", "post"), None),
        SetUp(site(TOKEN), ISSUER, None),
    ),
    Case(
        "metadata without the algorithm",
        "algorithm",
        "use PS256",
        signed(INVALID, metadata={"token_endpoint_auth_signing_alg_values_supported": ["PS256"]}),
        signed(TOKEN, metadata={"token_endpoint_auth_signing_alg_values_supported": ["ES256"]}),
    ),
    Case(
        "an endpoint for certificates",
        "certificate",
        "mtls/token",
        SetUp(
            site(TOKEN, {"mtls_endpoint_aliases": {"token_endpoint": "{base}/mtls/token"}}),
            (*ISSUER, "--certificate", "{dir}/client.pem"),
        ),
        SetUp(
            site(TOKEN, {"mtls_endpoint_aliases": {"token_endpoint": "{base}/mtls/token"}}),
            (*ISSUER, "--certificate", "{dir}/client.pem"),
            None,
        ),
    ),
    # The client.
    simple("a wrong secret", "secret", "compare both", INVALID),
    simple("no error code", "secret", "compare both", Answer(401)),
    Case("a wrong secret in the body", "secret", "compare both", SetUp(INVALID, ("--auth", "post"))),
    Case("white space around the secret", "secret", "white space", SetUp(INVALID, secret=f"{MARK} ")),
    Case(
        "a server that never decodes",
        "basic",
        "encode=False",
        SetUp(NEVER_DECODES, secret=f"{MARK}+/="),
        SetUp(NEVER_DECODES, ("--auth", "basic-raw"), secret=f"{MARK}+/="),
    ),
    Case(
        "a server that never decodes, tried",
        "basic",
        "basic-raw",
        SetUp(NEVER_DECODES, ("--try",), secret=f"{MARK}+/="),
        SetUp(NEVER_DECODES, ("--try", "--auth", "basic-raw"), secret=f"{MARK}+/="),
    ),
    simple(
        "a wrong secret in words", "secret", "compare both", refused("invalid_client", "Invalid client_secret", 401)
    ),
    simple("posted information", "secret", "compare both", refused("invalid_client", "Check the posted information.")),
    Case(
        "a secret missing from the body of a server that lists basic",
        "secret",
        "compare both",
        SetUp(site(refused("invalid_client", "client_secret is missing from the body")), ISSUER, None),
        SetUp(site(TOKEN), ISSUER, None),
    ),
    Case(
        "everything was tried",
        "secret",
        "compare both",
        SetUp(refused("invalid_client", "no client_secret", 401), ("--try",), secret=f"{MARK}+/="),
    ),
    Case(
        "reserved characters, sent unencoded",
        "basic",
        "try encode=True",
        SetUp(INVALID, ("--auth", "basic-raw"), secret=f"{MARK}+/="),
    ),
    Case(
        "another audience was tried",
        "audience",
        "failed too",
        signed(refused("invalid_client", "bad aud claim", 401), "--try"),
        signed(TOKEN),
    ),
    simple(
        "the secret belongs into the body", "method", "ClientSecretPost", refused("invalid_client", "no client_secret")
    ),
    Case(
        "the secret belongs into the body, tried",
        "method",
        "--auth post",
        SetUp(site(wants(lambda asked: b"client_secret" in asked.body, INVALID)), ("--try",)),
        SetUp(site(wants(lambda asked: b"client_secret" in asked.body, INVALID)), ("--try", "--auth", "post")),
    ),
    Case(
        "the secret belongs into the header, tried",
        "method",
        "--auth basic",
        SetUp(site(wants(lambda asked: "Authorization" in asked.headers, INVALID)), ("--try", "--auth", "post")),
        SetUp(site(wants(lambda asked: "Authorization" in asked.headers, INVALID)), ("--try",)),
    ),
    Case(
        "no authentication",
        "method",
        "registered",
        SetUp(INVALID, ("--auth", "none")),
        SetUp(TOKEN, ("--auth", "none")),
    ),
    Case(
        "another audience",
        "audience",
        "audience=",
        signed(refused("invalid_client", "bad aud claim", 401)),
        signed(TOKEN),
    ),
    Case(
        "another audience, tried",
        "audience",
        "/token --typ",
        signed(wants(lambda asked: "/token" in claims(asked), INVALID), "--try", "--typ", "JWT"),
        signed(wants(lambda asked: "/token" in claims(asked), INVALID), "--try", "--audience", "{url}/token"),
    ),
    Case(
        "another typ, tried",
        "type",
        "--typ JWT",
        signed(wants(lambda asked: '"typ":"JWT"' in claims(asked), INVALID), "--try"),
        signed(wants(lambda asked: '"typ":"JWT"' in claims(asked), INVALID), "--try", "--typ", "JWT"),
    ),
    Case(
        "an unknown key",
        "key",
        "registered key",
        signed(refused("invalid_client", "no key for this kid", 401)),
        signed(TOKEN),
    ),
    Case("an unknown reason", "key", "key id", signed(INVALID), signed(TOKEN)),
    Case(
        "a refused algorithm",
        "algorithm",
        "registered",
        signed(refused("invalid_client", "alg not allowed")),
        signed(TOKEN),
    ),
    Case("a refused typ", "type", "typ='JWT'", signed(refused("invalid_client", "typ is wrong")), signed(TOKEN)),
    Case(
        "an expired assertion",
        "clock",
        "set the clock",
        signed(refused("invalid_client", "it is expired")),
        signed(TOKEN),
    ),
    Case(
        "a wrong clock",
        "clock",
        "ahead of the server's",
        signed(refused("invalid_client", "bad assertion", 401, Date=DATE)),
        signed(TOKEN),
    ),
    simple("a wrong clock of no consequence", "clock", "NTP", attrs.evolve(TOKEN, headers=(("Date", DATE),))),
    Case(
        "a refused certificate",
        "certificate",
        "compare its subject",
        SetUp(INVALID, ("--auth", "tls", "--certificate", "{dir}/client.pem")),
        SetUp(TOKEN, ("--auth", "tls", "--certificate", "{dir}/client.pem")),
    ),
    # The request.
    simple("a client without the grant", "grant", "enable client credentials", refused("unauthorized_client")),
    simple("another word for the grant", "grant", "grant_type=", refused("unsupported_grant_type")),
    Case("a refused scope", "scope", "registered", scoped(refused("invalid_scope"))),
    Case(
        "a refused scope, tried",
        "scope",
        "without",
        SetUp(
            site(wants(lambda asked: b"scope" not in asked.body, refused("invalid_scope"))), ("--scope", "a", "--try")
        ),
        SetUp(site(wants(lambda asked: b"scope" not in asked.body, refused("invalid_scope"))), ("--try",)),
    ),
    simple("a refused resource", "resource", "registered with", refused("invalid_target")),
    simple("a missing resource", "resource", "with_resource(...)", refused("invalid_request", "resource is missing")),
    simple("a missing audience", "audience", "parameter audience", refused("access_denied", "audience required", 403)),
    simple("a missing scope", "scope", "registered", refused("invalid_request", "scope is required")),
    simple("refused details", "request", "check their types", refused("invalid_authorization_details")),
    simple("a demand for DPoP", "dpop", "use with_dpop(key)", refused("invalid_dpop_proof")),
    simple("a demand for a nonce", "dpop", "use with_dpop(key)", refused("use_dpop_nonce")),
    simple(
        "a demand for DPoP in words", "dpop", "use with_dpop(key)", refused("invalid_request", "DPoP header missing")
    ),
    simple("a demand for mTLS in words", "certificate", "certificate", refused("invalid_request", "mTLS required")),
    simple("a JSON body", "dialect", "body_format='json'", Answer(415)),
    simple(
        "a JSON body in words", "dialect", "body_format='json'", refused("invalid_request", "Content-Type is wrong")
    ),
    Case(
        "a JSON body, tried",
        "dialect",
        "body_format='json'",
        SetUp(site(wants(lambda asked: asked.body.startswith(b"{"), refused("bad"))), ("--try",)),
        SetUp(
            site(wants(lambda asked: asked.body.startswith(b"{"), refused("bad"))),
            ("--try", "--dialect", "salesforce-marketing-cloud"),
        ),
    ),
    Case("a JSON body was tried", "dialect", "failed too", SetUp(Answer(415), ("--try",))),
    simple("anything else", "request", "rejects the request", refused("odd")),
    simple("a firewall", "server", "forbids", Answer(403, (), (b"<html>",))),
    # The answer.
    simple("the type of eBay", "dialect", "dialects.EBAY", token(token_type="Application Access Token")),
    simple("the type of Apigee", "dialect", "--dialect apigee", token(token_type="BearerToken")),
    simple("an own type", "dialect", "bearer_names=('own',)", token(token_type="own")),
    simple("an unasked key-bound token", "dpop", "use with_dpop(key), or --dpop-key", token(token_type="DPoP")),
    Case(
        "a bearer token for a key",
        "dpop",
        "or leave out with_dpop() or --dpop-key",
        SetUp(options=("--dpop-key", "{dir}/key.pem")),
    ),
    Case(
        "a key-bound token inside data",
        "dialect",
        "data.token",
        SetUp(token(access_token=None, token_type="DPoP", data={"token": "t"}), ("--dpop-key", "{dir}/key.pem")),
        SetUp(token(token_type="DPoP"), ("--dpop-key", "{dir}/key.pem")),
    ),
    simple("the type of another kind", "type", "bearer tokens", token(token_type="mac")),
    simple("a token inside data", "dialect", "data.token", token(access_token=None, data={"token": "tok-1"})),
    simple("a token by another name", "dialect", "sessionId", token(access_token=None, sessionId="tok-1")),
    simple("a token too deep", "response", "no access_token", token(access_token=None, a={"b": {"c": {"token": "t"}}})),
    simple("milliseconds", "lifetime", "lifetime_unit='ms'", token(expires_in=3600000)),
    simple("no lifetime", "lifetime", "default_lifetime", token(expires_in=None)),
    simple("a short lifetime", "lifetime", "only 5 seconds", token(expires_in=5)),
    Case("less scope", "scope", "b is missing", scoped(token(scope="a")), scoped(token(scope="b a"))),
    Case("commas", "dialect", "scope_separator=','", scoped(token(scope="a,b")), scoped(token(scope="a b"))),
    simple("too many requests", "quota", "30 seconds", Answer(429, (("Retry-After", "30"),))),
    simple("an empty quota", "quota", "used up", attrs.evolve(TOKEN, headers=(("X-RateLimit-Remaining", "0"),))),
    Case(
        "an empty quota of Auth0",
        "quota",
        "used up",
        SetUp(attrs.evolve(TOKEN, headers=(("Auth0-Client-Quota-Limit", "b=per_hour;q=9;r=0;t=60"),))),
        SetUp(attrs.evolve(TOKEN, headers=(("Auth0-Client-Quota-Limit", "b=per_hour;q=9;r=1;t=60"),))),
    ),
    simple("an outage", "server", "try again in 9", Answer(503, (("Retry-After", "9"),))),
    simple("an outage in words", "server", "try again later", refused("temporarily_unavailable")),
]


OUTAGES: Final = {
    **dict.fromkeys(["no such host", "no such port", "the server hangs up", "the server is silent", "expired"], 3),
    **dict.fromkeys(["not yet valid", "wrong host", "unknown authority", "self-signed", "https to http"], 3),
    **dict.fromkeys(["http to https", "no client certificate", "no such proxy", "a proxy that does not tunnel"], 3),
    **dict.fromkeys(["no such issuer"], 3),
    **dict.fromkeys(["too many requests", "an empty quota", "an empty quota of Auth0"], 4),
    **dict.fromkeys(["an outage", "an outage in words", "an outage of the metadata"], 4),
    **dict.fromkeys(["a limit of metadata requests"], 4),
}
"""Exit codes of broken set-ups that may heal by themselves. The code of any other is 1."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with keys and certificates."""
    made = tmp_path_factory.mktemp("files")
    authority, stranger = trustme.CA(), trustme.CA()
    now = datetime.now(UTC)
    day = timedelta(days=1)
    issued = {
        "good": authority.issue_cert("localhost"),
        "expired": authority.issue_cert("localhost", not_before=now - 9 * day, not_after=now - day),
        "early": authority.issue_cert("localhost", not_before=now + day, not_after=now + 9 * day),
        "elsewhere": authority.issue_cert("other.example"),
        "stranger": stranger.issue_cert("localhost"),
        "mutual": authority.issue_cert("localhost"),
        "client": authority.issue_cert("client.example"),
    }
    for name, certificate in issued.items():
        certificate.private_key_and_cert_chain_pem.write_to_path(str(made / f"{name}.pem"))
    (made / "alone.pem").write_bytes(_self_signed())
    authority.cert_pem.write_to_path(str(made / "authority.pem"))
    (made / "key.pem").write_bytes(pem(CURVES["ES256"]))
    return made


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return pem(key) + made.public_bytes(serialization.Encoding.PEM)


@attrs.frozen
class Page:
    """What the doctor printed: exit code, output, first topic, and the requests that the server received."""

    code: int
    text: str
    topic: str | None
    asked: list[Asked]


@pytest.fixture
def examine(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[SetUp], Page]]:
    """Return the doctor, run in this process on a set-up."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with ExitStack() as servers:

        def run(set_up: SetUp) -> Page:
            server = servers.enter_context(serve(set_up.script, tls=_side(folder, set_up.tls)))
            names = {"url": server.url, "dir": str(folder), "port": server.url.rpartition(":")[2]}
            for name, value in set_up.environment.items():
                monkeypatch.setenv(name, value.format(**names))
            given = [text.format(**names) for text in set_up.options]
            target = [] if set_up.url is None else ["--token-url", set_up.url.format(**names)]
            if "--auth" not in given or "basic-raw" in given or "post" in given:
                given.append("--secret-stdin")
            monkeypatch.setattr("sys.stdin", io.StringIO(set_up.secret))
            code = main(["doctor", "--client-id", "id", "--ca-file", f"{folder}/authority.pem", *target, *given])
            captured = capsys.readouterr()
            found = re.search(r"^WRONG  (\w+): ", captured.out, re.MULTILINE)
            return Page(code, captured.out + captured.err, found and found[1], list(server.asked))

        yield run


def _side(folder: Path, name: str | None) -> ssl.SSLContext | None:
    if name is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem")
    if name == "mutual":
        context.load_verify_locations(folder / "authority.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_first_finding_is_the_cause(case: Case, examine: Callable[[SetUp], Page]) -> None:
    """It shows no secret, and sends no more requests than it says. Without ``--try`` it sends the secret only once."""
    page = examine(case.broken)
    assert (page.topic, case.says in page.text) == (case.topic, True), page.text
    assert page.code == OUTAGES.get(case.name, 1)
    _check(case.broken, page)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_is_found_in_the_healthy_twin(case: Case, examine: Callable[[SetUp], Page]) -> None:
    """The page has the lines to paste."""
    page = examine(case.healthy)
    assert (page.topic, page.code) == (None, 0), page.text
    assert "token that is valid for 3600 seconds" in page.text
    assert "fetch_token(request, " in page.text
    assert "oauth-cc token --client-id id --token-url " in page.text
    _check(case.healthy, page)


def _check(set_up: SetUp, page: Page) -> None:
    encoded = b64encode(f"id:{MARK}".encode()).decode()[:12]
    assert MARK not in page.text
    assert encoded not in page.text
    announced = re.match(r"doctor sends at most (\d+) requests?: ", page.text)
    assert announced is not None
    assert len(page.asked) <= int(announced[1])
    posts = [asked for asked in page.asked if asked.method == "POST"]
    assert len(posts) <= 1 or "--try" in set_up.options
    assert not [asked for asked in page.asked if asked.method == "GET" and "Authorization" in asked.headers]


@pytest.mark.parametrize("tries", [(), ("--try",)], ids=["once", "tried"])
def test_a_wrong_secret_is_the_finding_at_a_real_server(
    tries: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words name the methods of the client, one of which ends in post."""
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", MARK)
    with AuthorizationServer(clients=[RegisteredClient("id", "right")]) as server:
        code = main(["doctor", "--client-id", "id", "--token-url", server.token_endpoint, *tries])
    out = capsys.readouterr().out
    assert "client_secret_post" in out
    assert "WRONG  secret: the server rejects the client_id or the secret" in out
    assert (code, "--auth basic" in out, MARK in out) == (1, True, False)


@pytest.mark.parametrize(
    "words",
    [
        "no client_secret",
        "Missing parameter: 'client_secret'",
        "missing required parameter client_secret",
        "client_secret is required",
        "The request body must contain the following parameter: 'client_secret'",
        "client authentication is required in the request body",
    ],
)
def test_a_server_that_looks_into_the_body_says_that_something_is_missing(words: str) -> None:
    """The lines have the secret in the body."""
    content = json.dumps({"error": "invalid_client", "error_description": words}).encode()
    observed = Observed("https://as.example/token", response=HttpResponse(401, (), content), received_at=1700000000.0)
    diagnosis = oauth_cc.doctor.examine(ClientCredentials("id", MARK), observed)
    assert [found.topic for found in diagnosis.findings] == ["method"]
    assert "--auth post" in diagnosis.shell


REQUESTS = [
    token_request(ClientCredentials("id", method), Scope.of("a", "b'c"))
    for method in (
        ClientSecretBasic(MARK),
        ClientSecretBasic(MARK, encode=False),
        ClientSecretPost(MARK),
        ClientSecretJwt(MARK * 9, "https://as.example", typ=None),
        PrivateKeyJwt(KEY, "https://as.example", audience="https://as.example/token", typ="JWT"),
        PrivateKeyJwt(attrs.evolve(KEY, key_id=None), "https://as.example"),
        TlsClientAuth(CERTIFICATE),
        NoAuthentication(),
        ClientAssertion(AssertionFile("assertion")),
    )
]
PLAIN: Final = token_request(ClientCredentials("id", MARK))
REQUESTS += [
    PLAIN.with_resource("https://api.example/").with_resource("guid", uri=False),
    PLAIN.with_parameters({"audience": "https://api.example/", "key": MARK}),
    PLAIN.with_header("X-Key", MARK),
    PLAIN.with_certificate(CERTIFICATE),
    PLAIN.with_dialect(dialects.SHOPIFY),
    PLAIN.with_dialect(Dialect(members={"access_token": "data.token"}, lifetime_unit="ms")),
    PLAIN.with_dpop(bound_key("ours")),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_the_lines_are_python_and_a_command_without_secrets(
    request_: TokenRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They compile, import names that exist, and are understood by the parser."""
    diagnosis = oauth_cc.doctor.examine(request_, Observed("https://as.example/token"))
    assert MARK not in diagnosis.python + diagnosis.shell
    compile(diagnosis.python, "lines", "exec")
    for line in diagnosis.python.splitlines():
        if line.startswith("from "):
            exec(line, {})  # noqa: S102  # lines of this library
    if diagnosis.shell.startswith("# no shell equivalent: "):
        return
    arguments = parsed(shlex.split(diagnosis.shell)[1:])
    assert (arguments.client_id, arguments.token_url) == ("id", "https://as.example/token")


def pasted(folder: Path) -> list[tuple[TokenRequest, bool]]:
    """Return requests that lines make from the files of *folder*, and whether a command makes them too."""
    from oauth_cc.jose import key_from_file

    key = key_from_file(folder / "key.pem", algorithm="PS256", key_id="k1")
    certificate = Certificate.from_pem((folder / "client.pem").read_text())
    issuer = "https://as.example"
    methods: list[tuple[ClientAuthentication, bool]] = [
        (ClientSecretBasic(MARK, encode=False), True),
        (ClientSecretPost(SecretFile(str(folder / "secret.txt"))), True),
        (ClientSecretJwt(MARK * 9, issuer, algorithm="HS384", audience="a", typ=None, lifetime=9), True),
        (PrivateKeyJwt(key, issuer, audience="a", typ="JWT", lifetime=9, claims={"scope": "a", "b": [True]}), True),
        (TlsClientAuth(certificate, self_signed=True), True),
        (ClientAssertion(AssertionFile(str(folder / "assertion")), "urn:a:b"), True),
        (NoAuthentication(), True),
    ]
    plain = token_request(ClientCredentials("id", MARK), Scope.of("a", "b'c"))
    details: dict[str, JsonValue] = {"type": "payment", "actions": ["read"], "urgent": True}
    return [
        *[(token_request(ClientCredentials("id", method)), is_command) for method, is_command in methods],
        (plain.with_client_id_in_body(), True),
        (plain.with_body("audience=a+b"), True),
        (plain.with_resource("https://api.example/").with_resource("guid", uri=False), True),
        (plain.with_authorization_details(details, {"type": "b"}), True),
        (plain.with_parameter("audience", "https://api.example/"), True),
        (plain.with_header("X-Key", "value"), True),
        (plain.with_certificate(certificate), True),
        (plain.with_dpop(key_from_file(folder / "dpop.pem")), True),
        (plain.with_dialect(dialects.SHOPIFY), True),
        (plain.with_dialect(dialects.EBAY), True),
        (plain.with_dialect(Dialect(members={"access_token": "data.token"}, lifetime_unit="ms")), False),
        (plain.with_dialect(Dialect(body_format="json", default_lifetime=9.0)), False),
    ]


def test_the_lines_make_the_same_request(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of Python are run, except for the last one, and the command is parsed as any command line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dpop.pem").write_bytes(pem(CURVES["ES256"]))
    (tmp_path / "key.pem").write_bytes(pem(RSA))
    (tmp_path / "client.pem").write_bytes((folder / "client.pem").read_bytes())
    (tmp_path / "secret.txt").write_text(MARK)
    (tmp_path / "assertion").write_text("e30.e30.e30")
    monkeypatch.setenv("HEADER", "value")
    for request_, is_command in pasted(tmp_path):
        method = request_.credentials.authentication
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", MARK * 9 if isinstance(method, ClientSecretJwt) else MARK)
        diagnosis = oauth_cc.doctor.examine(request_, Observed("https://as.example/token"))
        names: dict[str, object] = {}
        lines = diagnosis.python.splitlines()
        exec("\n".join(lines[:-1]), names)  # noqa: S102  # lines of this library
        assert names["request"] == request_
        assert is_command != diagnosis.shell.startswith("# no shell equivalent: "), diagnosis.shell
        if is_command:
            arguments = described(parsed(shlex.split(diagnosis.shell)[1:]))
            credentials = ClientCredentials(arguments.client_id, authentication_of(arguments, None))
            assert request_of(arguments, credentials) == request_


@pytest.mark.parametrize("method", [ClientAssertion(lambda: "e30.e30.e30"), JwtBearerGrant(KEY, audience="a")])
def test_a_way_without_options_has_no_shell_equivalent(method: ClientAuthentication) -> None:
    """The lines of Python leave it open."""
    diagnosis = oauth_cc.doctor.examine(ClientCredentials("id", method), Observed("https://as.example/token"))
    assert diagnosis.shell.startswith("# no shell equivalent: ")
    assert 'ClientCredentials("id", ...)' in diagnosis.python
    compile(diagnosis.python, "lines", "exec")


def test_the_lines_name_the_certificate_of_a_key(folder: Path) -> None:
    """A command has an option for it, and none for the older header fields."""
    certificate = Certificate.from_pem((folder / "client.pem").read_text())
    key = SigningKey("RS256", lambda signing_input: bytes(256), "alias/oauth", certificate=certificate)
    lines = [
        oauth_cc.doctor.examine(ClientCredentials("id", method), Observed("https://as.example/token")).shell
        for method in (PrivateKeyJwt(key, "https://as.example"), PrivateKeyJwt(key, "https://as.example", x5t=True))
    ]
    assert "--key key.pem --key-certificate cert.pem" in lines[0]
    assert lines[1].endswith(" x5t and x5c")


def test_the_lines_reach_the_server_in_the_same_way(folder: Path) -> None:
    """By the same proxy, the same authorities and plain http if it was allowed."""
    observed = Observed(
        "http://as.example/token",
        allow_http=True,
        proxy="http://proxy.example:3128",
        proxy_given=True,
        ca_file=str(folder / "authority.pem"),
    )
    diagnosis = oauth_cc.doctor.examine(PLAIN, observed)
    arguments = parsed(shlex.split(diagnosis.shell)[1:])
    assert (arguments.allow_http, arguments.proxy) == (True, "http://proxy.example:3128")
    assert arguments.ca_file == folder / "authority.pem"
    assert 'httpx2.Client(proxy="http://proxy.example:3128", trust_env=False, verify=tls)' in diagnosis.python
    assert f'ssl.create_default_context(cafile="{folder}/authority.pem")' in diagnosis.python
    last = diagnosis.python.splitlines()[-1]
    assert last == 'token = fetch_token(request, Endpoint("http://as.example/token", allow_http=True), client=http)'
    found = oauth_cc.doctor.examine(PLAIN, attrs.evolve(observed, endpoint="https://as.example/token"))
    assert "allow" not in found.python + found.shell
    environment = oauth_cc.doctor.examine(PLAIN, attrs.evolve(observed, proxy_given=False))
    assert "proxy.example" not in environment.python + environment.shell


def test_the_lines_get_a_token(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both kinds are run against the server that was examined, with the files that were given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "secret.txt").write_text(MARK)
    with serve(site(TOKEN), tls=_side(folder, "good")) as server:
        base = f"https://localhost:{server.url.rpartition(':')[2]}"
        given = ["--client-id", "id", "--secret-file", "secret.txt", "--ca-file", f"{folder}/authority.pem"]
        assert main(["doctor", *given, "--token-url", f"{base}/token"]) == 0
        lines = [line[4:] for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
        assert main(shlex.split(lines[-1])[1:]) == 0
        exec("\n".join(lines[:-1]), {})  # noqa: S102  # lines of this library
        sent = {(asked.path, asked.headers["Authorization"], asked.body) for asked in server.asked}
        assert (len(sent), len(server.asked)) == (1, 3)


def test_the_lines_name_the_issuer_if_the_endpoint_is_not_known(examine: Callable[[SetUp], Page]) -> None:
    """They discover it."""
    page = examine(SetUp(options=("--issuer", "http://127.0.0.1:1"), url=None))
    assert "oauth-cc token --client-id id --issuer http://127.0.0.1:1 --auth basic" in page.text
    assert 'TokenSource.from_issuer("http://127.0.0.1:1", request, client=http).token()' in page.text


@given(
    st.integers(100, 599),
    st.binary()
    | st.text().map(str.encode)
    | st.sampled_from([b'{"access_token": "a"}', b'{"error": "invalid_client"}']),
    st.sampled_from(REQUESTS),
)
def test_any_answer_is_examined(status: int, content: bytes, request_: TokenRequest) -> None:
    """No answer of a server ends in an exception, or shows the secret."""
    response = HttpResponse(
        status, {"Location": content.decode("latin-1"), "Retry-After": "x"}, content + MARK.encode()
    )
    observed = Observed("https://as.example/token?key=M4RKER", response=response, received_at=1700000000.0)
    diagnosis = oauth_cc.doctor.examine(request_, observed)
    assert diagnosis.findings
    assert f"https://as.example/token?... responds over TLS with a trusted certificate with HTTP {status}" in (
        diagnosis.works
    )
    assert oauth_cc.doctor.needs_alternatives(request_, observed) in (True, False)
    assert MARK not in f"{diagnosis.works}{diagnosis.python}{diagnosis.shell}"


def test_secret_that_is_read_for_each_request_may_have_reserved_characters() -> None:
    """So an alternative sends it as it is."""
    rotating = token_request(ClientCredentials("id", SecretFile("secret.txt")))
    found = oauth_cc.doctor.alternatives(rotating, "https://as.example/token")
    assert "basic" in [each.topic for each in found]


def test_a_rejected_proof_is_told_from_a_missing_one() -> None:
    """The advice for a request with a key is about its proof."""
    response = HttpResponse(400, (), b'{"error": "invalid_dpop_proof"}')
    observed = Observed("https://as.example/token", response=response, received_at=1700000000.0)
    for request_, says in (
        (PLAIN, "the server requires a DPoP proof"),
        (PLAIN.with_dpop(bound_key("ours")), "the server rejects the DPoP proof"),
    ):
        found = oauth_cc.doctor.examine(request_, observed).findings[0]
        assert (found.topic, says in f"{found}") == ("dpop", True)


@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_alternatives_send_the_same_secret_in_another_way(request_: TokenRequest) -> None:
    """There are four at most, and none is the request itself."""
    found = oauth_cc.doctor.alternatives(request_, "https://as.example/token")
    assert len(found) <= 4
    assert request_ not in [each.request for each in found]
    assert {each.request.credentials.client_id for each in found} <= {"id"}


@pytest.mark.parametrize(
    ("status", "location", "pasted"),
    [
        (301, "https://as.example/oauth/token", "https://as.example/oauth/token"),
        (308, "https://as.example/oauth/token?x=1", "https://as.example/oauth/token"),
        (302, "https://as.example/login", "https://as.example/token"),
        (301, "https://other.example/token", "https://as.example/token"),
        (301, "http://as.example/token", "https://as.example/token"),
        (301, "/token/", "https://as.example/token"),
        (301, None, "https://as.example/token"),
    ],
)
def test_lines_follow_a_permanent_redirect_on_the_same_host(status: int, location: str | None, pasted: str) -> None:
    """No line sends the secret to a host that only a redirect names."""
    response = HttpResponse(status, {} if location is None else {"Location": location})
    diagnosis = oauth_cc.doctor.examine(PLAIN, Observed("https://as.example/token", response=response))
    assert diagnosis.python.endswith(f'fetch_token(request, "{pasted}")')
    assert f"--token-url {pasted} " in diagnosis.shell


def test_without_an_observation_nothing_is_found() -> None:
    """The lines leave the endpoint open."""
    observed = Observed(None)
    diagnosis = oauth_cc.doctor.examine(ClientCredentials("id", MARK), observed)
    assert (diagnosis.findings, diagnosis.works, '"..."' in diagnosis.python) == ((), (), True)
    assert not oauth_cc.doctor.needs_alternatives(REQUESTS[0], observed)


def test_an_assertion_for_another_issuer_is_found() -> None:
    """Its audience would be wrong."""
    metadata = ServerMetadata(
        "https://as.example",
        "https://as.example/token",
        ("private_key_jwt", "client_secret_jwt"),
    )
    request_ = token_request(ClientCredentials("id", PrivateKeyJwt(KEY, "https://other.example")))
    found = oauth_cc.doctor.examine(request_, Observed("https://as.example/token", metadata=metadata)).findings
    assert [finding.topic for finding in found] == ["audience"]


def test_a_method_that_the_server_does_not_list_has_no_replacement() -> None:
    """A secret does not become a key."""
    metadata = ServerMetadata("https://as.example", "https://as.example/token", ("tls_client_auth",))
    request_ = ClientCredentials("id", MARK)
    found = oauth_cc.doctor.examine(request_, Observed("https://as.example/token", metadata=metadata)).findings
    assert [(finding.topic, finding.request) for finding in found] == [("method", None)]


def test_an_answer_without_end_is_cut(examine: Callable[[SetUp], Page]) -> None:
    """One MiB is read at most."""
    page = examine(SetUp(Answer(chunks=(b"[" * 2**20, b"[" * 2**20))))
    assert page.topic == "response"


def test_an_answer_that_takes_too_long_is_cut(examine: Callable[[SetUp], Page]) -> None:
    """A server that sends a byte at a time is not read forever."""
    page = examine(SetUp(Answer(chunks=(b"[",) * 1000, pause=0.01), ("--timeout", "0.05")))
    assert page.topic == "response"


def test_verbose_prints_what_is_sent(examine: Callable[[SetUp], Page]) -> None:
    """The secret is redacted."""
    page = examine(SetUp(options=("--verbose",)))
    assert "> Authorization: Basic ***" in page.text.splitlines()
    assert '< {"access_token":"***","token_type":"Bearer","expires_in":3600}' in page.text.splitlines()
    assert MARK not in page.text


def test_without_an_endpoint_nothing_is_sent(examine: Callable[[SetUp], Page]) -> None:
    """The error names the options."""
    page = examine(SetUp(url=None))
    assert (page.code, page.asked, "--token-url or --issuer is required" in page.text) == (2, [], True)


def test_an_assertion_that_cannot_be_read_is_no_finding(examine: Callable[[SetUp], Page]) -> None:
    """Nothing was sent."""
    page = examine(SetUp(options=("--auth", "assertion", "--assertion-file", "/no/such")))
    assert (page.code, page.asked, "/no/such" in page.text) == (2, [], True)
