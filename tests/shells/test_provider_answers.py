"""
The answers of providers, cases/provider_answers.json, by a real server, on each HTTP library and the command line.
"""

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from oauth_cc import (
    ClientCredentials,
    Dialect,
    HttpResponse,
    OAuthError,
    Options,
    Placement,
    Retries,
    Scope,
    Token,
    TokenRequest,
    dialects,
    parse_token_response,
    token_request,
)
from oauth_cc.cli import main
from tests.bound import bound_key
from tests.keys import KEYS, pem
from tests.leaks import shown_by
from tests.shells.asking import Ask
from tests.shells.scripted import Answer, serve
from tests.vectors import FOLDER, content

DOCUMENT: dict[str, Any] = json.loads((FOLDER / "provider_answers.json").read_text("utf-8"))
CASES: list[dict[str, Any]] = DOCUMENT["cases"]
ONCE = Options(retries=Retries(attempts=1))


def context_of(case: dict[str, Any]) -> dict[str, Any]:
    """Return the context of *case*, with the defaults."""
    context: dict[str, Any] = {**DOCUMENT["defaults"]["context"], **case["context"]}
    return context


def request_of(case: dict[str, Any]) -> TokenRequest:
    """Return the request that *case* answers."""
    context = context_of(case)
    credentials = ClientCredentials(context["client_id"], context["client_secret"])
    request = token_request(credentials, Scope.of(*context["scope"])).with_dialect(dialect_of(case["dialect"]))
    return request.with_dpop(bound_key("thumbprint")) if context.get("dpop") else request


def dialect_of(fields: dict[str, Any]) -> Dialect:
    """Return the dialect with *fields*, which are JSON."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    if "placement" in values:
        values["placement"] = Placement(**values["placement"])
    return Dialect(**values)


def outcome_of(step: Any) -> Token | OAuthError:
    """Return the token or the error of *step*."""
    try:
        token: Token = step()
    except OAuthError as error:
        return error
    return token


def comparable(outcome: Token | OAuthError) -> tuple[object, ...]:
    """Return all of *outcome* but the moment."""
    if isinstance(outcome, Token):
        lifetime = round(outcome.expires_at - outcome.received_at, 3)
        moved = attrs.evolve(outcome, received_at=0.0, expires_at=lifetime)
        return moved, outcome.placement, outcome.oddities
    names = ("status", "error", "code", "description", "uri", "server_message", "retryable", "retry_after", "member")
    return type(outcome), str(outcome), *[getattr(outcome, name, None) for name in names]


def check(case: dict[str, Any], outcome: Token | OAuthError) -> None:
    """Compare *outcome* with what *case* expects."""
    expected = case["expect"]
    if isinstance(outcome, Token):
        assert expected["outcome"] == "ok"
        assert outcome.access_token.reveal() == expected["token"]["access_token"]
        return
    assert expected["outcome"] == "error"
    text = str(outcome)
    assert all(part in text for part in expected.get("text_includes", ()))
    assert not any(part in text for part in expected.get("text_excludes", ()))
    assert context_of(case)["client_secret"] not in shown_by(outcome)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_library_returns_what_the_pure_core_returns(ask: Ask, case: dict[str, Any]) -> None:
    """The same token, or the same error in the same words."""
    request, body = request_of(case), content(case)
    headers = [(name, value) for name, value in case["headers"]]
    response = HttpResponse(case["status"], headers, body)
    expected = outcome_of(lambda: parse_token_response(response, request, received_at=float(DOCUMENT["now"])))
    with serve(Answer(case["status"], tuple(headers), (body,))) as server:
        found = outcome_of(lambda: ask.token(request, f"{server.url}/token", options=ONCE))
        assert len(server.asked) == 1
    check(case, found)
    assert comparable(found) == comparable(expected)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_command_line_prints_what_the_pure_core_returns(
    case: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same token, or the same error in the same words."""
    request, body, context = request_of(case), content(case), context_of(case)
    headers = [(name, value) for name, value in case["headers"]]
    response = HttpResponse(case["status"], headers, body)
    expected = outcome_of(lambda: parse_token_response(response, request, received_at=float(DOCUMENT["now"])))
    monkeypatch.setattr(dialects, "EBAY", request.dialect)
    monkeypatch.setenv("OAUTH_CLIENT_SECRET", context["client_secret"])
    with serve(Answer(case["status"], tuple(headers), (body,))) as server:
        given = ["--client-id", context["client_id"], "--token-url", f"{server.url}/token", "--dialect", "ebay"]
        if context["scope"]:
            given += ["--scope", " ".join(context["scope"])]
        if context.get("dpop"):
            (tmp_path / "key.pem").write_bytes(pem(KEYS["ES256"]))
            given += ["--dpop-key", str(tmp_path / "key.pem")]
        code = main(["token", "--no-store", *given])
    printed = capsys.readouterr()
    if isinstance(expected, Token):
        assert code == 0
        assert json.loads(printed.out)["access_token"] == expected.access_token.reveal()
    else:
        assert (code in {1, 3, 4}, printed.out) == (True, "")
        assert str(expected).splitlines()[0] in printed.err
        assert context["client_secret"] not in printed.err
