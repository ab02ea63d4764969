"""
The flow of one token request with its retries.

    TokenRequest ─ exchange ─▶ Send … Sleep … Send ─▶ Token
"""

from typing import Final, TypeAlias, final

import attrs

from oauth_cc.authentication.client_secret import SecretFile, SecretSource
from oauth_cc.authentication.credentials import sources_of
from oauth_cc.authentication.federated import AssertionFile, AssertionSource, Source, remark_on
from oauth_cc.authentication.jwt import AssertionDraft
from oauth_cc.authentication.keys import KeySource, SigningKey
from oauth_cc.authentication.methods import GrantDraft, Proof
from oauth_cc.compose import authenticated_request, proof_of
from oauth_cc.endpoint import Endpoint, as_endpoint
from oauth_cc.errors import InvalidInput, InvalidResponse, TokenRequestRefused, kind_fault
from oauth_cc.flows.effects import (
    Failed,
    Flow,
    Sleep,
    fetch_assertion,
    observe,
    read_key,
    read_secret,
    send,
    sign,
)
from oauth_cc.flows.hints import Hints, clock_ahead
from oauth_cc.http import HttpResponse
from oauth_cc.refusal import conceal, redact, secrets_of
from oauth_cc.request import GivenRequest, TokenRequest, as_request
from oauth_cc.response import read_token_response
from oauth_cc.secret import Secret
from oauth_cc.token import Token

# An assertion that is a grant is an invalid grant (RFC 7523 section 3.1).
_CLIENT_CODES: Final = ("invalid_client", "invalid_grant")
_CLIENT_STATUSES: Final = frozenset({400, 401, 403})

# In seconds: how long to wait for a file that is replaced, each time.
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4)


@final
@attrs.frozen
class Retries:
    """
    The retries of a failed token request.

    Pauses grow exponentially. Each is drawn from 0 to its limit (full jitter), so that clients that failed together do
    not retry together. A Retry-After of the server replaces the pause, with jitter on top. A Retry-After above
    *ceiling* ends the attempts, and the error has its seconds.

    Args:
        attempts: The maximum number of attempts, 1 for no retry.
        base: The limit of the first pause, in seconds.
        ceiling: The limit of every pause, in seconds.

    Raises:
        InvalidInput: *attempts* is not a whole number above 0, or the pauses do not satisfy 0 <= base <= ceiling.

    Example:
        >>> Retries().pause(attempt=1, retry_after=None, jitter=0.5)
        0.25
        >>> Retries().pause(attempt=1, retry_after=600.0, jitter=0.5) is None
        True
    """

    attempts: int = 3
    base: float = 0.5
    ceiling: float = 8.0

    def __attrs_post_init__(self) -> None:
        numbers = type(self.attempts) is int and {type(self.base), type(self.ceiling)} <= {int, float}
        if not numbers or not self.attempts >= 1 or not 0 <= self.base <= self.ceiling:
            raise InvalidInput("retries", "retries must have at least 1 attempt, and 0 <= base <= ceiling")

    def pause(self, attempt: int, retry_after: float | None, jitter: float) -> float | None:
        """
        Return the seconds to wait after an attempt, None if it was the last.

        Args:
            attempt: The number of the attempt, from 1.
            retry_after: The server's Retry-After in seconds, or None.
            jitter: A random number from 0 up to, not including, 1.
        """
        if attempt >= self.attempts or (retry_after is not None and retry_after > self.ceiling):
            return None
        limit = min(self.base * 2.0 ** min(attempt - 1, 60), self.ceiling)
        if retry_after is None:
            return jitter * limit
        return min(retry_after + jitter * self.base, self.ceiling)


DEFAULT_RETRIES: Final = Retries()
"""Three attempts within a few seconds: enough to bridge a restart of the server."""


def check_retries(given: object) -> None:
    """Raise `InvalidInput` unless *given* is a `Retries`."""
    if not isinstance(given, Retries):
        reason = f"retries must be a Retries, not {type(given).__name__}; use Retries(attempts=...)"
        raise InvalidInput("retries", reason)


def exchange(
    request: GivenRequest,
    endpoint: str | Endpoint,
    *,
    retries: Retries = DEFAULT_RETRIES,
    hints: Hints | None = None,
) -> Flow[Token]:
    """
    Return the flow that sends a token request, retries it, and returns the `Token`.

    The lifetime of the token counts from the moment of the request. A request is retried if there was no response, or
    the response is ``retryable``. If the server rejects a signed assertion while its clock differs from this machine's
    by up to a day, the request is sent once more by the server's clock (FAPI 2.0 Security Profile section 5.3.3.1). If
    the server requires a nonce in the DPoP proof, the request is sent once more with the nonce (RFC 9449 section 8).

    The flow raises the errors of `parse_token_response`, with a note that names the server, and of `http_request`, and
    the error of the HTTP library if there was no response.

    Args:
        request: The token request. Credentials alone request no scope.
        endpoint: The token endpoint.
        retries: The number of attempts and the pauses between them.
        hints: The nonces that servers named before. None for none.
    """
    asked, where = as_request(request), as_endpoint(endpoint)
    check_retries(retries)
    known = Hints() if hints is None else hints
    if not isinstance(known, Hints):
        raise kind_fault("hints", hints, "Hints or None", "leave it out")
    attempt, ahead, replaced, demanded = 0, 0.0, False, False
    nonce = known.nonce(where)
    while True:
        attempt += 1
        # Composed anew for every attempt, as servers accept an assertion and a proof once.
        done = yield from _attempt(asked, where, ahead, nonce)
        if done.nonce is not None:
            known.keep_nonce(where, done.nonce)
            nonce = done.nonce
        if done.demands_nonce and not demanded:
            demanded = True
            continue
        outcome = done.outcome
        if isinstance(outcome, Token):
            return outcome
        if not replaced and _rejects_client(outcome) and (yield from _is_replaced(done)):
            replaced = True
            continue
        if done.ahead and not ahead and attempt < retries.attempts:
            ahead = done.ahead
            continue
        error, retryable, retry_after = _failure(outcome)
        if not retryable or not (yield from wait_to_retry(retries, attempt, retry_after)):
            raise error


def wait_to_retry(retries: Retries, attempt: int, retry_after: float | None) -> Flow[bool]:
    """
    Return the flow that waits after a failed attempt, and returns whether to try again.

    Args:
        retries: The number of attempts and the pauses between them.
        attempt: The number of the attempt, from 1.
        retry_after: The server's Retry-After in seconds, or None.
    """
    moment = yield from observe()
    pause = retries.pause(attempt, retry_after, moment.jitter)
    if pause is None:
        return False
    yield Sleep(pause)
    return True


_Answer: TypeAlias = Token | TokenRequestRefused | InvalidResponse
_Outcome: TypeAlias = _Answer | Failed
_Read: TypeAlias = Secret | SigningKey
_Source: TypeAlias = SecretFile | SecretSource | KeySource | Source
_Reads: TypeAlias = tuple[tuple[_Source, _Read], ...]


@final
@attrs.frozen
class _Attempt:
    # The outcome; the seconds by which the server's clock is ahead, if that may be the cause of a failure; what was
    # read for the attempt, and where; the nonce for the next DPoP proof, and whether a retry with it helps.
    outcome: _Outcome
    ahead: float = 0.0
    reads: _Reads = ()
    nonce: str | None = None
    demands_nonce: bool = False


def _attempt(request: TokenRequest, endpoint: Endpoint, ahead: float, nonce: str | None) -> Flow[_Attempt]:
    found = yield from _read_all(request)
    if isinstance(found, Failed):
        return _Attempt(found)
    request, reads = found
    proof = proof_of(request)
    assertion = yield from assertion_of(proof, ahead)
    if isinstance(assertion, Failed):
        return _Attempt(assertion)
    dpop = yield from _dpop_proof(request, endpoint, ahead, nonce)
    if isinstance(dpop, Failed):
        return _Attempt(dpop)
    composed = authenticated_request(request, endpoint, proof, assertion, dpop)
    began = yield from observe()
    sent = yield from send(composed)
    if isinstance(sent, Failed):
        # The server's metadata may have chosen the host that the error names.
        conceal(sent.error, secrets_of(request, proof, assertion, dpop))
        return _Attempt(sent)
    # Lifetimes count from the request, as a suspended process reads the response late.
    outcome = read_token_response(sent.response, request, began.now, lambda: proof, assertion, dpop)
    if isinstance(outcome, TokenRequestRefused) and sent.remark is not None:
        outcome = _with_remark(outcome, sent.remark)
    if isinstance(proof, AssertionSource) and assertion is not None:
        reads = ((proof.source, assertion),)
        outcome = _with_claims(outcome, assertion, began.now)
    if not isinstance(outcome, Token):
        # The server's metadata may have chosen the host. An HTTP library's error names it itself.
        server = redact(str(endpoint.origin), secrets_of(request, proof, assertion, dpop))
        outcome.add_note(f"The token was requested from token endpoint {server}.")
    late = clock_ahead(sent.response, sent.received_at, began.now)
    signed = isinstance(proof, AssertionDraft | GrantDraft)
    done = _Attempt(outcome, late if signed and _rejects_client(outcome) else 0.0, reads)
    return done if dpop is None else _with_hints(done, sent.response, nonce, late)


def _with_claims(outcome: _Answer, assertion: Secret, now: float) -> _Answer:
    if not isinstance(outcome, TokenRequestRefused) or not _rejects_client(outcome):
        return outcome
    remark = remark_on(assertion, now)
    return outcome if remark is None else _with_remark(outcome, remark)


def _with_hints(done: _Attempt, response: HttpResponse, sent: str | None, late: float) -> _Attempt:
    from oauth_cc.dpop import dpop_nonce, proof_rejected, retry_nonce

    return attrs.evolve(
        done,
        ahead=late if proof_rejected(response) else done.ahead,
        nonce=dpop_nonce(response),
        demands_nonce=retry_nonce(response, sent) is not None,
    )


def _dpop_proof(
    request: TokenRequest, endpoint: Endpoint, ahead: float, nonce: str | None
) -> Flow[Secret | Failed | None]:
    if request.dpop_key is None:
        return None
    from oauth_cc.dpop import dpop_proof

    moment = yield from observe()
    now, unique_id = moment.now + ahead, moment.unique_id
    unsigned = dpop_proof(request.dpop_key, "POST", endpoint.url, now=now, unique_id=unique_id, nonce=nonce)
    signature = yield from sign(request.dpop_key, unsigned.signing_input)
    return signature if isinstance(signature, Failed) else unsigned.signed(signature)


def _with_read(request: TokenRequest, read: _Read) -> TokenRequest:
    known = request.credentials
    return attrs.evolve(
        request, credentials=known.with_secret(read) if isinstance(read, Secret) else known.with_key(read)
    )


def _read(source: _Source) -> Flow[_Read | Failed]:
    # A file that is being replaced may be missing or empty for a moment.
    for pause in _PAUSES:
        found = yield from _read_once(source)
        if not isinstance(found, Failed) or not found.retryable:
            return found
        yield Sleep(pause)
    found = yield from _read_once(source)
    return Failed(found.error, retryable=False) if isinstance(found, Failed) else found


def _read_once(source: _Source) -> Flow[_Read | Failed]:
    match source:
        case SecretFile() | SecretSource():
            return (yield from read_secret(source))
        case KeySource():
            return (yield from read_key(source))
        case _:
            return (yield from fetch_assertion(source))


def _is_replaced(attempt: _Attempt) -> Flow[bool]:
    for source, read in attempt.reads:
        # A function may return another assertion at each call, so a difference means nothing.
        if isinstance(source, SecretFile | SecretSource | KeySource | AssertionFile):
            found = yield from _read(source)
            if not isinstance(found, Failed) and found != read:
                return True
    return False


def _with_remark(refused: TokenRequestRefused, remark: str) -> TokenRequestRefused:
    return TokenRequestRefused(
        refused.error,
        refused.description,
        refused.uri,
        refused.status,
        refused.retryable,
        refused.retry_after,
        refused.server_message,
        remark if refused.advice is None else f"{refused.advice}; {remark}",
    )


def read_anew(request: TokenRequest) -> Flow[TokenRequest | Failed]:
    """
    Return the flow that reads the secret or the key of *request*, and returns the request that has it.

    Args:
        request: The request. One whose secret or key stays is returned as it is.
    """
    found = yield from _read_all(request)
    return found if isinstance(found, Failed) else found[0]


def _read_all(request: TokenRequest) -> Flow[tuple[TokenRequest, _Reads] | Failed]:
    reads: _Reads = ()
    for source in sources_of(request.credentials):
        found = yield from _read(source)
        if isinstance(found, Failed):
            return found
        request, reads = _with_read(request, found), (*reads, (source, found))
    return request, reads


def assertion_of(proof: Proof | None, ahead: float = 0.0) -> Flow[Secret | Failed | None]:
    """
    Return the flow that makes or fetches the assertion of one request; None if the client sends none.

    Args:
        proof: What authenticates the client.
        ahead: Seconds by which the server's clock is ahead.
    """
    match proof:
        case (AssertionDraft() as draft) | GrantDraft(draft):
            moment = yield from observe()
            unsigned = draft.at(moment.now + ahead, moment.unique_id)
            signature = yield from sign(unsigned.key, unsigned.signing_input)
            return signature if isinstance(signature, Failed) else unsigned.signed(signature)
        case AssertionSource(source):
            fetched = yield from _read(source)
            return fetched if isinstance(fetched, Failed | Secret) else None
        case _:
            return None


def _rejects_client(outcome: _Outcome) -> bool:
    if not isinstance(outcome, TokenRequestRefused):
        return False
    # Some servers reject a bad secret or assertion without an error code.
    return outcome.code in _CLIENT_CODES or (outcome.error is None and outcome.status in _CLIENT_STATUSES)


def _failure(outcome: TokenRequestRefused | InvalidResponse | Failed) -> tuple[Exception, bool, float | None]:
    if isinstance(outcome, Failed):
        return outcome.error, outcome.retryable, None
    return outcome, outcome.retryable, outcome.retry_after
