"""
A guard of the hops of one httpx or httpx2 call: it keeps the token's header on the hops to the token's own origins, and
from all others.

The libraries remove Authorization, and no other header, when a redirect leads to another origin, and they do not ask an
auth again. The ``trace`` extension sees each hop before its headers are sent. A transport that emits no trace events is
not guarded.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from typing import Final, Protocol, TypeGuard

from oauth_cc.endpoint import Origin, origin
from oauth_cc.secret import Secret

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
    def method(self) -> bytes: ...
    @property
    def url(self) -> _Url: ...
    @property
    def headers(self) -> list[tuple[bytes, bytes]]: ...


class Guard:
    """
    The guard of one call.

    Args:
        header: The header that carries the token.
        value: Its value.
        admit: Returns whether an origin may get the token.
        users: A trace function of the user's, which is called after the guard.
        others: The headers of other auths that the same request carried before, and their origins.
    """

    def __init__(
        self,
        header: bytes,
        value: Secret,
        admit: Callable[[Origin], bool],
        users: object,
        others: Mapping[bytes, Callable[[Origin], bool]],
    ) -> None:
        self.has_carried: bool | None = None
        """Whether the last hop carried the token. None before the first hop."""
        self.users = users
        self._header, self._value, self._admit = header, value, admit
        self._others = others

    @property
    def rules(self) -> Mapping[bytes, Callable[[Origin], bool]]:
        """The names of the guarded headers in lower case, and which origins may get them."""
        return {**self._others, self._header.lower(): self._admit}

    def check(self, name: str, info: Mapping[str, object]) -> None:
        """Remove or add the token's header if the event *name* with its *info* is the start of a hop."""
        if not name.endswith(_SENDS_HEADERS):
            return
        hop = info.get("request")
        if not _is_hop(hop):
            return
        if hop.method == b"CONNECT":
            # To a proxy, which has no business with the token.
            _remove(hop, self.rules)
            return
        _remove(hop, [header for header, admit in self._others.items() if not _is_admitted(hop.url, admit)])
        name_of_header = self._header.lower()
        # A redirect by a stranger carries nothing, even if it leads back: the stranger chose its URL.
        if self.has_carried is False or not _is_admitted(hop.url, self._admit):
            _remove(hop, [name_of_header])
            self.has_carried = False
            return
        is_there = any(field.lower() == name_of_header for field, _ in hop.headers)
        if not is_there and self.has_carried:
            # The libraries removed it on the way from one of the token's origins to another.
            hop.headers.append((self._header, self._value.reveal().encode("latin-1")))
        self.has_carried = is_there or self.has_carried is True


def guard_hops(
    extensions: MutableMapping[str, object],
    header: str,
    value: Secret,
    admit: Callable[[Origin], bool],
    *,
    is_async: bool,
) -> Guard:
    """
    Guard the hops of one call, and return the guard.

    Args:
        extensions: The extensions of its request; a trace function of the user's is called after the guard.
        header: The header that carries the token.
        value: Its value.
        admit: Returns whether an origin may get the token.
        is_async: Whether the library awaits the trace function.
    """
    users, name = extensions.get("trace"), header.encode("ascii")
    others: dict[bytes, Callable[[Origin], bool]] = {}
    if isinstance(users, Guard):
        # A request that is sent again, perhaps with another auth or client, still has the header of the first one.
        others.update(users.rules)
        others.pop(name.lower(), None)
        users = users.users
    guard = (_AsyncGuard if is_async else _SyncGuard)(name, value, admit, users, others)
    extensions["trace"] = guard
    return guard


class _SyncGuard(Guard):
    def __call__(self, name: str, info: Mapping[str, object]) -> None:
        self.check(name, info)
        if callable(self.users):
            self.users(name, info)


class _AsyncGuard(Guard):
    async def __call__(self, name: str, info: Mapping[str, object]) -> None:
        self.check(name, info)
        if callable(self.users):
            result: object = self.users(name, info)
            if inspect.isawaitable(result):
                await result


def _remove(hop: _Hop, names: Collection[bytes]) -> None:
    hop.headers[:] = [field for field in hop.headers if field[0].lower() not in names]


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
