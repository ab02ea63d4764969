"""
The pending renewals of a process, and what their callers have to do.
"""

import os
import time
from collections.abc import Hashable
from typing import Protocol, TypeAlias, final

import attrs

from oauth_cc.flows.freshness import DEFAULT_WINDOW, RenewalWindow
from oauth_cc.flows.single_flight import Refuse, Use
from oauth_cc.stores._cell import Outcome
from oauth_cc.token import Token

# Seconds after which a renewal that nobody has begun is begun by another caller.
_SLOWEST_START = 0.1


@final
@attrs.frozen
class Limits:
    """
    The times and shares of one source.

    Args:
        renewal_window: When early renewal is due.
        background: Seconds after which a renewal in the background is abandoned if the token cannot be used any more.
        wait: The same for any other renewal.
    """

    renewal_window: RenewalWindow = DEFAULT_WINDOW
    background: float = 15.0
    wait: float = 60.0


DEFAULT_LIMITS = Limits()
"""The limits of the default options."""


class Leader(Protocol):
    """The thread or the task that performs a renewal."""

    @property
    def loop_thread(self) -> int | None:
        """The thread whose event loop runs the task. None for a thread."""
        ...

    def is_alive(self) -> bool:
        """Return whether the renewal can still end."""
        ...


@final
class PendingRenewal:
    """
    A pending renewal, which one leader performs while the callers wait.

    Args:
        key: The key of the token in the cache.
        held: The token that can be used meanwhile, or None.
        rejected: The last tokens that the API rejected.
        now: POSIX seconds.
        limits: The limits of the source that starts it.

    Attributes:
        outcome: The new token or the error; None if the waiting callers have to ask again.
        ended: Set when its events are reported, too.
        task: The leading task, referenced so that it is not garbage-collected.
    """

    def __init__(
        self, key: Hashable, held: Token | None, rejected: tuple[Token, ...], now: float, limits: Limits
    ) -> None:
        self.key = key
        self.held = held
        self.rejected = rejected
        self.outcome: Outcome[Token | BaseException | None] = Outcome()
        self.ended: Outcome[bool] = Outcome()
        self.task: object = None
        self._limits = limits
        self._began_at = now
        # A machine that sleeps may stop one of the two clocks, and a user may set the other.
        self._began = time.monotonic()
        self._process = os.getpid()
        self._claims: dict[None, Leader] = {}

    @property
    def leader(self) -> Leader | None:
        """The leader, None before one has begun."""
        return self._claims.get(None)

    def claim(self, leader: Leader) -> bool:
        """Return whether *leader* performs this renewal. Only the first leader that claims it does."""
        return self._claims.setdefault(None, leader) is leader

    def is_waiting(self) -> bool:
        """Return whether no leader has begun in time. A task that is cancelled early never begins."""
        return not self._claims and time.monotonic() - self._began > _SLOWEST_START

    def is_lost(self, now: float, *, usable: bool, hung: int) -> bool:
        """
        Return whether the renewal has lost its leader or takes too long. The next caller leads another.

        Args:
            now: POSIX seconds.
            usable: Whether a token can be used meanwhile.
            hung: How many earlier renewals were abandoned and still run. Each one doubles the time for this one, so
                that a function that hangs for a day does not hold a thread for each minute of it.
        """
        if self.held is None:
            limit = self._limits.wait
        elif usable:
            limit = max(self._limits.wait, self._limits.background)
        else:
            limit = self._limits.background
        return self._age(now) > limit * 2**hung or not self._is_alive()

    def is_running(self) -> bool:
        """Return whether its leader has begun and has not ended."""
        return self.leader is not None and self._is_alive() and not self.ended.is_settled

    def seconds_left(self, limit: float, now: float) -> float:
        """
        Return the seconds in which it may still end. 0 if nobody performs it.

        Args:
            limit: The seconds that it may take.
            now: POSIX seconds.
        """
        return max(0.0, limit - self._age(now)) if self._is_alive() and not self.is_waiting() else 0.0

    def _age(self, now: float) -> float:
        return max(time.monotonic() - self._began, now - self._began_at)

    def _is_alive(self) -> bool:
        leader = self.leader
        return self._process == os.getpid() and (leader is None or leader.is_alive())


@final
@attrs.frozen
class StartRenewal:
    """
    The instruction to perform a renewal, unless another caller claims it first.

    Args:
        pending: The renewal.
        held: The token to use meanwhile, or None.
    """

    pending: PendingRenewal
    held: Token | None


@final
@attrs.frozen
class AwaitRenewal:
    """The instruction to wait for the outcome of *pending*, for half a second at most, and to ask again."""

    pending: PendingRenewal


Answer: TypeAlias = Use | Refuse | StartRenewal | AwaitRenewal
"""What a caller that needs a token has to do."""
