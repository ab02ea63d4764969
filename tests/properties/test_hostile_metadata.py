"""
What metadata and redirects can put into errors, events and log lines: no secret of the request, and no token.
"""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import anyio
import httpx
import httpx2
import pytest
import requests
from hypothesis import assume, example, given
from hypothesis import strategies as st

from oauth_cc import (
    ClientCredentials,
    ClientSecretPost,
    HttpResponse,
    MetadataCache,
    Options,
    Retries,
    Secret,
    SecretFile,
    Token,
    errors,
    token_request,
)
from oauth_cc.cli import main
from oauth_cc.doctor import Observed, examine
from oauth_cc.endpoint import endpoint_of_issuer_fault
from oauth_cc.events import Event, TokenWithheld
from oauth_cc.flows import discover_endpoint
from oauth_cc.flows.metadata_cache import Discovery
from oauth_cc.flows.renewal import renewal, terms
from oauth_cc.metadata import ResourceMetadata, ServerMetadata, endpoint_for, request_for_resource
from tests.resting import at_rest, at_rest_async
from tests.shells.asking import WAYS, Ask
from tests.shells.calling import CALLS, Call, name
from tests.shells.scripted import Answer, serve
from tests.world import World

ISSUER: Final = "https://as.example"
RESOURCE: Final = "https://api.example/mcp"
SECRET: Final = "M4RKER-of-the-CLIENT-0123456789"
LIVE: Final = "T0KEN-that-is-LIVE-0123456789"
CLIENT: Final = token_request(ClientCredentials("your_id", ClientSecretPost(SECRET)))
HELD: Final = Token(Secret(LIVE), "Bearer", 1_700_000_000.0, expires_at=1_700_000_030.0)

BROKEN: Final = (httpx.TransportError, httpx2.TransportError, requests.ConnectionError, aiohttp.ClientError)

each_way = pytest.mark.parametrize("way", WAYS, ids=name)
each_call = pytest.mark.parametrize("call", CALLS, ids=name)


def shows(text: str, secret: str) -> bool:
    """Return whether *text* has 12 characters of *secret* in a row, in any case."""
    lowered, sought = text.lower(), secret.lower()
    return any([sought[start : start + 12] in lowered for start in range(len(sought) - 11)])


FORMS: Final[tuple[Callable[[str], str], ...]] = (
    str,
    str.lower,
    str.upper,
    lambda secret: secret[:14],
    lambda secret: quote(secret, safe="").replace("-", "%2D"),
    lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
)
SECRETS: Final = st.sampled_from([SECRET, LIVE])
ECHOES: Final = st.builds(
    lambda form, secret, before, after: f"{before}{form(secret)}{after}",
    st.sampled_from(FORMS),
    SECRETS,
    st.sampled_from(["", "a.", "x-"]),
    st.sampled_from(["", ".b"]),
)
URLS: Final = st.builds(
    lambda pattern, echo: pattern.replace("{}", echo),
    st.sampled_from(["https://{}.evil.example/t", "https://evil.example/{}/t", "https://as.example/{}", "http://{}/"]),
    # The labels of a host, of which none holds all of it.
    ECHOES | SECRETS.map(lambda secret: f"{secret[:16]}.{secret[16:]}"),
)
NAMES: Final = st.lists(ECHOES | URLS, min_size=1, max_size=3)
DOCUMENTS: Final = st.fixed_dictionaries(
    {"issuer": st.sampled_from([ISSUER, "https://as.example/{tenant}"]) | URLS},
    optional={
        "token_endpoint": st.just(f"{ISSUER}/token") | URLS,
        "token_endpoint_auth_methods_supported": NAMES,
        "grant_types_supported": NAMES,
    },
)
GOOD: Final = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}

RESOURCES: Final = st.fixed_dictionaries(
    {"resource": st.just(RESOURCE) | URLS | ECHOES.map(lambda echo: f"https://api.example/{echo}")},
    optional={
        "authorization_servers": st.just([ISSUER]) | st.lists(URLS, max_size=3),
        "bearer_methods_supported": NAMES,
        "dpop_bound_access_tokens_required": st.booleans(),
    },
)


def answers(document: dict[str, Any], location: str | None) -> list[HttpResponse | Any]:
    """Return the answers of a server with *document*, or with a redirect to *location*."""
    if location is not None:
        return [HttpResponse(302, {"Location": location}), HttpResponse(302, {"Location": location})]
    return [HttpResponse(200, (), json.dumps(document).encode())]


def check(error: Exception, secret: str) -> None:
    """Fail if *error* shows *secret*."""
    shown = f"{error}{error!r}{error.args!r}{getattr(error, '__notes__', '')}"
    assert not shows(shown, secret)
    assert secret[:12].lower() not in shown.lower()


class TestFlows:
    """The errors of discovery."""

    @given(document=DOCUMENTS, location=st.none() | URLS)
    @example({**GOOD, "grant_types_supported": [SECRET, LIVE]}, None)
    @example({**GOOD, "token_endpoint_auth_methods_supported": [f"x-{LIVE.lower()}"]}, None)
    @example({"issuer": f"https://as.example/{{tenant}}/{SECRET}"}, None)
    def test_metadata_of_a_server_put_no_secret_into_an_error(
        self, document: dict[str, Any], location: str | None
    ) -> None:
        """The error shows neither the secret of the request nor the token that is renewed."""
        settings = terms(CLIENT, ISSUER, shared=False, retries=Retries(1), discovery=Discovery(MetadataCache()))
        try:
            World(answers(document, location)).run(renewal(settings, held=HELD))
        except errors.OAuthError as error:
            check(error, SECRET)
            check(error, LIVE)

    @given(document=RESOURCES, location=st.none() | URLS)
    @example({"resource": RESOURCE, "authorization_servers": [f"https://{LIVE}.example"]}, None)
    @example(
        {"resource": RESOURCE, "authorization_servers": [ISSUER], "bearer_methods_supported": [LIVE, SECRET]}, None
    )
    @example({"resource": f"https://api.example/{LIVE}"}, None)
    def test_metadata_of_a_resource_put_no_secret_into_an_error(
        self, document: dict[str, Any], location: str | None
    ) -> None:
        """The resource has tokens, and a server that it works with has the secret."""
        request = CLIENT.with_resource(RESOURCE)
        discovery = Discovery(MetadataCache(), by_resource=True)
        settings = terms(request, ISSUER, shared=False, retries=Retries(1), discovery=discovery)
        world = World([HttpResponse(401), *answers(document, location)])
        try:
            world.run(renewal(settings, held=HELD))
        except errors.OAuthError as error:
            check(error, SECRET)
            check(error, LIVE)

    @given(echo=ECHOES)
    def test_a_secret_that_is_read_from_a_file_is_redacted(self, echo: str) -> None:
        """It is read for the error."""
        assume(not shows(echo, LIVE))
        request = token_request(ClientCredentials("your_id", SecretFile(Path("secret"))))
        world = World(answers({"issuer": f"https://{echo}.example"}, None), readings=[Secret(SECRET)])
        with pytest.raises(errors.IssuerMismatch) as caught:
            world.run(discover_endpoint(ISSUER, request))
        check(caught.value, SECRET)

    @pytest.mark.parametrize(
        "metadata",
        [
            ServerMetadata(ISSUER, f"{ISSUER}/token", token_endpoint_auth_methods_supported=(SECRET,)),
            ServerMetadata(ISSUER, f"{ISSUER}/token", grant_types_supported=(SECRET,)),
        ],
        ids=["methods", "grants"],
    )
    def test_a_choice_by_hand_redacts_the_secret(self, metadata: ServerMetadata) -> None:
        """The pure functions know the request."""
        with pytest.raises(errors.InvalidInput, match=r"\*\*\*") as caught:
            endpoint_for(metadata, CLIENT)
        check(caught.value, SECRET)
        for resource in (
            ResourceMetadata(RESOURCE, (f"https://{SECRET}.example",)),
            ResourceMetadata(RESOURCE, (ISSUER,), bearer_methods_supported=(SECRET,)),
        ):
            with pytest.raises(errors.OAuthError, match=r"\*\*\*") as refused:
                request_for_resource(resource, CLIENT, ISSUER)
            check(refused.value, SECRET)

    @given(echo=ECHOES, url=URLS)
    def test_a_diagnosis_shows_no_secret(self, echo: str, url: str) -> None:
        """Neither its sentences nor the lines to paste show one."""
        assume(not shows(f"{echo}{url}", LIVE) and endpoint_of_issuer_fault(url, ISSUER) is None)
        metadata = ServerMetadata(
            ISSUER, url, token_endpoint_auth_methods_supported=(echo,), grant_types_supported=(echo,)
        )
        for observed in (
            Observed(f"{ISSUER}/token", metadata=metadata),
            Observed(url, metadata=metadata, response=HttpResponse(404), received_at=1_700_000_000.0),
        ):
            found = examine(CLIENT, observed)
            shown = [*found.works, found.python, found.shell]
            shown += [text for finding in found.findings for text in (finding.sentence, finding.advice)]
            assert not shows("\n".join(shown), SECRET)


def hosts(secret: str) -> str:
    """Return a host whose labels hold *secret*."""
    return f"{secret[:16]}.{secret[16:]}.example"


def failure(way: Ask, issuer: str, options: Options) -> Exception:
    """Return the error of a token that is discovered at *issuer*, after its events."""
    if way.backend is None:
        source = way.shell.TokenSource.from_issuer(issuer, CLIENT, options=options)
        with pytest.raises(BROKEN) as caught:
            source.token()
        at_rest(source)
        return caught.value

    async def main() -> Exception:
        source = way.shell.AsyncTokenSource.from_issuer(issuer, CLIENT, options=options)
        with pytest.raises(BROKEN) as caught:
            await source.token()
        await at_rest_async(source)
        return caught.value

    return anyio.run(main, backend=way.backend)


class TestNetwork:
    """Errors of the HTTP libraries, which name the host that was called."""

    @each_way
    @pytest.mark.parametrize("place", ["token_endpoint", "redirect"])
    def test_a_host_that_metadata_chose_is_not_shown_with_a_secret(
        self, way: Ask, place: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The class of the error stays."""
        # Nobody listens there, so that no name is looked up.
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        events: list[Event] = []
        options = Options(retries=Retries(1), on_event=events.append)
        url = f"https://{hosts(SECRET)}/{SECRET}"

        def metadata(_: object) -> Answer:
            if place == "redirect":
                return Answer(307, (("Location", url),))
            return Answer(chunks=(json.dumps({"issuer": server.url, "token_endpoint": url}).encode(),))

        with serve(metadata) as server, caplog.at_level(logging.DEBUG, "oauth_cc"):
            error = failure(way, server.url, options)
        assert "the details are hidden because they contain a secret" in str(error)
        check(error, SECRET)
        assert caplog.text
        assert events
        assert not shows(f"{caplog.text}{events}", SECRET)

    @each_call
    def test_a_host_that_an_api_chose_is_not_shown_with_the_token(
        self, call: Call, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A program follows a link of the API's. The event and the log line hide from whom the token was withheld."""
        events: list[Event] = []
        token = Answer(chunks=(json.dumps({"access_token": LIVE, "token_type": "Bearer"}).encode(),))
        urls = ["http://127.0.0.1:1/", f"http://{hosts(SECRET)}/", f"http://{hosts(LIVE)}/"]
        with serve(token) as script, serve(Answer(chunks=(b"done",))) as proxy:
            auth = call.auth(CLIENT, f"{script.url}/token", options=Options(on_event=events.append))
            assert call.get(auth, *urls, proxy=proxy.url) == [200, 200, 200]
        assert [event.api for event in events if isinstance(event, TokenWithheld)] == ["***", "***"]
        assert not shows(f"{caplog.text}{events}", SECRET)
        assert not shows(f"{caplog.text}{events}", LIVE)

    @each_call
    def test_a_challenge_puts_no_secret_into_an_event(self, call: Call, caplog: pytest.LogCaptureFixture) -> None:
        """The API names the secret and the token where the scope belongs."""
        events: list[Event] = []
        token = Answer(chunks=(json.dumps({"access_token": LIVE, "token_type": "Bearer"}).encode(),))
        field = f'Bearer error="insufficient_scope", scope="{SECRET.lower()} {LIVE}"'
        with serve(token) as script, serve(Answer(403, (("WWW-Authenticate", field),))) as api:
            auth = call.auth(CLIENT, f"{script.url}/token", options=Options(on_event=events.append))
            assert call.get(auth, api.url) == [403]
        assert "requires '***'" in caplog.text
        assert not shows(f"{caplog.text}{events}", SECRET)
        assert not shows(f"{caplog.text}{events}", LIVE)


COMMANDS: Final = ("token", "request", "doctor", "revoke", "introspect")


class TestCommandLine:
    """What ``oauth-cc`` prints."""

    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize(
        "document",
        [
            {"issuer": f"https://{SECRET}.example"},
            {"token_endpoint": f"https://{hosts(SECRET)}/{SECRET}"},
            {"token_endpoint_auth_methods_supported": [SECRET]},
            {"revocation_endpoint": f"https://{hosts(SECRET)}/", "introspection_endpoint": f"https://{hosts(SECRET)}/"},
        ],
        ids=lambda document: next(iter(document)),
    )
    def test_metadata_put_no_secret_on_the_screen(
        self,
        command: str,
        document: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """With --verbose, too."""
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("SECRET", SECRET)
        monkeypatch.setenv("TOKEN", LIVE)

        def answer(asked: object) -> Answer:
            members = {"issuer": server.url, "token_endpoint": f"{server.url}/token", **document}
            return Answer(200, (("Server", SECRET),), (json.dumps(members).encode(),))

        with serve(answer) as server:
            words = [command, "--client-id", "your_id", "--secret-env", "SECRET", "--issuer", server.url]
            words += ["--token-env", "TOKEN"] if command in ("revoke", "introspect") else []
            words += ["--no-store"] if command == "token" else []
            words += ["--verbose"] if command != "request" else []
            main(words)
            assert server.asked
        printed = capsys.readouterr()
        assert printed.err + printed.out
        assert not shows(printed.err + printed.out, SECRET)
