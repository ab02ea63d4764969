"""
A guard of the hops of one httpx or httpx2 call: it keeps the token's header from other origins.

The libraries remove Authorization, and no other header, when a redirect leads to another origin, and they do not ask an
auth again. The ``trace`` extension sees each hop before its headers are sent. A transport that emits no trace events is
not guarded.
"""

import inspect
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Final, Protocol, TypeGuard

from oauth_cc.endpoint import Origin, origin

_SENDS_HEADERS: Final = ".send_request_headers.started"
_DEFAULT_PORTS: Final = {b"https": 443, b"http": 80}
_AUTHORITY: Final = re.compile(rb"http://[^/?#]*")


class _Url(Protocol):
    @property
    def scheme(self) -> bytes: ...
    @property
    def host(self) -> bytes: ...
    @property
    def port(self) -> int | None: ...
    @property
    def target(self) -> bytes: ...


class _Hop(Protocol):
    @property
    def url(self) -> _Url: ...
    @property
    def headers(self) -> list[tuple[bytes, bytes]]: ...


def guard_hops(
    extensions: MutableMapping[str, object], header: str, admit: Callable[[Origin], bool], *, is_async: bool
) -> None:
    """
    Guard the hops of one call.

    Args:
        extensions: The extensions of its request; a trace function of the user's is called after the guard.
        header: The header that carries the token.
        admit: Returns whether an origin may get the token.
        is_async: Whether the library awaits the trace function.
    """
    before = extensions.get("trace")
    name = header.lower().encode("ascii")
    if isinstance(before, _Guard):
        # A request that is sent again, perhaps with another auth or client; the earlier header is still on it.
        rules, users = {**before.rules, name: admit}, before.users
    else:
        rules, users = {name: admit}, before
    extensions["trace"] = (_AsyncGuard if is_async else _SyncGuard)(rules, users)


class _Guard:
    def __init__(self, rules: Mapping[bytes, Callable[[Origin], bool]], users: object) -> None:
        self.rules, self.users = rules, users

    def check(self, name: str, info: Mapping[str, object]) -> None:
        hop = info.get("request")
        if name.endswith(_SENDS_HEADERS) and _is_hop(hop):
            removed = {header for header, admit in self.rules.items() if not _is_admitted(hop.url, admit)}
            hop.headers[:] = [pair for pair in hop.headers if pair[0].lower() not in removed]


class _SyncGuard(_Guard):
    def __call__(self, name: str, info: Mapping[str, object]) -> None:
        self.check(name, info)
        if callable(self.users):
            self.users(name, info)


class _AsyncGuard(_Guard):
    async def __call__(self, name: str, info: Mapping[str, object]) -> None:
        self.check(name, info)
        if callable(self.users):
            result: object = self.users(name, info)
            if inspect.isawaitable(result):
                await result


def _is_hop(request: object) -> TypeGuard[_Hop]:
    return hasattr(request, "url") and hasattr(request, "headers")


def _is_admitted(url: _Url, admit: Callable[[Origin], bool]) -> bool:
    try:
        # The request of a proxy has the whole URL as its target. Any path may follow the authority.
        proxied = _AUTHORITY.match(url.target)
        if proxied is not None:
            return admit(origin(proxied[0].decode("ascii")))
        host = url.host.decode("ascii").lower()
        bracketed = f"[{host}]" if ":" in host else host
        return admit(Origin(url.scheme.decode("ascii"), bracketed, url.port or _DEFAULT_PORTS.get(url.scheme, 0)))
    except ValueError:
        # No URL has this origin.
        return False
