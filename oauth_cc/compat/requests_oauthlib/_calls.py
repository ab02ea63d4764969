"""
The calls of a session: where its token goes, and what happens if an API rejects it or redirects the call.
"""

import os
from collections.abc import Callable
from typing import Final, TypeAlias, Unpack, final
from urllib.parse import quote_plus

import attrs
import requests
from requests.utils import rewind_body

from oauth_cc._io.log import LOGGER
from oauth_cc._io.origins import Origins
from oauth_cc._io.requests_hops import origin_of_url
from oauth_cc._io.requests_repeating import Sending, is_repeatable, release
from oauth_cc._io.source import TokenSource
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.challenge import token_rejected
from oauth_cc.compat._errors import InsecureTransportError, InvalidResponseError
from oauth_cc.compat.requests_oauthlib._types import Data, Headers, SessionClient
from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.http import HttpResponse
from oauth_cc.refusal import redact
from oauth_cc.secret import Secret
from oauth_cc.token import Token

_UNAUTHORIZED: Final = 401


def prepared(url: str) -> str:
    """
    Return *url* as requests sends it.

        >>> prepared("https://api.example/things?filter=a b")
        'https://api.example/things?filter=a%20b'

    Raises:
        requests.RequestException: *url* is not a URL.
    """
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    return request.url or ""


@final
class Recipients:
    """
    The origins that get the token of one session.

    Args:
        origins: URLs of the origins. None stands for every https or loopback origin that the program itself calls.

    Raises:
        InvalidInput: A URL has no origin, or *origins* is not a list of URLs.
    """

    def __init__(self, origins: NonStringCollection[str] | None) -> None:
        self._named = None if origins is None else Origins(origins)
        # Each origin that got the token. A dict, because setdefault is atomic.
        self._called: dict[Origin, int] = {}
        # The origins of token endpoints that the program allows to be http.
        self._http: set[Origin] = set()

    def check_transport(self, url: str) -> None:
        """
        Raise InsecureTransportError if *url* is neither https nor loopback nor named.

        As in oauthlib, the environment variable ``OAUTHLIB_INSECURE_TRANSPORT`` permits it; such a call has no token.
        """
        scheme = url.partition("://")[0].lower()
        if scheme == "https" or (scheme == "http" and os.environ.get("OAUTHLIB_INSECURE_TRANSPORT")):
            return
        if scheme != "http" or not self._may_be_http(origin_of_url(prepared(url))):
            raise InsecureTransportError

    def token_url(self, given: str | Endpoint) -> str:
        """
        Return the URL of a token endpoint, if a secret may be sent to it.

        Raises:
            InsecureTransportError: The URL is plain http beyond loopback, and not an `Endpoint` that allows it.
        """
        url = given.url if isinstance(given, Endpoint) else given
        if url.lower().startswith("https://"):
            return url
        if not isinstance(given, Endpoint):
            self.check_transport(url)
        called = origin_of_url(prepared(url))
        if isinstance(given, Endpoint):
            self._http.add(called)
        elif not called.is_secure:
            advice = "use https, or pass Endpoint(token_url, allow_http=True)"
            raise InsecureTransportError(description=f"no secret may be sent to {called} by plain http; {advice}")
        return url

    def admit(self, called: Origin, client_id: str) -> bool:
        """
        Return whether a call to the origin *called* carries the token, and log what may surprise.

        Args:
            called: The origin of the call.
            client_id: The client identifier, for the log.

        Raises:
            InsecureTransportError: The origin is plain http beyond loopback, and no caller named it.
        """
        if self._named is not None:
            admitted = self._named.admit(called)
            if not admitted:
                text = "token of client %s not sent to %s; to send it there, add the origin to origins"
                LOGGER.warning(text, client_id, called)
            return admitted
        if not called.is_secure:
            raise InsecureTransportError(
                description=f"no token may be sent to {called} by plain http; use https, or pass origins=['{called}']"
            )
        count = len(self._called)
        if self._called.setdefault(called, count) == count and count:
            text = "token of client %s also sent to %s; to limit it to some origins, pass origins= to OAuth2Session"
            LOGGER.warning(text, client_id, called)
        return True

    def _may_be_http(self, called: Origin) -> bool:
        return called.is_secure or called in self._http or (self._named is not None and self._named.admit(called))


Placed: TypeAlias = tuple[str, Data, Headers | None]
"""URL, data and headers of a call with a token."""


def placed(client: SessionClient, url: str, method: str, data: Data, headers: Headers | None) -> Placed:
    """
    Return URL, data and headers of a call with the token of *client* added. The given headers stay as they are.

    Args:
        client: The client.
        url: The URL, whose origin gets the token.
        method: The HTTP method.
        data: The body.
        headers: The headers.

    Raises:
        TokenExpiredError: The token has expired.
        ValueError: The client has no token, or does not support its type.
    """
    # The client accepts https alone, and the caller has admitted the origin.
    is_http = url[:7].lower() == "http://"
    carried = None if headers is None else dict(headers)
    found, added, body = client.add_token(
        f"https://{url[7:]}" if is_http else url,
        http_method=method,
        body=data,  # type: ignore[arg-type]  # anything that requests takes, as in the original
        headers=carried,  # type: ignore[arg-type]  # as above
    )
    return f"http://{found[8:]}" if is_http else found, body, added


@final
@attrs.define(eq=False, repr=False)
class CallHook:
    """
    The response hook of one call, which follows the call through its redirects.

    If the API rejects the token with a 401, the call is repeated once with a new token. This needs a token in a header,
    and a body in memory or in a seekable file.

    Args:
        text: The access token of the call.
        origin: The origin of the call.
        source: The source of the token. None if the session cannot renew it.
        token: The same token as a record of the source.
        current: Returns the access token of the client.
    """

    text: str
    origin: Origin
    source: TokenSource | None
    token: Token | None
    current: Callable[[], str | None]
    is_done: bool = False

    def __call__(self, response: requests.Response, **sending: Unpack[Sending]) -> requests.Response:
        """Return *response*, or the response to the call that was repeated with a new token."""
        if response.status_code != _UNAUTHORIZED or self.is_done or self.source is None or self.token is None:
            return response
        self.is_done = True
        request = response.request
        if not token_rejected(HttpResponse(response.status_code, response.headers)) or not self._is_in(request):
            return response
        api = str(origin_of_url(request.url or ""))
        if not self.source.discard(self.token, api=api) or not is_repeatable(request):
            return response
        # The token request goes through the same session, and may need the connection.
        release(response)
        try:
            self.token = self.source.token()
        except Exception:  # logged already, and a compliance hook may raise anything
            # The program gets the 401, as from the original.
            return response
        return self._sent_again(response, sending)

    def leave(self, request: requests.PreparedRequest) -> None:
        """
        Remove the token from *request*, which a redirect made, if it goes to another origin than the call.

        Raises:
            InvalidResponseError: The token is in the body.
        """
        if origin_of_url(request.url or "") == self.origin:
            return
        for name in [name for name, value in request.headers.items() if self.text in _as_text(value)]:
            del request.headers[name]
        body = _as_text(request.body)
        if self.text in body or quote_plus(self.text) in body:
            target = redact(f"{origin_of_url(request.url or '')}", (Secret(self.text),))
            raise InvalidResponseError(
                f"the API redirects to {target}, and the body of this call has the token; "
                "if you trust this origin, call it yourself"
            )

    def _is_in(self, request: requests.PreparedRequest) -> bool:
        return any(self.text in _as_text(value) for value in request.headers.values())

    def _sent_again(self, response: requests.Response, sending: Sending) -> requests.Response:
        request, fresh = response.request, self.current() or ""
        # In place, since requests makes redirects of the new response from this request.
        for name, value in request.headers.items():
            request.headers[name] = _as_text(value).replace(self.text, fresh)
        self.text = fresh
        if not isinstance(request.body, str | bytes | None):
            rewind_body(request)
        again: requests.Response = response.connection.send(request.copy(), **sending)
        again.history.append(response)
        return again


def _as_text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""
