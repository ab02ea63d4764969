"""
Clients that authenticate with assertions, on each library, against a real server that verifies them.
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
from oauth_cc.authentication.keys import ALGORITHMS, MAC_ALGORITHMS
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
WRONG_CLOCK = """
import json, sys, time

given = json.load(sys.stdin)
right = time.time
time.time = lambda: right() + given["offset"]

from oauth_cc import ClientCredentials, PrivateKeyJwt, token_request, Options
from oauth_cc.jose import key_from_jwk
from tests.shells.asking import WAYS

method = PrivateKeyJwt(key_from_jwk(given["jwk"]), given["issuer"])
for ask in WAYS:
    ask.token(token_request(ClientCredentials("ES384", method)), given["endpoint"])
"""
"""A program that fetches a token on each library while its clock is wrong."""

SIGNING: frozenset[AuthenticationMethod] = frozenset({"private_key_jwt"})


@pytest.fixture(scope="module")
def server() -> Iterator[AuthorizationServer]:
    """Run a server with a client for each algorithm, one with two keys, one with a secret and one of a cluster."""
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
    """Return the key of the client named *algorithm*."""
    return key_from_jwk(jwk(KEYS[algorithm]), algorithm=algorithm, key_id=key_id)


def signed(server: AuthorizationServer, algorithm: Algorithm) -> TokenRequest:
    """Return the request of the client named *algorithm*."""
    return token_request(ClientCredentials(algorithm, PrivateKeyJwt(private_key(algorithm), server.issuer)))


def fetch(ask: Ask, server: AuthorizationServer, client_id: str, method: ClientAuthentication) -> str:
    """Fetch a token for *client_id* with *method*, and return the method that the server saw."""
    ask.token(token_request(ClientCredentials(client_id, method)), server.token_endpoint)
    seen = server.token_requests[-1]
    assert (client_id, 200) == (seen.client_id, seen.status)
    return f"{seen.authentication_method}"


class TestAccepted:
    """Assertions that the server accepts."""

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_private_key_authenticates_with_every_algorithm(
        self, server: AuthorizationServer, algorithm: Algorithm
    ) -> None:
        """The server verifies with the public key."""
        method = PrivateKeyJwt(private_key(algorithm), server.issuer)
        assert "private_key_jwt" == fetch(SYNC, server, algorithm, method)

    @pytest.mark.parametrize("algorithm", MAC_ALGORITHMS)
    def test_a_shared_secret_authenticates_with_every_mac_algorithm(
        self, server: AuthorizationServer, algorithm: MacAlgorithm
    ) -> None:
        """The server verifies with the same secret."""
        method = ClientSecretJwt(SECRET, server.issuer, algorithm=algorithm)
        assert "client_secret_jwt" == fetch(SYNC, server, "shared", method)

    def test_discovery_and_assertion_work_on_every_library(self, ask: Ask, server: AuthorizationServer) -> None:
        """The metadata names the endpoint."""
        method = PrivateKeyJwt(private_key("ES256"), server.issuer)
        request = token_request(ClientCredentials("ES256", method), Scope.of("read"))
        assert Scope.of("read") == ask.token_from_issuer(server.issuer, request).scope
        assert "private_key_jwt" == server.token_requests[-1].authentication_method

    @pytest.mark.slow
    @pytest.mark.parametrize("offset", [1.5, 3600.0, -3600.0])
    def test_a_wrong_clock_costs_one_rejected_request(self, server: AuthorizationServer, offset: float) -> None:
        """The client then follows the clock of the server."""
        before = len(server.token_requests)
        given = {
            "offset": offset,
            "issuer": server.issuer,
            "endpoint": server.token_endpoint,
            "jwk": jwk(KEYS["ES384"]),
        }
        subprocess.run([sys.executable, "-c", WRONG_CLOCK], input=json.dumps(given), text=True, check=True, cwd=ROOT)
        seen = [seen.status // 100 for seen in server.token_requests[before:]]
        assert [4, 2] * len(WAYS) == seen

    @pytest.mark.parametrize("typ", ["JWT", None])
    def test_the_type_and_lifetime_of_an_assertion_can_be_set_for_older_servers(
        self, server: AuthorizationServer, typ: str | None
    ) -> None:
        """The type may be "JWT" or absent."""
        assert fetch(SYNC, server, "PS256", PrivateKeyJwt(private_key("PS256"), server.issuer, typ=typ, lifetime=300))

    def test_the_kid_selects_one_of_two_registered_keys(self, server: AuthorizationServer) -> None:
        """During a rotation both keys are registered."""
        for key in (private_key("PS256", "rsa"), private_key("ES256", "ec")):
            fetch(SYNC, server, "two_keys", PrivateKeyJwt(key, server.issuer))

    def test_every_renewal_sends_a_new_assertion(self, server: AuthorizationServer) -> None:
        """The server accepts each assertion once."""
        auth = oauth_cc.httpx2.ClientCredentialsAuth(signed(server, "EdDSA"), server.token_endpoint)
        before = len(server.token_requests)
        with httpx2.Client(auth=auth) as api:
            for _ in range(2):
                assert 200 == api.get(server.resource_url).status_code
                server.revoke_all()
        assert [200] * 2 == [seen.status for seen in server.token_requests[before:]]


class TestRefused:
    """Assertions that the server rejects. No error shows an assertion."""

    def test_an_assertion_for_the_token_endpoint_is_rejected(self, ask: Ask, server: AuthorizationServer) -> None:
        """RFC 10070 requires the issuer as audience."""
        method = PrivateKeyJwt(private_key("ES256"), server.issuer, audience=server.token_endpoint)
        with pytest.raises(errors.TokenRequestRefused, match="audience must be this server") as caught:
            fetch(ask, server, "ES256", method)
        assert JWT.search(shown_by(caught.value)) is None

    def test_a_wrong_key_or_algorithm_is_rejected(self, server: AuthorizationServer) -> None:
        """A key of the same type, a key of another type, the right key with another algorithm."""
        other = key_from_pem(pem(CURVES["ES384"]))
        swapped = SigningKey("PS256", private_key("RS256").signer, "key-1")
        for client_id, key in (("ES256", other), ("RS256", private_key("ES256")), ("RS256", swapped)):
            with pytest.raises(errors.TokenRequestRefused):
                fetch(SYNC, server, client_id, PrivateKeyJwt(key, server.issuer))

    def test_an_assertion_without_kid_is_rejected_when_two_keys_are_registered(
        self, server: AuthorizationServer
    ) -> None:
        """The server cannot select the key."""
        with pytest.raises(errors.TokenRequestRefused, match="InvalidKeyIdError"):
            fetch(SYNC, server, "two_keys", PrivateKeyJwt(private_key("ES256"), server.issuer))

    def test_an_assertion_signed_with_another_secret_is_rejected(self, server: AuthorizationServer) -> None:
        """The HMAC does not match."""
        with pytest.raises(errors.TokenRequestRefused, match="BadSignatureError"):
            fetch(SYNC, server, "shared", ClientSecretJwt(SECRET[::-1], server.issuer))

    @pytest.mark.parametrize(("age", "reason"), [(0, "used before"), (61, "expired"), (-600, "issued in the future")])
    def test_a_replayed_expired_or_future_assertion_is_rejected(
        self, server: AuthorizationServer, age: int, reason: str
    ) -> None:
        """The assertions are composed by hand."""
        request = signed(server, "ES512")
        unsigned = unsigned_assertion(request, now=time.time() - age, unique_id=f"id-{age}")
        answers = [self.post(server, request, sign(unsigned)) for _ in range(2)]
        assert [200 if age == 0 else 400, 400] == [answer.status_code for answer in answers]
        assert "invalid_client" == answers[-1].json()["error"]
        assert reason in answers[0 if age else 1].json()["error_description"]

    def post(self, server: AuthorizationServer, request: TokenRequest, assertion: Secret) -> httpx2.Response:
        """Send *request* with *assertion*."""
        http = http_request(request, server.token_endpoint, assertion=assertion)
        return httpx2.post(http.url, headers=dict(http.headers), content=http.body)


class TestFederated:
    """Assertions that a cluster issues and the client passes on."""

    def test_an_assertion_file_is_read_for_each_token(
        self, ask: Ask, server: AuthorizationServer, tmp_path: Path
    ) -> None:
        """A rotated file takes effect at the next request."""
        file = tmp_path / "token"
        method = ClientAssertion(AssertionFile(file))
        file.write_text(CLUSTER.assertion(ACCOUNT, "https://as.example", lifetime=-60))
        with pytest.raises(errors.TokenRequestRefused, match="expired"):
            fetch(ask, server, "worker", method)
        file.write_text(CLUSTER.assertion(ACCOUNT, "https://as.example"))
        assert "federated_jwt" == fetch(ask, server, "worker", method)

    def test_an_assertion_may_come_from_a_plain_or_async_function(self, ask: Ask, server: AuthorizationServer) -> None:
        """Async functions require async code."""

        async def waiting() -> str:
            await anyio.sleep(0)
            return CLUSTER.assertion(ACCOUNT, "https://as.example")

        plain = ClientAssertion(lambda: CLUSTER.assertion(ACCOUNT, "https://as.example"))
        assert "federated_jwt" == fetch(ask, server, "worker", plain)
        if ask.backend is not None:
            assert "federated_jwt" == fetch(ask, server, "worker", ClientAssertion(waiting))

    def test_an_assertion_for_another_account_is_rejected(self, server: AuthorizationServer) -> None:
        """The subject does not match."""
        method = ClientAssertion(lambda: CLUSTER.assertion("system:serviceaccount:default:other", "https://as.example"))
        with pytest.raises(errors.TokenRequestRefused, match="sub"):
            fetch(SYNC, server, "worker", method)


def test_a_custom_signer_signs_each_assertion_once(ask: Ask, server: AuthorizationServer) -> None:
    """A KMS is such a signer. On an event loop it may be async."""
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


def test_every_attempt_sends_a_new_assertion(ask: Ask) -> None:
    """Retries included."""
    method = PrivateKeyJwt(private_key("ES256"), "https://as.example")
    request = token_request(ClientCredentials("your_id", method))
    with serve(Answer(503), Answer(503), TOKEN) as busy:
        ask.token(request, f"{busy.url}/token", options=Options(retries=Retries(3, 0, 0)))
        sent = {dict(parse_qsl(asked.body.decode()))["client_assertion"] for asked in busy.asked}
    assert 3 == len(sent)


def test_an_invalid_timeout_is_rejected_before_anything_is_sent(ask: Ask) -> None:
    """The error shows no assertion."""
    request = token_request(ClientCredentials("your_id", PrivateKeyJwt(private_key("ES256"), "https://as.example")))
    with serve(TOKEN) as server:
        with pytest.raises(errors.InvalidInput, match="timeout") as caught:
            ask.token(request, f"{server.url}/token", options=Options(timeout=float("nan")))
        assert [] == server.asked
    assert JWT.search(shown_by(caught.value)) is None


def test_an_assertion_does_not_follow_a_redirect(ask: Ask) -> None:
    """The other server receives nothing."""
    request = token_request(ClientCredentials("your_id", PrivateKeyJwt(private_key("ES256"), "https://as.example")))
    with serve(TOKEN) as other, serve(Answer(307, headers=(("Location", f"{other.url}/token"),))) as server:
        with pytest.raises(errors.UnexpectedRedirect):
            ask.token(request, f"{server.url}/token")
        assert (1, 0) == (len(server.asked), len(other.asked))
