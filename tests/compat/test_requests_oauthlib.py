"""
requests-oauthlib with the facade as its client, against a real server over https on loopback.
"""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import trustme
from oauthlib.oauth2 import OAuth2Error, TokenExpiredError
from requests_oauthlib import OAuth2Session, TokenUpdated

from oauth_cc.compat import BackendApplicationClient, InvalidClientError, UnsupportedGrantTypeError
from oauth_cc.testing import AuthorizationServer

Session = Callable[[BackendApplicationClient], OAuth2Session]


class Renewing(BackendApplicationClient):
    """What programs in the field write, since this grant has no refresh token: a refresh asks anew."""

    def prepare_refresh_body(self, *arguments: object, **keywords: object) -> str:
        """Gives the body of a token request."""
        return self.prepare_request_body()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who the client trusts."""
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[AuthorizationServer]:
    """A server with TLS."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with AuthorizationServer(tls=tls) as running:
        yield running


@pytest.fixture
def session(authority: trustme.CA, tmp_path: Path) -> Iterator[Session]:
    """Makes sessions that trust the server's certificate."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    made: list[requests.Session] = []

    def make(client: BackendApplicationClient) -> OAuth2Session:
        found = OAuth2Session(client=client)
        found.verify, found.trust_env = str(bundle), False
        made.append(found)
        return found

    yield make
    for each in made:
        each.close()


def test_token_and_call(server: AuthorizationServer, session: Session) -> None:
    """A session gets a token for the facade's scope, and calls the resource with it."""
    client = BackendApplicationClient("your_id", scope=["read"])
    oauth = session(client)
    token = oauth.fetch_token(server.token_endpoint, client_secret="s3cret", scope=["read"])
    assert client.access_token == token["access_token"]
    assert oauth.authorized
    assert 200 == oauth.get(server.resource_url).status_code
    assert 200 == oauth.get(f"{server.resource_url}/read").status_code
    assert 403 == oauth.get(f"{server.resource_url}/write").status_code
    (seen,) = server.token_requests
    assert (("grant_type", "scope"), "client_secret_basic", 200) == (
        seen.parameters,
        seen.authentication_method,
        seen.status,
    )


def test_secret_in_the_body(server: AuthorizationServer, session: Session) -> None:
    """With include_client_id, id and secret go in the body."""
    oauth = session(BackendApplicationClient("your_id"))
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret", include_client_id=True)
    (seen,) = server.token_requests
    assert (("grant_type", "client_id", "client_secret"), "client_secret_post", 200) == (
        seen.parameters,
        seen.authentication_method,
        seen.status,
    )


def test_expired(server: AuthorizationServer, session: Session) -> None:
    """A session with an expired token raises oauthlib's TokenExpiredError, and a new token serves again."""
    client = BackendApplicationClient("your_id")
    oauth = session(client)
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
    client._expires_at = 5
    with pytest.raises(TokenExpiredError):
        oauth.get(server.resource_url)
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
    assert 200 == oauth.get(server.resource_url).status_code


def test_refresh(server: AuthorizationServer, session: Session) -> None:
    """A session that refreshes on its own gets a new token, and calls the resource with that."""
    client = Renewing("your_id")
    oauth = session(client)
    first = oauth.fetch_token(server.token_endpoint, client_secret="s3cret")["access_token"]
    oauth.auto_refresh_url = server.token_endpoint
    client._expires_at = 5
    # requests-oauthlib raises this when nobody takes the new token: the call is to be made again.
    with pytest.raises(TokenUpdated) as updated:
        oauth.request("GET", server.resource_url, client_id="your_id", client_secret="s3cret")
    assert first != updated.value.token["access_token"] == client.access_token
    assert 200 == oauth.get(server.resource_url).status_code

    kept: list[object] = []
    oauth.token_updater = kept.append
    client._expires_at = 5
    answer = oauth.request("GET", server.resource_url, client_id="your_id", client_secret="s3cret")
    assert 200 == answer.status_code
    assert [client.token] == kept
    assert [200, 200, 200] == [seen.status for seen in server.token_requests]


def test_refresh_token_refused(server: AuthorizationServer, session: Session) -> None:
    """A server that knows this grant alone refuses a refresh token, in oauthlib's class."""
    oauth = session(BackendApplicationClient("your_id"))
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
    with pytest.raises(UnsupportedGrantTypeError) as refused:
        oauth.refresh_token(server.token_endpoint, refresh_token="tGzv3JOkF0XG5Qx2TlKWIA", auth=("your_id", "s3cret"))
    assert isinstance(refused.value, OAuth2Error)


def test_wrong_secret(server: AuthorizationServer, session: Session) -> None:
    """A refused client is oauthlib's InvalidClientError."""
    oauth = session(BackendApplicationClient("your_id"))
    with pytest.raises(InvalidClientError):
        oauth.fetch_token(server.token_endpoint, client_secret="wrong")


def test_zero_lifetime(authority: trustme.CA, session: Session) -> None:
    """A token that lives 0 seconds is stale for a session, too (row 1)."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with AuthorizationServer(tls=tls, lifetime=0) as server:
        oauth = session(BackendApplicationClient("your_id"))
        oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
        with pytest.raises(TokenExpiredError):
            oauth.get(server.resource_url)
