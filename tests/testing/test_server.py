"""
The test server: a real authorization server on loopback, called with an HTTP library alone.
"""

import base64
import logging
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from urllib.parse import quote, quote_plus, urlsplit

import httpx2
import pytest
import trustme
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from oauth_cc.testing import AuthenticationMethod, AuthorizationServer, Fault, Quota, RegisteredClient
from oauth_cc.testing._authentication import METHODS

ODD = " !\"#$%&'()*+,/:;=?@"
GRANT = {"grant_type": "client_credentials"}
POSTED = {**GRANT, "client_id": "your_id", "client_secret": "s3cret"}


def wrong(value: object) -> Any:
    """Return *value* where a type checker would refuse it."""
    return value


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Return an Authorization header with *client_id* and *secret*, unencoded."""
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """Start a server with the default client."""
    with AuthorizationServer() as running:
        yield running


def access_token(server: AuthorizationServer, **extra: str) -> str:
    """Return a token of the default client."""
    token: str = httpx2.post(server.token_endpoint, data={**POSTED, **extra}).json()["access_token"]
    return token


def call(server: AuthorizationServer, token: str, path: str = "") -> httpx2.Response:
    """Call the resource."""
    return httpx2.get(server.resource_url + path, headers={"Authorization": f"Bearer {token}"})


class TestToken:
    """RFC 6749 section 4.4."""

    def test_http_basic_gets_a_token(self, server: AuthorizationServer) -> None:
        """
        A client that authenticates by HTTP Basic gets an uncacheable response with a token, its lifetime and scope.
        """
        response = httpx2.post(
            server.token_endpoint, data={**GRANT, "scope": "read"}, headers=basic("your_id", "s3cret")
        )
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        token = response.json()
        assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, "read")
        assert len(token["access_token"]) > 40

    def test_basic_credentials_are_form_decoded(self) -> None:
        """Id and secret are form-decoded, a space in either form (RFC 6749 section 2.3.1 and appendix B)."""
        odd = RegisteredClient(f"id{ODD}", f"secret{ODD}")
        with AuthorizationServer(clients=[odd]) as server:
            encoded = basic(quote(odd.client_id, safe=""), quote(odd.client_secret, safe=""))
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=encoded).status_code == 200
            plus = basic(quote_plus(odd.client_id), quote_plus(odd.client_secret))
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=plus).status_code == 200
            raw = basic("id", odd.client_secret)
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=raw).status_code == 401

    def test_an_empty_secret_authenticates_no_client(self) -> None:
        """A client without a secret is not authenticated by an empty one."""
        with AuthorizationServer(clients=[RegisteredClient("your_id")]) as server:
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=basic("your_id", "")).status_code == 401
            empty = {**GRANT, "client_id": "your_id", "client_secret": ""}
            assert httpx2.post(server.token_endpoint, data=empty).status_code in (400, 401)

    def test_a_request_without_a_scope_gets_all_of_it(self, server: AuthorizationServer) -> None:
        """A client that authenticates in the body and requests no scope gets its whole scope."""
        response = httpx2.post(server.token_endpoint, data=POSTED)
        assert (response.status_code, response.json()["scope"]) == (200, "read write")

    def test_the_lifetime_can_be_omitted_or_0(self) -> None:
        """A server may omit the lifetime, or set it to 0."""
        for lifetime, given in ((None, None), (0, 0)):
            with AuthorizationServer(lifetime=lifetime) as server:
                assert httpx2.post(server.token_endpoint, data=POSTED).json().get("expires_in") == given

    @pytest.mark.parametrize(
        ("data", "headers", "status", "error"),
        [
            (GRANT, basic("your_id", "wrong"), 401, "invalid_client"),
            (GRANT, basic("nobody", "s3cret"), 401, "invalid_client"),
            (GRANT, {}, 401, "invalid_client"),
            ({**POSTED, "client_secret": "wrong"}, {}, 401, "invalid_client"),
            ({**GRANT, "client_id": "your_id"}, {}, 401, "invalid_client"),
            (GRANT, {"Authorization": "Basic ~"}, 401, "invalid_client"),
            (GRANT, {"Authorization": "Basic //79"}, 401, "invalid_client"),
            (GRANT, {"Authorization": "Bearer eA=="}, 401, "invalid_client"),
            (POSTED, basic("your_id", "s3cret"), 400, "invalid_request"),
            ({**GRANT, "client_id": "other"}, basic("your_id", "s3cret"), 400, "invalid_request"),
            ({**POSTED, "resource": "relative"}, {}, 400, "invalid_target"),
            ({**POSTED, "resource": ["urn:a", "urn:b#c"]}, {}, 400, "invalid_target"),
            ({**POSTED, "scope": "admin"}, {}, 400, "invalid_scope"),
            ({**POSTED, "grant_type": "password"}, {}, 400, "unsupported_grant_type"),
            ({**POSTED, "grant_type": ["client_credentials", "password"]}, {}, 400, "unsupported_grant_type"),
            ({**POSTED, "scope": ["read", "write"]}, {}, 400, "invalid_request"),
        ],
    )
    def test_an_invalid_request_gets_the_error_of_rfc_6749(
        self, server: AuthorizationServer, data: dict[str, str], headers: dict[str, str], status: int, error: str
    ) -> None:
        """A request that breaks a rule is rejected with an error code of RFC 6749 section 5.2."""
        response = httpx2.post(server.token_endpoint, data=data, headers=headers)
        assert (response.status_code, response.json()["error"]) == (status, error)
        assert ("WWW-Authenticate" in response.headers) == (status == 401)

    def test_a_client_may_use_only_its_methods(self) -> None:
        """A client that is registered for post is rejected with HTTP Basic."""
        only = RegisteredClient("your_id", "s3cret", authentication_methods=frozenset({"client_secret_post"}))
        with AuthorizationServer(clients=[only]) as server:
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=basic("your_id", "s3cret")).status_code == 401
            assert httpx2.post(server.token_endpoint, data=POSTED).status_code == 200

    def test_only_supported_methods_can_be_registered(self) -> None:
        """A client can be registered for the methods that the server supports, and for no other."""
        assert set(get_args(AuthenticationMethod)) == set(METHODS)
        for methods in (frozenset({"client_secret_cookie"}), "client_secret_post", ["client_secret_post"]):
            unknown: Any = methods
            with pytest.raises(ValueError, match="authentication_methods must be a frozenset of client_secret_basic, "):
                RegisteredClient("your_id", "s3cret", authentication_methods=unknown)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: Fault(error=wrong(5)),
            lambda: Fault(answer=wrong(object())),
            lambda: Fault(members=wrong([1])),
            lambda: Fault(headers={"a": "b\r\nc"}),
            lambda: Quota(-1, 60),
            lambda: Quota(1, 0),
            lambda: AuthorizationServer(origin="https://as.example").misbehave(wrong("503")),
            lambda: AuthorizationServer(origin="https://as.example").misbehave(Fault(status=503), at=wrong("tokn")),
            lambda: AuthorizationServer(origin="https://as.example").misbehaving(wrong(503)),
        ],
    )
    def test_a_misspelt_fault_is_an_error(self, make: Callable[[], object]) -> None:
        """The server would behave, and the test of an outage would pass without one."""
        with pytest.raises(ValueError, match=r"^(error|answer|members|headers|requests|seconds|fault|at) must be "):
            make()

    def test_the_scope_of_a_client_must_be_a_scope(self) -> None:
        """A scope as text is rejected."""
        scope: Any = "read write"
        with pytest.raises(ValueError, match=r"scope must be a Scope, not str; use Scope.of\('read', 'write'\)"):
            RegisteredClient("your_id", "s3cret", scope=scope)

    def test_a_body_that_is_not_a_form_is_rejected(self, server: AuthorizationServer) -> None:
        """A JSON body has no grant_type."""
        assert httpx2.post(server.token_endpoint, json=POSTED).json()["error"] == "unsupported_grant_type"


class TestSeen:
    """The requests that the server records."""

    def test_requests_are_recorded_without_secrets(self, server: AuthorizationServer) -> None:
        """The server records the names of the parameters and the outcome, but no value."""
        access_token(server, scope="read")
        httpx2.post(server.token_endpoint, data=GRANT, headers=basic("your_id", "wr0ng"))
        first, second = server.token_requests
        assert first.parameters == ("grant_type", "client_id", "client_secret", "scope")
        assert (first.client_id, first.authentication_method, first.status) == ("your_id", "client_secret_post", 200)
        assert (second.client_id, second.authentication_method, second.status) == (None, None, 401)
        assert "s3cret" not in repr(server.token_requests)
        assert "s3cret" not in repr(RegisteredClient("your_id", "s3cret"))

    def test_concurrent_requests_are_all_counted(self, server: AuthorizationServer) -> None:
        """The server responds to each of many concurrent requests and counts it."""
        with ThreadPoolExecutor(20) as pool:
            tokens = set(pool.map(lambda _: access_token(server), range(20)))
        assert len(tokens) == len(server.token_requests) == 20


class TestResource:
    """RFC 6750."""

    def test_a_valid_token_opens_the_resource(self, server: AuthorizationServer) -> None:
        """The response names the client and the scope of the token."""
        response = call(server, access_token(server, scope="read"))
        assert response.status_code == 200
        assert response.json() == {"client_id": "your_id", "scope": "read", "method": "GET"}

    def test_a_request_without_a_token_gets_a_challenge_without_an_error(self, server: AuthorizationServer) -> None:
        """A request without a token gets a challenge without an error code (section 3.1)."""
        response = httpx2.post(server.resource_url, data={})
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="oauth_cc"')

    def test_an_unknown_revoked_or_expired_token_is_invalid(self, server: AuthorizationServer) -> None:
        """An unknown, a revoked and an expired token are invalid_token."""
        revoked = access_token(server)
        server.revoke_all()
        expired = access_token(server)
        server.expire_all()
        for token in ("unknown", revoked, expired):
            response = call(server, token)
            assert response.status_code == 401
            assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]

    def test_a_missing_scope_is_insufficient_scope(self, server: AuthorizationServer) -> None:
        """A resource with a scope requires a token with that scope (section 3.1)."""
        token = access_token(server, scope="read")
        assert call(server, token, "/read").status_code == 200
        response = call(server, token, "/write")
        assert response.status_code == 403
        assert 'error="insufficient_scope", scope="write"' in response.headers["WWW-Authenticate"]

    def test_another_scheme_is_rejected(self, server: AuthorizationServer) -> None:
        """A scheme other than Bearer is rejected."""
        response = httpx2.get(server.resource_url, headers={"Authorization": f"MAC {access_token(server)}"})
        assert response.status_code in (400, 401)


class TestTokenEndpoints:
    """RFC 7662 and RFC 7009."""

    def test_introspection_describes_a_valid_token(self, server: AuthorizationServer) -> None:
        """A valid token is active and described with its resources; any other token is not active."""
        token = access_token(server, scope="read", resource="urn:r")
        data = {"token": token, "client_id": "your_id", "client_secret": "s3cret"}
        described = httpx2.post(server.introspection_endpoint, data=data).json()
        assert (described["active"], described["scope"], described["aud"]) == (True, "read", ["urn:r"])
        assert described["exp"] - described["iat"] == 3600
        assert httpx2.post(server.introspection_endpoint, data={**data, "token": "x"}).json() == {"active": False}
        assert httpx2.post(server.introspection_endpoint, data={"token": token}).status_code == 401

    def test_introspection_omits_a_missing_expiry(self) -> None:
        """A token without an expiry is described without one."""
        with AuthorizationServer(lifetime=None) as server:
            data = {"token": access_token(server), "client_id": "your_id", "client_secret": "s3cret"}
            assert "exp" not in httpx2.post(server.introspection_endpoint, data=data).json()

    def test_a_revoked_token_is_rejected(self, server: AuthorizationServer) -> None:
        """A revoked token opens nothing, and revoking an unknown token succeeds."""
        token = access_token(server)
        for value in (token, "unknown"):
            response = httpx2.post(
                server.revocation_endpoint, data={"token": value}, headers=basic("your_id", "s3cret")
            )
            assert response.status_code == 200
        assert call(server, token).status_code == 401


def test_the_metadata_are_valid() -> None:
    """Authlib's validator accepts the metadata, and their endpoints exist (RFC 8414)."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with AuthorizationServer(tls=context) as server, httpx2.Client(verify=trust) as client:
        document = client.get(server.metadata_url).json()
        AuthorizationServerMetadata({**document, "authorization_endpoint": document["issuer"]}).validate()
        assert document["issuer"] == server.issuer
        assert client.post(document["token_endpoint"], data=POSTED).status_code == 200


@pytest.mark.parametrize("path", ["", "/", "/realms/demo"])
def test_an_issuer_with_a_path_publishes_its_metadata(path: str) -> None:
    """The metadata of an issuer with a path is at the URLs of RFC 8414 and of OpenID Connect."""
    with AuthorizationServer(issuer_path=path) as server:
        assert server.issuer.endswith(path)
        appended = f"{server.issuer.removesuffix('/')}/.well-known/openid-configuration"
        for url in (server.metadata_url, appended):
            assert httpx2.get(url).json()["issuer"] == server.issuer
        assert httpx2.post(server.token_endpoint, data=POSTED).status_code == 200
    with pytest.raises(ValueError, match="issuer_path"):
        AuthorizationServer(issuer_path="realms/demo")


class TestHttp:
    """RFC 9110."""

    def test_an_unknown_path_is_404_and_a_wrong_method_405(self, server: AuthorizationServer) -> None:
        """An unknown path is 404. A wrong method is 405 with the methods that are allowed."""
        assert httpx2.get(f"{server.issuer}/nothing").status_code == 404
        assert httpx2.get(f"{server.issuer}/.well-known/nothing").status_code == 404
        response = httpx2.get(server.token_endpoint)
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")

    def test_a_large_body_is_413_and_one_without_length_411(self, server: AuthorizationServer) -> None:
        """A body beyond the limit is not read, nor is a body without a length."""
        assert httpx2.post(server.token_endpoint, content=b"x" * 100_000).status_code == 413
        assert httpx2.post(server.token_endpoint, content=iter([b"x"])).status_code == 411

    def test_an_internal_error_is_500_without_details(
        self, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An internal error is 500 without details, and the server continues."""
        with monkeypatch.context() as patch:
            patch.setattr(secrets, "token_urlsafe", None)
            response = httpx2.post(server.token_endpoint, data=POSTED)
        assert (response.status_code, response.json()) == (500, {"error": "server_error"})
        assert httpx2.post(server.token_endpoint, data=POSTED).status_code == 200

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_other_methods_are_405_or_404(self, server: AuthorizationServer, method: str) -> None:
        """Any other method is 405 at a known path, 404 at an unknown one."""
        assert httpx2.request(method, server.token_endpoint).status_code == 405
        assert httpx2.request(method, server.issuer).status_code == 404

    def test_one_connection_serves_several_requests(self, server: AuthorizationServer) -> None:
        """One connection serves several requests."""
        with httpx2.Client() as client:
            streams = {id(client.get(server.metadata_url).extensions["network_stream"]) for _ in range(3)}
        assert len(streams) == 1

    def test_a_failed_handshake_does_not_stop_the_server(self) -> None:
        """A client that distrusts the certificate or does not use TLS does not harm the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority = trustme.CA()
        authority.issue_cert("localhost").configure_cert(context)
        with AuthorizationServer(tls=context) as server:
            with pytest.raises(httpx2.ConnectError):
                httpx2.get(server.metadata_url, trust_env=False)
            address = urlsplit(server.issuer)
            with socket.create_connection((address.hostname, address.port)) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            trust = ssl.create_default_context()
            authority.configure_trust(trust)
            assert httpx2.get(server.metadata_url, verify=trust).status_code == 200

    def test_stop_ends_connections_and_can_be_repeated(self) -> None:
        """A stopped server closes its connections; stopping it again does nothing."""
        server = AuthorizationServer()
        with httpx2.Client() as client:
            client.get(server.metadata_url)
            server.stop()
            server.stop()
            with pytest.raises(httpx2.TransportError):
                client.get(server.metadata_url)


def test_no_token_is_logged(server: AuthorizationServer, caplog: pytest.LogCaptureFixture) -> None:
    """No log line of any level contains a token or a secret."""
    with caplog.at_level(logging.DEBUG):
        token = access_token(server)
        call(server, token)
    assert token not in caplog.text
    assert "s3cret" not in caplog.text
