"""
One interface to every HTTP library, on threads and on event loops.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

import aiohttp
import anyio
import httpx
import httpx2
import requests

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import ClientCredentials, Token, TokenRequest
from oauth_cc._io import library_httpx, library_httpx2
from oauth_cc.flows.effects import Flow
from oauth_cc.issuer import GivenEndpoint
from oauth_cc.metadata import ServerMetadata

T = TypeVar("T")
DEFAULT_TLS = {httpx2: library_httpx2.tls, httpx: library_httpx.tls}
"""The function that makes the TLS context of default clients, and keeps it for the process."""


class Ask:
    """One HTTP library, on threads or on one event loop."""

    def __init__(self, library: ModuleType, shell: ModuleType, backend: str | None) -> None:
        self.library, self.shell, self.backend = library, shell, backend
        self.suffix = "_async" if backend is not None and library is not aiohttp else ""

    def metadata(self, issuer: str, **options: Any) -> ServerMetadata:
        """Return the metadata of *issuer*."""
        found: ServerMetadata = self._call("fetch_metadata", issuer, **options)
        return found

    def token_from_issuer(self, issuer: str, request: TokenRequest | ClientCredentials, **options: Any) -> Token:
        """Return the token of a source that discovers its endpoint."""
        kind = self.shell.TokenSource if self.backend is None else self.shell.AsyncTokenSource
        token: Token = self._run(lambda: kind.from_issuer(issuer, request, **options).token())
        return token

    def token_from_resource(
        self, url: str, request: TokenRequest | ClientCredentials, issuer: str, **options: Any
    ) -> Token:
        """Return the token of a source that discovers what the API at *url* accepts."""
        kind = self.shell.TokenSource if self.backend is None else self.shell.AsyncTokenSource
        token: Token = self._run(lambda: kind.from_resource(url, request, issuer=issuer, **options).token())
        return token

    def token_through_client(self, issuer: str, request: TokenRequest | ClientCredentials) -> Token:
        """Return the token of a source that discovers its endpoint through the user's client."""
        source = self.shell.TokenSource if self.backend is None else self.shell.AsyncTokenSource
        token: Token = self._with_client(lambda client: source.from_issuer(issuer, request, client=client).token())
        return token

    def token_of_client(self, request: TokenRequest, endpoint: GivenEndpoint, **options: Any) -> Token:
        """Return the token that *request* gets through the user's client, which is closed afterwards."""
        fetch = getattr(self.shell, f"fetch_token{self.suffix}")
        token: Token = self._with_client(lambda client: fetch(request, endpoint, client=client, **options))
        return token

    def _with_client(self, step: Callable[[Any], Any]) -> Any:
        if self.backend is None:
            with (requests.Session if self.library is requests else self.library.Client)() as client:
                return step(client)

        async def main() -> Any:
            async with (aiohttp.ClientSession if self.library is aiohttp else self.library.AsyncClient)() as client:
                return await step(client)

        return self._run(main)

    def token(self, request: TokenRequest, endpoint: GivenEndpoint, **options: Any) -> Token:
        """Return the token that *request* gets at *endpoint*."""
        found: Token = self._call("fetch_token", request, endpoint, **options)
        return found

    def perform(self, flow: Flow[T], **options: Any) -> T:
        """Return the result of *flow*."""
        result: T = self._call("perform", flow, **options)
        return result

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        function = getattr(self.shell, name + self.suffix)
        return self._run(lambda: function(*arguments, **options))

    def _run(self, step: Callable[[], Any]) -> Any:
        if self.backend is None:
            return step()

        async def main() -> Any:
            return await step()

        return anyio.run(main, backend=self.backend)


WAYS = [
    *[Ask(httpx2, oauth_cc.httpx2, backend) for backend in (None, "asyncio", "trio")],
    *[Ask(httpx, oauth_cc.httpx, backend) for backend in (None, "asyncio", "trio")],
    Ask(requests, oauth_cc.requests, None),
    Ask(aiohttp, oauth_cc.aiohttp, "asyncio"),
]
