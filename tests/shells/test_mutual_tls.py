"""
Mutual TLS (RFC 8705) on loopback, on each library: the right certificate, another certificate, none.
"""

import base64
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import anyio
import attrs
import httpx
import httpx2
import pytest
import requests
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import (
    Certificate,
    CertificateFile,
    ClientCredentials,
    NoAuthentication,
    Scope,
    Secret,
    TlsClientAuth,
    Token,
    TokenRequest,
    errors,
    token_request,
)
from oauth_cc.stores.cache import TokenCache
from oauth_cc.stores.file import FileStore
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from oauth_cc.tls import client_context
from tests.leaks import shown_by
from tests.shells.scripted import TOKEN, Answer, serve
from tests.shells.volume import mounted, publish


@attrs.frozen
class Identity:
    """A certificate with its key in a file, and its `Certificate`."""

    issued: trustme.LeafCert
    file: Path
    certificate: Certificate


@attrs.frozen
class World:
    """A certificate authority, two identities that it issued, and one that another authority issued."""

    authority: trustme.CA
    trust: Path
    ours: Identity
    theirs: Identity
    untrusted: Identity

    def server_side(self, mode: ssl.VerifyMode = ssl.CERT_OPTIONAL) -> ssl.SSLContext:
        """Return the server's TLS context, which requests client certificates by *mode*."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost").configure_cert(context)
        self.authority.configure_trust(context)
        context.verify_mode = mode
        return context

    def client_side(self, identity: Identity | None) -> ssl.SSLContext:
        """Return the client's TLS context with the certificate of *identity*."""
        context = ssl.create_default_context(cafile=str(self.trust))
        if identity is not None:
            context.load_cert_chain(identity.file)
        return context


def issue(folder: Path, name: str, authority: trustme.CA) -> Identity:
    """Return an identity with its file in *folder*."""
    issued = authority.issue_cert(
        f"{name}.example", common_name=name, organization_unit_name="clients", organization_name="O, x"
    )
    file = folder / f"{name}.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(str(file))
    return Identity(issued, file, Certificate.from_pem(file.read_text("ascii")))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Issue the certificates of all tests."""
    folder, authority = tmp_path_factory.mktemp("certificates"), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "trust.pem"))
    ours, theirs = issue(folder, "ours", authority), issue(folder, "theirs", authority)
    return World(authority, folder / "trust.pem", ours, theirs, issue(folder, "untrusted", trustme.CA()))


@attrs.frozen
class Library:
    """A library, on threads or on one event loop. *open* makes a client with the certificate of an identity."""

    shell: ModuleType
    open: Callable[[World, Identity | None], Any]
    backend: str | None = None
    suffix: str = ""

    def run(self, world: World, identity: Identity | None, step: Callable[[Any], Any]) -> Any:
        """Return what *step* returns for a client."""
        if self.backend is None:
            with self.open(world, identity) as client:
                return step(client)

        async def main() -> Any:
            async with self.open(world, identity) as client:
                return await step(client)

        return anyio.run(main, backend=self.backend)

    def fetch(self, world: World, identity: Identity | None, request: TokenRequest, endpoint: str) -> Token:
        """Return a token requested with the certificate of *identity*."""
        function = getattr(self.shell, f"fetch_token{self.suffix}")
        token: Token = self.run(world, identity, lambda client: function(request, endpoint, client=client))
        return token

    def call_from_issuer(
        self, world: World, identity: Identity | None, url: str, request: TokenRequest | ClientCredentials, issuer: str
    ) -> int:
        """Return the status of a call whose auth discovers its endpoint, all on connections with *identity*."""

        def step(client: Any) -> Any:
            return self._authorized(
                client, url, self.shell.ClientCredentialsAuth.from_issuer(issuer, request, client=client)
            )

        status: int = self.run(world, identity, step)
        return status

    def call(self, world: World, identity: Identity | None, url: str, **options: Any) -> int:
        """Return the status of an API call with the certificate of *identity*."""
        status: int = self.run(world, identity, lambda client: self._status(client, url, options))
        return status

    def call_with_auth(
        self,
        world: World,
        identity: Identity | None,
        url: str,
        request: TokenRequest,
        endpoint: str,
        store: TokenCache | None = None,
    ) -> int:
        """Return the status of an API call by an auth. Call and token request use the certificate of *identity*."""

        def step(client: Any) -> Any:
            auth = self.shell.ClientCredentialsAuth(request, endpoint, client=client, store=store)
            return self._authorized(client, url, auth)

        status: int = self.run(world, identity, step)
        return status

    def _authorized(self, client: Any, url: str, auth: Any) -> Any:
        name, value = ("middlewares", (auth,)) if self.shell is oauth_cc.aiohttp else ("auth", auth)
        return self._status(client, url, {name: value})

    def _status(self, client: Any, url: str, options: dict[str, Any]) -> Any:
        async def status() -> int:
            answer = await client.get(url, **options)
            found: int = answer.status if self.shell is oauth_cc.aiohttp else answer.status_code
            return found

        return client.get(url, **options).status_code if self.backend is None else status()


def session(world: World, identity: Identity | None) -> requests.Session:
    """Return a session of requests, which loads the certificate by its path."""
    opened = requests.Session()
    opened.trust_env, opened.verify = False, str(world.trust)
    opened.cert = None if identity is None else str(identity.file)
    return opened


def aiohttp_session(world: World, identity: Identity | None) -> aiohttp.ClientSession:
    """Return a session of aiohttp, whose connector has the TLS context."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=world.client_side(identity)))


def client_of(kind: Callable[..., Any]) -> Callable[[World, Identity | None], Any]:
    """Return a function that makes a client of httpx2 or httpx with the TLS context."""
    return lambda world, identity: kind(verify=world.client_side(identity), trust_env=False)


LIBRARIES = {
    "httpx2": Library(oauth_cc.httpx2, client_of(httpx2.Client)),
    "httpx2-asyncio": Library(oauth_cc.httpx2, client_of(httpx2.AsyncClient), "asyncio", "_async"),
    "httpx2-trio": Library(oauth_cc.httpx2, client_of(httpx2.AsyncClient), "trio", "_async"),
    "httpx": Library(oauth_cc.httpx, client_of(httpx.Client)),
    "httpx-asyncio": Library(oauth_cc.httpx, client_of(httpx.AsyncClient), "asyncio", "_async"),
    "httpx-trio": Library(oauth_cc.httpx, client_of(httpx.AsyncClient), "trio", "_async"),
    "requests": Library(oauth_cc.requests, session),
    "aiohttp": Library(oauth_cc.aiohttp, aiohttp_session, "asyncio"),
}
# If the server closes before the body is written, httpx leaves the body's generator to trio.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")

TRANSPORT_ERRORS = (httpx2.TransportError, httpx.TransportError, requests.RequestException, aiohttp.ClientError)


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Library:
    """Return each library, on threads and on event loops."""
    return LIBRARIES[request.param]


def clients(world: World) -> list[RegisteredClient]:
    """Return two clients registered with a certificate, and one with a secret and certificate-bound tokens."""
    return [
        RegisteredClient(
            "by_subject",
            authentication_methods=frozenset({"tls_client_auth"}),
            certificate_subject=r"CN=ours,OU=clients,O=O\, x",
        ),
        RegisteredClient(
            "by_itself",
            authentication_methods=frozenset({"self_signed_tls_client_auth"}),
            certificate_thumbprint=world.ours.certificate.thumbprint,
        ),
        RegisteredClient("by_secret", "s3cret", certificate_bound=True),
    ]


@pytest.fixture
def server(world: World) -> Iterator[AuthorizationServer]:
    """Run a server that requests certificates and also accepts connections without one."""
    with AuthorizationServer(clients=clients(world), tls=world.server_side()) as running:
        yield running


def by_subject(identity: Identity) -> TokenRequest:
    """Return the request of the client that is registered with the subject of its certificate."""
    return token_request(ClientCredentials("by_subject", TlsClientAuth(identity.certificate)), Scope.of("read"))


def by_secret(identity: Identity) -> TokenRequest:
    """Return the request of the client with a secret, for a certificate-bound token."""
    return token_request(ClientCredentials("by_secret", "s3cret")).with_certificate(identity.certificate)


def bearer(token: Token) -> dict[str, str]:
    """Return the header with *token*."""
    return {"Authorization": f"Bearer {token.access_token.reveal()}"}


class TestAuthentication:
    """Client authentication by certificate (RFC 8705 section 2)."""

    def test_the_registered_certificate_authenticates_the_client(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """The body has the client_id, and the request has no secret and no Authorization header."""
        token = library.fetch(world, world.ours, by_subject(world.ours), server.token_endpoint)
        assert Scope.of("read") == token.scope
        (seen,) = server.token_requests
        assert ("grant_type", "client_id", "scope") == seen.parameters
        assert ("by_subject", "tls_client_auth") == (seen.client_id, seen.authentication_method)
        assert world.ours.certificate.thumbprint == seen.certificate

    def test_only_the_registered_self_signed_certificate_authenticates(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """The server compares the thumbprint."""
        way = TlsClientAuth(world.ours.certificate, self_signed=True)
        request = token_request(ClientCredentials("by_itself", way))
        library.fetch(world, world.ours, request, server.token_endpoint)
        with pytest.raises(errors.TokenRequestRefused):
            library.fetch(world, world.theirs, request, server.token_endpoint)
        methods = [seen.authentication_method for seen in server.token_requests]
        assert ["self_signed_tls_client_auth", None] == methods

    def test_another_certificate_or_none_is_rejected(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """The other certificate is of the same authority."""
        for identity in (world.theirs, None):
            with pytest.raises(errors.TokenRequestRefused):
                library.fetch(world, identity, by_subject(world.ours), server.token_endpoint)
        shown = [seen.certificate for seen in server.token_requests]
        assert [world.theirs.certificate.thumbprint, None] == shown

    def test_a_certificate_of_an_unknown_authority_fails_the_handshake(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """The error is the library's own."""
        with pytest.raises(TRANSPORT_ERRORS):
            library.fetch(world, world.untrusted, by_subject(world.untrusted), server.token_endpoint)
        assert () == server.token_requests

    def test_a_server_may_require_a_certificate_in_the_handshake(self, library: Library, world: World) -> None:
        """The right certificate connects. The error without one shows no secret."""
        with AuthorizationServer(clients=clients(world), tls=world.server_side(ssl.CERT_REQUIRED)) as server:
            with pytest.raises(TRANSPORT_ERRORS) as caught:
                library.fetch(world, None, by_secret(world.ours), server.token_endpoint)
            assert base64.b64encode(b"by_secret:s3cret").decode() not in shown_by(caught.value)
            library.fetch(world, world.ours, by_secret(world.ours), server.token_endpoint)
            assert 1 == len(server.token_requests)

    def test_a_certificate_without_a_client_is_rejected_before_sending(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """The error says what to pass."""
        kinds = [getattr(library.shell, name, None) for name in ("TokenSource", "AsyncTokenSource")]
        for kind in (library.shell.ClientCredentialsAuth, *[kind for kind in kinds if kind is not None]):
            with pytest.raises(errors.InvalidInput, match="no client; this request needs mutual TLS"):
                kind(by_subject(world.ours), server.token_endpoint)
        with pytest.raises(errors.InvalidInput, match="no client; this request needs mutual TLS"):
            library.run(
                world,
                None,
                lambda _: getattr(library.shell, f"fetch_token{library.suffix}")(
                    by_secret(world.ours), server.token_endpoint
                ),
            )
        assert () == server.token_requests


class TestBinding:
    """Certificate-bound tokens (RFC 8705 section 3)."""

    @pytest.mark.parametrize("asked", [by_subject, by_secret])
    def test_a_bound_token_is_accepted_with_its_own_certificate_only(
        self, library: Library, world: World, server: AuthorizationServer, asked: Callable[[Identity], TokenRequest]
    ) -> None:
        """Another certificate and no certificate give a 401."""
        token = library.fetch(world, world.ours, asked(world.ours), server.token_endpoint)
        statuses = [
            library.call(world, identity, server.resource_url, headers=bearer(token))
            for identity in (world.ours, world.theirs, None)
        ]
        assert [200, 401, 401] == statuses

    def test_an_auth_calls_with_a_token_bound_to_the_same_certificate(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """Both clients present that certificate."""
        for asked in (by_subject, by_secret):
            request = asked(world.ours)
            assert 200 == library.call_with_auth(world, world.ours, server.resource_url, request, server.token_endpoint)

    def test_each_certificate_has_its_own_cached_token(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """After a renewal of the certificate a new token is requested."""
        store = TokenCache()
        for identity in (world.ours, world.theirs, world.ours):
            assert 200 == library.call_with_auth(
                world, identity, server.resource_url, by_secret(identity), server.token_endpoint, store
            )
        shown = [seen.certificate for seen in server.token_requests]
        assert [world.ours.certificate.thumbprint, world.theirs.certificate.thumbprint] == shown

    def test_a_bound_token_is_not_issued_without_a_certificate(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """The server rejects the request."""
        with pytest.raises(errors.TokenRequestRefused, match="the connection has none"):
            library.fetch(world, None, by_secret(world.ours), server.token_endpoint)


def test_the_test_server_announces_and_enforces_mutual_tls(world: World, server: AuthorizationServer) -> None:
    """Every endpoint that authenticates the client does so."""
    ours = world.ours.certificate
    token = LIBRARIES["httpx2"].fetch(world, world.ours, by_subject(world.ours), server.token_endpoint)
    with httpx2.Client(verify=world.client_side(world.ours)) as client:
        document = client.get(server.metadata_url).json()
        assert document["tls_client_certificate_bound_access_tokens"] is True
        assert {"tls_client_auth", "self_signed_tls_client_auth"} < set(
            document["token_endpoint_auth_methods_supported"]
        )
        form = {"token": token.access_token.reveal(), "client_id": "by_subject"}
        assert {"x5t#S256": ours.thumbprint} == client.post(server.introspection_endpoint, data=form).json()["cnf"]
        assert client.post(server.revocation_endpoint, data=form).status_code == 200
        assert client.get(server.resource_url, headers=bearer(token)).status_code == 401
    trusting = httpx2.Client(verify=world.client_side(None))
    with AuthorizationServer(tls=world.server_side(ssl.CERT_NONE)) as other, trusting as client:
        metadata = oauth_cc.httpx2.fetch_metadata(other.issuer, client=client)
        assert not metadata.tls_client_certificate_bound_access_tokens
        assert not any("tls" in name for name in metadata.token_endpoint_auth_methods_supported or ())


class TestFromIssuer:
    """Discovery for clients with a certificate (RFC 8705 sections 3.3 and 5, RFC 8414)."""

    def test_an_issuer_leads_to_a_bound_token_that_the_api_accepts(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """With the certificate as client authentication, and beside a secret."""
        by_certificate = ClientCredentials("by_subject", TlsClientAuth(world.ours.certificate))
        for request in (by_certificate, by_secret(world.ours)):
            assert 200 == library.call_from_issuer(world, world.ours, server.resource_url, request, server.issuer)

    def test_token_requests_with_a_certificate_go_to_the_mtls_alias(
        self, library: Library, world: World, server: AuthorizationServer
    ) -> None:
        """A request without a certificate goes to the ordinary endpoint."""
        with serve(Answer(404), TOKEN, tls=world.server_side(ssl.CERT_NONE)) as plain:
            content = (
                f'{{"issuer": "{plain.url}", "token_endpoint": "{plain.url}/token",'
                ' "token_endpoint_auth_methods_supported": ["none", "tls_client_auth"],'
                f' "mtls_endpoint_aliases": {{"token_endpoint": "{server.token_endpoint}"}}}}'
            )
            plain.steps[0] = Answer(chunks=(content.encode("ascii"),))
            certified = ClientCredentials("by_subject", TlsClientAuth(world.ours.certificate))
            assert 200 == library.call_from_issuer(world, world.ours, server.resource_url, certified, plain.url)
            assert 1 == len(plain.asked)
            plain.asked.clear()
            uncertified = ClientCredentials("by_subject", NoAuthentication())
            assert 401 == library.call_from_issuer(world, None, server.resource_url, uncertified, plain.url)
            assert ["/.well-known/oauth-authorization-server", "/token"] == [each.path for each in plain.asked][:2]


class _Closing(requests.adapters.HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.headers["Connection"] = "close"
        return super().send(request, *args, **options)


def following(kind: Callable[..., Any], limits: object) -> Callable[[Path, Path], Any]:
    """Return a function that makes a client of httpx2 or httpx which follows a file, with new connections."""
    # Without kept connections, because httpcore 1 may close one that it has just given to another thread.
    return lambda file, trust: kind(
        verify=client_context(file, authorities=trust),
        trust_env=False,
        limits=limits,
        headers={"Connection": "close"},
    )


def following_session(file: Path, trust: Path) -> requests.Session:
    """Return a session of requests, which reads the file for each connection by itself."""
    opened = requests.Session()
    opened.trust_env, opened.verify, opened.cert = False, str(trust), str(file)
    opened.mount("https://", _Closing(pool_maxsize=60))
    return opened


def following_aiohttp(file: Path, trust: Path) -> aiohttp.ClientSession:
    """Return a session of aiohttp which follows a file, with new connections."""
    connector = aiohttp.TCPConnector(ssl=client_context(file, authorities=trust), force_close=True)
    return aiohttp.ClientSession(connector=connector)


FOLLOWING: dict[str, Callable[[Path, Path], Any]] = {
    "httpx2": following(httpx2.Client, httpx2.Limits(max_keepalive_connections=0)),
    "httpx2-asyncio": following(httpx2.AsyncClient, httpx2.Limits(max_keepalive_connections=0)),
    "httpx2-trio": following(httpx2.AsyncClient, httpx2.Limits(max_keepalive_connections=0)),
    "httpx": following(httpx.Client, httpx.Limits(max_keepalive_connections=0)),
    "httpx-asyncio": following(httpx.AsyncClient, httpx.Limits(max_keepalive_connections=0)),
    "httpx-trio": following(httpx.AsyncClient, httpx.Limits(max_keepalive_connections=0)),
    "requests": following_session,
    "aiohttp": following_aiohttp,
}
CROWDS = [
    *[pytest.param(name, 50, stored, marks=pytest.mark.slow) for name in LIBRARIES for stored in (False, True)],
    *[(name, 5, stored) for name, stored in zip(LIBRARIES, cycle((False, True)), strict=False)],
]
"""Each library, how many threads or tasks call by it, and whether with a store. Each call makes a connection."""


PROGRAM = """
import sys
import httpx2
from oauth_cc import CertificateFile, ClientCredentials, token_request
from oauth_cc.httpx2 import TokenSource
from oauth_cc.stores.file import FileStore
from oauth_cc.tls import client_context

file, trust, endpoint, store = sys.argv[1:]
request = token_request(ClientCredentials("by_secret", "s3cret")).with_certificate(CertificateFile(file))
with httpx2.Client(verify=client_context(file, authorities=trust), trust_env=False) as client:
    print(TokenSource(request, endpoint, client=client, store=FileStore(store)).access_token())
"""
"""A program that prints its token."""


class TestRotation:
    """A certificate whose file is replaced under a running program."""

    @pytest.mark.parametrize(("name", "size", "stored"), CROWDS)
    def test_a_crowd_gets_over_the_rotation_of_a_certificate_by_one_request(
        self, name: str, size: int, stored: bool, world: World, server: AuthorizationServer, tmp_path: Path
    ) -> None:
        """Threads or tasks call the API before it, and again after it, when their token is bound to the old one."""
        file = tmp_path / "svid.pem"
        file.write_bytes(world.ours.file.read_bytes())
        request = token_request(ClientCredentials("by_secret", "s3cret")).with_certificate(CertificateFile(file))
        library = attrs.evolve(LIBRARIES[name], open=lambda *_: FOLLOWING[name](file, world.trust))
        store = FileStore(tmp_path / "store") if stored else None

        def rotate() -> None:
            fresh = tmp_path / "fresh.pem"
            fresh.write_bytes(world.theirs.file.read_bytes())
            fresh.replace(file)

        def step(client: Any) -> Any:
            auth = library.shell.ClientCredentialsAuth(request, server.token_endpoint, client=client, store=store)

            def call(_number: int) -> Any:
                return library._authorized(client, server.resource_url, auth)

            if library.backend is None:
                with ThreadPoolExecutor(size) as pool:
                    before = list(pool.map(call, range(size)))
                    rotate()
                    return before + list(pool.map(call, range(size)))

            async def main() -> list[int]:
                statuses: list[int] = []

                async def one(number: int) -> None:
                    statuses.append(await call(number))

                for _ in range(2):
                    async with anyio.create_task_group() as group:
                        for number in range(size):
                            group.start_soon(one, number)
                    rotate()
                return statuses

            return main()

        assert library.run(world, None, step) == [200] * 2 * size
        shown = [seen.certificate for seen in server.token_requests]
        assert shown == [world.ours.certificate.thumbprint, world.theirs.certificate.thumbprint]

    def test_a_pair_that_does_not_fit_leaves_the_earlier_pair(
        self, world: World, server: AuthorizationServer, tmp_path: Path
    ) -> None:
        """The key is replaced a moment after its certificate. A missing file does no harm either."""
        file, key = tmp_path / "svid.pem", tmp_path / "key.pem"

        def write(identity: Identity, *, with_key: bool = True) -> None:
            file.write_bytes(identity.issued.cert_chain_pems[0].bytes())
            if with_key:
                key.write_bytes(identity.issued.private_key_pem.bytes())

        write(world.ours)
        context = client_context(file, key, authorities=world.trust)
        request = token_request(ClientCredentials("by_secret", "s3cret")).with_certificate(CertificateFile(file))

        def fetch() -> str:
            with httpx2.Client(verify=context, trust_env=False) as client:
                oauth_cc.httpx2.fetch_token(request, server.token_endpoint, client=client)
            return f"{server.token_requests[-1].certificate}"

        assert fetch() == world.ours.certificate.thumbprint
        write(world.theirs, with_key=False)
        assert fetch() == world.ours.certificate.thumbprint
        file.unlink()
        assert fetch() == world.ours.certificate.thumbprint
        write(world.theirs)
        assert fetch() == world.theirs.certificate.thumbprint

    def test_a_volume_of_kubernetes_is_followed(
        self, world: World, server: AuthorizationServer, tmp_path: Path
    ) -> None:
        """The certificate and its key are replaced together, by one link."""
        file, key = mounted(tmp_path / "tls.crt"), mounted(tmp_path / "tls.key")
        identities = (world.ours, world.theirs, world.ours)
        request = token_request(ClientCredentials("by_secret", "s3cret")).with_certificate(CertificateFile(file))
        context: ssl.SSLContext | None = None
        for identity in identities:
            issued = identity.issued
            publish(tmp_path, {"tls.crt": issued.cert_chain_pems[0].bytes(), "tls.key": issued.private_key_pem.bytes()})
            context = client_context(file, key, authorities=world.trust) if context is None else context
            with httpx2.Client(verify=context, trust_env=False) as client:
                oauth_cc.httpx2.fetch_token(request, server.token_endpoint, client=client)
        shown = [seen.certificate for seen in server.token_requests]
        assert shown == [identity.certificate.thumbprint for identity in identities]

    @pytest.mark.slow
    def test_processes_from_before_and_after_a_rotation_share_a_token(
        self, world: World, server: AuthorizationServer, tmp_path: Path
    ) -> None:
        """By the store. The second process has never seen the certificate that the token is bound to."""
        file, tokens = tmp_path / "svid.pem", []
        for identity in (world.ours, world.theirs):
            file.write_bytes(identity.file.read_bytes())
            words = [str(file), str(world.trust), server.token_endpoint, str(tmp_path / "store")]
            ran = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, check=True, text=True)
            tokens.append(ran.stdout)
        assert len(set(tokens)) == 1
        assert len(server.token_requests) == 1

    def test_files_that_cannot_be_used_are_an_error_at_once(self, world: World, tmp_path: Path) -> None:
        """It names neither the content of a file nor a password."""
        (tmp_path / "text").write_text("M4RKER")
        for given, reason in (
            ((tmp_path / "missing",), "cannot be read: No such file"),
            ((tmp_path / "text",), "certificate must be PEM, with its private key"),
            ((world.ours.file, world.theirs.file), "certificate must be PEM, with its private key"),
            ((world.ours.file, "-----BEGIN PRIVATE KEY-----M4RKER"), "must be paths of PEM files"),
        ):
            with pytest.raises(errors.InvalidInput, match=reason) as caught:
                client_context(*given, password="M4RKER")
            assert "M4RKER" not in shown_by(caught.value)
        with pytest.raises(errors.InvalidInput, match="authorities cannot be read"):
            client_context(world.ours.file, authorities=tmp_path / "missing")
        encrypted = tmp_path / "encrypted.pem"
        key = load_pem_private_key(world.ours.issued.private_key_pem.bytes(), None)
        encrypted.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")))
        client_context(world.ours.file, encrypted, password=Secret("pass"))
        for password in (None, "M4RKER" * 200, "M4RKER\ud800"):
            with pytest.raises(errors.InvalidInput, match="and its password") as caught:
                client_context(world.ours.file, encrypted, password=password)
            assert "M4RKER" not in shown_by(caught.value)
