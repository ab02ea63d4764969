"""
What a hostile resource gets, on the wire: neither secret nor assertion, and no token but the one that is for it.
"""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import attrs
import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from oauth_cc import ClientCredentials, ClientSecretPost, MetadataCache, Options, PrivateKeyJwt, Retries, Scope, errors
from oauth_cc.httpx2 import ClientCredentialsAuth
from oauth_cc.jose import key_from_pem
from oauth_cc.testing import AuthorizationServer, RegisteredClient
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import Answer, Asked, ScriptedServer, serve

SECRET = "s3cret-of-the-client"
KEY = ECKey.generate_key("P-256", {"kid": "k1"})
CLIENTS = (
    RegisteredClient("your_id", SECRET),
    RegisteredClient(
        "signing_id",
        authentication_methods=frozenset({"private_key_jwt"}),
        jwks={"keys": [{**KEY.as_dict(private=False)}]},
    ),
)
ONCE = Options(retries=Retries(1), timeout=5.0)


@attrs.define
class Attacker:
    """A host that counts its connections and reads nothing."""

    port: int
    connections: int = 0

    @property
    def url(self) -> str:
        """The URL that the resource names."""
        return f"http://127.0.0.1:{self.port}"


@attrs.define
class Scene:
    """The hosts of the play. *challenge* and *metadata* are what the resource says."""

    pinned: AuthorizationServer
    api: ScriptedServer
    attacker: Attacker
    challenge: str = ""
    metadata: Answer = attrs.Factory(Answer)

    @property
    def url(self) -> str:
        """The URL of the resource."""
        return f"{self.api.url}/mcp"

    def answer(self, asked: Asked) -> Answer:
        """Return what the resource says to a call."""
        if "Authorization" in asked.headers:
            return Answer(chunks=(b"{}",))
        if asked.path == "/mcp":
            return Answer(401, (("WWW-Authenticate", self.challenge),) if self.challenge else ())
        return self.metadata


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """Start all hosts."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    attacker = Attacker(listening.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            attacker.connections += 1
            connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    with AuthorizationServer(clients=CLIENTS) as pinned, serve(lambda asked: found.answer(asked)) as api:
        found = Scene(pinned, api, attacker)
        yield found
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


WORDS = st.sampled_from(
    [
        "{pinned}",
        "{evil}",
        "{api}",
        "{api}/",
        "{origin}",
        "{evil}/mcp",
        "{pinned}@127.0.0.1",
        "{pinned}.evil.example",
        "{pinned}/../..",
        "{evil}/{pinned}",
        "{evil}#{pinned}",
        "{evil}?{pinned}",
        "{pinned}/",
        "{pinned}\\@{evil}",
        "http://as.example",
        "https://[::1",
        "//{evil}",
        "{origin}/%2e%2e/{evil}",
        "{origin}/.well-known/oauth-protected-resource/mcp",
        "{origin}/other",
        "",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
MEMBERS = st.fixed_dictionaries(
    {
        "resource": st.just("{api}") | st.just("{api}") | JSON,
        "authorization_servers": st.lists(WORDS, max_size=4) | JSON,
    },
    optional={
        "scopes_supported": st.lists(st.text(max_size=5), max_size=3) | JSON,
        "bearer_methods_supported": st.just(["header"]) | JSON,
        "dpop_bound_access_tokens_required": JSON,
        "token_endpoint": WORDS,
        "issuer": WORDS,
    },
)
LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
CHALLENGES = st.just("") | st.builds(
    '{} resource_metadata="{}", scope="{}"{}'.format,
    st.sampled_from(["Bearer", "DPoP", "Basic"]),
    WORDS,
    LATIN,
    st.just("") | LATIN,
)
LOCATIONS = st.none() | st.none() | WORDS
SIZES = st.sampled_from([0, 0, 0, 2**20 + 1])


hostile = given(challenge=CHALLENGES, members=MEMBERS, location=LOCATIONS, padding=SIZES, signing=st.booleans())


@pytest.mark.slow
@hostile
@example(
    challenge='Bearer resource_metadata="{evil}/m"',
    members={"resource": "{api}", "authorization_servers": ["{evil}", "{pinned}"]},
    location=None,
    padding=0,
    signing=False,
)
@example(
    challenge="",
    members={"resource": "{api}", "authorization_servers": ["{evil}"]},
    location="{evil}/mcp",
    padding=0,
    signing=True,
)
def test_a_hostile_resource_gets_nothing_but_a_token_that_is_for_it(
    scene: Scene, challenge: str, members: dict[str, Any], location: str | None, padding: int, signing: bool
) -> None:
    """
    The attacker's host sees no connection at all, wherever it is named.

    The token request goes to the pinned issuer, and only if the resource names it in metadata of its own.
    """
    play(CALLS[0], scene, challenge, members, location, padding, signing=signing)


@pytest.mark.parametrize("call", CALLS[1:], ids=name)
@settings(max_examples=15)
@hostile
@example(
    challenge='Bearer resource_metadata="{evil}/m", scope="read"',
    members={"resource": "{api}", "authorization_servers": ["{evil}", "{pinned}"]},
    location="{evil}/mcp",
    padding=0,
    signing=False,
)
def test_no_library_leads_a_hostile_resource_further(
    call: Call,
    scene: Scene,
    challenge: str,
    members: dict[str, Any],
    location: str | None,
    padding: int,
    signing: bool,
) -> None:
    """It is called by threads and event loops, with a client that follows redirects."""
    play(call, scene, challenge, members, location, padding, signing=signing)


def play(
    call: Call,
    scene: Scene,
    challenge: str,
    members: dict[str, Any],
    location: str | None,
    padding: int,
    *,
    signing: bool,
) -> None:
    """Call the resource once by the library of *call*, and check what each host got."""
    scene.challenge = _placed(challenge, scene)
    content = _placed(json.dumps(members, ensure_ascii=True), scene).encode("ascii") + b" " * padding
    headers = () if location is None else (("Location", _placed(location, scene)),)
    scene.metadata = Answer(200 if location is None else 302, headers, (content,))
    requests, calls = len(scene.pinned.token_requests), len(scene.api.asked)
    method = PrivateKeyJwt(key_from_pem(KEY.as_pem(private=True)), scene.pinned.issuer)
    client = (
        ClientCredentials("signing_id", method) if signing else ClientCredentials("your_id", ClientSecretPost(SECRET))
    )
    auth = call.shell.ClientCredentialsAuth.from_resource(
        scene.url, client, issuer=scene.pinned.issuer, cache=MetadataCache(), options=ONCE
    )
    shown = ""
    try:
        (status,) = call.get(auth, scene.url)
    except errors.OAuthError as error:
        status, shown = 0, f"{error!r}"
    asked = scene.api.asked[calls:]
    seen = scene.pinned.token_requests[requests:]
    assert SECRET not in shown
    assert 0 == scene.attacker.connections
    named = _names_pinned(json.loads(content), scene) and location is None and not padding
    assert named or not seen
    assert len(seen) <= 1
    with_token = [each for each in asked if "Authorization" in each.headers]
    assert len(with_token) == (status == 200)
    assert named or not with_token
    for each in asked:
        wire = f"{each.path}{each.headers}{each.body!r}"
        assert SECRET not in wire
        assert "client_assertion" not in wire
        assert each.headers.get("Authorization", "Bearer ").startswith("Bearer ")
    source = auth.source if call.backend is None else auth.async_source
    token = source.peek()
    assert token is None or (scene.url,) == scene.pinned.audience(token.access_token.reveal())


def _placed(text: str, scene: Scene) -> str:
    places = {
        "{pinned}": scene.pinned.issuer,
        "{evil}": scene.attacker.url,
        "{api}": scene.url,
        "{origin}": scene.api.url,
    }
    for place, url in places.items():
        text = text.replace(place, url)
    return text


def _names_pinned(members: dict[str, Any], scene: Scene) -> bool:
    listed = members["authorization_servers"]
    issuers = {scene.pinned.issuer, f"{scene.pinned.issuer}/"}
    return (
        members["resource"] == scene.url
        and isinstance(listed, list)
        and any([isinstance(each, str) and each in issuers for each in listed])
    )


def test_the_scene_lets_an_honest_resource_through(scene: Scene) -> None:
    """Otherwise the property would hold for nothing."""
    scene.challenge = 'Bearer scope="read"'
    members = {"resource": scene.url, "authorization_servers": [scene.attacker.url, scene.pinned.issuer]}
    scene.metadata = Answer(chunks=(json.dumps(members).encode(),))
    auth = ClientCredentialsAuth.from_resource(
        scene.url, ClientCredentials("your_id", SECRET), issuer=scene.pinned.issuer, options=ONCE
    )
    with httpx2.Client(auth=auth) as http:
        assert 200 == http.get(scene.url).status_code
    assert Scope.of("read") == auth.source.token().scope
    assert 0 == scene.attacker.connections
