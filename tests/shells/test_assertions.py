"""
Clients that prove themselves by assertions, over each library, before a real server that verifies them.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import anyio
import httpx2
import pytest

import oauth_cc.httpx2
from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretJwt,
    Options,
    PrivateKeyJwt,
    Retries,
    Scope,
    Secret,
    SigningKey,
    TokenRequest,
    errors,
    http_request,
    token_request,
    unsigned_assertion,
)
from oauth_cc.authentication import Algorithm, ClientAuthentication, MacAlgorithm, Signer
from oauth_cc.authentication.jwt import ALGORITHMS, MAC_ALGORITHMS
from oauth_cc.jose import key_from_jwk, key_from_pem, sign
from oauth_cc.testing import (
    AssertionIssuer,
    AuthenticationMethod,
    AuthorizationServer,
    FederatedIdentity,
    RegisteredClient,
)
from tests.keys import CURVES, KEYS, RSA, jwk, pem, public_jwk
from tests.leaks import shown_by
from tests.shells.asking import WAYS, Ask
from tests.shells.scripted import TOKEN, Answer, serve

SECRET = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr17Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"
CLUSTER = AssertionIssuer("https://cluster.example")
ACCOUNT = "system:serviceaccount:default:worker"
SYNC = WAYS[0]
JWT = re.compile(r"\beyJ\w*\.")
ROOT = Path(__file__).parent.parent.parent
WRONG = """
import json, sys, time

given = json.load(sys.stdin)
right = time.time
time.time = lambda: right() + given["offset"]

from oauth_cc import ClientCredentials, PrivateKeyJwt, token_request, Options
from oauth_cc.jose import key_from_jwk
from tests.shells.asking import WAYS

way = PrivateKeyJwt(key_from_jwk(given["jwk"]), given["issuer"])
for ask in WAYS:
    ask.token(token_request(ClientCredentials("ES384", way)), given["endpoint"])
"""
"""A client on a machine whose clock is wrong, by each library."""

SIGNING: frozenset[AuthenticationMethod] = frozenset({"private_key_jwt"})


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """A server that knows a client for each algorithm, one with two keys, one by secret, and one of a cluster."""
    identity = FederatedIdentity(CLUSTER.issuer, ACCOUNT, "https://as.example", CLUSTER.jwks)
    two = {"keys": [public_jwk(RSA, kid="rsa"), public_jwk(CURVES["ES256"], kid="ec")]}
    clients = [
        *[
            RegisteredClient(name, jwks={"keys": [public_jwk(key)]}, authentication_methods=SIGNING)
            for name, key in KEYS.items()
        ],
        RegisteredClient("two_keys", jwks=two, authentication_methods=SIGNING),
        RegisteredClient("shared", SECRET, authentication_methods=frozenset({"client_secret_jwt"})),
        RegisteredClient("worker", authentication_methods=frozenset({"federated_jwt"}), federated_identity=identity),
    ]
    with AuthorizationServer(clients=clients) as running:
        yield running


def private_key(algorithm: Algorithm, key_id: str | None = None) -> SigningKey:
    """Gives the key of the client that is called *algorithm*."""
    return key_from_jwk(jwk(KEYS[algorithm]), algorithm=algorithm, key_id=key_id)


def signed(server: AuthorizationServer, algorithm: Algorithm) -> TokenRequest:
    """Gives the request of the client that is called *algorithm*."""
    return token_request(ClientCredentials(algorithm, PrivateKeyJwt(private_key(algorithm), server.issuer)))


def fetch(ask: Ask, server: AuthorizationServer, client_id: str, way: ClientAuthentication) -> str:
    """Gives the name of the way by which the server says that it knows *client_id*, who proves it by *way*."""
    ask.token(token_request(ClientCredentials(client_id, way)), server.token_endpoint)
    seen = server.token_requests[-1]
    assert (client_id, 200) == (seen.client_id, seen.status)
    return f"{seen.authentication_method}"


class TestAccepted:
    """By the public half of a key, a shared secret, or someone else's word."""

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_every_algorithm(self, server: AuthorizationServer, algorithm: Algorithm) -> None:
        """Of private keys."""
        way = PrivateKeyJwt(private_key(algorithm), server.issuer)
        assert "private_key_jwt" == fetch(SYNC, server, algorithm, way)

    @pytest.mark.parametrize("algorithm", MAC_ALGORITHMS)
    def test_every_mac(self, server: AuthorizationServer, algorithm: MacAlgorithm) -> None:
        """Of secrets."""
        way = ClientSecretJwt(SECRET, server.issuer, algorithm=algorithm)
        assert "client_secret_jwt" == fetch(SYNC, server, "shared", way)

    def test_every_library(self, ask: Ask, server: AuthorizationServer) -> None:
        """The metadata lead to the endpoint, and a token comes back."""
        way = PrivateKeyJwt(private_key("ES256"), server.issuer)
        found = ask.request(server.issuer, ClientCredentials("ES256", way), Scope.of("read"))
        assert Scope.of("read") == ask.token(found.request, found.endpoint.url).scope
        assert "private_key_jwt" == server.token_requests[-1].authentication_method

    @pytest.mark.parametrize("offset", [1.5, 3600.0, -3600.0])
    def test_a_wrong_clock(self, server: AuthorizationServer, offset: float) -> None:
        """A client whose clock is wrong is refused once, and then goes by the server's."""
        before = len(server.token_requests)
        given = {
            "offset": offset,
            "issuer": server.issuer,
            "endpoint": server.token_endpoint,
            "jwk": jwk(KEYS["ES384"]),
        }
        subprocess.run([sys.executable, "-c", WRONG], input=json.dumps(given), text=True, check=True, cwd=ROOT)
        seen = [seen.status // 100 for seen in server.token_requests[before:]]
        assert [4, 2] * len(WAYS) == seen

    @pytest.mark.parametrize("typ", ["JWT", None])
    def test_options_for_older_servers(self, server: AuthorizationServer, typ: str | None) -> None:
        """Another type, or none, and a longer life."""
        assert fetch(SYNC, server, "PS256", PrivateKeyJwt(private_key("PS256"), server.issuer, typ=typ, lifetime=300))

    def test_each_of_two_keys(self, server: AuthorizationServer) -> None:
        """While one replaces the other, ``kid`` says which."""
        for key in (private_key("PS256", "rsa"), private_key("ES256", "ec")):
            fetch(SYNC, server, "two_keys", PrivateKeyJwt(key, server.issuer))

    def test_every_call(self, server: AuthorizationServer) -> None:
        """An auth renews with a new assertion each time, as the server takes each once."""
        auth = oauth_cc.httpx2.ClientCredentialsAuth(signed(server, "EdDSA"), server.token_endpoint)
        before = len(server.token_requests)
        with httpx2.Client(auth=auth) as api:
            for _ in range(3):
                assert 200 == api.get(server.resource_url).status_code
                server.revoke_all()
        assert [200] * 3 == [seen.status for seen in server.token_requests[before:]]


class TestRefused:
    """The server's own words come out, and no assertion with them."""

    def test_another_audience(self, ask: Ask, server: AuthorizationServer) -> None:
        """An assertion for the token endpoint, which RFC 10070 rules out."""
        way = PrivateKeyJwt(private_key("ES256"), server.issuer, audience=server.token_endpoint)
        with pytest.raises(errors.TokenRequestRefused, match="not for this server") as caught:
            fetch(ask, server, "ES256", way)
        assert JWT.search(shown_by(caught.value)) is None

    def test_another_key_and_algorithm(self, server: AuthorizationServer) -> None:
        """Of the same kind; of another kind; the client's own, by an algorithm that signs otherwise."""
        other = key_from_pem(pem(CURVES["ES384"]))
        swapped = SigningKey("PS256", private_key("RS256").signer, "key-1")
        for client_id, key in (("ES256", other), ("RS256", private_key("ES256")), ("RS256", swapped)):
            with pytest.raises(errors.TokenRequestRefused):
                fetch(SYNC, server, client_id, PrivateKeyJwt(key, server.issuer))

    def test_no_kid_where_there_are_two_keys(self, server: AuthorizationServer) -> None:
        """The server cannot know which."""
        with pytest.raises(errors.TokenRequestRefused, match="does not hold"):
            fetch(SYNC, server, "two_keys", PrivateKeyJwt(private_key("ES256"), server.issuer))

    def test_another_secret(self, server: AuthorizationServer) -> None:
        """The HMAC does not hold."""
        with pytest.raises(errors.TokenRequestRefused, match="does not hold"):
            fetch(SYNC, server, "shared", ClientSecretJwt(SECRET[::-1], server.issuer))

    @pytest.mark.parametrize(("age", "reason"), [(0, "used before"), (61, "expired"), (-600, "issued in the future")])
    def test_replayed_and_expired(self, server: AuthorizationServer, age: int, reason: str) -> None:
        """Composed by hand: one that was sent before, one that has ended, one whose time is to come."""
        request = signed(server, "ES512")
        unsigned = unsigned_assertion(request, now=time.time() - age, unique_id=f"id-{age}")
        answers = [self.post(server, request, sign(unsigned)) for _ in range(2)]
        assert [200 if age == 0 else 400, 400] == [answer.status_code for answer in answers]
        assert "invalid_client" == answers[-1].json()["error"]
        assert reason in answers[0 if age else 1].json()["error_description"]

    def post(self, server: AuthorizationServer, request: TokenRequest, assertion: Secret) -> httpx2.Response:
        """Sends *request* with *assertion*, by hand."""
        http = http_request(request, server.token_endpoint, assertion=assertion)
        return httpx2.post(http.url, headers=dict(http.headers), content=http.body)


class TestSomeoneElse:
    """Assertions of a cluster, which the client only passes on."""

    def test_a_file_that_rotates(self, ask: Ask, server: AuthorizationServer, tmp_path: Path) -> None:
        """It is read anew for each token: what the cluster has put there since is what is sent."""
        file = tmp_path / "token"
        way = ClientAssertion(AssertionFile(file))
        file.write_text(CLUSTER.assertion(ACCOUNT, "https://as.example", lifetime=-60))
        with pytest.raises(errors.TokenRequestRefused, match="expired"):
            fetch(ask, server, "worker", way)
        file.write_text(CLUSTER.assertion(ACCOUNT, "https://as.example"))
        assert "federated_jwt" == fetch(ask, server, "worker", way)

    def test_a_function(self, ask: Ask, server: AuthorizationServer) -> None:
        """A plain one in threads, a coroutine function on an event loop."""

        async def waiting() -> str:
            await anyio.sleep(0)
            return CLUSTER.assertion(ACCOUNT, "https://as.example")

        plain = ClientAssertion(lambda: CLUSTER.assertion(ACCOUNT, "https://as.example"))
        assert "federated_jwt" == fetch(ask, server, "worker", plain)
        if ask.backend is not None:
            assert "federated_jwt" == fetch(ask, server, "worker", ClientAssertion(waiting))

    def test_another_account(self, server: AuthorizationServer) -> None:
        """The cluster says who it is."""
        way = ClientAssertion(lambda: CLUSTER.assertion("system:serviceaccount:default:other", "https://as.example"))
        with pytest.raises(errors.TokenRequestRefused, match="sub"):
            fetch(SYNC, server, "worker", way)


def test_a_signer_of_ones_own(ask: Ask, server: AuthorizationServer) -> None:
    """What a KMS does: it is asked once for each assertion, on an event loop by a coroutine function too."""
    key, signed_by = private_key("ES384"), list[str]()

    def plain(signing_input: bytes) -> bytes:
        signed_by.append("plain")
        signature = key.signer(signing_input)
        assert isinstance(signature, bytes)
        return signature

    async def waiting(signing_input: bytes) -> bytes:
        await anyio.sleep(0)
        return plain(signing_input)

    signers: list[Signer] = [plain] if ask.backend is None else [plain, waiting]
    for signer in signers:
        fetch(ask, server, "ES384", PrivateKeyJwt(SigningKey("ES384", signer, "alias/key-1"), server.issuer))
    assert len(signers) == len(signed_by)


def test_a_new_assertion_for_every_attempt(ask: Ask) -> None:
    """A server that is busy at first gets another one from who comes again."""
    way = PrivateKeyJwt(private_key("ES256"), "https://as.example")
    request = token_request(ClientCredentials("your_id", way))
    with serve(Answer(503), Answer(503), TOKEN) as busy:
        ask.token(request, f"{busy.url}/token", options=Options(retries=Retries(3, 0, 0)))
        sent = {dict(parse_qsl(asked.body.decode()))["client_assertion"] for asked in busy.asked}
    assert 3 == len(sent)


def test_a_timeout_that_is_none(ask: Ask) -> None:
    """Nothing is sent, and nothing of the request is shown."""
    request = token_request(ClientCredentials("your_id", PrivateKeyJwt(private_key("ES256"), "https://as.example")))
    with serve(TOKEN) as server:
        with pytest.raises(errors.InvalidInput, match="timeout") as caught:
            ask.token(request, f"{server.url}/token", options=Options(timeout=float("nan")))
        assert [] == server.asked
    assert JWT.search(shown_by(caught.value)) is None


def test_no_redirect(ask: Ask) -> None:
    """An assertion goes nowhere but where it was to go."""
    request = token_request(ClientCredentials("your_id", PrivateKeyJwt(private_key("ES256"), "https://as.example")))
    with serve(TOKEN) as other, serve(Answer(307, headers=(("Location", f"{other.url}/token"),))) as server:
        with pytest.raises(errors.UnexpectedRedirect):
            ask.token(request, f"{server.url}/token")
        assert (1, 0) == (len(server.asked), len(other.asked))
