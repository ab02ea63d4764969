"""
A source and an auth of each HTTP library with the user's own client.
"""

import threading
from collections.abc import Callable, Generator
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

import aiohttp
import anyio
import httpx
import httpx2
import pytest
import requests

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, HttpRequest, Options, RenewalWindow, Retries, errors
from oauth_cc._io import deadline
from oauth_cc.events import Event, TokenObtained
from oauth_cc.flows.effects import Send
from tests.resting import at_rest, at_rest_async
from tests.shells.scripted import TOKEN, serve

CREDENTIALS = ClientCredentials("your_id", "s3cret")
ENDPOINT = "https://as.example/token"
AGEING_AT_ONCE = RenewalWindow(opens=1e-9, closes=1e-9)
SHELLS: dict[ModuleType, ModuleType] = {httpx2: oauth_cc.httpx2, httpx: oauth_cc.httpx}
BLOCKING = [
    *[(library.Client, shell.TokenSource) for library, shell in SHELLS.items()],
    *[
        (library.Client, lambda *a, s=shell, **o: s.ClientCredentialsAuth(*a, **o).source)
        for library, shell in SHELLS.items()
    ],
]
ASYNC = [
    *[(library.AsyncClient, shell.AsyncTokenSource) for library, shell in SHELLS.items()],
    *[
        (library.AsyncClient, lambda *a, s=shell, **o: s.ClientCredentialsAuth(*a, **o).async_source)
        for library, shell in SHELLS.items()
    ],
    (aiohttp.ClientSession, oauth_cc.aiohttp.AsyncTokenSource),
    (aiohttp.ClientSession, lambda *a, **o: oauth_cc.aiohttp.ClientCredentialsAuth(*a, **o).async_source),
]


class Shared:
    """A store for async code that has no token."""

    async def load(self, key: str) -> None:
        """Return None."""

    async def save(self, key: str, token: object) -> None:
        """Do nothing."""

    async def discard(self, key: str, token: object) -> None:
        """Do nothing."""

    def lock(self, key: str, wait: float) -> Any:
        """Not called here."""


@pytest.mark.parametrize(("kind", "source_of"), BLOCKING)
def test_a_renewal_in_the_background_that_finds_its_client_closed_says_nothing(
    kind: Any, source_of: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The program has left its client."""
    events: list[Event] = []
    options = Options(renewal_window=AGEING_AT_ONCE, on_event=events.append)
    with serve(TOKEN) as server:
        client = kind()
        source = source_of(CREDENTIALS, f"{server.url}/token", client=client, options=options)
        first = source.token()
        at_rest(source)
        client.close()
        assert source.token() == first
        at_rest(source)
    assert [type(event) for event in events] == [TokenObtained]
    assert caplog.records == []


@pytest.mark.parametrize(("kind", "source_of"), ASYNC)
def test_a_task_in_the_background_that_finds_its_client_closed_says_nothing(
    kind: Any, source_of: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The program has left its client."""
    events: list[Event] = []
    options = Options(renewal_window=AGEING_AT_ONCE, on_event=events.append)

    async def main(url: str) -> None:
        client = kind()
        source = source_of(CREDENTIALS, url, client=client, options=options)
        first = await source.token()
        await at_rest_async(source)
        await (client.close() if kind is aiohttp.ClientSession else client.aclose())
        assert await source.token() == first
        await at_rest_async(source)

    with serve(TOKEN) as server:
        anyio.run(main, f"{server.url}/token")
    assert [type(event) for event in events] == [TokenObtained]
    assert caplog.records == []


@pytest.mark.parametrize("library", [*SHELLS, requests], ids=lambda library: library.__name__)
@pytest.mark.parametrize(("wait_timeout", "attempts"), [(50.0, 2), (500.0, 1)])
def test_no_attempt_is_made_for_the_wait_timeout_while_one_hangs_in_the_client(
    library: ModuleType, wait_timeout: float, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another 100 seconds later there is one, or there is none yet."""
    now, released, asked = [1000.0], threading.Event(), list[object]()
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def hang(request: object, **_: object) -> NoReturn:
        asked.append(request)
        released.wait(30)
        raise LookupError("released")

    options = Options(timeout=0.05, wait_timeout=wait_timeout, retries=Retries(attempts=1))
    if library is requests:
        client, shell = requests.Session(), oauth_cc.requests
        monkeypatch.setattr(client, "send", hang)
    else:
        client, shell = library.Client(transport=library.MockTransport(hang)), SHELLS[library]
    with client:
        source = shell.TokenSource(CREDENTIALS, ENDPOINT, client=client, options=options)
        texts = []
        for _ in range(2):
            with pytest.raises(library.ReadTimeout) as caught:
                source.token()
            texts.append(str(caught.value).removeprefix("token endpoint at as.example: "))
            now[0] += 100
        released.set()
    late = "no complete response within 0.05 seconds"
    assert texts == [late, "an earlier request through this client still hangs" if attempts == 1 else late]
    assert len(asked) == attempts


@pytest.mark.parametrize("library", [*SHELLS, requests], ids=lambda library: library.__name__)
def test_a_flow_makes_no_other_attempt_while_one_hangs_in_the_client(library: ModuleType) -> None:
    """For the wait timeout of its options."""
    released, request = threading.Event(), HttpRequest("POST", ENDPOINT)

    def hang(*_: object, **__: object) -> NoReturn:
        released.wait(30)
        raise LookupError("released")

    def flow() -> Generator[Send, Any, list[str]]:
        outcomes = []
        for _ in range(2):
            outcome = yield Send(request)
            outcomes.append(str(outcome.error).removeprefix("token endpoint at as.example: "))
        return outcomes

    if library is requests:
        client, shell = requests.Session(), oauth_cc.requests
        vars(client)["send"] = hang
    else:
        client, shell = library.Client(transport=library.MockTransport(hang)), SHELLS[library]
    late, hangs = "no complete response within 0.05 seconds", "an earlier request through this client still hangs"
    with client:
        for wait_timeout, expected in ((500.0, [late, hangs]), (1e-9, [late, late])):
            options = Options(timeout=0.05, wait_timeout=wait_timeout)
            assert shell.perform(flow(), client=client, options=options) == expected
        released.set()


@pytest.mark.parametrize("library", [*SHELLS, requests], ids=lambda library: library.__name__)
def test_only_a_connection_of_the_librarys_own_is_cut(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of the user's may use its connections for other calls."""
    cuts: list[Any] = []

    def exceed(_: object, attempt: object, cut: Any = None) -> NoReturn:
        cuts.append(cut)
        raise deadline.DeadlineExceeded("too late")

    monkeypatch.setattr(deadline.Deadline, "perform", exceed)
    shell = oauth_cc.requests if library is requests else SHELLS[library]
    with (requests.Session if library is requests else library.Client)() as client:
        for given in (None, client):
            with pytest.raises(library.ReadTimeout, match=r"^token endpoint at as\.example: too late$"):
                shell.fetch_token(CREDENTIALS, ENDPOINT, client=given)
    own, users = cuts
    assert users is None
    assert own.__name__ == "cut"


@pytest.mark.parametrize("library", SHELLS, ids=lambda library: library.__name__)
def test_an_auth_says_with_which_client_it_is_used(library: ModuleType) -> None:
    """By the class of its own client, and of its store."""
    kind, name = SHELLS[library].ClientCredentialsAuth, library.__name__
    both = kind(CREDENTIALS, ENDPOINT)
    assert both.source.context is both.async_source.context
    blocking = kind(CREDENTIALS, ENDPOINT, client=library.Client())
    assert blocking.source.context is blocking._context
    with pytest.raises(errors.InvalidInput) as caught:
        _ = blocking.async_source
    assert str(caught.value) == f"the client of this auth is not async; use the auth with {name}.Client"
    assert caught.value.parameter == "client"
    for options in ({"client": library.AsyncClient()}, {"store": Shared()}):
        awaited = kind(CREDENTIALS, ENDPOINT, **options)
        assert awaited.async_source.context is awaited._context
        with pytest.raises(errors.InvalidInput) as caught:
            _ = awaited.source
        assert str(caught.value) == (f"the client or store of this auth is async; use the auth with {name}.AsyncClient")
        assert caught.value.parameter == "client or store"
    with pytest.raises(
        errors.InvalidInput, match=rf"client must be of the type {name}\.AsyncClient, not builtins\.int"
    ):
        kind(CREDENTIALS, ENDPOINT, client=5, store=Shared())
    with pytest.raises(errors.InvalidInput, match=rf"client must be of the type {name}\.Client, not builtins\.int"):
        kind(CREDENTIALS, ENDPOINT, client=5)
