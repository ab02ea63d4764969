"""
oauth_cc over requests: `ClientCredentialsAuth` puts fresh tokens on calls.

Whatever session is used, a token request goes out as composed and nothing else: no redirect is followed, and no
``.netrc``, cookie, default header or default authentication of the session is added. The response is read to a bound.
"""

import contextlib
import copy
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self, TypeAlias, TypedDict, Unpack

try:
    import requests
    import urllib3
    from requests.auth import AuthBase
    from requests.structures import CaseInsensitiveDict
    from requests.utils import rewind_body
    from urllib3.util.url import parse_url
except ImportError as _error:
    raise ImportError("oauth_cc.requests needs requests: install oauth_cc[requests]") from _error

import attrs

from oauth_cc._io import driver, source
from oauth_cc._io.context import check_client, check_kind, source_context, token_flow
from oauth_cc._io.options import DEFAULTS, Options, check_timeout
from oauth_cc._io.origins import Origins
from oauth_cc._io.tracebacks import strip_tracebacks
from oauth_cc._wire.content_coding import decode_content
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc._wire.typing import NonStringCollection
from oauth_cc.authentication.certificate import Certificate
from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.challenge import NOTABLE, insufficient_scope, token_rejected
from oauth_cc.endpoint import Endpoint, Origin
from oauth_cc.errors import InvalidResponse
from oauth_cc.flows.effects import Failed, Received
from oauth_cc.http import HttpRequest, HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.scope import NO_SCOPE, Scope
from oauth_cc.stores._protocol import Store
from oauth_cc.stores.cache import TokenCache
from oauth_cc.token import Token, authorization

if TYPE_CHECKING:
    # Loaded by the functions that need them.
    from oauth_cc.flows.discovery import AddressedRequest, MetadataCache
    from oauth_cc.metadata import ServerMetadata

__all__ = ["ClientCredentialsAuth", "TokenSource", "fetch_metadata", "fetch_token", "from_issuer"]


def __dir__() -> list[str]:
    return __all__


Timeout: TypeAlias = float | tuple[float, float]
"""Seconds for connecting and for the rest, as requests has them: one number for both, or a pair."""

# A beginning that every library reads in the same way.
_PLAIN_AUTHORITY: Final = re.compile(r"https?://[-.0-9a-z]+(?::[0-9]+)?(?=[/?#]|$)")


class _Sending(TypedDict, total=False):
    stream: bool
    timeout: float | tuple[float | None, float | None] | None
    verify: bool | str
    cert: str | tuple[str, str] | None
    proxies: dict[str, str] | None


class TokenSource(source.TokenSource):
    """
    Cache one access token and renew it before it expires. Safe to share between threads.
    """

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: str | Endpoint,
        *,
        client: requests.Session | None = None,
        store: TokenCache | Store | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        context = source_context(request, endpoint, store, options)
        check_client(context.terms.request, client)
        super().__init__(context, sender(client, options.timeout))


class ClientCredentialsAuth(AuthBase):
    """
    Put a fresh token on each call: ``session.auth = auth``, or ``requests.get(url, auth=auth)``.

    A call that is answered 401 for its token is made once more with a new one, if its body is in memory or in a file
    that can be sought. Calls raise what `TokenSource.token` raises.

    Args:
        request: What to ask for; credentials alone ask for no scope.
        endpoint: The token endpoint, a URL or an `Endpoint`.
        client: The session through which tokens are asked for; by default one of our own.
        store: Where tokens are kept: a `TokenCache` that auths share, or a store that processes share.
        origins: URLs of the origins that get the token; by default those of the request's resources, else that of the
            first call.
        options: Timeout, retries, renewal and events.
    """

    def __init__(
        self,
        request: TokenRequest | ClientCredentials,
        endpoint: str | Endpoint,
        *,
        client: requests.Session | None = None,
        store: TokenCache | Store | None = None,
        origins: NonStringCollection[str] | None = None,
        options: Options = DEFAULTS,
    ) -> None:
        self._source = TokenSource(request, endpoint, client=client, store=store, options=options)
        self._origins = Origins(origins, self._source.context.terms.request.resources)
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
    is_done: bool = False

    def __call__(self, response: requests.Response, **sending: Unpack[_Sending]) -> requests.Response:
        # The everyday call ends here. What is answered elsewhere, or to a call that lost its token on the way there,
        # says nothing about the token; and whatever comes of it, a call is made again once.
        if response.status_code not in NOTABLE or self.is_done or not self._is_answer(response.request):
            return response
        self.is_done = True
        again = self._again(response, sending) if token_rejected(_head(response)) else response
        scope = insufficient_scope(_head(again))
        if scope is not None:
            self.source.context.tell_scope(scope)
        return again

    def _again(self, response: requests.Response, sending: _Sending) -> requests.Response:
        self.source.discard(self.token)
        if not _is_repeatable(response.request):
            return response
        try:
            token = self.source.token()
        except BaseException:
            response.close()
            raise
        return _sent_again(response, token, sending)

    def _is_answer(self, request: requests.PreparedRequest) -> bool:
        return "Authorization" in request.headers and self.origins.admit(_origin(request))


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


def _sent_again(response: requests.Response, token: Token, sending: _Sending) -> requests.Response:
    response.close()
    request = response.request
    # In place, as this is what redirects of the new answer are made from.
    request.headers["Authorization"] = authorization(token).reveal()
    if not isinstance(request.body, str | bytes | None):
        rewind_body(request)
    again: requests.Response = response.connection.send(request.copy(), **sending)
    again.history.append(response)
    return again


def fetch_token(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    *,
    client: requests.Session | None = None,
    options: Options = DEFAULTS,
) -> Token:
    """
    Return the token that the token *endpoint* answers to *request*, sent through *client* or one of our own.

    Raises `TokenRequestRefused`, `InvalidResponse`, `InvalidInput`, or `requests.RequestException` if no response came.
    """
    return driver.drive(token_flow(request, endpoint, client, options), sender(client, options.timeout))


def fetch_metadata(
    issuer: str | Endpoint,
    *,
    client: requests.Session | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "ServerMetadata":
    """
    Return the metadata of the authorization server *issuer* (RFC 8414).

    Raises `InvalidResponse`, `InvalidInput`, or `requests.RequestException` if no response came.
    """
    from oauth_cc.flows.discovery import discover

    flow = discover(issuer, retries=options.retries, cache=cache)
    return driver.drive(flow, sender(client, options.timeout))


def from_issuer(
    issuer: str | Endpoint,
    credentials: ClientCredentials,
    scope: Scope = NO_SCOPE,
    *,
    certificate: Certificate | None = None,
    client: requests.Session | None = None,
    cache: "MetadataCache | None" = None,
    options: Options = DEFAULTS,
) -> "AddressedRequest":
    """
    Return the request of *credentials* for *scope*, with the token endpoint that the metadata of *issuer* name.

    Raises what `fetch_metadata` raises, and `InvalidInput` if the server does not support *credentials* as they are.
    """
    from oauth_cc.flows import discovery

    flow = discovery.from_issuer(
        issuer, credentials, scope, certificate=certificate, retries=options.retries, cache=cache
    )
    return driver.drive(flow, sender(client, options.timeout))


def sender(client: requests.Session | None, timeout: Timeout) -> Callable[[HttpRequest], Received | Failed]:
    """
    Return what sends a token request through *client*, or a session of our own, within *timeout* seconds.

    Raises `InvalidInput` for a client or timeout of another kind.
    """
    check_kind(client, requests.Session)
    connecting, reading = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
    check_timeout(connecting)
    check_timeout(reading)

    def send(request: HttpRequest) -> Received | Failed:
        with contextlib.nullcontext(client) if client is not None else _own() as session:
            try:
                response = session.get_adapter(request.url).send(
                    _plain(request),
                    stream=True,
                    timeout=(connecting, reading),
                    verify=session.verify,
                    cert=session.cert,
                    proxies=dict(session.proxies),
                )
                with contextlib.closing(response):
                    return _received(response, _read(response, reading))
            except requests.RequestException as error:
                return _failed(error, request)

    return send


def _own() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _plain(request: HttpRequest) -> requests.PreparedRequest:
    # Made here and not by the session, which would add its own headers, cookies, parameters and credentials.
    plain = requests.PreparedRequest()
    plain.method, plain.url, plain.body = request.method, request.url, request.body
    length = {"Content-Length": str(len(request.body))} if request.body else {}
    plain.headers = CaseInsensitiveDict({**dict(request.headers), **length, "Accept-Encoding": "identity"})
    return plain


def _read(response: requests.Response, timeout: float) -> bytes:
    ends_at = time.monotonic() + timeout
    content = bytearray()
    try:
        for chunk in response.raw.stream(65536, decode_content=False):
            content += chunk
            if len(content) > MAX_SIZE:
                break
            if time.monotonic() > ends_at:
                raise requests.ReadTimeout(f"no whole answer within {timeout:g} seconds")
    # As requests itself names what urllib3 raises.
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(str(error)) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(str(error)) from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(str(error)) from error
    return bytes(content)


def _received(response: requests.Response, content: bytes) -> Received | Failed:
    decoded = decode_content(content, response.raw.headers.getlist("Content-Encoding"), max_size=MAX_SIZE)
    if isinstance(decoded, str):
        return Failed(InvalidResponse(response.status_code, f"the answer {decoded}"), retryable=False)
    return Received(HttpResponse(response.status_code, list(response.raw.headers.items()), decoded), time.time())


_PASSING: Final = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
_LASTING: Final = (requests.exceptions.SSLError, requests.exceptions.ProxyError)


def _failed(error: requests.RequestException, request: HttpRequest) -> Failed:
    # Its request holds the secret.
    bare = requests.PreparedRequest()
    bare.method, bare.url = request.method, request.url
    error.request, error.response = bare, None
    return Failed(strip_tracebacks(error), retryable=isinstance(error, _PASSING) and not isinstance(error, _LASTING))
