"""
DPoP together with every client authentication method, discovery, mutual TLS and a proxy.
"""

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import trustme

from oauth_cc import (
    AssertionFile,
    Certificate,
    ClientAssertion,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretJwt,
    ClientSecretPost,
    JwtBearerGrant,
    PrivateKeyJwt,
    SecretFile,
    TlsClientAuth,
    errors,
    token_request,
)
from oauth_cc.authentication import ClientAuthentication
from oauth_cc.httpx2 import ClientCredentialsAuth
from oauth_cc.jose import key_from_jwk, new_key
from oauth_cc.testing import (
    AssertionIssuer,
    AuthenticationMethod,
    AuthorizationServer,
    FederatedIdentity,
    RegisteredClient,
)
from oauth_cc.testing.httpx2 import Transport
from tests.keys import KEYS, jwk, public_jwk
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import Answer, serve
from tests.shells.test_dpop import DONE, KEY, REQUEST, bound, claims

SERVER = "https://auth.example.com"
SECRET = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"
CLUSTER = AssertionIssuer("https://kubernetes.default.svc")
SIGNING = key_from_jwk(jwk(KEYS["ES256"]), key_id="1")
JWKS = {"keys": [public_jwk(KEYS["ES256"], kid="1")]}


def from_a_file(folder: Path) -> ClientAuthentication:
    """Return a secret in a file."""
    (folder / "secret").write_text(SECRET, "ascii")
    return ClientSecretBasic(SecretFile(folder / "secret"))


def from_a_cluster(folder: Path) -> ClientAuthentication:
    """Return an assertion in a file."""
    (folder / "assertion").write_text(CLUSTER.assertion("worker", SERVER), "ascii")
    return ClientAssertion(AssertionFile(folder / "assertion"))


METHODS: dict[str, tuple[AuthenticationMethod | None, Callable[[Path], ClientAuthentication]]] = {
    "basic": ("client_secret_basic", lambda _: ClientSecretBasic(SECRET)),
    "post": ("client_secret_post", lambda _: ClientSecretPost(SECRET)),
    "a file": ("client_secret_basic", from_a_file),
    "secret jwt": ("client_secret_jwt", lambda _: ClientSecretJwt(SECRET, SERVER)),
    "private key": ("private_key_jwt", lambda _: PrivateKeyJwt(SIGNING, SERVER)),
    "assertion": ("federated_jwt", from_a_cluster),
    "grant": (None, lambda _: JwtBearerGrant(SIGNING, issuer="robot", audience=SERVER)),
}


@pytest.mark.parametrize("way", METHODS)
def test_every_client_authentication_method_gets_bound_tokens(way: str, tmp_path: Path) -> None:
    """The endpoint is discovered, both endpoints require nonces, and the server's clock is ahead."""
    method, made = METHODS[way]
    client = RegisteredClient(
        "your_id",
        "" if method is None else SECRET,
        authentication_methods=frozenset() if method is None else frozenset({method}),
        jwks=JWKS,
        federated_identity=FederatedIdentity(CLUSTER.issuer, "worker", SERVER, CLUSTER.jwks),
        grant_identity=FederatedIdentity("robot", "", SERVER, JWKS) if method is None else None,
        dpop_bound=True,
    )
    server = AuthorizationServer(clients=[client], origin=SERVER, dpop_nonces=True)
    server.clock_skew = 120.0
    request = token_request(ClientCredentials("robot" if method is None else "your_id", made(tmp_path))).with_dpop(KEY)
    with httpx2.Client(transport=Transport(server)) as api:
        api.auth = ClientCredentialsAuth.from_issuer(server.issuer, request, client=api)
        assert [api.get(server.resource_url).status_code for _ in range(2)] == [200, 200]
        server.revoke_all()
        assert api.get(server.resource_url).status_code == 200
    got = [seen for seen in server.token_requests if seen.status == 200]
    assert [(seen.client_id, seen.authentication_method, seen.dpop_jkt) for seen in got] == [
        ("your_id", method, KEY.jkt)
    ] * 2


def test_a_key_that_the_server_does_not_support_is_an_error_before_anything_is_sent() -> None:
    """The metadata lists the algorithms."""
    server = AuthorizationServer(origin=SERVER)
    with httpx2.Client(transport=Transport(server)) as api:
        document = api.get(server.metadata_url).json() | {"dpop_signing_alg_values_supported": ["RS256"]}
        listing = httpx2.MockTransport(lambda asked: httpx2.Response(200, json=document))
        with httpx2.Client(transport=listing) as client:
            auth = ClientCredentialsAuth.from_issuer(server.issuer, REQUEST, client=client)
            with pytest.raises(errors.InvalidInput, match=r"^DPoP algorithm ES256 is missing .* which lists RS256"):
                api.get(server.resource_url, auth=auth)
    assert server.token_requests == ()


def test_a_token_is_bound_to_a_certificate_and_to_a_key(tmp_path: Path) -> None:
    """Over mutual TLS; the API accepts it with both alone."""
    authority = trustme.CA()
    issued = authority.issue_cert("client.example", common_name="client")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "trust.pem"))
    certificate = Certificate.from_pem((tmp_path / "client.pem").read_text("ascii"))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(theirs)
    theirs.verify_mode = ssl.CERT_OPTIONAL
    ours = ssl.create_default_context(cafile=str(tmp_path / "trust.pem"))
    plain = ssl.create_default_context(cafile=str(tmp_path / "trust.pem"))
    ours.load_cert_chain(tmp_path / "client.pem")
    client = RegisteredClient(
        "your_id",
        authentication_methods=frozenset({"self_signed_tls_client_auth"}),
        certificate_thumbprint=certificate.thumbprint,
        dpop_bound=True,
    )
    key = new_key("Ed25519")
    request = token_request(ClientCredentials("your_id", TlsClientAuth(certificate, self_signed=True))).with_dpop(key)
    with (
        AuthorizationServer(clients=[client], tls=theirs, dpop_nonces=True) as server,
        httpx2.Client(verify=ours) as api,
    ):
        auth = ClientCredentialsAuth(request, server.token_endpoint, client=api)
        assert api.get(server.resource_url, auth=auth).status_code == 200
        with httpx2.Client(verify=plain, auth=auth) as without:
            assert without.get(server.resource_url).status_code == 401
        (seen,) = {(each.certificate, each.dpop_jkt) for each in server.token_requests if each.status == 200}
        assert seen == (certificate.thumbprint, key.jkt)


@pytest.mark.parametrize("call", CALLS, ids=name)
def test_a_redirect_through_a_proxy_has_a_proof_for_its_url(call: Call) -> None:
    """The request of a proxy has the whole URL as its target."""
    with serve(bound(1)) as script, serve(Answer(307, (("Location", "/second?page=2"),)), DONE) as proxy:
        auth = call.auth(REQUEST, f"{script.url}/token", origins=["http://api.example"])
        assert call.get(auth, "http://api.example/first", proxy=proxy.url) == [200]
        assert [each.path for each in proxy.asked] == ["http://api.example/first", "http://api.example/second?page=2"]
        assert [claims(each)["htu"] for each in proxy.asked] == [
            "http://api.example/first",
            "http://api.example/second",
        ]
