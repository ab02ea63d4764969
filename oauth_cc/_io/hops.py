"""
The guard of the hops of one httpx or httpx2 call. Hops to the token's own origins carry the token's header, and no
other hop does. A DPoP token gets a new proof for each hop.

When a redirect leads to another origin, the libraries remove Authorization, and no other header. They do not call the
auth again. The ``trace`` extension sees each hop before its headers are sent. A transport that emits no trace events is
not guarded.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard, final

from oauth_cc.endpoint import Origin, origin
from oauth_cc.secret import Secret

if TYPE_CHECKING:
    # Loaded by calls with a DPoP token.
    from oauth_cc._io.proofs import CallProofs

_SENDS_HEADERS: Final = ".send_request_headers.started"
_DEFAULT_PORTS: Final = {b"https": 443, b"http": 80}
_AUTHORITY: Final = re.compile(rb"http://[^/?#]*")
_PROOF: Final = b"DPoP"


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
        users: The user's own trace function, which is called after the guard.
        others: The headers of other auths that the same request carried before, and their origins.
        proofs: The proofs of a DPoP token, or None.
    """

    def __init__(
        self,
        header: bytes,
        value: Secret,
        admit: Callable[[Origin], bool],
        users: object,
        others: Mapping[bytes, Callable[[Origin], bool]],
        proofs: "CallProofs | None",
    ) -> None:
        self.has_carried: bool | None = None
        """Whether the last hop carried the token. None before the first hop."""
        self.users = users
        self._header, self._value, self._admit = header, value, admit
        self._others = others
        self.proofs = proofs
        """The proofs of a DPoP token, or None."""
        self._names = frozenset({header.lower()} if proofs is None else {header.lower(), _PROOF.lower()})

    @property
    def rules(self) -> Mapping[bytes, Callable[[Origin], bool]]:
        """The names of the guarded headers in lower case, and which origins may get them."""
        return {**self._others, **dict.fromkeys(self._names, self._admit)}

    def check(self, name: str, info: Mapping[str, object]) -> "NextProof | None":
        """
        Remove or add the token's header if an event is the start of a hop.

        Args:
            name: The name of the event.
            info: The details of the event.

        Returns:
            The proof to add, or None if the hop needs none.
        """
        hop = info.get("request") if name.endswith(_SENDS_HEADERS) else None
        if not _is_hop(hop):
            return None
        if hop.method == b"CONNECT":
            # To a proxy, which must not see the token.
            _remove(hop, self.rules)
            return None
        _remove(hop, [header for header, admit in self._others.items() if not _is_admitted(hop.url, admit)])
        name_of_header = self._header.lower()
        # After a redirect from another origin no hop carries the token, not even one that leads back: that origin
        # chose the URL.
        if self.has_carried is False or not _is_admitted(hop.url, self._admit):
            _remove(hop, self._names)
            self.has_carried = False
            return None
        is_there = any(field.lower() == name_of_header for field, _ in hop.headers)
        is_first = self.has_carried is None
        if not is_there and self.has_carried:
            # The libraries removed it on the way from one of the token's origins to another.
            hop.headers.append((self._header, self._value.reveal().encode("latin-1")))
        self.has_carried = is_there or self.has_carried is True
        return None if self.proofs is None or is_first or not self.has_carried else NextProof(hop, self.proofs)


@final
class NextProof:
    """
    The proof that the next hop needs, in place of the proof of the hop before.

    Args:
        hop: The request of the hop.
        proofs: The proofs of the call.
    """

    def __init__(self, hop: _Hop, proofs: "CallProofs") -> None:
        self._hop = hop
        self._proofs = proofs
        self._called = _origin(hop.url)
        target = hop.url.target.decode("ascii")
        self._target = _AUTHORITY.sub(b"", hop.url.target).decode("ascii") if target.startswith("http") else target

    def add(self) -> None:
        """Sign the proof and add it."""
        self._add(self._proofs.sign(self._hop.method.decode("ascii"), self._target, self._called))

    async def add_async(self) -> None:
        """Sign the proof and add it, in async code."""
        self._add(await self._proofs.sign_async(self._hop.method.decode("ascii"), self._target, self._called))

    def _add(self, proof: str) -> None:
        _remove(self._hop, [_PROOF.lower()])
        self._hop.headers.append((_PROOF, proof.encode("ascii")))


def guard_hops(
    extensions: MutableMapping[str, object],
    header: str,
    value: Secret,
    admit: Callable[[Origin], bool],
    *,
    is_async: bool,
    proofs: "CallProofs | None" = None,
) -> Guard:
    """
    Guard the hops of one call, and return the guard.

    Args:
        extensions: The extensions of its request; the user's own trace function is called after the guard.
        header: The header that carries the token.
        value: Its value.
        admit: Returns whether an origin may get the token.
        is_async: Whether the library awaits the trace function.
        proofs: The proofs of a DPoP token, or None.
    """
    users, name = extensions.get("trace"), header.encode("ascii")
    others: dict[bytes, Callable[[Origin], bool]] = {}
    if isinstance(users, Guard):
        # A request that is sent again, perhaps with another auth or client, still has the header of the first one.
        others.update(users.rules)
        for own in (name, *([] if proofs is None else [_PROOF])):
            others.pop(own.lower(), None)
        users = users.users
    guard = (_AsyncGuard if is_async else _SyncGuard)(name, value, admit, users, others, proofs)
    extensions["trace"] = guard
    return guard


class _SyncGuard(Guard):
    def __call__(self, name: str, info: Mapping[str, object]) -> None:
        proof = self.check(name, info)
        if proof is not None:
            proof.add()
        if callable(self.users):
            self.users(name, info)


class _AsyncGuard(Guard):
    async def __call__(self, name: str, info: Mapping[str, object]) -> None:
        proof = self.check(name, info)
        if proof is not None:
            await proof.add_async()
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
        return admit(_origin(url))
    except ValueError:
        # No URL has this origin.
        return False


def _origin(url: _Url) -> Origin:
    # The request of a proxy has the whole URL as its target. Any path may follow the authority.
    proxied = _AUTHORITY.match(url.target)
    if proxied is not None:
        return origin(proxied[0].decode("ascii"))
    host = url.host.decode("ascii").lower()
    bracketed = f"[{host}]" if ":" in host else host
    return Origin(url.scheme.decode("ascii"), bracketed, url.port or _DEFAULT_PORTS.get(url.scheme, 0))
