"""
Printers that walk fields, dicts and local variables, and do not ask `repr`: they show no secret and no token either.
"""

import io
import logging
import pprint
from collections.abc import Callable
from typing import Any

import attrs
import cattrs
import devtools
import loguru
import pytest
import requests
import rich.console
import rich.pretty
import sentry_sdk
import sentry_sdk.serializer
import structlog

import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import (
    ClientCredentials,
    HttpRequest,
    Options,
    Retries,
    Secret,
    TokenRequestRefused,
    authorize,
    compat,
    http_request,
    token_request,
)
from oauth_cc.challenge import Challenge
from oauth_cc.compat._token_dict import TokenDict
from oauth_cc.flows import Received, Send
from tests.leaks import TESTS
from tests.properties.test_secrecy import BASIC, ENDPOINT, MARK, PLACED, RESPONSE, TOKEN, records
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


PRINTERS: dict[str, Callable[[object], str]] = {
    "rich": by_rich,
    "structlog": by_structlog,
    "sentry": lambda record: str(sentry_sdk.serializer.serialize({"vars": {"record": record}}, is_vars=True)),
    "loguru": by_loguru,
    "devtools": lambda record: devtools.pformat(record),
    # icecream uses pprint. It is not installed, as its wheel contains a package named tests.
    "pprint": lambda record: pprint.pformat({"a": record}, depth=9),
    "attrs and cattrs": by_attrs,
    "vars": lambda record: str({name: str(item) for name, item in getattr(record, "__dict__", {}).items()}),
}


@pytest.mark.parametrize("printer", PRINTERS.values(), ids=list(PRINTERS))
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_no_printer_shows_a_secret_of_a_record(record: object, printer: Callable[[object], str]) -> None:
    """The printers walk the fields."""
    if isinstance(record, TokenDict) and printer is PRINTERS["structlog"]:
        return  # a token_updater needs the JSON of the dict, which cannot be distinguished from logging
    shown = printer(record)
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
    "requests": lambda url: oauth_cc.requests.fetch_token(secret(), url, options=ONCE),
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
        from oauth_cc import ClientCredentials, HttpRequest, http_request

        def test_requests_are_equal():
            secret = "M4RK" + "ER"
            one = http_request(ClientCredentials("id", secret), "https://as.example/token")
            assert one == HttpRequest("GET", "https://as.example/token", {"X-Token": secret}, secret.encode())
        """
    )
    result = pytester.runpytest("-vv", "-p", "no:cacheprovider")
    assert "1 failed" in result.stdout.str()
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
