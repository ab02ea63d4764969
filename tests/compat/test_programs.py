"""
Programs as people write them for requests-oauthlib, run with the original session and with ours.

Each is in the shape of published code: of an SDK, of a vendor's tutorial, of a question on a forum.
"""

import importlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from unittest import mock

import attrs
import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient as OriginalClient
from oauthlib.oauth2 import InvalidClientError, OAuth2Error, TokenExpiredError
from oauthlib.oauth2.rfc6749.parameters import prepare_token_request
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2
from requests_oauthlib import OAuth2Session as OriginalSession

from oauth_cc.compat import BackendApplicationClient
from oauth_cc.compat.requests_oauthlib import OAuth2Session
from tests.shells.scripted import Answer, serve


@attrs.frozen
class Library:
    """The two classes that a program imports. Their types differ."""

    session: Any
    client: Any


# It has no types.
FIXES: Any = importlib.import_module("requests_oauthlib.compliance_fixes")

Program: TypeAlias = Callable[[Library, str], object]


def answered(members: object, status: int = 200) -> Answer:
    """Return a response in JSON."""
    return Answer(status, (("Content-Type", "application/json"),), (json.dumps(members).encode(),))


def token(text: str = "tok-1", **members: object) -> Answer:
    """Return a response with a token."""
    return answered({"access_token": text, "token_type": "Bearer", "expires_in": 3600, **members})


DONE = answered({"done": True})
REFUSED = answered({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"}, 401)
EXPIRED = {"access_token": "old", "token_type": "Bearer", "expires_at": 1}


def with_resource(library: Library, url: str) -> object:
    """Call Azure by its first endpoint, as its SDK did, and hand the token to a second session."""
    session = library.session("your_id", client=library.client("your_id"))
    fetched = session.fetch_token(
        f"{url}/tenant/oauth2/token",
        client_id="your_id",
        resource="https://management.example/",
        client_secret="s+c/r=t",
        include_client_id=True,
        response_type="client_credentials",
        verify=True,
        timeout=30,
        proxies={},
    )
    with library.session("your_id", token=fetched) as second:
        return second.get(f"{url}/subscriptions").json()


def with_a_bare_token(library: Library, url: str) -> object:
    """Call Microsoft Graph with a session that has nothing but the token."""
    session = library.session(client=library.client(client_id="your_id"))
    scope = "https://graph.example/.default"
    fetched = session.fetch_token(token_url=f"{url}/token", client_id="your_id", client_secret="s~Q.t", scope=scope)
    users = library.session(token=fetched).get(f"{url}/users", params={"$filter": "startswith(name,'a')"})
    return users.json(), session.authorized, session.token["access_token"]


def with_its_own_errors(library: Library, url: str) -> object:
    """Translate the errors of oauthlib, as SDKs do, and try again."""
    session = library.session(client=library.client(client_id="your_id", scope=["https://x.example/.default"]))
    try:
        session.fetch_token(token_url=f"{url}/token", client_secret="wrong", audience="api", verify=True)
    except OAuth2Error as error:
        found = (type(error) is InvalidClientError, error.error, error.status_code, error.description)
    before = session.authorized, session.token
    session.fetch_token(token_url=f"{url}/token", client_secret="s3cret", audience="api", verify=True)
    return found, before, session.get(f"{url}/things").json()


def with_a_hook_that_raises(library: Library, url: str) -> object:
    """Raise for the status of a token response, as Sentinel Hub's documentation says."""

    def checked(response: requests.Response) -> requests.Response:
        response.raise_for_status()
        return response

    session = library.session(client=library.client(client_id="your_id"))
    session.register_compliance_hook("access_token_response", checked)
    with pytest.raises(requests.HTTPError) as raised:
        session.fetch_token(f"{url}/token", client_secret="wrong", include_client_id=True)
    assert raised.value.response is not None
    found = raised.value.response.status_code, raised.value.response.json()["error"]
    session.fetch_token(f"{url}/token", client_secret="s3cret", include_client_id=True)
    return found, session.post(f"{url}/process", json={"a": 1}, headers={"Accept": "image/tiff"}).status_code


def with_a_placement_of_its_own(library: Library, url: str) -> object:
    """Call WeChat: its own grant word, parameters in a URL, and the token in the query."""

    class Client(library.client):  # type: ignore[name-defined, misc]  # a class of either library
        def __init__(self, client_id: str, **more: Any) -> None:
            super().__init__(client_id, default_token_placement="query", **more)

        def prepare_request_body(self, **more: Any) -> str:
            return prepare_token_request("client_credential", **more)

    session = library.session(client=Client("mine"))
    session.fetch_token(f"{url}/cgi-bin/token", method="GET", appid="wx1", secret="of-a-test")
    return session.get(f"{url}/cgi-bin/user", params={"openid": "x"}).json(), session.access_token


def with_a_401_handler(library: Library, url: str) -> object:
    """Fetch another token after a 401, in a subclass that takes the place of the session."""
    saved: list[str] = []

    class Session(library.session):  # type: ignore[name-defined, misc]  # a class of either library
        def request(self, *arguments: Any, **keywords: Any) -> Any:
            response = super().request(*arguments, **keywords)
            if response.status_code == 401:
                self.token = self.fetch_token(f"{url}/token", **self.auto_refresh_kwargs)
                self.token_updater(self.token)
                response = super().request(*arguments, **keywords)
            return response

    more = {"client_id": "your_id", "client_secret": "s3cret"}
    session = Session(
        client=library.client("your_id"),
        auto_refresh_kwargs=more,
        token={"access_token": "old"},
        token_updater=lambda fetched: saved.append(fetched["access_token"]),
    )
    return session.get(f"{url}/things").json(), saved, session.access_token


def with_a_grant_of_its_own(library: Library, url: str) -> object:
    """Send an assertion by a subclass of the client, as for Salesforce, and keep what the response says."""

    class Client(library.client):  # type: ignore[name-defined, misc]  # a class of either library
        grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"

        def prepare_request_body(self, body: str = "", **_: Any) -> str:
            return str(super().prepare_request_body(body, assertion="e30.e30.c2ln"))

    session = library.session(client=Client("your_id"))

    def fixed(response: requests.Response) -> requests.Response:
        session.instance_url = response.json()["instance_url"]
        response._content = json.dumps({**response.json(), "expires_in": 60}).encode()
        return response

    session.register_compliance_hook("access_token_response", fixed)
    found = session.fetch_token(f"{url}/token", include_client_id=False)
    return found["expires_in"], session.get(f"{url}/query").json(), session.instance_url


def with_a_stored_token(library: Library, url: str) -> object:
    """Store the token as JSON, start again, and refresh it by a client that has no refresh token."""
    store: dict[str, str] = {"token": json.dumps(EXPIRED)}

    class Client(library.client):  # type: ignore[name-defined, misc]  # a class of either library
        def prepare_refresh_body(self, *_: Any, **more: Any) -> str:
            return str(self.prepare_request_body(include_client_id=True, client_secret=more["client_secret"]))

    def save(fetched: object) -> None:
        store["token"] = json.dumps(fetched)

    session = library.session(
        client=Client("your_id"),
        token=json.loads(store["token"]),
        auto_refresh_url=f"{url}/token",
        auto_refresh_kwargs={"client_id": "your_id", "client_secret": "s3cret"},
        token_updater=save,
    )
    return session.get(f"{url}/things").json(), json.loads(store["token"])["access_token"]


def with_the_loop_of_the_tutorial(library: Library, url: str) -> object:
    """Fetch a token where the stored one has expired."""
    session = library.session(client=library.client("your_id"), token=dict(EXPIRED))
    try:
        return session.get(f"{url}/things").json()
    except TokenExpiredError:
        session.fetch_token(f"{url}/token", auth=HTTPBasicAuth("your_id", "s3cret"))
        return session.get(f"{url}/things").json(), "fetched"


def with_an_authorization_of_its_own(library: Library, url: str) -> object:
    """Authenticate by a header, with an auth that does nothing and a client without an id."""
    session = library.session(client=library.client(None))
    session.fetch_token(f"{url}/token", auth=lambda call: call, headers={"Authorization": "Basic eDp5"}, verify=False)
    return session.post(f"{url}/graphql", json={"query": "{a}"}).json()


def with_settings_of_a_session(library: Library, url: str) -> object:
    """Change what any session of requests has."""
    session = library.session(client=library.client(12345))
    session.headers.update({"User-Agent": "mine/1", "X-Tenant": "t"})
    session.mount("http://", HTTPAdapter(pool_maxsize=2))
    session.cookies.set("a", "b")
    session.params, session.verify, session.proxies = {"version": "2"}, False, None
    session.fetch_token(f"{url}/token", client_secret="p@ss:w+rd é", include_client_id=True)
    with session.get(f"{url}/file", stream=True, timeout=(3.05, 27)) as response:
        return b"".join(response.iter_content(5)).decode()


def with_a_granted_scope(library: Library, url: str) -> object:
    """Keep the token with another scope, from the warning."""
    session = library.session(client=library.client("your_id", scope="a"))
    try:
        session.fetch_token(f"{url}/token", client_secret="s3cret")
    except Warning as changed:
        session.token = vars(changed)["token"]
    return session.token.scope, session.get(f"{url}/things").json()


def with_a_body(library: Library, url: str) -> object:
    """Compose what the client composes anyway."""
    session = library.session(client=library.client("your_id"))
    body = "grant_type=client_credentials&scope=a"
    session.fetch_token(f"{url}/token", body=body, scope="b", client_kwargs={"id": 5}, client_secret="s3cret")
    return session.get(f"{url}/things").json()


def with_the_client_alone(library: Library, url: str) -> object:
    """Send what the client composes by requests, and use its token in both ways."""
    client = library.client("your_id")
    body = client.prepare_request_body(scope=["a"])
    response = requests.post(f"{url}/token", body, auth=("your_id", "s3cret"), timeout=9)
    client.parse_request_body_response(response.text)
    called = requests.get(f"{url}/things", auth=OAuth2(client=client), timeout=9)
    return called.json(), client.add_token("https://api.example/")[1], client.expires_in


def with_compliance_fixes(library: Library, url: str) -> object:
    """Register those for eBay, Mailchimp and Fitbit."""
    client = library.client("your_id")
    session = FIXES.mailchimp_compliance_fix(FIXES.ebay_compliance_fix(library.session(client=client)))
    found = session.fetch_token(f"{url}/token", client_secret="s3cret")
    called = session.get(f"{url}/things").json()
    other = FIXES.fitbit_compliance_fix(library.session(client=library.client("your_id")))
    with pytest.raises(InvalidClientError) as raised:
        other.fetch_token(f"{url}/token", client_secret="wrong")
    return found["token_type"], called, raised.value.error


def with_mocks(library: Library, url: str) -> object:
    """Replace what requests does, as tests of programs do."""
    response = mock.MagicMock(status_code=200, text='{"access_token": "of-a-test", "token_type": "Bearer"}')
    session = library.session(client=library.client("your_id"))
    with mock.patch("requests.Session.request", return_value=response) as called:
        fetched = session.fetch_token("https://as.example/token", client_secret="s3cret")
        return dict(fetched), session.get("https://api.example/") is response, called.call_count


PROGRAMS: list[tuple[Program, list[Answer]]] = [
    (with_resource, [token(expires_in="3599", ext_expires_in="3599"), DONE]),
    (with_a_bare_token, [token(), DONE]),
    (with_its_own_errors, [REFUSED, token(), DONE]),
    (with_a_hook_that_raises, [REFUSED, token(), DONE]),
    (with_a_placement_of_its_own, [answered({"access_token": "tok-1", "expires_in": 7200}), DONE]),
    (with_a_401_handler, [answered({}, 401), token(), DONE]),
    (with_a_grant_of_its_own, [token(instance_url="https://i.example"), DONE]),
    (with_a_stored_token, [token(), DONE]),
    (with_the_loop_of_the_tutorial, [token(), DONE]),
    (with_an_authorization_of_its_own, [token(), DONE]),
    (with_settings_of_a_session, [token(), DONE]),
    (with_a_granted_scope, [token(scope="b"), DONE]),
    (with_a_body, [token(), DONE]),
    (with_the_client_alone, [token(), DONE]),
    (
        with_compliance_fixes,
        [token(token_type="Application Access Token"), DONE, answered({"errors": [{"errorType": "invalid_client"}]})],
    ),
    (with_mocks, [DONE]),
]


@pytest.fixture
def insecure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests-oauthlib call a server without TLS, as we do on loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def run(program: Program, answers: list[Answer], library: Library) -> Iterator[object]:
    """Yield what *program* returns, and then each request that it sent."""
    with serve(*answers, keep_alive=True) as server:
        yield program(library, server.url)
        for asked in server.asked:
            ours = ("python-requests/", "oauth_cc/")
            kept = {name: text for name, text in asked.headers.items() if not text.startswith(ours) and name != "Host"}
            yield asked.method, asked.path, kept, asked.body


@pytest.mark.parametrize(("program", "answers"), PROGRAMS, ids=lambda given: getattr(given, "__name__", ""))
@pytest.mark.usefixtures("insecure")
def test_a_program_does_the_same_with_both_sessions(program: Program, answers: list[Answer]) -> None:
    """With our client, and with oauthlib's client in our session."""
    theirs = list(run(program, answers, Library(OriginalSession, OriginalClient)))
    for client in (BackendApplicationClient, OriginalClient):
        assert theirs == list(run(program, answers, Library(OAuth2Session, client)))
