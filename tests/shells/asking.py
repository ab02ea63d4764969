"""
One interface to every HTTP library, on threads and on event loops.
"""

from types import ModuleType
from typing import Any

import aiohttp
import anyio
import httpx
import httpx2
import requests

import oauth_cc.aiohttp
import oauth_cc.httpx
import oauth_cc.httpx2
import oauth_cc.requests
from oauth_cc import Token, TokenRequest
from oauth_cc.flows import AddressedRequest
from oauth_cc.metadata import ServerMetadata


class Ask:
    """One HTTP library, on threads or on one event loop."""

    def __init__(self, library: ModuleType, shell: ModuleType, backend: str | None) -> None:
        self.library, self.shell, self.backend = library, shell, backend
        self.suffix = "_async" if backend is not None and library is not aiohttp else ""

    def metadata(self, issuer: str, **options: Any) -> ServerMetadata:
        """Return the metadata of *issuer*."""
        found: ServerMetadata = self._call("fetch_metadata", issuer, **options)
        return found

    def request(self, issuer: str, *credentials: Any, **options: Any) -> AddressedRequest:
        """Return the request with the endpoint that *issuer* names."""
        found: AddressedRequest = self._call("from_issuer", issuer, *credentials, **options)
        return found

    def token(self, request: TokenRequest, endpoint: str, **options: Any) -> Token:
        """Return the token that *request* gets at *endpoint*."""
        found: Token = self._call("fetch_token", request, endpoint, **options)
        return found

    def _call(self, name: str, *arguments: Any, **options: Any) -> Any:
        function = getattr(self.shell, name + self.suffix)
        if self.backend is None:
            return function(*arguments, **options)

        async def main() -> Any:
            return await function(*arguments, **options)

        return anyio.run(main, backend=self.backend)


WAYS = [
    *[Ask(httpx2, oauth_cc.httpx2, backend) for backend in (None, "asyncio", "trio")],
    *[Ask(httpx, oauth_cc.httpx, backend) for backend in (None, "asyncio", "trio")],
    Ask(requests, oauth_cc.requests, None),
    Ask(aiohttp, oauth_cc.aiohttp, "asyncio"),
]
