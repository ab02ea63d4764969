"""
The test server: a real authorization server over loopback, asked here with an HTTP library alone.
"""

import base64
import logging
import secrets
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args
from urllib.parse import quote, quote_plus, urlsplit

import httpx2
import pytest
import trustme
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from oauth_cc.testing import AuthenticationMethod, AuthorizationServer, RegisteredClient
from oauth_cc.testing._authority import METHODS

ODD = " !\"#$%&'()*+,/:;=?@"
GRANT = {"grant_type": "client_credentials"}
POSTED = {**GRANT, "client_id": "your_id", "client_secret": "s3cret"}


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Gives an Authorization field with *client_id* and *secret* as they stand."""
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    """A server with the default client."""
    with AuthorizationServer() as running:
        yield running


def access_token(server: AuthorizationServer, **extra: str) -> str:
    """Gives a token of the default client."""
    token: str = httpx2.post(server.token_endpoint, data={**POSTED, **extra}).json()["access_token"]
    return token


def call(server: AuthorizationServer, token: str, path: str = "") -> httpx2.Response:
    """Calls the resource."""
    return httpx2.get(server.resource_url + path, headers={"Authorization": f"Bearer {token}"})


class TestToken:
    """RFC 6749 section 4.4."""

    def test_basic(self, server: AuthorizationServer) -> None:
        """A client that authenticates by Basic gets its token, uncached, with its lifetime and scope."""
        answer = httpx2.post(server.token_endpoint, data={**GRANT, "scope": "read"}, headers=basic("your_id", "s3cret"))
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        token = answer.json()
        assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, "read")
        assert len(token["access_token"]) > 40

    def test_odd_secret(self) -> None:
        """Id and secret are form-decoded, a space in either form (RFC 6749 section 2.3.1 and appendix B)."""
        odd = RegisteredClient(f"id{ODD}", f"secret{ODD}")
        with AuthorizationServer(clients=[odd]) as server:
            encoded = basic(quote(odd.client_id, safe=""), quote(odd.client_secret, safe=""))
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=encoded).status_code == 200
            plus = basic(quote_plus(odd.client_id), quote_plus(odd.client_secret))
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=plus).status_code == 200
            raw = basic("id", odd.client_secret)
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=raw).status_code == 401

    def test_no_secret(self) -> None:
        """A client that has none is not let in with an empty one."""
        with AuthorizationServer(clients=[RegisteredClient("your_id")]) as server:
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=basic("your_id", "")).status_code == 401
            empty = {**GRANT, "client_id": "your_id", "client_secret": ""}
            assert httpx2.post(server.token_endpoint, data=empty).status_code in (400, 401)

    def test_post(self, server: AuthorizationServer) -> None:
        """A client that authenticates in the body gets all its scopes if it asks for none."""
        answer = httpx2.post(server.token_endpoint, data=POSTED)
        assert (answer.status_code, answer.json()["scope"]) == (200, "read write")

    def test_no_lifetime(self) -> None:
        """A server may leave the lifetime out, or say 0."""
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
    def test_refused(
        self, server: AuthorizationServer, data: dict[str, str], headers: dict[str, str], status: int, error: str
    ) -> None:
        """A request that breaks a rule is refused with the error of RFC 6749 section 5.2."""
        answer = httpx2.post(server.token_endpoint, data=data, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)

    def test_method_not_allowed_to_the_client(self) -> None:
        """A client that may only post is refused by Basic."""
        only = RegisteredClient("your_id", "s3cret", authentication_methods=frozenset({"client_secret_post"}))
        with AuthorizationServer(clients=[only]) as server:
            assert httpx2.post(server.token_endpoint, data=GRANT, headers=basic("your_id", "s3cret")).status_code == 401
            assert httpx2.post(server.token_endpoint, data=POSTED).status_code == 200

    def test_methods_are_those_of_the_server(self) -> None:
        """A client is registered for what the server can do, and nothing else."""
        assert set(get_args(AuthenticationMethod)) == set(METHODS)
        for methods in (frozenset({"client_secret_cookie"}), "client_secret_post", ["client_secret_post"]):
            unknown: Any = methods
            with pytest.raises(ValueError, match="authentication_methods: give a frozenset of client_secret_basic, "):
                RegisteredClient("your_id", "s3cret", authentication_methods=unknown)

    def test_the_scope_of_a_client_is_a_scope(self) -> None:
        """Not text."""
        scope: Any = "read write"
        with pytest.raises(ValueError, match=r"scope must be a Scope, not str; use Scope.of\('read', 'write'\)"):
            RegisteredClient("your_id", "s3cret", scope=scope)

    def test_only_forms(self, server: AuthorizationServer) -> None:
        """A body of another type is no form."""
        assert httpx2.post(server.token_endpoint, json=POSTED).json()["error"] == "unsupported_grant_type"


class TestSeen:
    """What the server remembers."""

    def test_without_secrets(self, server: AuthorizationServer) -> None:
        """Each request is remembered by its names and its outcome, and by no value."""
        access_token(server, scope="read")
        httpx2.post(server.token_endpoint, data=GRANT, headers=basic("your_id", "wr0ng"))
        first, second = server.token_requests
        assert first.parameters == ("grant_type", "client_id", "client_secret", "scope")
        assert (first.client_id, first.authentication_method, first.status) == ("your_id", "client_secret_post", 200)
        assert (second.client_id, second.authentication_method, second.status) == (None, None, 401)
        assert "s3cret" not in repr(server.token_requests)
        assert "s3cret" not in repr(RegisteredClient("your_id", "s3cret"))

    def test_many_threads(self, server: AuthorizationServer) -> None:
        """Every request of a crowd is answered and counted."""
        with ThreadPoolExecutor(20) as pool:
            tokens = set(pool.map(lambda _: access_token(server), range(20)))
        assert len(tokens) == len(server.token_requests) == 20


class TestResource:
    """RFC 6750."""

    def test_with_a_token(self, server: AuthorizationServer) -> None:
        """A good token opens the resource, whose answer says whose it is."""
        answer = call(server, access_token(server, scope="read"))
        assert answer.status_code == 200
        assert answer.json() == {"client_id": "your_id", "scope": "read", "method": "GET"}

    def test_without_a_token(self, server: AuthorizationServer) -> None:
        """Who sends no token is asked for one, and told no error (section 3.1)."""
        answer = httpx2.post(server.resource_url, data={})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="oauth_cc"')

    def test_ended(self, server: AuthorizationServer) -> None:
        """An unknown, a revoked and an expired token are invalid_token."""
        revoked = access_token(server)
        server.revoke_all()
        expired = access_token(server)
        server.expire_all()
        for token in ("unknown", revoked, expired):
            answer = call(server, token)
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]

    def test_scope(self, server: AuthorizationServer) -> None:
        """A resource with a scope needs a token with that scope (section 3.1)."""
        token = access_token(server, scope="read")
        assert call(server, token, "/read").status_code == 200
        answer = call(server, token, "/write")
        assert answer.status_code == 403
        assert 'error="insufficient_scope", scope="write"' in answer.headers["WWW-Authenticate"]

    def test_another_scheme(self, server: AuthorizationServer) -> None:
        """A scheme that is not Bearer is refused."""
        answer = httpx2.get(server.resource_url, headers={"Authorization": f"MAC {access_token(server)}"})
        assert answer.status_code in (400, 401)


class TestTokenEndpoints:
    """RFC 7662 and RFC 7009."""

    def test_introspection(self, server: AuthorizationServer) -> None:
        """A good token is active and described, its resources included; any other is not active."""
        token = access_token(server, scope="read", resource="urn:r")
        data = {"token": token, "client_id": "your_id", "client_secret": "s3cret"}
        described = httpx2.post(server.introspection_endpoint, data=data).json()
        assert (described["active"], described["scope"], described["aud"]) == (True, "read", ["urn:r"])
        assert described["exp"] - described["iat"] == 3600
        assert httpx2.post(server.introspection_endpoint, data={**data, "token": "x"}).json() == {"active": False}
        assert httpx2.post(server.introspection_endpoint, data={"token": token}).status_code == 401

    def test_introspection_without_expiry(self) -> None:
        """A token without expiry is described without one."""
        with AuthorizationServer(lifetime=None) as server:
            data = {"token": access_token(server), "client_id": "your_id", "client_secret": "s3cret"}
            assert "exp" not in httpx2.post(server.introspection_endpoint, data=data).json()

    def test_revocation(self, server: AuthorizationServer) -> None:
        """A revoked token opens nothing; revoking what is unknown is done as well."""
        token = access_token(server)
        for value in (token, "unknown"):
            answer = httpx2.post(server.revocation_endpoint, data={"token": value}, headers=basic("your_id", "s3cret"))
            assert answer.status_code == 200
        assert call(server, token).status_code == 401


def test_metadata() -> None:
    """The metadata are valid by Authlib's own validator, and name endpoints that are there (RFC 8414)."""
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
def test_issuer_path(path: str) -> None:
    """An issuer may have a path; its metadata stand where RFC 8414 and where OpenID Connect put them."""
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

    def test_unknown(self, server: AuthorizationServer) -> None:
        """What is not there is 404, what takes another method 405 with the methods it takes."""
        assert httpx2.get(f"{server.issuer}/nothing").status_code == 404
        assert httpx2.get(f"{server.issuer}/.well-known/nothing").status_code == 404
        answer = httpx2.get(server.token_endpoint)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")

    def test_size(self, server: AuthorizationServer) -> None:
        """A body beyond the bound is not read, one without length neither."""
        assert httpx2.post(server.token_endpoint, content=b"x" * 100_000).status_code == 413
        assert httpx2.post(server.token_endpoint, content=iter([b"x"])).status_code == 411

    def test_broken(self, server: AuthorizationServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """An error inside is 500 without a word about it, and the server goes on."""
        with monkeypatch.context() as patch:
            patch.setattr(secrets, "token_urlsafe", None)
            answer = httpx2.post(server.token_endpoint, data=POSTED)
        assert (answer.status_code, answer.json()) == (500, {"error": "server_error"})
        assert httpx2.post(server.token_endpoint, data=POSTED).status_code == 200

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_other_methods(self, server: AuthorizationServer, method: str) -> None:
        """Any other method is 405 where there is something, 404 where there is nothing."""
        assert httpx2.request(method, server.token_endpoint).status_code == 405
        assert httpx2.request(method, server.issuer).status_code == 404

    def test_keep_alive(self, server: AuthorizationServer) -> None:
        """One connection serves several requests."""
        with httpx2.Client() as client:
            streams = {id(client.get(server.metadata_url).extensions["network_stream"]) for _ in range(3)}
        assert len(streams) == 1

    def test_tls_refused(self) -> None:
        """A client that distrusts the certificate or speaks no TLS does the server no harm."""
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

    def test_close(self) -> None:
        """A closed server is gone with its connections; closing twice does nothing more."""
        server = AuthorizationServer()
        with httpx2.Client() as client:
            client.get(server.metadata_url)
            server.close()
            server.close()
            with pytest.raises(httpx2.TransportError):
                client.get(server.metadata_url)


def test_no_token_in_the_log(server: AuthorizationServer, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that is logged at any level holds a token or a secret."""
    with caplog.at_level(logging.DEBUG):
        token = access_token(server)
        call(server, token)
    assert token not in caplog.text
    assert "s3cret" not in caplog.text
