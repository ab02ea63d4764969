"""
Base classes of the sources and auths for httpx2 and httpx.
"""

from oauth_cc._io.arguments import check_client, check_kind
from oauth_cc._io.async_source import AsyncTokenSource
from oauth_cc._io.constructors import AuthConstructors, SourceConstructors
from oauth_cc._io.context import SourceContext
from oauth_cc._io.httpx_calls import HttpxCalls
from oauth_cc._io.httpx_library import A, C, Library, R
from oauth_cc._io.origins import Origins
from oauth_cc._io.source import TokenSource
from oauth_cc._wire.typing import Generic, NonStringCollection
from oauth_cc.stores._protocol import AsyncStore, Store, is_async_store


class HttpxTokenSource(SourceConstructors[C, Store], TokenSource, Generic[C, A, R]):
    """A source for threads on either library."""

    _library: Library[C, A, R]

    def _start(self, context: SourceContext, client: C | None) -> None:
        check_client(context.terms.request, client)
        TokenSource.__init__(self, context, self._library.sender(client, context.options), client)


class HttpxAsyncTokenSource(SourceConstructors[A, Store | AsyncStore], AsyncTokenSource, Generic[C, A, R]):
    """A source for async code on either library."""

    _library: Library[C, A, R]

    def _start(self, context: SourceContext, client: A | None) -> None:
        self._library.check_async()
        check_client(context.terms.request, client)
        AsyncTokenSource.__init__(self, context, self._library.async_sender(client, context.options), client)


class HttpxAuth(AuthConstructors[C | A, Store | AsyncStore], HttpxCalls[C, A, R], Generic[C, A, R]):
    """An auth on either library."""

    def _start(self, context: SourceContext, client: C | A | None, origins: NonStringCollection[str] | None) -> None:
        library = self._library
        check_client(context.terms.request, client)
        self._context = context
        self._source = self._async_source = None
        if not isinstance(client, library.async_client) and not is_async_store(context.cache.store):
            check_kind(client, library.client)
            blocking = client if isinstance(client, library.client) else None
            self._source = TokenSource(context, library.sender(blocking, context.options), blocking)
        if not isinstance(client, library.client):
            check_kind(client, library.async_client)
            awaited = client if isinstance(client, library.async_client) else None
            self._async_source = AsyncTokenSource(context, library.async_sender(awaited, context.options), awaited)
        self._origins = Origins(origins, context.terms.request.resources)
        self._admitted = set()
