"""
The calls of an auth on requests: each carries the token, and is repeated once if an API rejects the token.
"""

import copy
import re
from typing import TYPE_CHECKING, Final, Self, TypeVar, Unpack

import attrs
import requests
from requests.utils import rewind_body

from oauth_cc._io.arguments import misplaced_auth
from oauth_cc._io.copying import Sharing
from oauth_cc._io.origins import Origins
from oauth_cc._io.requests_hops import (
    arrived,
    carry,
    next_method,
    next_url,
    origin_of,
    origin_of_url,
    shown_host,
    target_of_url,
)
from oauth_cc._io.requests_repeating import Sending, is_repeatable, release
from oauth_cc._io.source import TokenSource
from oauth_cc._wire.typing import Generic
from oauth_cc.errors import InvalidInput
from oauth_cc.http import HttpResponse
from oauth_cc.scope import Scope
from oauth_cc.token import Token, authorization, dpop_authorization

if TYPE_CHECKING:
    # Loaded by calls with a DPoP token.
    from oauth_cc._io.proofs import CallProofs

S = TypeVar("S", bound=TokenSource)

# The start of a URL that every library parses in the same way.
_PLAIN_AUTHORITY: Final = re.compile(r"https?://[-.0-9a-z]+(?::[0-9]+)?(?=[/?#]|$)")
_FIRST_ERROR: Final = 400


class RequestsCalls(Sharing, Generic[S]):
    """An auth, as requests calls it."""

    _source: S
    _origins: Origins
    # The starts of URLs of origins admitted before. An admitted origin stays admitted.
    _admitted: set[str]

    @property
    def source(self) -> S:
        """The token source of this auth."""
        return self._source

    def with_scope(self, scope: Scope) -> Self:
        """Return an auth for tokens with *scope*. It shares everything else with this auth."""
        return self._with(self._source.with_scope(scope), self._origins)

    def with_resource(self, uri: str) -> Self:
        """Return an auth for tokens of the resource *uri* (RFC 8707). They go to the origin of *uri* by default."""
        return self._with(self._source.with_resource(uri), self._origins.of_resource(uri))

    def __call__(self, r: requests.PreparedRequest, *others: object) -> requests.PreparedRequest:
        """Add the token to the call *r*. requests calls this method, with no *others*, before it sends a call."""
        if others or not isinstance(r, requests.PreparedRequest):
            raise misplaced_auth("requests", r)
        if self._admits(r):
            token = self._source.token()
            proofs = self._context.proofs(token)
            _authorize(r, token, proofs)
            r.register_hook("response", _ResponseHook(self._source, self._origins, token, proofs))
        return r

    def _admits(self, request: requests.PreparedRequest) -> bool:
        plain = _PLAIN_AUTHORITY.match(request.url or "")
        if plain is not None and plain[0] in self._admitted:
            return True
        try:
            called = origin_of(request)
        except InvalidInput:
            # Of http+unix, or of a host with an odd name.
            self._context.report_withheld(shown_host(request))
            return False
        admitted = self._origins.admit(called)
        if not admitted:
            self._context.report_withheld(called)
        elif plain is not None:
            self._admitted.add(plain[0])
        return admitted

    def _with(self, source: S, origins: Origins) -> Self:
        other = copy.copy(self)
        vars(other).update(_context=source.context, _source=source, _origins=origins, _admitted=set())
        return other


@attrs.define(eq=False, repr=False)
class _ResponseHook:
    """The response hook of one call, which follows the call through its redirects."""

    source: TokenSource
    origins: Origins
    token: Token
    proofs: "CallProofs | None" = None
    is_done: bool = False

    def __call__(self, response: requests.Response, **sending: Unpack[Sending]) -> requests.Response:
        # Most calls end here. A response of another origin, or to a call that lost its token in a redirect,
        # says nothing about the token. A call is repeated once at most.
        request = response.request
        if self.proofs is not None:
            response = self._with_proof(request, response, self.proofs, sending)
        if response.status_code >= _FIRST_ERROR and not self.is_done and self._concerns_token(request):
            self.is_done = True
            response = self._again(request, response, sending)
        if response.is_redirect:
            self._redirect(request, response)
        else:
            # The request may be sent again.
            self.is_done = False
            if self.proofs is not None:
                self.proofs.restart()
        return response

    def _redirect(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        # In place, since requests makes the next hop from this request.
        arrived(request)
        header, url = self.token.placement.header, next_url(response)
        target = None if url is None else origin_of_url(url)
        if target is None or not self.origins.admit(target):
            # requests removes no header but Authorization.
            request.headers.pop(header, None)
            request.headers.pop("DPoP", None)
            return
        if self.proofs is not None and header in request.headers:
            request.headers["DPoP"] = _proof(self.proofs, next_method(response), url)
        if header.lower() == "authorization" and header in request.headers and target != origin_of(request):
            carry(request, self.origins.admit)

    def _with_proof(
        self, request: requests.PreparedRequest, response: requests.Response, proofs: "CallProofs", sending: Sending
    ) -> requests.Response:
        # The response to the same request with the same token and another proof, if the API requires one.
        while self._concerns_token(request):
            called = origin_of(request)
            proofs.note(_head(response), called)
            if not proofs.demands_another(_head(response), called, repeatable=is_repeatable(request)):
                break
            release(response)
            response = _sent_again(request, response, proofs.token, proofs, sending)
        return response

    def _again(
        self, request: requests.PreparedRequest, response: requests.Response, sending: Sending
    ) -> requests.Response:
        context, api, head = self.source.context, str(origin_of(request)), _head(response)
        rejected = context.is_rejection(head)
        discarded = rejected and self.source.discard(self.token, api=api)
        source = self.source if discarded else self.source.widened(head, self.token)
        if source is None or not is_repeatable(request):
            context.report_requirements(head, api, self.token)
            return response
        # A token request through the same session may need the connection.
        release(response)
        token = source.token()
        self.source.adopt(source)
        again = _sent_again(request, response, token, self.proofs, sending)
        if self.proofs is not None:
            again = self._with_proof(request, again, self.proofs, sending)
        if self.source.context.is_rejection(_head(again)):
            self.source.discard(token, api=api)
        context.report_requirements(_head(again), api, self.token, token)
        return again

    def _concerns_token(self, request: requests.PreparedRequest) -> bool:
        return self.token.placement.header in request.headers and self.origins.admit(origin_of(request))


def _head(response: requests.Response) -> HttpResponse:
    return HttpResponse(response.status_code, response.headers)


def _proof(proofs: "CallProofs", method: str | None, url: str | None) -> str:
    return proofs.sign(method or "", target_of_url(url or ""), origin_of_url(url or ""))


def _authorize(request: requests.PreparedRequest, token: Token, proofs: "CallProofs | None") -> None:
    value = authorization(token) if proofs is None else dpop_authorization(token)
    request.headers[token.placement.header] = value.reveal()
    if proofs is not None:
        proofs.token = token
        request.headers["DPoP"] = _proof(proofs, request.method, request.url)


def _sent_again(
    request: requests.PreparedRequest,
    response: requests.Response,
    token: Token,
    proofs: "CallProofs | None",
    sending: Sending,
) -> requests.Response:
    arrived(request)
    # In place, since requests makes redirects of the new response from this request.
    _authorize(request, token, proofs)
    if not isinstance(request.body, str | bytes | None):
        rewind_body(request)
    again: requests.Response = response.connection.send(request.copy(), **sending)
    again.history.append(response)
    return again
