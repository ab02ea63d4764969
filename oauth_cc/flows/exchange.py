"""
One token request, with its retries: a flow, so it does no I/O itself.

    TokenRequest ─ exchange ─▶ Send … Sleep … Send ─▶ Token
"""

from typing import Final, TypeAlias, final

import attrs

from oauth_cc.authentication.credentials import ClientCredentials
from oauth_cc.authentication.federated import AssertionSource
from oauth_cc.authentication.jwt import AssertionDraft
from oauth_cc.authentication.methods import Proof
from oauth_cc.endpoint import Endpoint, as_endpoint
from oauth_cc.errors import InvalidInput, InvalidResponse, TokenRequestRefused
from oauth_cc.flows.effects import Failed, Flow, Received, Sleep, fetch_assertion, observe, send, sign
from oauth_cc.http import date
from oauth_cc.request import TokenRequest, as_request, authenticated_request, proof_of
from oauth_cc.response import read_token_response
from oauth_cc.secret import Secret
from oauth_cc.token import Token

# Seconds: by how much a clock may lag, and how wrong it may be to be put right.
_LAG: Final = 2.0
_WRONGEST_CLOCK: Final = 86400.0


@final
@attrs.frozen
class Retries:
    """
    How a token request that failed is tried again.

    *attempts*: how often it is sent at the most, 1 for no retry; *base*, *ceiling*: seconds, the longest first pause
    and the longest pause of all. Pauses grow exponentially, each drawn from 0 to its limit (full jitter), so that
    clients that failed together do not return together. A server's Retry-After is waited for instead, with jitter
    on top; one beyond *ceiling* ends the attempts, and the error says how long it asked for.

    Raises `InvalidInput` if there is no attempt, or a pause is negative.

        >>> Retries().pause(attempt=1, retry_after=None, jitter=0.5)
        0.25
        >>> Retries().pause(attempt=1, retry_after=600.0, jitter=0.5) is None
        True
    """

    attempts: int = 3
    base: float = 0.5
    ceiling: float = 8.0

    def __attrs_post_init__(self) -> None:
        if not self.attempts >= 1 or not 0 <= self.base <= self.ceiling:
            raise InvalidInput("retries", "give at least 1 attempt, and pauses with 0 <= base <= ceiling")

    def pause(self, attempt: int, retry_after: float | None, jitter: float) -> float | None:
        """
        Gives the seconds to wait after *attempt*, counted from 1, or None if it was the last.

        *retry_after*: what the server asked for in seconds, or None; *jitter*: a random number from 0 up to 1.
        """
        if attempt >= self.attempts or (retry_after is not None and retry_after > self.ceiling):
            return None
        limit = min(self.base * 2.0 ** min(attempt - 1, 60), self.ceiling)
        if retry_after is None:
            return jitter * limit
        return min(retry_after + jitter * self.base, self.ceiling)


DEFAULT_RETRIES: Final = Retries()
"""Three attempts within a few seconds: what bridges a restart without holding its caller up."""


def exchange(
    request: TokenRequest | ClientCredentials,
    endpoint: str | Endpoint,
    *,
    retries: Retries = DEFAULT_RETRIES,
) -> Flow[Token]:
    """
    Gives the flow that asks the token *endpoint* for what *request* says, and returns the `Token`.

    The token's lifetime counts from the moment at which it was asked for. Sent again are requests that were not
    answered and answers that are ``retryable``, as *retries* has it; and once, by the server's clock, the request of a
    client whose signed assertion was refused while its own clock showed another time, up to a day apart (FAPI 2.0
    Security Profile section 5.3.3.1). *endpoint* is that of `http_request`. The flow raises
    what `parse_token_response` and `http_request` raise, and the error of the HTTP library if there was no answer.
    """
    asked, where = as_request(request), as_endpoint(endpoint)
    attempt, ahead = 0, 0.0
    while True:
        attempt += 1
        # Composed anew for every attempt: an assertion serves once.
        outcome, found = yield from _attempt(asked, where, ahead)
        if isinstance(outcome, Token):
            return outcome
        if found and not ahead and attempt < retries.attempts and _is_invalid_client(outcome):
            ahead = found
            continue
        error, retryable, retry_after = _failure(outcome)
        if not retryable or not (yield from wait_to_retry(retries, attempt, retry_after)):
            raise error


def wait_to_retry(retries: Retries, attempt: int, retry_after: float | None) -> Flow[bool]:
    """
    Gives the flow that waits after *attempt* for as long as `Retries.pause` says, and returns whether to try again.
    """
    moment = yield from observe()
    pause = retries.pause(attempt, retry_after, moment.jitter)
    if pause is None:
        return False
    yield Sleep(pause)
    return True


_Outcome: TypeAlias = Token | TokenRequestRefused | InvalidResponse | Failed


def _attempt(request: TokenRequest, endpoint: Endpoint, ahead: float) -> Flow[tuple[_Outcome, float]]:
    # Gives what came of it, and by how much the server's clock is ahead of this machine's if that may matter.
    proof = proof_of(request)
    assertion = yield from _assertion(proof, ahead)
    if isinstance(assertion, Failed):
        return assertion, 0.0
    composed = authenticated_request(request, endpoint, proof, assertion)
    began = yield from observe()
    sent = yield from send(composed)
    if isinstance(sent, Failed):
        return sent, 0.0
    # Lifetimes count from the asking: a process that was stopped may have let the answer lie.
    outcome = read_token_response(sent.response, request, began.now, lambda: proof, assertion)
    signed = isinstance(proof, AssertionDraft)
    return outcome, _clock_ahead(sent, began.now) if signed else 0.0


def _clock_ahead(received: Received, began: float) -> float:
    shown = date(received.response, received.received_at)
    # An assertion of the same second is none of the future; one that is some seconds old still holds.
    if shown is None or int(began) <= shown <= received.received_at + _LAG:
        return 0.0
    ahead = shown - received.received_at
    return ahead if abs(ahead) <= _WRONGEST_CLOCK else 0.0


def _assertion(proof: Proof | None, ahead: float) -> Flow[Secret | Failed | None]:
    match proof:
        case AssertionDraft() as draft:
            moment = yield from observe()
            unsigned = draft.at(moment.now + ahead, moment.unique_id)
            signature = yield from sign(unsigned.key, unsigned.signing_input)
            return signature if isinstance(signature, Failed) else unsigned.signed(signature)
        case AssertionSource(source):
            return (yield from fetch_assertion(source))
        case _:
            return None


def _is_invalid_client(outcome: TokenRequestRefused | InvalidResponse | Failed) -> bool:
    return isinstance(outcome, TokenRequestRefused) and outcome.code == "invalid_client"


def _failure(outcome: TokenRequestRefused | InvalidResponse | Failed) -> tuple[Exception, bool, float | None]:
    if isinstance(outcome, Failed):
        return outcome.error, outcome.retryable, None
    return outcome, outcome.retryable, outcome.retry_after
