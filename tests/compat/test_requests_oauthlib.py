"""
requests-oauthlib with the facade as its client, against a real server with https on loopback.
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
    """
    A client as programs in the field write it: this grant has no refresh token, so a refresh requests a new token.
    """

    def prepare_refresh_body(self, *arguments: object, **keywords: object) -> str:
        """Return the body of a token request."""
        return self.prepare_request_body()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return the authority that the client trusts."""
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[AuthorizationServer]:
    """Start a server with TLS."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with AuthorizationServer(tls=tls) as running:
        yield running


@pytest.fixture
def session(authority: trustme.CA, tmp_path: Path) -> Iterator[Session]:
    """Return a factory of sessions that trust the server's certificate."""
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


def test_a_session_fetches_a_token_and_calls_with_it(server: AuthorizationServer, session: Session) -> None:
    """A session fetches a token for the facade's scope, and calls the resource with it."""
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


def test_include_client_id_puts_the_secret_in_the_body(server: AuthorizationServer, session: Session) -> None:
    """With include_client_id, id and secret are sent in the body."""
    oauth = session(BackendApplicationClient("your_id"))
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret", include_client_id=True)
    (seen,) = server.token_requests
    assert (("grant_type", "client_id", "client_secret"), "client_secret_post", 200) == (
        seen.parameters,
        seen.authentication_method,
        seen.status,
    )


def test_an_expired_token_raises_until_a_new_one_is_fetched(server: AuthorizationServer, session: Session) -> None:
    """A session with an expired token raises oauthlib's TokenExpiredError; a new token works again."""
    client = BackendApplicationClient("your_id")
    oauth = session(client)
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
    client._expires_at = 5
    with pytest.raises(TokenExpiredError):
        oauth.get(server.resource_url)
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
    assert 200 == oauth.get(server.resource_url).status_code


def test_a_session_refreshes_by_itself(server: AuthorizationServer, session: Session) -> None:
    """A session that refreshes by itself gets a new token and calls the resource with it."""
    client = Renewing("your_id")
    oauth = session(client)
    first = oauth.fetch_token(server.token_endpoint, client_secret="s3cret")["access_token"]
    oauth.auto_refresh_url = server.token_endpoint
    client._expires_at = 5
    # requests-oauthlib raises this without a token_updater: the caller has to repeat the call.
    with pytest.raises(TokenUpdated) as updated:
        oauth.request("GET", server.resource_url, client_id="your_id", client_secret="s3cret")
    assert first != updated.value.token["access_token"] == client.access_token
    assert 200 == oauth.get(server.resource_url).status_code

    kept: list[object] = []
    oauth.token_updater = kept.append
    client._expires_at = 5
    response = oauth.request("GET", server.resource_url, client_id="your_id", client_secret="s3cret")
    assert 200 == response.status_code
    assert [client.token] == kept
    assert [200, 200, 200] == [seen.status for seen in server.token_requests]


def test_a_rejected_refresh_token_raises_oauthlibs_error(server: AuthorizationServer, session: Session) -> None:
    """A server that supports only this grant rejects a refresh token; the session raises oauthlib's class."""
    oauth = session(BackendApplicationClient("your_id"))
    oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
    with pytest.raises(UnsupportedGrantTypeError) as refused:
        oauth.refresh_token(server.token_endpoint, refresh_token="tGzv3JOkF0XG5Qx2TlKWIA", auth=("your_id", "s3cret"))
    assert isinstance(refused.value, OAuth2Error)


def test_a_wrong_secret_raises_invalid_client_error(server: AuthorizationServer, session: Session) -> None:
    """A rejected client raises oauthlib's InvalidClientError."""
    oauth = session(BackendApplicationClient("your_id"))
    with pytest.raises(InvalidClientError):
        oauth.fetch_token(server.token_endpoint, client_secret="wrong")


def test_a_lifetime_of_0_has_expired_in_a_session(authority: trustme.CA, session: Session) -> None:
    """A token with a lifetime of 0 has expired in a session, too (row 1)."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    with AuthorizationServer(tls=tls, lifetime=0) as server:
        oauth = session(BackendApplicationClient("your_id"))
        oauth.fetch_token(server.token_endpoint, client_secret="s3cret")
        with pytest.raises(TokenExpiredError):
            oauth.get(server.resource_url)
