"""
The faults that a test sets on its server, by endpoint.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Generic, TypeVar, final

from oauth_cc.testing._faults import EndpointName, Fault, Quota, changed, over_quota, replacement
from oauth_cc.testing._messages import Reply

_PartT = TypeVar("_PartT", bound=EndpointName)


@final
class Misbehavior:
    """
    The faults of one server. Safe to share between threads.

    Args:
        quota: The limit of token requests. None for no limit.
    """

    def __init__(self, quota: Quota | None) -> None:
        self._quota = quota
        self._next: defaultdict[EndpointName, deque[Fault]] = defaultdict(deque)
        self._standing: defaultdict[EndpointName, list[Fault]] = defaultdict(list)
        self._served: list[float] = []
        self._lock = threading.Lock()

    @property
    def quota(self) -> Quota | None:
        """The limit of token requests. A new one starts without requests."""
        return self._quota

    @quota.setter
    def quota(self, quota: Quota | None) -> None:
        with self._lock:
            self._quota, self._served = quota, []

    def add(self, endpoint: EndpointName, faults: tuple[Fault, ...]) -> None:
        """
        Misbehave on the next requests.

        Args:
            endpoint: Where.
            faults: One for each request, in order.
        """
        with self._lock:
            self._next[endpoint].extend(faults)

    @contextmanager
    def during(self, endpoint: EndpointName, fault: Fault) -> Generator[None]:
        """
        Misbehave on each request while the block runs.

        Args:
            endpoint: Where.
            fault: How. The inner of two blocks counts.
        """
        with self._lock:
            self._standing[endpoint].append(fault)
        try:
            yield
        finally:
            with self._lock:
                self._standing[endpoint].remove(fault)

    def reply(self, endpoint: EndpointName, now: float, usual: Callable[[], Reply]) -> tuple[Reply, bool]:
        """
        Return the response to a request, and whether the server has processed the request.

        Args:
            endpoint: Where it arrived.
            now: The current time, in POSIX seconds.
            usual: Returns the response of a server that behaves.
        """
        fault, refused = self._choose(endpoint, now)
        if fault is None:
            return (usual(), True) if refused is None else (refused, False)
        reply = replacement(fault) if fault.replaces_response else usual()
        return changed(reply, fault), not fault.replaces_response

    def _choose(self, endpoint: EndpointName, now: float) -> tuple[Fault | None, Reply | None]:
        with self._lock:
            if self._next[endpoint]:
                return self._next[endpoint].popleft(), None
            if self._standing[endpoint]:
                return self._standing[endpoint][-1], None
            if endpoint != "token" or self._quota is None:
                return None, None
            refused = over_quota(self._quota, self._served, now)
            if refused is None:
                self._served.append(now)
            return None, refused


class Misbehaving(Generic[_PartT]):
    """
    A server whose faults a test sets.

    Args:
        misbehavior: Its faults.
        parts: The parts of the server that *at* may name. The first is the one that it names unless it is given.
    """

    def __init__(self, misbehavior: Misbehavior, parts: tuple[_PartT, ...]) -> None:
        self._misbehavior = misbehavior
        self._parts = parts

    def misbehave(self, *faults: Fault, at: _PartT | None = None) -> None:
        """
        Misbehave on the next requests.

        Args:
            faults: One for each request, in order.
            at: The part of the server. None means an authorization server's token endpoint (``"token"``), and a
                protected resource's metadata (``"metadata"``).

        Raises:
            ValueError: A fault is not a `Fault`, or the server has no part *at*.
        """
        self._misbehavior.add(self._part(at, faults), faults)

    def misbehaving(self, fault: Fault, at: _PartT | None = None) -> AbstractContextManager[None]:
        """
        Return a context manager. The server misbehaves on each request while its block runs.

        Args:
            fault: How.
            at: The part of the server, as for `misbehave`.

        Raises:
            ValueError: *fault* is not a `Fault`, or the server has no part *at*.
        """
        return self._misbehavior.during(self._part(at, (fault,)), fault)

    def _part(self, at: _PartT | None, faults: tuple[Fault, ...]) -> _PartT:
        # A misspelt fault would leave the server well, and the test of an outage green.
        for fault in faults:
            if not isinstance(fault, Fault):
                raise ValueError(f"fault must be a Fault, not {type(fault).__name__}; use Fault(status=503)")
        if at is not None and at not in self._parts:
            raise ValueError(f"at must be one of {', '.join(self._parts)}, not {at!r}")
        return at or self._parts[0]
