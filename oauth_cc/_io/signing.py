"""
Signing of client assertions, and reading of secrets, keys and assertions that others issued.
"""

import inspect
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeAlias

from oauth_cc._io.tracebacks import strip_tracebacks
from oauth_cc.authentication.client_secret import MAX_SECRET, SecretFile, SecretSource, checked_secret, secret_in_file
from oauth_cc.authentication.federated import MAX_ASSERTION, AssertionFile, assertion_in_file, checked_assertion
from oauth_cc.authentication.keys import MacKey, SigningKey
from oauth_cc.errors import InvalidInput, InvalidKey, OAuthError
from oauth_cc.flows.effects import Failed, FetchAssertion, ReadKey, ReadSecret, Sign
from oauth_cc.secret import Secret

Signing: TypeAlias = Sign | FetchAssertion | ReadSecret | ReadKey
"""The effects that authenticate the client."""

Proven: TypeAlias = bytes | Secret | SigningKey | Failed
"""Their results."""


def perform_signing(effect: Signing) -> Proven:
    """
    Return the signature, or what was read, or `Failed`. Blocks while the user's function does.
    """
    try:
        found = _perform(effect)
    except Exception as error:  # callers must see the error of a signer, of any class
        return _failed(error, effect)
    if inspect.iscoroutine(found):
        found.close()
    if isinstance(found, Awaitable):
        reason = (
            "the client authentication has an async signer or source, which only async code can await; pass a plain "
            "function"
        )
        return _failed(InvalidInput("client authentication", reason), effect)
    return _checked(effect, found)


async def perform_signing_async(effect: Signing) -> Proven:
    """
    Return the signature, or what was read, or `Failed`. The user's function runs in a worker thread, and may be async.
    """
    if isinstance(effect, Sign) and isinstance(effect.key, SigningKey) and effect.key.in_memory:
        return perform_signing(effect)
    # Imported here, because code for threads works without anyio.
    from oauth_cc._io.worker_threads import in_worker_thread

    try:
        # In a list, because trio rejects a function that returns a coroutine.
        # Abandoned on cancellation, because a KMS may hang.
        (found,) = await in_worker_thread(lambda: [_perform(effect)], abandon_on_cancel=True)
        if inspect.isawaitable(found):
            found = await found
    except Exception as error:  # as in `perform_signing`
        return _failed(error, effect)
    return _checked(effect, found)


def _failed(error: Exception, effect: Signing) -> Failed:
    if not isinstance(error, OAuthError):
        _note(error, f"raised by {_function(effect)} of the client authentication")
    # The content of a file may be complete in a moment.
    return Failed(strip_tracebacks(error), retryable=_in_file(effect) and isinstance(error, InvalidInput))


def _note(error: Exception, note: str) -> None:
    # A function may raise the same object again.
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def _function(effect: Signing) -> str:
    match effect:
        case Sign(SigningKey(signer=signer)):
            return f"the signer {_name(signer)}"
        case Sign():
            return "the secret"
        case FetchAssertion(source):
            return f"the assertion function {_name(source)}"
        case ReadSecret(source):
            return f"the secret function {_name(source.read)}" if isinstance(source, SecretSource) else "the file"
        case ReadKey(source):
            return f"the key function {_name(source.read)}"


def _name(function: object) -> str:
    # A function of the library may call the user's.
    function = getattr(function, "__wrapped__", function)
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _in_file(effect: Signing) -> bool:
    match effect:
        case FetchAssertion(source) | ReadSecret(source):
            return isinstance(source, AssertionFile | SecretFile)
        case ReadKey():
            return True
        case Sign():
            return False


def _perform(effect: Signing) -> object:
    match effect:
        case Sign(key, signing_input):
            return _signature(key, signing_input)
        case FetchAssertion(source):
            if isinstance(source, AssertionFile):
                return _content("client assertion", source.path, MAX_ASSERTION)
            return source()
        case ReadSecret(source):
            if isinstance(source, SecretFile):
                return _content("client_secret", source.path, MAX_SECRET)
            return source.read()
        case ReadKey(source):
            return source.read()


def _signature(key: SigningKey | MacKey, signing_input: bytes) -> object:
    if isinstance(key, SigningKey):
        return key.signer(signing_input)
    # Imported only for a MacKey, because it needs the extra jwt.
    from oauth_cc.jose import mac

    return mac(key, signing_input)


def _content(parameter: str, path: str, limit: int) -> bytes:
    try:
        with Path(path).open("rb") as opened:
            return opened.read(limit + 1)
    except OSError as error:
        reason = (
            f"the {parameter} file {path} cannot be read ({error.strerror}); "
            "check the path and that the file has been written"
        )
    raise InvalidInput(parameter, reason)


def _checked(effect: Signing, found: object) -> Proven:
    checked = _checked_result(effect, found)
    return _failed(checked, effect) if isinstance(checked, InvalidInput) else checked


def _checked_result(effect: Signing, found: object) -> bytes | Secret | SigningKey | InvalidInput:
    match effect:
        case FetchAssertion(AssertionFile() as file) if isinstance(found, bytes):
            return assertion_in_file(file, found)
        case FetchAssertion():
            return checked_assertion(found.decode("utf-8", "replace") if isinstance(found, bytes) else found)
        case ReadSecret(SecretFile() as file) if isinstance(found, bytes):
            return secret_in_file(file, found)
        case ReadSecret():
            if not isinstance(found, str | Secret):
                reason = f"client_secret function must return a str or Secret, not {type(found).__name__}"
                return InvalidInput("client_secret", reason)
            return _unless_empty(checked_secret(found))
        case ReadKey(source):
            if isinstance(found, SigningKey):
                return found
            return InvalidKey("signing key", f"signing key {source.name} must be read as a SigningKey")
        case Sign():
            if isinstance(found, bytes):
                return found
            reason = f"the signing key's signer must return the signature as bytes, not {type(found).__name__}"
            return InvalidKey("signing key", reason)


def _unless_empty(secret: Secret | InvalidInput) -> Secret | InvalidInput:
    if secret:
        return secret
    return InvalidInput("client_secret", "client_secret source must not return an empty secret; check the source")
