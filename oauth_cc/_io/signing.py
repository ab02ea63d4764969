"""
Signing of client assertions, and loading of assertions that others issued.
"""

import inspect
from collections.abc import Awaitable
from pathlib import Path

from oauth_cc._io.tracebacks import strip_tracebacks
from oauth_cc.authentication.federated import MAX_ASSERTION, AssertionFile, checked_assertion
from oauth_cc.authentication.jwt import MacKey, SigningKey
from oauth_cc.errors import InvalidInput, InvalidKey
from oauth_cc.flows.effects import Failed, FetchAssertion, Sign
from oauth_cc.secret import Secret


def perform_signing(effect: Sign | FetchAssertion) -> bytes | Secret | Failed:
    """
    Return the signature or the assertion, or `Failed`. Blocks while the user's signer does.
    """
    try:
        found = _sign_or_fetch(effect)
    except Exception as error:  # callers must see the error of a signer, of any class
        return _failed(error)
    if inspect.iscoroutine(found):
        found.close()
    if isinstance(found, Awaitable):
        reason = (
            "the client authentication has an async signer or assertion source, which only async code can await; "
            "pass a plain function"
        )
        return _failed(InvalidInput("client authentication", reason))
    return _checked(effect, found)


async def perform_signing_async(effect: Sign | FetchAssertion) -> bytes | Secret | Failed:
    """
    Return the signature or the assertion, or `Failed`. The user's signer runs in a worker thread, and may be async.
    """
    # Imported here, because code for threads works without anyio.
    from anyio.to_thread import run_sync

    try:
        # In a list, because trio rejects a function that returns a coroutine.
        # Abandoned on cancellation, because a KMS may hang.
        (found,) = await run_sync(lambda: [_sign_or_fetch(effect)], abandon_on_cancel=True)
        if inspect.isawaitable(found):
            found = await found
    except Exception as error:  # as in `perform_signing`
        return _failed(error)
    return _checked(effect, found)


def _failed(error: Exception) -> Failed:
    return Failed(strip_tracebacks(error), retryable=False)


def _sign_or_fetch(effect: Sign | FetchAssertion) -> object:
    if isinstance(effect, Sign):
        return _signature(effect.key, effect.signing_input)
    source = effect.source
    return _read(Path(source.path)) if isinstance(source, AssertionFile) else source()


def _signature(key: SigningKey | MacKey, signing_input: bytes) -> object:
    if isinstance(key, SigningKey):
        return key.signer(signing_input)
    # Imported only for a MacKey, because it needs the extra jwt.
    from oauth_cc.jose import mac

    return mac(key, signing_input)


def _read(file: Path) -> str | Secret:
    try:
        with file.open("rb") as opened:
            return Secret(opened.read(MAX_ASSERTION + 1).decode("utf-8", "replace"))
    except OSError as error:
        reason = (
            f"the client assertion file {file} cannot be read ({error.strerror}); "
            "check the path and that the file has been written"
        )
    raise InvalidInput("client assertion", reason)


def _checked(effect: Sign | FetchAssertion, found: object) -> bytes | Secret | Failed:
    if isinstance(effect, FetchAssertion):
        assertion = checked_assertion(found)
        return assertion if isinstance(assertion, Secret) else _failed(assertion)
    if isinstance(found, bytes):
        return found
    reason = f"the signing key's signer must return the signature as bytes, not {type(found).__name__}"
    return _failed(InvalidKey("signing key", reason))
