"""
The auth of requests that puts tokens on calls.
"""

import copy
import re
from typing import Final, Self, TypedDict, Unpack, assert_never

import attrs
import requests
from requests.auth import AuthBase
from requests.utils import rewind_body
from urllib3.util.url import parse_url

from oauth_cc._io.context import SourceOptions
from oauth_cc._io.origins import Origins
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.endpoint import Origin
from oauth_cc.events import EventHook
from oauth_cc.flows.call import NOTABLE, Call, CallFlow, CallStep, Forget, Obtain, TellScope, advance_call, answered
from oauth_cc.flows.exchange import DEFAULT_RETRIES, Retries
from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import DEFAULT_WAIT_TIMEOUT
from oauth_cc.http import HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.requests._sending import DEFAULT_TIMEOUT, Timeout
from oauth_cc.requests._source import TokenSource
from oauth_cc.scope import Scope
from oauth_cc.stores._protocol import Store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token, authorization

# A beginning that every library reads in the same way.
_PLAIN_AUTHORITY: Final = re.compile(r"https?://[-.0-9a-z]+(?::[0-9]+)?(?=[/?#]|$)")


class _Sending(TypedDict, total=False):
    stream: bool
    timeout: float | tuple[float | None, float | None] | None
    verify: bool | str
    cert: str | tuple[str, str] | None
    proxies: dict[str, str] | None


class ClientCredentialsAuth(AuthBase):
    """
    Puts a fresh token on each call: ``session.auth = auth``, or ``requests.get(url, auth=auth)``.

    *request*, *endpoint*: what to ask for and where; *client*: the session through which the token is asked for, None
    for one of our own; *origins*: URLs of the origins that the token is meant for, None for those of the request's
    resources, else for that of the first call; *store* and the others as `TokenSource` has them.

    A call that is answered 401 for its token is made once more with a new one, if its body is in memory or in a file
    that can be sought. Calls raise what `TokenSource.token` raises.
    """

    def __init__(
        self,
        request: TokenRequest,
        endpoint: str,
        *,
        client: requests.Session | None = None,
        store: TokenCache | Store | None = None,
        origins: NonStringCollection[str] | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        retries: Retries = DEFAULT_RETRIES,
        renewal_window: RenewalWindow = DEFAULT_WINDOW,
        wait_timeout: float = DEFAULT_WAIT_TIMEOUT,
        on_event: EventHook | None = None,
        allow_http_loopback: bool = False,
    ) -> None:
        options: SourceOptions = {
            "retries": retries,
            "renewal_window": renewal_window,
            "wait_timeout": wait_timeout,
            "on_event": on_event,
            "allow_http_loopback": allow_http_loopback,
        }
        self._source = TokenSource(request, endpoint, client=client, store=store, timeout=timeout, **options)
        self._origins = Origins(origins, request.resources, allow_http_loopback=allow_http_loopback)
        # The beginnings of URLs whose origins were admitted once: they are for ever.
        self._admitted: set[str] = set()

    def __repr__(self) -> str:
        if not hasattr(self, "_source"):
            # A traceback shows one that was refused while it was made.
            return f"{type(self).__name__}()"
        return f"{type(self).__name__}({self._source.context.terms.request!r})"

    @property
    def source(self) -> TokenSource:
        """Where the tokens come from."""
        return self._source

    def with_scope(self, scope: Scope) -> Self:
        """Gives an auth with tokens of *scope* instead, for a call that needs them; all else is shared."""
        return self._with(self._source.with_scope(scope), self._origins)

    def with_resource(self, uri: str) -> Self:
        """
        Gives an auth with tokens for the resource *uri* instead (RFC 8707), and for its origin if none were given.
        """
        return self._with(self._source.with_resource(uri), self._origins.of_resource(uri))

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Puts the token on the call *r*: requests asks for this before it sends one."""
        if self._admits(r):
            token = self._source.token()
            r.headers["Authorization"] = authorization(token).reveal()
            r.register_hook("response", _Answered(self._source, self._origins, token))
        return r

    def _admits(self, request: requests.PreparedRequest) -> bool:
        plain = _PLAIN_AUTHORITY.match(request.url or "")
        if plain is not None and plain[0] in self._admitted:
            return True
        called = _origin(request)
        admitted = self._origins.admit(called)
        if not admitted:
            self._source.context.tell_withheld(called)
        elif plain is not None:
            self._admitted.add(plain[0])
        return admitted

    def _with(self, source: TokenSource, origins: Origins) -> Self:
        other = copy.copy(self)
        other._source, other._origins, other._admitted = source, origins, set()  # noqa: SLF001  # a copy of this one
        return other


@attrs.define(eq=False, repr=False)
class _Answered:
    """What is done about the answers to one call; a hook, which travels with the call through its redirects."""

    source: TokenSource
    origins: Origins
    token: Token
    flow: CallFlow | None = None

    def __call__(self, response: requests.Response, **sending: Unpack[_Sending]) -> requests.Response:
        # The everyday call ends here. What is answered elsewhere, or to a call that lost its token on the way there,
        # says nothing about the token; and whatever comes of it, a call is made again once.
        if response.status_code not in NOTABLE or self.flow is not None or not self._is_answer(response.request):
            return response
        self.flow = answered(self.token, _head(response), repeatable=_is_repeatable(response.request))
        try:
            token = self._next_token(self.flow, advance_call(self.flow, None))
        except BaseException:
            response.close()
            raise
        if token is None:
            return response
        again = _again(response, token, sending)
        self._next_token(self.flow, advance_call(self.flow, _head(again)))
        return again

    def _is_answer(self, request: requests.PreparedRequest) -> bool:
        return "Authorization" in request.headers and self.origins.admit(_origin(request))

    def _next_token(self, flow: CallFlow, step: CallStep | None) -> Token | None:
        while step is not None:
            answer: Token | None = None
            match step:
                case Obtain():
                    answer = self.source.token()
                case Call(token):
                    return token
                case Forget(token):
                    self.source.discard(token)
                case TellScope(scope):
                    self.source.context.tell_scope(scope)
                case _:
                    assert_never(step)
            step = advance_call(flow, answer)
        return None


def _origin(request: requests.PreparedRequest) -> Origin:
    # Read as urllib3 reads it, which is what connects.
    url = parse_url(request.url or "")
    scheme = url.scheme or ""
    return Origin(scheme, (url.host or "").lower(), url.port or {"https": 443, "http": 80}.get(scheme, 0))


def _is_repeatable(request: requests.PreparedRequest) -> bool:
    body = request.body
    # Where a file's reading began, which requests notes so that it can follow redirects.
    return body is None or isinstance(body, str | bytes) or isinstance(getattr(request, "_body_position", None), int)


def _head(response: requests.Response) -> HttpResponse:
    return HttpResponse(response.status_code, response.headers)


def _again(response: requests.Response, token: Token, sending: _Sending) -> requests.Response:
    response.close()
    request = response.request
    # In place, as this is what redirects of the new answer are made from.
    request.headers["Authorization"] = authorization(token).reveal()
    if not isinstance(request.body, str | bytes | None):
        rewind_body(request)
    again: requests.Response = response.connection.send(request.copy(), **sending)
    again.history.append(response)
    return again
