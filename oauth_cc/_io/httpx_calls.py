"""
The calls of an auth on httpx2 and httpx: each carries the token, and is repeated once if an API rejects the token.
"""

import copy
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Final, NoReturn, Self

from oauth_cc._io.arguments import misplaced_auth
from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.copying import Sharing
from oauth_cc._io.hops import Guard, guard_hops
from oauth_cc._io.httpx_hops import (
    ClosedByError,
    api_of,
    head_of,
    hide_proofs,
    hiding_proofs,
    is_response,
    origin_of,
    origin_of_parts,
    target_of,
)
from oauth_cc._io.httpx_library import A, C, Library, R
from oauth_cc._io.httpx_messages import Response, Url
from oauth_cc._io.origins import Origins
from oauth_cc._io.source import TokenSource
from oauth_cc._wire.typing import Generic
from oauth_cc.errors import InvalidInput
from oauth_cc.scope import Scope
from oauth_cc.token import Token, authorization, dpop_authorization

if TYPE_CHECKING:
    # Loaded by calls with a DPoP token.
    from oauth_cc._io.proofs import CallProofs

_FIRST_ERROR: Final = 400


class HttpxCalls(Sharing, Generic[C, A, R]):
    """An auth on either library, as the library calls it."""

    _library: Library[C, A, R]
    _source: TokenSource | None
    _async_source: AsyncTokenSource | None
    _origins: Origins
    # The origins admitted before, in the library's form. An admitted origin stays admitted.
    _admitted: set[tuple[str, bytes, int | None]]

    @property
    def source(self) -> TokenSource:
        """The token source for threads. Raises `InvalidInput` if the client or store is async."""
        if self._source is None:
            name = self._library.name
            reason = f"the client or store of this auth is async; use the auth with {name}.AsyncClient"
            raise InvalidInput("client or store", reason)
        return self._source

    @property
    def async_source(self) -> AsyncTokenSource:
        """The token source for async code. Raises `InvalidInput` if the client is not async."""
        if self._async_source is None:
            reason = f"the client of this auth is not async; use the auth with {self._library.name}.Client"
            raise InvalidInput("client", reason)
        return self._async_source

    def with_scope(self, scope: Scope) -> Self:
        """Return an auth for tokens with *scope*. It shares everything else with this auth."""
        source = self._source and self._source.with_scope(scope)
        return self._with(source, self._async_source and self._async_source.with_scope(scope), self._origins)

    def with_resource(self, uri: str) -> Self:
        """Return an auth for tokens of the resource *uri* (RFC 8707). They go to the origin of *uri* by default."""
        source = self._source and self._source.with_resource(uri)
        async_source = self._async_source and self._async_source.with_resource(uri)
        return self._with(source, async_source, self._origins.of_resource(uri))

    def sync_auth_flow(self, request: R) -> Generator[R, Response, None]:
        """Yield *request* with the token, and again with a new token if the API rejects the token."""
        source = self.source
        if not self._admits(request.url):
            yield request
            return
        token = first = source.token()
        proofs = self._context.proofs(token)
        guard = self._prepare(request, token, proofs)
        try:
            response = yield request
            while proofs is not None and self._demands_proof(request, response, token, guard):
                self._library.release(response)
                guard = self._prepare(request, token, proofs)
                response = yield request
        except GeneratorExit as end:
            hide_proofs(request, end.__context__)
            rejecting = self._rejecting(end.__context__, token, guard)
            if rejecting is not None:
                source.discard(token, api=rejecting)
            raise
        # Most calls end here.
        if response.status_code < _FIRST_ERROR or not self._concerns(response, token, guard):
            return
        head, api = head_of(response), api_of(response)
        rejected = self._context.is_rejection(head)
        again = source if rejected and source.discard(token, api=api) else source.widened(head, token)
        if again is not None and self._library.is_repeatable(request):
            # The token request may need this connection.
            self._library.release(response)
            token = again.token()
            source.adopt(again)
            guard = self._prepare(request, token, proofs)
            with hiding_proofs(request):
                response = yield request
                while proofs is not None and self._demands_proof(request, response, token, guard):
                    self._library.release(response)
                    guard = self._prepare(request, token, proofs)
                    response = yield request
            if not self._concerns(response, token, guard):
                return
            head, api = head_of(response), api_of(response)
            if self._context.is_rejection(head):
                source.discard(token, api=api)
        self._context.report_requirements(head, api, first, token)

    # Both libraries call the two flows. Without this name, help() would show their text about this method.
    auth_flow = sync_auth_flow

    def async_auth_flow(self, request: R) -> AsyncGenerator[R, Response]:
        """Yield *request* with the token, and again with a new token if the API rejects the token."""
        return ClosedByError(self._async_auth_flow(request))

    async def _async_auth_flow(self, request: R) -> AsyncGenerator[R, Response]:
        source = self.async_source
        if not self._admits(request.url):
            yield request
            return
        token = first = await source.token()
        proofs = self._context.proofs(token)
        guard = await self._prepare_async(request, token, proofs)
        try:
            response = yield request
            while proofs is not None and self._demands_proof(request, response, token, guard):
                await self._library.release_async(response)
                guard = await self._prepare_async(request, token, proofs)
                response = yield request
        except GeneratorExit as end:
            hide_proofs(request, end.__context__)
            rejecting = self._rejecting(end.__context__, token, guard)
            if rejecting is not None:
                await source.discard(token, api=rejecting)
            raise
        if response.status_code < _FIRST_ERROR or not self._concerns(response, token, guard):
            return
        head, api = head_of(response), api_of(response)
        rejected = self._context.is_rejection(head)
        again = source if rejected and await source.discard(token, api=api) else source.widened(head, token)
        if again is not None and self._library.is_repeatable(request):
            await self._library.release_async(response)
            token = await again.token()
            source.adopt(again)
            guard = await self._prepare_async(request, token, proofs)
            with hiding_proofs(request):
                response = yield request
                while proofs is not None and self._demands_proof(request, response, token, guard):
                    await self._library.release_async(response)
                    guard = await self._prepare_async(request, token, proofs)
                    response = yield request
            if not self._concerns(response, token, guard):
                return
            head, api = head_of(response), api_of(response)
            if self._context.is_rejection(head):
                await source.discard(token, api=api)
        self._context.report_requirements(head, api, first, token)

    if not TYPE_CHECKING:
        # Hidden from type checkers, which would accept the auth wherever a library takes a function.

        def __call__(self, request: object, *others: object) -> NoReturn:  # noqa: ARG002  # aiohttp passes a handler
            """Raise `InvalidInput`. Only another library calls an auth like a function."""
            raise misplaced_auth(self._library.name, request)

    def _prepare(self, request: R, token: Token, proofs: "CallProofs | None") -> Guard | None:
        guard = self._authorize(request, token, proofs)
        if proofs is not None:
            url = request.url
            request.headers["DPoP"] = proofs.sign(request.method, target_of(url), origin_of(url))
        return guard

    async def _prepare_async(self, request: R, token: Token, proofs: "CallProofs | None") -> Guard | None:
        guard = self._authorize(request, token, proofs, is_async=True)
        if proofs is not None:
            url = request.url
            request.headers["DPoP"] = await proofs.sign_async(request.method, target_of(url), origin_of(url))
        return guard

    def _authorize(
        self, request: R, token: Token, proofs: "CallProofs | None", *, is_async: bool = False
    ) -> Guard | None:
        header = token.placement.header
        value = authorization(token) if proofs is None else dpop_authorization(token)
        request.headers[header] = value.reveal()
        if proofs is not None:
            proofs.token = token
        # On a redirect to another origin the libraries remove Authorization and no other header. They keep it from http
        # to https of the same host, and remove it on the way to another origin that the caller names.
        elif header.lower() == "authorization" and not self._origins.are_several and request.url.scheme == "https":
            return None
        return guard_hops(request.extensions, header, value, self._origins.admit, is_async=is_async, proofs=proofs)

    def _demands_proof(self, request: R, response: Response, token: Token, guard: Guard | None) -> bool:
        # Whether the call is repeated with the same token and another proof.
        proofs = None if guard is None else guard.proofs
        if proofs is None:
            return False
        for each in (*response.history, response):
            # A printer of headers shows a proof, and the library copies it from request to request.
            if "DPoP" in each.request.headers:
                del each.request.headers["DPoP"]
            if self._admits_answer(each):
                proofs.note(head_of(each), origin_of(each.url))
        if response.status_code < _FIRST_ERROR or not self._concerns(response, token, guard):
            proofs.share()
            return False
        repeatable = self._library.is_repeatable(request)
        return proofs.demands_another(head_of(response), origin_of(response.url), repeatable=repeatable)

    def _rejecting(self, error: BaseException | None, token: Token, guard: Guard | None) -> str | None:
        # The API that rejected the token. A response hook of the client that raises for status keeps the response from
        # the auth. In both libraries the error has it.
        response: object = getattr(error, "response", None)
        if not is_response(response) or not self._concerns(response, token, guard):
            return None
        if guard is not None and guard.proofs is not None:
            guard.proofs.note(head_of(response), origin_of(response.url))
            guard.proofs.share()
        return api_of(response) if self._context.is_rejection(head_of(response)) else None

    def _with(self, source: TokenSource | None, async_source: AsyncTokenSource | None, origins: Origins) -> Self:
        other = copy.copy(self)
        context = next(each.context for each in (source, async_source) if each is not None)
        vars(other).update(
            _context=context, _source=source, _async_source=async_source, _origins=origins, _admitted=set()
        )
        return other

    def _admits(self, url: Url) -> bool:
        parts = (url.scheme, url.raw_host, url.port)
        if parts in self._admitted:
            return True
        try:
            called = origin_of_parts(*parts)
        except InvalidInput:
            # Of http+unix, or of a host with an odd name.
            self._context.report_withheld(f"{url.scheme}://{url.raw_host.decode('ascii')}")
            return False
        admitted = self._origins.admit(called)
        if admitted:
            self._admitted.add(parts)
        else:
            self._context.report_withheld(called)
        return admitted

    def _concerns(self, response: Response, token: Token, guard: Guard | None) -> bool:
        # After a redirect, the response may belong to a request without the token.
        if guard is not None and guard.has_carried is not None:
            return guard.has_carried
        return self._admits_answer(response) and bool(response.request.headers.get_list(token.placement.header))

    def _admits_answer(self, response: Response) -> bool:
        try:
            return self._origins.admit(origin_of(response.url))
        except InvalidInput:
            # No URL has this origin.
            return False
