"""
Token requests on requests.
"""

import contextlib
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias, final

import attrs
import requests
import urllib3
from requests.hooks import dispatch_hook
from requests.structures import CaseInsensitiveDict
from requests.utils import select_proxy
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from oauth_cc._io.arguments import check_kind
from oauth_cc._io.connection import Connection
from oauth_cc._io.deadline import Deadline, DeadlineExceeded
from oauth_cc._io.log import LOGGER
from oauth_cc._io.options import check_timeout
from oauth_cc._io.requests_connection import own_session
from oauth_cc._io.tracebacks import chain, strip_tracebacks
from oauth_cc._io.user_agent import with_user_agent
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidResponse, TokenRequestRefused
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT
from oauth_cc.http import RETRYABLE, HttpRequest, HttpResponse

Timeout: TypeAlias = float | tuple[float, float]
"""Timeouts in seconds, as requests takes them: one for connecting and reading, or a pair."""

_TRANSIENT: Final = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
_PERMANENT: Final = (requests.exceptions.SSLError, requests.exceptions.ProxyError)
_OK: Final = 200
_REDIRECT: Final = 300
# The text of urllib3 when an adapter has received too many of them.
_RESPONSES: Final = re.compile(r"too many ([0-9]{3}) error responses")
_REPEATS: Final = (
    "the adapter of the session repeats POST by itself, with the same client assertion; mount one without Retry for"
    " this host"
)
_ADVICE: Final = (
    "the session's adapter repeated it without success; use Retry(raise_on_status=False) to see what the server says"
)

_Hook: TypeAlias = Callable[[requests.Response], object]


def sender(
    client: requests.Session | None, timeout: Timeout, wait_timeout: float = DEFAULT_WAIT_TIMEOUT
) -> Callable[[HttpRequest], Received | Failed]:
    """
    Return a function that sends a token request.

    Args:
        client: The session to send through. None for a default session.
        timeout: Seconds for connecting, for each read and for the whole body. The sum of a pair bounds an attempt.
        wait_timeout: Seconds without a further attempt through *client* while an earlier one hangs.

    Raises:
        InvalidInput: *client* or *timeout* has the wrong type, or *timeout* is outside its range.
    """
    check_kind(client, requests.Session)
    connecting, reading = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
    check_timeout(connecting)
    check_timeout(reading)
    whole = connecting + reading if isinstance(timeout, tuple) else reading
    deadline: Deadline[Received | Failed] = Deadline(whole, wait_timeout, "requests")
    logged = _Logged()

    def send(request: HttpRequest) -> Received | Failed:
        attempt = _Attempt(with_user_agent(request), (connecting, reading), logged)
        try:
            if client is not None:
                return deadline.perform(partial(attempt.through, client))
            connection = Connection()
            return deadline.perform(partial(attempt.alone, connection), connection.cut)
        except DeadlineExceeded as late:
            return attempt.failed(requests.ReadTimeout(*late.args))

    return send


@final
class _Logged:
    """What one source has logged already."""

    def __init__(self) -> None:
        self.repeats = False


@final
class _Attempt:
    """One attempt at a token request."""

    def __init__(self, request: HttpRequest, timeout: tuple[float, float], logged: _Logged) -> None:
        self._request = request
        self._timeout = timeout
        self._logged = logged
        self._proxy: str | None = None
        self._hook = ""
        self._response: requests.Response | None = None
        self._outcome: Received | Failed | None = None

    def alone(self, connection: Connection) -> Received | Failed:
        """Send the request through a session of its own, on *connection*."""
        try:
            session = own_session(self._request.url, connection)
        except OSError as error:
            return Failed(strip_tracebacks(error), retryable=False)
        with session, contextlib.closing(connection):
            return self.through(session)

    def through(self, session: requests.Session) -> Received | Failed:
        """Send the request through *session*, as it sends, and return what was received."""
        url = self._request.url
        try:
            settings = session.merge_environment_settings(url, {}, True, None, None)
            self._look_at(session, settings["proxies"])
            # Nothing of the response is left in the session: `_detach` removes it.
            returned = session.send(self._plain(session), timeout=self._timeout, allow_redirects=False, **settings)
            if self._outcome is None:
                # A stand-in for `send` calls no hooks.
                self._read(returned)
        except Exception as error:  # of requests, of the user's hook or adapter, or of a test tool
            return self._raised(error)
        finally:
            # Its request has the hooks of this attempt. The cycle would keep the connections of a closed session open.
            self._response = None
        return self._result()

    def failed(self, error: requests.RequestException) -> Failed:
        """Return *error* as a failure, with a text that quotes nothing that the server sent."""
        # Loaded late, as most requests succeed.
        from oauth_cc._io.requests_errors import describe

        describe(error, self._request, self._timeout, self._proxy)
        retryable = isinstance(error, _TRANSIENT) and not isinstance(error, _PERMANENT)
        return self._stripped(error, retryable=retryable)

    def _stripped(self, error: Exception, *, retryable: bool) -> Failed:
        bare = requests.PreparedRequest()
        bare.method, bare.url = self._request.method, self._request.url
        # The request of the error holds the secret, and its response may hold a token.
        held: dict[str, object] = {"request": bare, "response": None}
        vars(error).update({name: value for name, value in held.items() if hasattr(error, name)})
        return Failed(strip_tracebacks(error), retryable)

    def _raised(self, error: Exception) -> Failed | Received:
        outcome = self._outcome
        if isinstance(outcome, Received) and not _OK <= outcome.response.status < _REDIRECT:
            remark = f"the response hook {self._hook} of the session raised {type(error).__name__} for this response"
            return attrs.evolve(outcome, remark=remark)
        if isinstance(outcome, Failed):
            return outcome
        if isinstance(error, requests.exceptions.RetryError):
            return self._given_up(error)
        if isinstance(error, requests.RequestException):
            return self.failed(error)
        return self._stripped(error, retryable=False)

    def _given_up(self, error: requests.exceptions.RetryError) -> Failed:
        found = [_RESPONSES.fullmatch(str(link)) for link in chain(error)]
        status = next((int(match[1]) for match in found if match), None)
        if status is None:
            return self.failed(error)
        # Not retried here, because the adapter has used up its own retries.
        refused = TokenRequestRefused(None, status=status, retryable=status in RETRYABLE, advice=_ADVICE)
        return Failed(refused, retryable=False)

    def _result(self) -> Received | Failed:
        if self._outcome is None:
            raise RuntimeError("requests returned without a response")
        return self._outcome

    def _look_at(self, session: requests.Session, proxies: dict[str, str]) -> None:
        url = self._request.url
        proxy = select_proxy(url, proxies)
        if proxy is not None and select_proxy(url, dict(session.proxies)) is None:
            from oauth_cc._io.network_errors import bare_proxy

            self._proxy = bare_proxy(proxy)
        retry: object = getattr(session.get_adapter(url), "max_retries", None)
        if isinstance(retry, Retry) and _repeats_post(retry) and not self._logged.repeats:
            self._logged.repeats = True
            from oauth_cc._io.network_errors import sentence

            LOGGER.warning("%s", sentence(_REPEATS, self._request))

    def _plain(self, session: requests.Session) -> requests.PreparedRequest:
        # Not prepared by the session, which would add its headers, cookies, parameters and credentials.
        request = self._request
        plain = requests.PreparedRequest()
        # None without a body, because requests sends an empty body with Transfer-Encoding.
        plain.method, plain.url, plain.body = request.method, request.url, request.body or None
        length = {"Content-Length": str(len(request.body))} if request.body else {}
        plain.headers = CaseInsensitiveDict({**dict(request.headers), **length, "Accept-Encoding": "identity"})
        plain.prepare_cookies({})
        hooks = requests.Request(hooks=session.hooks).hooks["response"]
        plain.hooks = {"response": [self._keep, *[self._named(hook) for hook in hooks], self._detach]}
        return plain

    def _named(self, hook: _Hook) -> _Hook:
        def call(response: requests.Response, **sending: object) -> requests.Response:
            self._hook = getattr(hook, "__qualname__", type(hook).__name__)
            return dispatch_hook("response", {"response": [hook]}, response, **sending)

        return call

    def _keep(self, response: requests.Response, **_: object) -> None:
        # The first hook, because a hook that raises for status leaves the body unread.
        self._read(response)

    def _detach(self, response: requests.Response, **_: object) -> requests.Response:
        # The last hook. Another one may have sent the request again.
        if response is not self._response:
            self._read(response)
        # Without the connection's response, whose cookies the session would keep, and without the redirect, which it
        # would prepare to follow.
        bare = requests.Response()
        bare.status_code, bare.url, bare.reason = response.status_code, response.url, response.reason
        bare.request = response.request
        bare.headers = CaseInsensitiveDict(
            {name: value for name, value in response.headers.items() if name.lower() != "location"}
        )
        vars(bare).update(_content=response.content, _content_consumed=True)
        return bare

    def _read(self, response: requests.Response) -> None:
        self._response = response
        raw: object = response.raw
        if not isinstance(raw, BaseHTTPResponse) or vars(response).get("_content", False) is not False:
            # A response made by a test tool or the user's adapter is read as requests reads it.
            content = response.content or b""
            self._outcome = _received(response.status_code, list(response.headers.items()), content)
            return
        headers = list(raw.headers.items())
        limit = MAX_SIZE - sum([len(name) + len(value) for name, value in headers])
        with contextlib.closing(response):
            content = self._body(raw, limit)
        if not content and _is_cut(raw):
            raise requests.exceptions.ChunkedEncodingError
        decoded = decode_content(content, raw.headers.getlist("Content-Encoding"), max_size=MAX_SIZE)
        if limit < len(content) <= MAX_SIZE:
            decoded = f"exceeds {MAX_SIZE} bytes with its headers"
        self._outcome = _received(response.status_code, headers, decoded)
        # For the hooks of the session.
        vars(response).update(_content=decoded if isinstance(decoded, bytes) else b"", _content_consumed=True)

    def _body(self, raw: BaseHTTPResponse, limit: int) -> bytes:
        _, reading = self._timeout
        ends_at = time.monotonic() + reading
        content = bytearray()
        try:
            # One read of the socket at a time, to look at the clock in between.
            while len(content) <= limit and (chunk := raw.read1(65536, decode_content=False)):
                content += chunk
                if time.monotonic() > ends_at:
                    raise requests.ReadTimeout(f"no complete response within {reading:g} seconds")
        # requests itself maps the errors of urllib3 in this way.
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.ReadTimeout(error) from error
        except urllib3.exceptions.SSLError as error:
            raise requests.exceptions.SSLError(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error) from error
        return bytes(content)


def _is_cut(raw: BaseHTTPResponse) -> bool:
    # Loaded late, as a token response has a body.
    from oauth_cc._io.network_errors import is_cut_head

    return is_cut_head(raw.status, raw.version, raw.headers.items())


def _received(status: int, headers: list[tuple[str, str]], content: bytes | str) -> Received | Failed:
    if isinstance(content, str):
        return Failed(InvalidResponse(status, f"the response {content}"), retryable=False)
    return Received(HttpResponse(status, headers, content), time.time())


def _repeats_post(retry: Retry) -> bool:
    return retry.total not in (0, False) and (not retry.allowed_methods or "POST" in retry.allowed_methods)
