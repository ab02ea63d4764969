"""
The response that a call on requests leaves in its history when it is repeated, and the connection that it releases.
"""

import contextlib
import functools
import gzip
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from oauth_cc import ClientCredentials
from oauth_cc._io.requests_repeating import beside_a_stand_in, release
from oauth_cc.requests import ClientCredentialsAuth
from tests.shells.scripted import TOKEN, Answer, serve

CREDENTIALS = ClientCredentials("your_id", "s3cret")
SECOND = Answer(chunks=(b'{"access_token": "tok-2", "token_type": "Bearer", "expires_in": 3600}',))
DONE = Answer(chunks=(b"done",))


def test_the_first_response_is_in_the_history_as_it_was_received() -> None:
    """With its status, headers and cookie, and its body in its content coding."""
    rejected = Answer(
        401, (("Content-Encoding", "gzip"), ("Set-Cookie", "id=of-api"), ("X-Own", "x")), (gzip.compress(b"no"),)
    )
    with serve(TOKEN, SECOND) as script, serve(rejected, DONE) as api, requests.Session() as session:
        answer = session.get(api.url, auth=ClientCredentialsAuth(CREDENTIALS, f"{script.url}/token"))
        (first,) = answer.history
        assert (answer.status_code, answer.content) == (200, b"done")
        assert (first.status_code, first.content, first.headers["X-Own"]) == (401, b"no", "x")
        assert (first.raw.status, first.raw.version, first.raw.reason) == (401, 11, "Unauthorized")
        assert first.raw.headers["X-Own"] == "x"
        assert first.raw.decode_content is False
        assert session.cookies.get_dict() == {"id": "of-api"}


def test_a_call_is_repeated_as_it_was_sent() -> None:
    """With its timeout, its trust, its certificate and its proxies, through the same adapter."""
    sent: list[dict[str, Any]] = []

    class Noted(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **sending: Any) -> requests.Response:  # type: ignore[override]  # as subclasses do
            sent.append({**sending, "token": request.headers["Authorization"]})
            return super().send(request, **sending)

    rejected = Answer(401, chunks=(b"no",))
    with serve(TOKEN, SECOND) as script, serve(rejected, DONE) as api, requests.Session() as session:
        session.mount("http://", Noted())
        auth = ClientCredentialsAuth(CREDENTIALS, f"{script.url}/token")
        options: dict[str, Any] = {"timeout": (3, 4), "verify": False, "cert": __file__, "stream": True}
        assert session.get(api.url, auth=auth, proxies={"ftp": "ftp://p.example"}, **options).content == b"done"
    first, second = sent
    assert (first.pop("token"), second.pop("token")) == ("Bearer tok-1", "Bearer tok-2")
    assert first == second
    assert {name: first[name] for name in options} == options
    assert first["proxies"]["ftp"] == "ftp://p.example"


def test_a_response_that_was_read_stays_as_it_is() -> None:
    """It is closed."""
    with serve(DONE) as api, requests.Session() as session:
        response = session.get(api.url)
        raw = response.raw
        release(response)
        assert response.raw is raw
        assert (response.content, raw.closed) == (b"done", True)


def test_a_response_of_a_test_tool_is_read_and_closed() -> None:
    """An error of reading it is not an error of the call."""

    class Stubbed(requests.Response):
        is_closed = False

        @property
        def content(self) -> bytes:
            reads.append(self)
            raise requests.ConnectionError("away")

        def close(self) -> None:
            self.is_closed = True

    reads: list[requests.Response] = []
    response = Stubbed()
    response.raw = object()
    release(response)
    assert (reads, response.is_closed) == ([response], True)


def test_a_stand_in_for_send_keeps_all_work_on_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wraps it, as tracing does, is not a stand-in."""
    send = requests.Session.send

    @functools.wraps(send)
    def traced(*arguments: object, **options: object) -> None:
        """Not called here."""

    def replaced(*arguments: object, **options: object) -> None:
        """Not called here."""

    for place in (requests.Session, requests.adapters.HTTPAdapter):
        for each, is_stand_in in ((send, False), (traced, False), (replaced, True)):
            with monkeypatch.context() as patching:
                patching.setattr(place, "send", each)
                assert isinstance(beside_a_stand_in(), contextlib.nullcontext) is not is_stand_in
