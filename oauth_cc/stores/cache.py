"""
The tokens of one process, and the renewals that are under way in it.

One mutex guards both for a moment at a time; what to do is decided by `oauth_cc.flows.single_flight`.
"""

import os
import threading
from concurrent.futures import Future
from typing import TypeAlias, final

import attrs

from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.renewal import Kept, Renewal, Renewed
from oauth_cc.flows.single_flight import (
    UNKNOWN,
    Refuse,
    Renew,
    Standing,
    Use,
    Wait,
    decide,
    discarded,
    failed,
    is_spent,
    renewed,
)
from oauth_cc.stores._protocol import AsyncStore, Store, check_store
from oauth_cc.token import Token

__all__ = ["Answer", "Flight", "MemoryStore"]


@final
@attrs.define(eq=False)
class Flight:
    """
    A renewal under way, led by one caller for all.

    *held*: the token that can be used meanwhile; *rejected*: the one that the API did not accept; *thread*: the thread
    that leads; *landing*: the token that came, or the error, or None if whoever waits has to ask again; *leader*: the
    task that leads, kept from being collected.
    """

    key: str
    held: Token | None
    rejected: Token | None
    thread: int = attrs.field(factory=threading.get_ident)
    landing: Future[Token | None] = attrs.field(factory=lambda: Future[Token | None]())
    leader: object = None


@final
@attrs.frozen
class Lead:
    """Lead *flight*, and land it whatever happens."""

    flight: Flight


@final
@attrs.frozen
class Join:
    """Wait for the landing of *flight*."""

    flight: Flight


Answer: TypeAlias = Use | Refuse | Lead | Join
"""What a caller is told who asks for a token."""


@final
@attrs.frozen(eq=False)
class _Crew:
    """The flights of a process: a fork leaves the parent's behind, for their threads are not in the child."""

    mutex: threading.Lock = attrs.field(factory=threading.Lock)
    flights: dict[str, Flight] = attrs.field(factory=lambda: dict[str, Flight]())


@final
class MemoryStore:
    """
    Keeps tokens in the memory of one process: the default store, one for each source unless sources share it.

    Sources that share one, for threads and for event loops alike, share the renewals under way in it. *behind*: a store
    that processes share, asked when memory has no token that is fresh; while it fails, memory serves alone. Raises
    `InvalidInput` if it is none.

        >>> MemoryStore()
        MemoryStore(behind=None)
    """

    def __init__(self, behind: Store | AsyncStore | None = None) -> None:
        if behind is not None:
            check_store(behind)
        self.behind = behind
        self._standings: dict[str, Standing] = {}
        self._crews: dict[int, _Crew] = {}
        self._is_alone = False

    def __repr__(self) -> str:
        return f"MemoryStore(behind={self.behind!r})"

    def fresh(self, key: str, now: float) -> Token | None:
        """Gives the token under *key* if it can be used at *now*, POSIX seconds, without a second look."""
        standing = self._standings.get(key)
        return standing.token if standing is not None and now < standing.fresh_until else None

    def ask(self, key: str, now: float, window: RenewalWindow = DEFAULT_WINDOW) -> Answer:
        """
        Gives what the caller who asks for the token under *key* at *now*, POSIX seconds, has to do.

        A caller told to `Lead` has to call `land` or `give_up` in the end. *window*: when early renewal falls due.
        """
        crew = self._crew()
        with crew.mutex:
            flight = crew.flights.get(key)
            standing = self._standings.get(key, UNKNOWN)
            match decide(standing, now, under_way=flight is not None, window=window):
                case Renew(held):
                    flight = crew.flights[key] = Flight(key, held, standing.rejected)
                    return Lead(flight)
                case Wait():
                    # Waiting is decided for a flight alone.
                    assert flight is not None  # noqa: S101  # told to the type checker
                    return Join(flight)
                case decision:
                    return decision

    def land(
        self, flight: Flight, outcome: Renewal | Exception, now: float, window: RenewalWindow = DEFAULT_WINDOW
    ) -> None:
        """
        Ends *flight* with its *outcome* at *now*, POSIX seconds, and answers all that wait for it.
        """
        crew = self._crew()
        with crew.mutex:
            standing = self._standings.get(flight.key, UNKNOWN)
            match outcome:
                case Renewed(token, spread):
                    standing = renewed(standing, token, spread, window=window)
                case Kept():
                    standing = failed(standing, None, now, window=window)
                case error:
                    standing = failed(standing, error, now, window=window)
            self._sweep(now)
            self._standings[flight.key] = standing
            crew.flights.pop(flight.key, None)
        match outcome:
            case Renewed(token) if token == standing.token:
                flight.landing.set_result(token)
            case Exception() if flight.held is None:
                flight.landing.set_exception(outcome)
            case _:
                flight.landing.set_result(None)

    def give_up(self, flight: Flight) -> None:
        """Ends *flight* without an outcome, as its leader goes away: one of those who wait leads next."""
        crew = self._crew()
        with crew.mutex:
            crew.flights.pop(flight.key, None)
        flight.landing.set_result(None)

    def discard(self, key: str, token: Token) -> bool:
        """Forgets *token*, which an API did not accept, and says whether it was the one under *key*."""
        with self._crew().mutex:
            standing = self._standings.get(key, UNKNOWN)
            self._standings[key] = discarded(standing, token)
        return standing.token == token

    def note_behind(self, *, failed: bool) -> bool:
        """Notes whether the store behind *failed* just now, and says whether that is news."""
        with self._crew().mutex:
            news = failed != self._is_alone
            self._is_alone = failed
        return news

    def _crew(self) -> _Crew:
        # One for each process that forks leave with this store; setdefault settles it among threads.
        process = os.getpid()
        return self._crews.get(process) or self._crews.setdefault(process, _Crew())

    def _sweep(self, now: float) -> None:
        for key, standing in list(self._standings.items()):
            if is_spent(standing, now):
                del self._standings[key]
