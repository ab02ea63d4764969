"""
Printers that walk fields, dicts and local variables, and do not ask `repr`: they show no secret and no token either.

icecream is not among them. It prints by `pprint`, and cannot be installed beside these tests, because its wheel
contains another package that is named ``tests``.
"""

import asyncio
import io
import json
import logging
import pprint
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import attrs
import cattrs
import devtools
import loguru
import pytest
import redis
import redis.asyncio
import requests
import rich.console
import rich.pretty
import sentry_sdk
import sentry_sdk.serializer
import structlog

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import (
    ClientCredentials,
    HttpRequest,
    Options,
    Retries,
    Secret,
    TokenCache,
    TokenRequestRefused,
    authorize,
    compat,
    http_request,
    token_request,
)
from oauth_cc.challenge import Challenge
from oauth_cc.compat._token_dict import TokenDict
from oauth_cc.compat.requests_oauthlib import OAuth2Session
from oauth_cc.flows import Received, Send
from oauth_cc.integrations import urllib
from oauth_cc.stores.file import FileStore
from oauth_cc.stores.redis import AsyncRedisStore, RedisStore
from tests.leaks import TESTS
from tests.properties.test_secrecy import BASIC, CREDENTIALS, ENDPOINT, MARK, PLACED, POST, RESPONSE, TOKEN, records
from tests.shells.scripted import Answer, serve

RECORDS = [
    *records(),
    TokenDict(access_token=MARK, token_type="Bearer", id_token=MARK),
    Challenge("bearer", (("realm", MARK),)),
    Challenge("basic", (), MARK),
    compat.BackendApplicationClient("id", token={"access_token": MARK}),
]


def by_rich(record: object) -> str:
    """Return what rich prints."""
    console = rich.console.Console(file=io.StringIO(), width=200)
    console.print(record)
    console.print(rich.pretty.pretty_repr(record, max_depth=8, expand_all=True))
    console.print({"a": [record]})
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def by_loguru(record: object) -> str:
    """Return what loguru logs."""
    sink = io.StringIO()
    number = loguru.logger.add(sink, diagnose=True, backtrace=True, serialize=True)
    loguru.logger.info("{} {!r}", record, record)
    loguru.logger.remove(number)
    return sink.getvalue()


def by_structlog(record: object) -> str:
    """Return what structlog renders as JSON."""
    return str(structlog.processors.JSONRenderer()(logging.getLogger(), "info", {"event": "x", "record": record}))


def by_attrs(record: object) -> str:
    """Return what attrs and cattrs make of an attrs record."""
    if not attrs.has(type(record)):
        return ""
    instance: Any = record
    return f"{attrs.asdict(instance)}{attrs.astuple(instance)}{cattrs.Converter().unstructure(instance)}"


def by_vars(record: object) -> str:
    """Return every field of *record*, of the objects in its fields, and so on."""
    seen: dict[int, object] = {}
    texts = []
    found = [record]
    while found:
        item = found.pop()
        texts.append(repr(item))
        if id(item) not in seen and not isinstance(item, type | ModuleType | FunctionType):
            seen[id(item)] = item
            found += [getattr(item, field.name) for field in getattr(item, "__attrs_attrs__", ())]
            found += getattr(item, "__dict__", {}).values()
            if isinstance(item, dict) and not isinstance(item, TokenDict):
                found += [*item.keys(), *item.values()]
            elif isinstance(item, list | tuple | set | frozenset):
                found += item
    return "\n".join(texts)


def by_json(record: object) -> str:
    """Return the JSON of *record* by an encoder that falls back to `vars`."""
    seen: list[object] = []

    def fields(item: object) -> object:
        if not hasattr(item, "__dict__") or any([item is each for each in seen]):
            return repr(item)
        seen.append(item)
        return vars(item)

    return json.dumps(record, default=fields, skipkeys=True, check_circular=False)


PRINTERS: dict[str, Callable[[object], str]] = {
    "rich": by_rich,
    "structlog": by_structlog,
    "sentry": lambda record: str(sentry_sdk.serializer.serialize({"vars": {"record": record}}, is_vars=True)),
    "loguru": by_loguru,
    "devtools": lambda record: devtools.pformat(record),
    "pprint": lambda record: pprint.pformat({"a": record}, depth=9),
    "attrs and cattrs": by_attrs,
    "vars": lambda record: by_vars(record),
    "json": lambda record: by_json(record),
}


@attrs.frozen
class Plain:
    """A record that hides nothing."""

    fields: dict[str, object]


@pytest.mark.parametrize("printer", PRINTERS.values(), ids=list(PRINTERS))
def test_a_printer_shows_a_field_that_is_not_hidden(printer: Callable[[object], str]) -> None:
    """The tests below would notice it."""
    assert MARK in printer(Plain({"token": MARK}))


@pytest.mark.parametrize("printer", PRINTERS.values(), ids=list(PRINTERS))
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_no_printer_shows_a_secret_of_a_record(record: object, printer: Callable[[object], str]) -> None:
    """The printers walk the fields."""
    if isinstance(record, TokenDict) and printer in {PRINTERS["structlog"], PRINTERS["json"]}:
        return  # a token_updater needs the JSON of the dict, which cannot be distinguished from logging
    shown = printer(record)
    assert MARK not in shown
    assert BASIC not in shown


def with_token(auth: Any) -> Any:
    """Return *auth* with a token in its cache."""
    assert auth.source.token().access_token.reveal() == MARK
    return auth


def with_token_of_tasks(auth: Any) -> Any:
    """Return *auth* with a token in its cache."""
    assert asyncio.run(auth.async_source.token()).access_token.reveal() == MARK
    return auth


def session(url: str) -> OAuth2Session:
    """Return a session of compat with a token that it renews."""
    made = OAuth2Session(client=compat.BackendApplicationClient("id"))
    made.fetch_token(url, client_secret=MARK)
    assert made.access_token == MARK
    return made


LIVE: dict[str, Callable[[str], Any]] = {
    "requests": lambda url: with_token(oauth_cc.requests.ClientCredentialsAuth(CREDENTIALS, url)),
    "httpx2": lambda url: with_token(oauth_cc.httpx2.ClientCredentialsAuth(CREDENTIALS, url)),
    "httpx2, async": lambda url: with_token_of_tasks(oauth_cc.httpx2.ClientCredentialsAuth(POST, url)),
    "httpx": lambda url: with_token(oauth_cc.httpx.ClientCredentialsAuth(POST, url)),
    "aiohttp": lambda url: with_token_of_tasks(oauth_cc.aiohttp.ClientCredentialsAuth(CREDENTIALS, url)),
    "with a client": lambda url: with_token(
        oauth_cc.requests.ClientCredentialsAuth(CREDENTIALS, url, client=requests.Session(), store=TokenCache())
    ),
    "source of requests": lambda url: LIVE["requests"](url).source,
    "source of httpx2": lambda url: LIVE["httpx2"](url).source,
    "source of aiohttp": lambda url: LIVE["aiohttp"](url).async_source,
    "source of urllib": lambda url: with_token(SimpleNamespace(source=urllib.TokenSource(CREDENTIALS, url))).source,
    "cache": lambda url: LIVE["requests"](url).source.context.cache,
    "file": lambda url: FileStore("/nonexistent"),
    "redis": lambda url: RedisStore(redis.Redis(), keys=[f"{(MARK * 8)[:43]}="]),
    "async redis": lambda url: AsyncRedisStore(redis.asyncio.Redis(), keys=[f"{(MARK * 8)[:43]}="]),
    "session of compat": session,
}
"""Objects with a secret and, where they have one, with a token."""


@pytest.fixture(scope="module")
def live() -> Iterator[Mapping[str, object]]:
    """Return the objects, whose tokens are from a real server."""
    text = f'{{"access_token": "{MARK}", "token_type": "Bearer", "expires_in": 3600}}'
    with serve(Answer(chunks=(text.encode(),))) as server:
        yield {name: make(f"{server.url}/token") for name, make in LIVE.items()}


@pytest.mark.parametrize("printer", PRINTERS.values(), ids=list(PRINTERS))
@pytest.mark.parametrize("name", LIVE)
def test_no_printer_shows_a_secret_of_a_source_or_a_store(
    live: Mapping[str, object], name: str, printer: Callable[[object], str]
) -> None:
    """The sources and auths have a token, which they got with the secret."""
    shown = printer(live[name])
    assert MARK not in shown
    assert BASIC not in shown


ONCE = Options(retries=Retries(attempts=1))


def refused(fetch: Callable[[str], object]) -> BaseException:
    """Return the error of a token request that was refused; its traceback begins behind the tests' own frames."""
    body = f'{{"error": "invalid_client", "error_description": "{MARK}"}}'.encode()
    with serve(Answer(status=401, chunks=(body,))) as server, pytest.raises(TokenRequestRefused) as caught:
        fetch(f"{server.url}/token")
    frames = caught.value.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(TESTS):
        frames = frames.tb_next
    assert frames is not None
    return caught.value.with_traceback(frames)


FETCHERS: dict[str, Callable[[str], object]] = {
    "httpx2": lambda url: oauth_cc.httpx2.fetch_token(secret(), url, options=ONCE),
    "httpx": lambda url: oauth_cc.httpx.fetch_token(secret(), url, options=ONCE),
    "httpx2, async": lambda url: asyncio.run(oauth_cc.httpx2.fetch_token_async(secret(), url, options=ONCE)),
    "requests": lambda url: oauth_cc.requests.fetch_token(secret(), url, options=ONCE),
    "aiohttp": lambda url: asyncio.run(oauth_cc.aiohttp.fetch_token(secret(), url, options=ONCE)),
    "urllib": lambda url: urllib.fetch_token(secret(), url, options=ONCE),
    "auth": lambda url: requests.get(
        url, timeout=9, auth=oauth_cc.requests.ClientCredentialsAuth(secret(), url, options=ONCE)
    ),
}


def secret() -> ClientCredentials:
    """Return credentials with the marker."""
    return ClientCredentials("id", Secret("M4RK" + "ER"))


def by_rich_traceback(error: BaseException) -> str:
    """Return rich's traceback with local variables."""
    console = rich.console.Console(file=io.StringIO(), width=200)
    try:
        raise error
    except BaseException:
        console.print_exception(show_locals=True, max_frames=0)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def by_structlog_traceback(error: BaseException) -> str:
    """Return structlog's traceback as dicts, with its default settings."""
    found = structlog.tracebacks.ExceptionDictTransformer(show_locals=True)
    assert error.__traceback__ is not None
    return str(found((type(error), error, error.__traceback__)))


def by_loguru_traceback(error: BaseException) -> str:
    """Return loguru's diagnosis."""
    sink = io.StringIO()
    number = loguru.logger.add(sink, diagnose=True, backtrace=True)
    loguru.logger.opt(exception=error).error("failed")
    loguru.logger.remove(number)
    return sink.getvalue()


def by_sentry_traceback(error: BaseException) -> str:
    """Return what sentry would send."""
    event, _ = sentry_sdk.utils.event_from_exception(error, client_options={**sentry_sdk.consts.DEFAULT_OPTIONS})
    return str(event)


@pytest.mark.parametrize("fetch", FETCHERS.values(), ids=list(FETCHERS))
@pytest.mark.parametrize(
    "printer", [by_rich_traceback, by_structlog_traceback, by_loguru_traceback, by_sentry_traceback]
)
def test_no_traceback_with_locals_shows_a_secret(
    fetch: Callable[[str], object], printer: Callable[[BaseException], str]
) -> None:
    """The frames are those of a refused token request."""
    error = refused(fetch)
    shown = printer(error)
    assert "TokenRequestRefused" in shown
    assert MARK not in shown
    assert BASIC not in shown


def test_pytest_comparison_shows_no_secret(pytester: pytest.Pytester) -> None:
    """Pytest explains field by field why two records differ."""
    pytester.makepyfile(
        """
        from oauth_cc import ClientCredentials, HttpRequest, HttpResponse, http_request
        from oauth_cc.challenge import Challenge

        SECRET = "M4RK" + "ER"

        def test_requests_are_equal():
            one = http_request(ClientCredentials("id", SECRET), "https://as.example/token")
            assert one == HttpRequest("GET", "https://as.example/token", {"X-Token": SECRET}, SECRET.encode())

        def test_responses_are_equal():
            assert HttpResponse(200, {"X-Token": SECRET}, SECRET.encode()) == HttpResponse(200, {}, b"")

        def test_challenges_are_equal():
            assert Challenge("bearer", (("realm", SECRET),)) == Challenge("bearer", (), SECRET)
        """
    )
    result = pytester.runpytest("-vv", "-p", "no:cacheprovider")
    assert "3 failed" in result.stdout.str()
    assert result.stdout.str().count("Differing attributes:") >= 3
    assert MARK not in result.stdout.str().replace('"M4RK" + "ER"', "")
    assert BASIC not in result.stdout.str()


def test_secret_fields_are_read_by_name() -> None:
    """A program that needs the text asks for it explicitly."""
    request = http_request(token_request(ClientCredentials("id", MARK)), ENDPOINT)
    assert BASIC in dict(request.headers)["Authorization"]
    assert RESPONSE.content == MARK.encode()
    assert TOKEN.extra["id_token"] == MARK
    assert attrs.evolve(request, body=b"x=1").headers == request.headers
    assert authorize(HttpRequest("GET", ENDPOINT), TOKEN).headers[-1] == ("Authorization", f"Bearer {MARK}")
    assert authorize(HttpRequest("GET", ENDPOINT), PLACED[0]).headers == (("X-Shopify-Access-Token", MARK),)
    assert isinstance(Send(request).request, HttpRequest)
    assert Received(RESPONSE, 0.0).response.content == MARK.encode()
