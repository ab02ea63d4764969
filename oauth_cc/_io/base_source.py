"""
The common base of the sources for threads and for async code, and the errors that their callers share.
"""

import copy
import threading
from collections.abc import Hashable
from contextvars import ContextVar
from typing import Final, Self

import attrs

from oauth_cc._io.context import SourceContext
from oauth_cc._io.copying import Sharing
from oauth_cc.errors import InvalidInput, OAuthError
from oauth_cc.flows.renewal import Kept, Renewal
from oauth_cc.http import HttpResponse
from oauth_cc.request import TokenRequest
from oauth_cc.scope import Scope
from oauth_cc.stores._pending import PendingRenewal
from oauth_cc.token import Token

LEADING: Final[ContextVar[PendingRenewal | None]] = ContextVar("oauth_cc_leading", default=None)
"""The renewal that the current thread or task performs, its callbacks included."""

# Seconds between two looks at a token that is kept fresh, and the shortest pause as a share of its lifetime.
_SHORTEST_PAUSE: Final = 1.0
_SHORTEST_PAUSE_SHARE: Final = 0.05
_LONGEST_PAUSE: Final = 30.0


class Source(Sharing):
    """
    The common base of the sources for threads and for async code.

    Args:
        context: The cache, the request and the endpoint.
        client: The user's client, or None.
    """

    def __init__(self, context: SourceContext, client: object) -> None:
        self._context = context
        self._client = client
        self._closed = threading.Event()
        # The last renewal of each token that this source or one derived from it has started.
        self._started: dict[Hashable, PendingRenewal] = {}

    @property
    def context(self) -> SourceContext:
        """The state of this source."""
        return self._context

    def peek(self) -> Token | None:
        """Return the cached token if it can be used, else None. Never blocks, and requests nothing."""
        return self._context.peek()

    def _pause(self) -> float:
        # The seconds until `keep_fresh` asks for the token again. The clock may be set, and a machine may sleep.
        token, shortest = self.peek(), _SHORTEST_PAUSE
        if token is not None:
            shortest = min((token.expires_at - token.received_at) * _SHORTEST_PAUSE_SHARE, shortest)
        return min(max(self._context.seconds_to_renewal(), shortest), _LONGEST_PAUSE)

    def widened(self, response: HttpResponse, token: Token) -> Self | None:
        """
        Return a source of tokens with the scope that an API requires and the options allow, or None.

        Args:
            response: The API's response.
            token: The token of the call.
        """
        context = self._context.widened(response, token)
        if context is None:
            return None
        other = copy.copy(self)
        other._context = context  # noqa: SLF001  # a copy of self
        return other

    def adopt(self, other: Self) -> None:
        """Use the tokens of *other* from now on. *other* is a source that `widened` returned."""
        self._context = other.context

    def _judged(self, outcome: Renewal | BaseException, pending: PendingRenewal) -> Renewal | BaseException:
        # A renewal in the background that finds its client closed has not failed: the program has left the client.
        is_over = isinstance(outcome, Exception) and pending.held is not None and _is_closed(self._client)
        return Kept() if is_over else outcome

    def with_scope(self, scope: Scope) -> Self:
        """Return a source of tokens with *scope*. It shares cache and client with this source."""
        return self._with_request(self._context.terms.request.with_scope(scope))

    def with_resource(self, uri: str) -> Self:
        """Return a source of tokens for the resource *uri* (RFC 8707). It shares cache and client with this source."""
        return self._with_request(attrs.evolve(self._context.terms.request, resources=()).with_resource(uri))

    def _with_request(self, request: TokenRequest) -> Self:
        other = copy.copy(self)
        other._context = attrs.evolve(self._context, terms=self._context.terms.with_request(request))  # noqa: SLF001  # a copy of self
        return other


def _is_closed(client: object) -> bool:
    # httpx2 and httpx have the first, aiohttp has the second. A session of requests stays open.
    return bool(getattr(client, "is_closed", False) or getattr(client, "closed", False))


def check_not_leading(pending: PendingRenewal) -> None:
    """Raise `InvalidInput` if the current thread or task performs *pending*, and would wait for itself."""
    if pending is LEADING.get():
        reason = (
            "a signer, assertion source, store or log handler that a renewal calls must not ask for the same token; "
            "use another source for its calls"
        )
        raise InvalidInput("token", reason)


def raisable(error: BaseException) -> BaseException:
    """
    Return *error* for one of several callers to raise.

    An error of this library is copied, and any other error loses its traceback. Otherwise every caller would extend the
    same traceback.
    """
    return copy.copy(error) if isinstance(error, OAuthError) else error.with_traceback(None)


def check_bearer_source(source: object, *kinds: type[Source]) -> None:
    """
    Check the source of bearer tokens that a user passed to an integration.

    Args:
        source: The source.
        kinds: The classes of sources that the integration accepts.

    Raises:
        InvalidInput: *source* is of another class, or its tokens are bound to a key (DPoP).
    """
    if not isinstance(source, kinds):
        names = " or ".join([kind.__name__ for kind in kinds])
        attributes = {"TokenSource": "auth.source", "AsyncTokenSource": "auth.async_source"}
        article = "an" if names.startswith("A") else "a"
        reason = f"source must be {article} {names}, not {type(source).__name__}; an auth has one: pass"
        raise InvalidInput("source", f"{reason} {' or '.join([attributes[kind.__name__] for kind in kinds])}")
    if source.context.terms.request.dpop_key is not None:
        reason = "source must be for bearer tokens; this protocol has no place for the proof of a DPoP token"
        raise InvalidInput("source", reason)
