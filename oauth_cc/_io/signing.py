"""
What drivers do for a client that proves itself by an assertion: they have keys sign, and read what others made.
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
    Gives the signature or the assertion that *effect* asks for, or what went wrong; a signer of the user's may block.
    """
    try:
        found = _ask(effect)
    except Exception as error:  # whatever a signer raises, callers are to see that
        return _failed(error)
    if inspect.iscoroutine(found):
        found.close()
    if isinstance(found, Awaitable):
        reason = "its signer or source is a coroutine function, which threads cannot wait for: give a plain one"
        return _failed(InvalidInput("client authentication", reason))
    return _checked(effect, found)


async def perform_signing_async(effect: Sign | FetchAssertion) -> bytes | Secret | Failed:
    """
    Gives what `perform_signing` gives; a signer of the user's may block a thread of its own, or be a coroutine
    function.
    """
    # Imported here, as threads need no anyio; who is here has it.
    from anyio.to_thread import run_sync

    try:
        # In a list, as trio takes a coroutine that comes back bare for a mistake.
        # Nor does who gives up wait for a KMS that hangs: the thread is left to itself.
        (found,) = await run_sync(lambda: [_ask(effect)], abandon_on_cancel=True)
        if inspect.isawaitable(found):
            found = await found
    except Exception as error:  # as above
        return _failed(error)
    return _checked(effect, found)


def _failed(error: Exception) -> Failed:
    return Failed(strip_tracebacks(error), retryable=False)


def _ask(effect: Sign | FetchAssertion) -> object:
    if isinstance(effect, Sign):
        return _signature(effect.key, effect.signing_input)
    source = effect.source
    return _read(Path(source.path)) if isinstance(source, AssertionFile) else source()


def _signature(key: SigningKey | MacKey, signing_input: bytes) -> object:
    if isinstance(key, SigningKey):
        return key.signer(signing_input)
    # Imported by who needs it alone.
    from oauth_cc.jose import mac

    return mac(key, signing_input)


def _read(file: Path) -> str | Secret:
    try:
        with file.open("rb") as opened:
            return Secret(opened.read(MAX_ASSERTION + 1).decode("utf-8", "replace"))
    except OSError as error:
        reason = f"its file {file} cannot be read ({error.strerror}): see whether whoever writes it has done so"
    raise InvalidInput("client assertion", reason)


def _checked(effect: Sign | FetchAssertion, found: object) -> bytes | Secret | Failed:
    if isinstance(effect, FetchAssertion):
        assertion = checked_assertion(found)
        return assertion if isinstance(assertion, Secret) else _failed(assertion)
    if isinstance(found, bytes):
        return found
    reason = f"the signer gave {type(found).__name__}, and not the bytes of a signature"
    return _failed(InvalidKey("signing key", reason))
