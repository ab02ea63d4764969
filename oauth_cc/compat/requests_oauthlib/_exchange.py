"""
The exchange of a session with the token endpoint: sent through the session, and read by its client.

    Asked ─ sent ─▶ requests.Response ─ hooks, client ─▶ OAuth2Token

Faults are values until the session raises them, so that no traceback shows a secret.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import urljoin

import requests
import urllib3
from urllib3.response import BaseHTTPResponse

from oauth_cc._io.deadline import DeadlineExceeded
from oauth_cc._io.network_errors import is_cut_head
from oauth_cc._io.requests_errors import describe
from oauth_cc._io.requests_hops import origin_of_url
from oauth_cc._io.requests_repeating import beside_a_stand_in
from oauth_cc._io.tracebacks import strip_tracebacks
from oauth_cc._io.user_agent import USER_AGENT
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.compat._errors import InvalidClientError, InvalidResponseError, MissingTokenError, OAuth2Error
from oauth_cc.compat._response import ACCESS_TOKEN
from oauth_cc.compat._scopes import Scopes
from oauth_cc.compat._token import OAuth2Token
from oauth_cc.compat.requests_oauthlib._asked import Asked
from oauth_cc.compat.requests_oauthlib._authentication import hint
from oauth_cc.compat.requests_oauthlib._calls import prepared
from oauth_cc.compat.requests_oauthlib._types import CallAuth, SessionClient
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.refusal import shown_location

_NETWORK_ERRORS: Final = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.RetryError,
)
# The session's own method, or what a subclass put in its place.
Request: TypeAlias = Callable[..., requests.Response]  # type: ignore[explicit-any]  # the keywords of requests


def send(request: Request, asked: Asked, agent: object) -> requests.Response | Exception:
    """
    Send *asked*, without following redirects, and return the response with its whole body, or the error.

    Args:
        request: The method ``request`` of the session.
        asked: The token request.
        agent: The User-Agent of the session. The default of requests is replaced.
    """
    try:
        with beside_a_stand_in():
            return asked.deadline.perform(partial(_sent, request, asked, agent))
    except DeadlineExceeded as late:
        return _described(requests.ReadTimeout(*late.args), asked, asked.timeouts)


def _sent(request: Request, asked: Asked, agent: object) -> requests.Response | Exception:
    timeout = asked.timeouts
    own = {"allow_redirects": False, "stream": True, "withhold_token": True, "timeout": timeout}
    try:
        response = request(
            method=asked.method,
            url=asked.url,
            auth=asked.auth,
            verify=asked.verify,
            proxies=asked.proxies,
            cert=asked.cert,
            **{**asked.content, "headers": _headers(asked.headers, agent), **own},
        )
        # Tests of programs replace `Session.send` by a function that returns an object with a text.
        return _whole(response, timeout[1]) if isinstance(response, requests.Response) else response
    except requests.RequestException as error:
        return _described(error, asked, timeout)


def _headers(given: Mapping[str, str], agent: object) -> dict[str, str]:
    # The codings are the default of requests without the ones that have no limit of size.
    own = {"Accept-Encoding": "gzip, deflate"}
    if agent == requests.utils.default_user_agent():
        own["User-Agent"] = USER_AGENT
    names = {name.lower() for name in given}
    return {**given, **{name: value for name, value in own.items() if name.lower() not in names}}


def _described(
    error: requests.RequestException, asked: Asked, timeout: tuple[float, float]
) -> requests.RequestException:
    # An error of another kind, such as an invalid URL, concerns what the program passed.
    if isinstance(error, _NETWORK_ERRORS):
        # By its origin alone, because requests accepts more URLs than this library.
        describe(error, HttpRequest("POST", f"{origin_of_url(prepared(asked.url))}/"), timeout)
    # The request of the error holds the secret, and so do the frames of its traceback.
    bare = requests.PreparedRequest()
    bare.method, bare.url = asked.method, asked.url
    error.request, error.response = bare, None
    return strip_tracebacks(error)


def _whole(response: requests.Response, seconds: float) -> requests.Response | Exception:
    if response.is_redirect:
        response.close()
        return _redirected(response)
    # The attributes that the hooks of requests-oauthlib's documentation replace. requests has no method for it.
    if not vars(response)["_content_consumed"]:
        content = _content(response, seconds)
        response.close()
        if isinstance(content, str):
            return InvalidResponseError(f"the response {content}")
        vars(response).update(_content=content, _content_consumed=True)
    if response.encoding is None:
        # requests would guess, which takes seconds for a long text.
        response.encoding = "utf-8"
    return response


def _content(response: requests.Response, seconds: float) -> bytes | str:
    ends_at = time.monotonic() + seconds
    late = f"no complete response within {seconds:g} seconds"
    content = bytearray()
    try:
        # One read of the socket at a time, to look at the clock in between.
        while len(content) <= MAX_SIZE and (chunk := response.raw.read1(65536, decode_content=False)):
            content += chunk
            if time.monotonic() > ends_at:
                raise requests.ReadTimeout(late)
    except urllib3.exceptions.ReadTimeoutError as error:
        # The class that requests raises for it.
        raise requests.ConnectionError(late) from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    raw: object = response.raw
    if not content and isinstance(raw, BaseHTTPResponse) and is_cut_head(raw.status, raw.version, raw.headers.items()):
        raise requests.exceptions.ChunkedEncodingError
    return decode_content(bytes(content), response.headers.get("Content-Encoding", "").split(","), max_size=MAX_SIZE)


def _redirected(response: requests.Response) -> InvalidResponseError:
    target = urljoin(response.url, response.headers["Location"])
    shown = shown_location(HttpResponse(response.status_code, {"Location": target}), ())
    return InvalidResponseError(
        f"the token endpoint redirects to {shown or 'another URL'}; if you trust this URL, pass it as token_url"
    )


def token_in(
    response: requests.Response, client: SessionClient, scope: Scopes, auth: CallAuth | None
) -> OAuth2Token | Exception:
    """
    Return the token in a *response* after *client* parsed and stored it, or the error to raise.

    Args:
        response: The response of the token endpoint.
        client: The client.
        scope: The scope that was requested.
        auth: What authenticated the client, to say what may be wrong with it.
    """
    text = response.text
    if text.lstrip().startswith("<"):
        # Links in a page may parse as a form with an access token.
        return MissingTokenError(description="Missing access token parameter.")
    try:
        client.parse_request_body_response(text, scope=scope)
    except (OAuth2Error, Warning) as error:
        if isinstance(error, InvalidClientError) and (advice := hint(auth)):
            error.add_note(advice)
        return strip_tracebacks(error)
    token = client.token
    if not isinstance(token, OAuth2Token):
        # The class of oauthlib shows its secrets.
        token = OAuth2Token(token, scope)
    access_token = token.get("access_token")
    if access_token is None or not ACCESS_TOKEN.fullmatch(access_token):
        client.token, client.access_token = {}, None
        return InvalidResponseError("access_token cannot be sent in a header (RFC 6749 appendix A.12)")
    client.token = token
    client.populate_token_attributes(token)
    return token
