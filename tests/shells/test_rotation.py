"""
Secrets, keys and assertions that are rotated under a running program, on each library, against a real server.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from oauth_cc import (
    AssertionFile,
    ClientAssertion,
    ClientCredentials,
    ClientSecretJwt,
    PrivateKeyJwt,
    SecretFile,
    TokenCache,
    TokenRequest,
    errors,
    token_request,
)
from oauth_cc.authentication import SecretSource
from oauth_cc.httpx2 import TokenSource, fetch_token
from oauth_cc.jose import key_from_file
from oauth_cc.stores.file import FileStore
from oauth_cc.testing import AssertionIssuer, AuthorizationServer, FederatedIdentity, RegisteredClient
from tests.keys import jwk, pem, public_jwk
from tests.shells.asking import Ask
from tests.shells.calling import CALLS, Call, name
from tests.shells.volume import mounted, publish

ISSUER = AssertionIssuer("https://cluster.example")


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Run a server that a client is registered at later."""
    with AuthorizationServer(clients=[]) as running:
        yield running


class Identity(Protocol):
    """A client whose identity is in a file and changes."""

    def __init__(self, server: AuthorizationServer, file: Path) -> None:
        """Register the client at *server*, and write *file*."""

    def request(self) -> TokenRequest:
        """Return the request of the client."""
        ...

    def rotate(self) -> None:
        """Replace the file, after which the server accepts the new identity alone."""


def replace(file: Path, content: str | bytes) -> None:
    """Replace *file* by renaming another one, or the folder of its volume as Kubernetes does."""
    written = content.encode() if isinstance(content, str) else content
    if file.is_symlink():
        publish(file.parent, {file.name: written})
        return
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_bytes(written)
    fresh.replace(file)


class BySecret:
    """A client secret."""

    def __init__(self, server: AuthorizationServer, file: Path) -> None:
        self.server, self.file, self.number = server, file, 0
        self.rotate()

    def request(self) -> TokenRequest:
        """Return a request that reads the secret from the file."""
        return token_request(ClientCredentials("your_id", SecretFile(self.file)))

    def rotate(self) -> None:
        """Write the next secret."""
        self.number += 1
        replace(self.file, f"s3cret-{self.number}\n")
        self.server.register(RegisteredClient("your_id", f"s3cret-{self.number}"))


class ByMac(BySecret):
    """A client secret that is not sent."""

    def request(self) -> TokenRequest:
        """Return a request whose assertion is keyed by the secret."""
        return token_request(ClientCredentials("your_id", ClientSecretJwt(SecretFile(self.file), self.server.issuer)))

    def rotate(self) -> None:
        """Write the next secret."""
        self.number += 1
        secret = f"s3cret-{self.number}" * 4
        replace(self.file, secret)
        methods: Any = frozenset({"client_secret_jwt"})
        self.server.register(RegisteredClient("your_id", secret, authentication_methods=methods))


class ByKey:
    """A private key, each time in another form and of another type."""

    def __init__(self, server: AuthorizationServer, file: Path) -> None:
        self.server, self.file, self.number = server, file, 0
        self.rotate()

    def request(self) -> TokenRequest:
        """Return a request that is signed with the key of the file."""
        return token_request(ClientCredentials("your_id", PrivateKeyJwt(key_from_file(self.file), self.server.issuer)))

    def rotate(self) -> None:
        """Write the next key."""
        self.number += 1
        odd = self.number % 2
        key = ec.generate_private_key(ec.SECP256R1()) if odd else ed25519.Ed25519PrivateKey.generate()
        replace(self.file, pem(key) if odd else json.dumps(jwk(key, kid=f"{self.number}")))
        methods: Any = frozenset({"private_key_jwt"})
        registered = {"keys": [public_jwk(key)] if odd else [public_jwk(key, kid=f"{self.number}")]}
        self.server.register(RegisteredClient("your_id", jwks=registered, authentication_methods=methods))


class ByAssertion:
    """An assertion of another issuer, which changes its key."""

    def __init__(self, server: AuthorizationServer, file: Path) -> None:
        self.server, self.file = server, file
        self.rotate()

    def request(self) -> TokenRequest:
        """Return a request that carries the assertion of the file."""
        return token_request(ClientCredentials("your_id", ClientAssertion(AssertionFile(self.file))))

    def rotate(self) -> None:
        """Write an assertion of an issuer with another key."""
        issuer = AssertionIssuer("https://cluster.example")
        replace(self.file, issuer.assertion("worker", "https://as.example"))
        methods: Any = frozenset({"federated_jwt"})
        identity = FederatedIdentity(issuer.issuer, "worker", "https://as.example", issuer.jwks)
        self.server.register(RegisteredClient("your_id", authentication_methods=methods, federated_identity=identity))


IDENTITIES: list[type[Identity]] = [BySecret, ByMac, ByKey, ByAssertion]


@pytest.mark.parametrize("kind", IDENTITIES)
def test_an_identity_is_read_for_each_token_request(
    ask: Ask, kind: type[Identity], server: AuthorizationServer, tmp_path: Path
) -> None:
    """One request, made before the rotations, gets a token after each."""
    identity = kind(server, tmp_path / "identity")
    request = identity.request()
    for _ in range(3):
        ask.token(request, server.token_endpoint)
        identity.rotate()
    assert [seen.status for seen in server.token_requests] == [200] * 3


PAIRS = list(product(IDENTITIES, (False, True)))
CROWDS = [
    *[(kind, stored, call, 10) for (kind, stored), call in zip(PAIRS, CALLS, strict=True)],
    *[pytest.param(*pair, call, 50, marks=pytest.mark.slow) for pair in PAIRS for call in CALLS],
]
"""Each identity on each library, with and without a store, and one of each with fewer callers, which is not slow."""


@pytest.mark.parametrize(
    ("kind", "stored", "call", "size"), CROWDS, ids=lambda value: name(value) if isinstance(value, Call) else None
)
def test_a_crowd_gets_over_the_rotation_of_an_identity_by_one_request(
    kind: type[Identity], stored: bool, call: Call, size: int, server: AuthorizationServer, tmp_path: Path
) -> None:
    """Threads or tasks call an API meanwhile, which rejects their token."""
    identity = kind(server, tmp_path / "identity")
    options = {"store": FileStore(tmp_path / "store")} if stored else {}
    auth = call.auth(identity.request(), server.token_endpoint, **options)

    def rotate() -> None:
        identity.rotate()
        server.revoke_all()

    statuses = call.crowd(auth, server.resource_url, size, rotate)
    assert len(statuses) >= 2 * size
    assert set(statuses) == {200}
    assert [seen.status for seen in server.token_requests] == [200, 200]


def test_a_rotation_between_reading_and_sending_costs_one_request(ask: Ask, server: AuthorizationServer) -> None:
    """The server rejects the old secret, and the source has the new one by then. An unknown secret is sent once."""
    secrets = iter(["old", "new", "new", "unknown", "unknown"])
    server.register(RegisteredClient("your_id", "new"))
    request = token_request(ClientCredentials("your_id", SecretSource(lambda: next(secrets))))
    ask.token(request, server.token_endpoint)
    assert [seen.status for seen in server.token_requests] == [401, 200]
    with pytest.raises(errors.TokenRequestRefused):
        ask.token(request, server.token_endpoint)
    assert [seen.status for seen in server.token_requests] == [401, 200, 401]


def test_a_secret_of_a_coroutine_function_is_awaited(ask: Ask, server: AuthorizationServer) -> None:
    """In threads it is an error."""
    server.register(RegisteredClient("your_id", "s3cret"))

    async def vault() -> str:
        await anyio.sleep(0)
        return "s3cret"

    request = token_request(ClientCredentials("your_id", vault))
    if ask.backend is None:
        with pytest.raises(errors.InvalidInput, match="which only async code can await; pass a plain function"):
            ask.token(request, server.token_endpoint)
    else:
        ask.token(request, server.token_endpoint)


@pytest.mark.parametrize("kind", IDENTITIES)
def test_a_volume_of_kubernetes_is_followed(kind: type[Identity], server: AuthorizationServer, tmp_path: Path) -> None:
    """The kubelet replaces the link ``..data``, to which the file is a link, and removes the old folder."""
    identity = kind(server, mounted(tmp_path / "identity"))
    request = identity.request()
    for _ in range(3):
        fetch_token(request, server.token_endpoint)
        identity.rotate()
    assert [seen.status for seen in server.token_requests] == [200] * 3


@pytest.mark.parametrize("kind", IDENTITIES)
def test_a_file_that_is_away_for_a_moment_fails_no_call(
    kind: type[Identity], server: AuthorizationServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read again until it is back, here after two reads, which are 50 ms apart. The third is 100 ms later."""
    file = tmp_path / "identity"
    request = kind(server, file).request()
    content = file.read_bytes()
    file.unlink()
    missed: list[str] = []
    really = Path.open

    def watched(path: Path, *arguments: Any, **options: Any) -> Any:
        try:
            return really(path, *arguments, **options)
        except FileNotFoundError:
            missed.append(path.name)
            if len(missed) == 2:
                file.write_bytes(content)
            raise

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", watched)
        TokenSource(request, server.token_endpoint).token()
    assert missed == ["identity"] * 2
    assert [seen.status for seen in server.token_requests] == [200]


@pytest.mark.parametrize("kind", IDENTITIES)
def test_sources_from_before_and_after_a_rotation_share_a_token(
    kind: type[Identity], server: AuthorizationServer, tmp_path: Path
) -> None:
    """The cache key covers the path of the file, and the programs have nothing but the store in common."""
    identity = kind(server, tmp_path / "identity")
    store = FileStore(tmp_path / "store")
    before = TokenSource(identity.request(), server.token_endpoint, store=TokenCache(store)).token()
    identity.rotate()
    after = TokenSource(identity.request(), server.token_endpoint, store=TokenCache(store)).token()
    assert before == after
    assert len(server.token_requests) == 1


PROGRAM = """
import sys
from oauth_cc import AssertionFile, ClientAssertion, ClientCredentials, ClientSecretJwt, PrivateKeyJwt, SecretFile
from oauth_cc.httpx2 import TokenSource, fetch_token
from oauth_cc.jose import key_from_file
from oauth_cc.stores.file import FileStore

kind, file, issuer, endpoint, store = sys.argv[1:]
methods = {
    "BySecret": lambda: SecretFile(file),
    "ByMac": lambda: ClientSecretJwt(SecretFile(file), issuer),
    "ByKey": lambda: PrivateKeyJwt(key_from_file(file), issuer),
    "ByAssertion": lambda: ClientAssertion(AssertionFile(file)),
}
print(TokenSource(ClientCredentials("your_id", methods[kind]()), endpoint, store=FileStore(store)).access_token())
"""
"""A program that prints its token."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", IDENTITIES)
def test_processes_from_before_and_after_a_rotation_share_a_token(
    kind: type[Identity], server: AuthorizationServer, tmp_path: Path
) -> None:
    """By the store. The second process has never seen the identity that the token was issued for."""
    identity = kind(server, tmp_path / "identity")
    names = [kind.__name__, str(tmp_path / "identity"), server.issuer, server.token_endpoint, str(tmp_path / "store")]

    def run() -> str:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *names], capture_output=True, check=True, text=True
        ).stdout

    before = run()
    identity.rotate()
    assert run() == before
    assert len(server.token_requests) == 1


def test_a_function_shares_by_its_name_alone(server: AuthorizationServer, tmp_path: Path) -> None:
    """All lambdas have one name, so a function without a name of its own leaves the store empty."""
    server.register(RegisteredClient("your_id", "s3cret"))
    for source in (SecretSource(lambda: "s3cret"), SecretSource(lambda: "s3cret", name="vault:billing")):
        for _ in range(2):
            store = TokenCache(FileStore(tmp_path / "store"))
            TokenSource(ClientCredentials("your_id", source), server.token_endpoint, store=store).token()
    assert len(server.token_requests) == 3
    assert len([entry for entry in (tmp_path / "store").iterdir() if entry.suffix != ".lock"]) == 1
