"""
Signing, and loading of issued assertions, in threads and in async code.
"""

import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from oauth_cc import AssertionFile, ClientAssertion, Secret, SecretFile, SigningKey, errors
from oauth_cc._io.signing import Proven, Signing, perform_signing, perform_signing_async
from oauth_cc.authentication import KeySource, MacKey, SecretSource
from oauth_cc.authentication.client_secret import MAX_SECRET
from oauth_cc.authentication.federated import MAX_ASSERTION
from oauth_cc.flows import Failed, FetchAssertion, ReadKey, ReadSecret, Sign
from tests.endless import endless
from tests.leaks import shown_by

SECRET = "7Fjfp0ZBr1KtDRbnfVdmIw7Fjfp0ZBr1"
Prove = Callable[[Signing], Proven]


def on_asyncio(effect: Signing) -> Proven:
    """Perform *effect* on asyncio."""
    return anyio.run(perform_signing_async, effect)


def on_trio(effect: Signing) -> Proven:
    """Perform *effect* on trio."""
    return anyio.run(perform_signing_async, effect, backend="trio")


each = pytest.mark.parametrize("ask", [perform_signing, on_asyncio, on_trio])


def key(signer: Callable[[bytes], Any]) -> SigningKey:
    """Return a key with this *signer*."""
    return SigningKey("ES256", signer, "key-1")


def error_of(result: object) -> str:
    """Return the text of the error of a failed effect."""
    assert isinstance(result, Failed)
    return f"{result.error}"


def fault(result: object) -> tuple[type[errors.InvalidInput], str, str, bool]:
    """Return class, parameter and text of the error of a failed effect, and whether it is retryable."""
    assert isinstance(result, Failed)
    assert isinstance(result.error, errors.InvalidInput)
    return type(result.error), result.error.parameter, str(result.error), result.retryable


@each
def test_a_function_and_a_secret_sign(ask: Prove) -> None:
    """A `SigningKey` signs with its function, a `MacKey` with its secret."""
    assert ask(Sign(key(lambda signing_input: signing_input[::-1]), b"abc")) == b"cba"
    assert len(bytes(ask(Sign(MacKey(SECRET, "HS256"), b"abc")))) == 32  # type: ignore[arg-type]  # it is bytes


@each
def test_assertion_file_is_read_for_each_effect(ask: Prove, tmp_path: Path) -> None:
    """The issuer replaces the file from time to time."""
    file = tmp_path / "token"
    for text in ("eyJ-1", "eyJ-2"):
        file.write_text(f"{text}\n")
        assert ask(FetchAssertion(AssertionFile(file))) == Secret(text)


@each
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read (No such file or directory); check the path and that the file has been written"),
        (b"", "must not be empty"),
        (b"\n", "must not be empty"),
        (b"M4RKER\xff", "must be at most 65536 ASCII characters"),
        (b"M4RKER " * 3, "must be at most 65536 ASCII characters"),
        (b"M" * (MAX_ASSERTION + 1), "must be at most 65536 ASCII characters"),
    ],
)
def test_illegal_assertion_file_is_an_error_without_its_content(
    ask: Prove, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """The error names the cause."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    result = ask(FetchAssertion(AssertionFile(file)))
    assert reason in error_of(result)
    assert str(file) in error_of(result)
    assert isinstance(result, Failed)
    assert result.retryable
    assert "M4RKER" not in shown_by(result.error)


@each
def test_secret_file_is_read_for_each_effect(ask: Prove, tmp_path: Path) -> None:
    """It is rotated from time to time. A missing file may be back in a moment."""
    file = tmp_path / "secret"
    for content, secret in ((b"\xef\xbb\xbfone\r\n", "one"), (b"two", "two")):
        file.write_bytes(content)
        assert ask(ReadSecret(SecretFile(file))) == Secret(secret)
    for change in (lambda: file.write_bytes(b"M4RKER\0"), lambda: file.write_bytes(b""), file.unlink):
        change()
        result = ask(ReadSecret(SecretFile(file)))
        assert f"client_secret file {file} " in error_of(result)
        assert isinstance(result, Failed)
        assert result.retryable
        assert "M4RKER" not in shown_by(result.error)


@each
def test_secret_function_is_called_for_each_effect(ask: Prove) -> None:
    """It returns a str or a `Secret`. Its errors, and other results, are final."""
    numbers = iter(range(9))
    effect = ReadSecret(SecretSource(lambda: f"s3cret-{next(numbers)}"))
    assert [ask(effect), ask(effect)] == [Secret("s3cret-0"), Secret("s3cret-1")]
    assert ask(ReadSecret(SecretSource(lambda: Secret("s3cret")))) == Secret("s3cret")

    def failing() -> str:
        raise OSError("the vault is sealed")

    wrong: list[tuple[Callable[[], Any], str]] = [
        (failing, "the vault is sealed"),
        (lambda: "", "must not return an empty secret"),
        (lambda: "M4RKER\n", "must not end with a newline"),
        (lambda: b"M4RKER", "must return a str or Secret, not bytes"),
        (lambda: None, "must return a str or Secret, not NoneType"),
    ]
    for function, reason in wrong:
        result = ask(ReadSecret(SecretSource(function)))
        assert reason in error_of(result)
        assert isinstance(result, Failed)
        assert not result.retryable
        assert "M4RKER" not in shown_by(result.error)


@each
def test_key_is_read_for_each_effect(ask: Prove) -> None:
    """Its file may be incomplete for a moment, and an error of the key's own is final."""

    def failing(error: Exception) -> SigningKey:
        raise error

    other: Any = lambda: "key"  # noqa: E731  # in a variable for its type
    current = key(lambda _: bytes(64))
    assert ask(ReadKey(KeySource("client.pem", lambda: current))) is current
    assert "client.pem must be read as a SigningKey" in error_of(ask(ReadKey(KeySource("client.pem", other))))
    invalid = errors.InvalidKey("signing key", "signing key cannot be read")
    for error, retryable in ((invalid, True), (ZeroDivisionError(), False)):
        result = ask(ReadKey(KeySource("client.pem", partial(failing, error))))
        assert isinstance(result, Failed)
        assert (result.error, result.retryable) == (error, retryable)


@each
def test_endless_assertion_file_is_read_up_to_the_limit(ask: Prove, tmp_path: Path) -> None:
    """The limit is the maximum length of an assertion."""
    with endless(tmp_path / "token", MAX_ASSERTION + 1) as waited:
        assert "must be at most 65536 ASCII characters" in error_of(
            ask(FetchAssertion(AssertionFile(tmp_path / "token")))
        )
        assert not waited.is_set()


@each
def test_assertion_function_is_called_for_each_effect(ask: Prove) -> None:
    """It returns a str or a `Secret`."""
    numbers = iter(range(9))
    effect = FetchAssertion(lambda: f"eyJ-{next(numbers)}")
    assert [ask(effect), ask(effect)] == [Secret("eyJ-0"), Secret("eyJ-1")]
    assert ask(FetchAssertion(lambda: Secret("eyJ"))) == Secret("eyJ")


@each
def test_illegal_return_types_are_errors(ask: Prove) -> None:
    """A signer returns bytes, an assertion function text."""
    assert "signer must return the signature as bytes, not str" in error_of(ask(Sign(key(lambda _: "M4RKER"), b"a")))
    source: Callable[[], Any] = lambda: 5  # noqa: E731  # in a variable for its type
    assert "must be a str or Secret, not int" in error_of(ask(FetchAssertion(source)))


SECRET_FUNCTION = "client_secret function must return a str or Secret, not {}"
ASSERTION = "client assertion must be a str or Secret, not {}"
SIGNER = "the signing key's signer must return the signature as bytes, not {}"


@each
def test_what_cannot_be_used_is_a_final_error_with_the_remedy(ask: Prove) -> None:
    """The class, the parameter and the sentence are those of the argument that is wrong."""
    wrong: dict[str, tuple[Any, type[errors.InvalidInput], str, str]] = {
        "signature": (Sign(key(lambda _: "M4RKER"), b"a"), errors.InvalidKey, "signing key", SIGNER.format("str")),
        "secret": (
            *(ReadSecret(SecretSource(lambda: returned(5))), errors.InvalidInput, "client_secret"),
            SECRET_FUNCTION.format("int"),
        ),
        "bytes for a secret": (
            *(ReadSecret(SecretSource(lambda: returned(b"M4RKER"))), errors.InvalidInput, "client_secret"),
            SECRET_FUNCTION.format("bytes"),
        ),
        "empty secret": (
            *(ReadSecret(SecretSource(lambda: "")), errors.InvalidInput, "client_secret"),
            "client_secret source must not return an empty secret; check the source",
        ),
        "assertion": (
            *(FetchAssertion(lambda: returned(5)), errors.InvalidInput, "client assertion"),
            ASSERTION.format("int"),
        ),
    }
    for effect, *expected in wrong.values():
        assert fault(ask(effect)) == (*expected, False)
    effect = ReadKey(KeySource("client.pem", lambda: returned("key")))
    reason = "signing key client.pem must be read as a SigningKey"
    # The file may be complete in a moment.
    assert fault(ask(effect)) == (errors.InvalidKey, "signing key", reason, True)


def returned(value: object) -> Any:
    """Return *value*, of any type."""
    return value


@each
def test_file_that_cannot_be_read_is_a_passing_error_with_its_path(ask: Prove, tmp_path: Path) -> None:
    """It may be back in a moment."""
    advice = "check the path and that the file has been written"
    for file, reason in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory")):
        for effect, parameter in (
            (FetchAssertion(AssertionFile(file)), "client assertion"),
            (ReadSecret(SecretFile(file)), "client_secret"),
        ):
            text = f"the {parameter} file {file} cannot be read ({reason}); {advice}"
            assert fault(ask(effect)) == (errors.InvalidInput, parameter, text, True)


@each
def test_secret_file_is_read_up_to_the_limit(ask: Prove, tmp_path: Path) -> None:
    """A longer file is not cut."""
    file = tmp_path / "secret"
    file.write_bytes(b"a" * MAX_SECRET)
    assert ask(ReadSecret(SecretFile(file))) == Secret("a" * MAX_SECRET)
    file.write_bytes(b"a" * (MAX_SECRET + 1))
    assert isinstance(ask(ReadSecret(SecretFile(file))), Failed)


@each
def test_bytes_of_an_assertion_function_are_text(ask: Prove) -> None:
    """A function may return what it read. Bytes that are not UTF-8 are not an assertion."""
    assert ask(FetchAssertion(lambda: returned(b"eyJ"))) == Secret("eyJ")
    text = "client assertion must be at most 65536 ASCII characters without spaces, such as a JWT"
    result = ask(FetchAssertion(lambda: returned(b"eyJ\xff")))
    assert fault(result) == (errors.InvalidInput, "client assertion", text, False)


@each
def test_signer_errors_pass_through_without_their_frames(ask: Prove) -> None:
    """The frames, and the frames of the cause, contain what was signed."""

    def opened(pin: str) -> bytes:
        raise OSError(f"the HSM is down ({len(pin)})")

    def broken(signing_input: bytes) -> bytes:
        try:
            return opened(f"M4RKER {signing_input!r}")
        except OSError as error:
            raise RuntimeError("no signature") from error

    result = ask(Sign(key(broken), b"a"))
    assert isinstance(result, Failed)
    assert not result.retryable
    assert isinstance(result.error.__cause__, OSError)
    assert result.error.__traceback__ is result.error.__cause__.__traceback__ is None
    assert "M4RKER" not in shown_by(result.error)


@each
def test_error_of_a_function_of_the_user_names_it(ask: Prove, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, even if the same error is raised again. The log line has the note too."""
    gone = OSError("the vault is down")

    def vault(_: object = None) -> str:
        raise gone

    def issue(audience: str) -> str:
        raise RuntimeError(f"not for {audience}")

    class Kms:
        def __call__(self, _: bytes) -> bytes:
            raise RuntimeError("no quota")

    def pem() -> SigningKey:
        raise RuntimeError("no key")

    bound = ClientAssertion(issue, audience="https://as.example")

    wanted: dict[str, Signing] = {
        "signer test_error_of_a_function_of_the_user_names_it.<locals>.Kms": Sign(key(Kms()), b"a"),
        "assertion function test_error_of_a_function_of_the_user_names_it.<locals>.vault": FetchAssertion(vault),
        "assertion function test_error_of_a_function_of_the_user_names_it.<locals>.issue": FetchAssertion(bound.source),
        "secret function test_error_of_a_function_of_the_user_names_it.<locals>.vault": ReadSecret(SecretSource(vault)),
        "key function test_error_of_a_function_of_the_user_names_it.<locals>.pem": ReadKey(KeySource("a.pem", pem)),
    }
    for name, effect in wanted.items():
        ask(effect)
        result = ask(effect)
        assert isinstance(result, Failed)
        assert result.error.__notes__[-1] == f"raised by the {name} of the client authentication"
    assert len(gone.__notes__) == 2
    monkeypatch.setitem(sys.modules, "oauth_cc.jose", None)
    result = ask(Sign(MacKey(SECRET, "HS256"), b"abc"))
    assert isinstance(result, Failed)
    assert result.error.__notes__ == ["raised by the secret of the client authentication"]


@pytest.mark.parametrize("ask", [on_asyncio, on_trio])
def test_coroutine_functions_are_awaited_in_async_code(ask: Prove) -> None:
    """Their errors pass through."""

    async def sign(signing_input: bytes) -> bytes:
        await anyio.sleep(0)
        return signing_input

    async def fetch() -> str:
        await anyio.sleep(0)
        raise OSError("down")

    assert ask(Sign(key(sign), b"abc")) == b"abc"
    assert error_of(ask(FetchAssertion(fetch))) == "down"
    assert error_of(ask(ReadSecret(SecretSource(fetch)))) == "down"
    assert ask(Sign(key(lambda _: Later()), b"abc")) == b"later"


class Later:
    """An awaitable that is not a coroutine."""

    def __await__(self) -> Generator[None, None, bytes]:
        yield from anyio.sleep(0).__await__()
        return b"later"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancellation_does_not_wait_for_a_hanging_source(backend: str) -> None:
    """The source runs in a thread."""
    entered, released, left = threading.Event(), threading.Event(), threading.Event()

    def source() -> str:
        entered.set()
        released.wait(5)
        left.set()
        return "eyJ"

    async def main() -> bool:
        async with anyio.create_task_group() as group:
            group.start_soon(perform_signing_async, FetchAssertion(source))
            await anyio.to_thread.run_sync(entered.wait)
            group.cancel_scope.cancel()
        waited = left.is_set()
        released.set()
        return waited

    assert anyio.run(main, backend=backend) is False


ASYNC_SIGNER = (
    "the client authentication has an async signer or source, which only async code can await; pass a plain function"
)


def test_coroutine_functions_are_an_error_in_threads() -> None:
    """No coroutine remains that was never awaited."""

    async def sign(signing_input: bytes) -> bytes:
        return signing_input

    class Waiting:
        def __await__(self) -> Any:
            raise NotImplementedError

    waiting: Callable[[bytes], Awaitable[bytes]] = lambda _: Waiting()  # noqa: E731  # in a variable for its type
    for signer in (sign, waiting):
        assert fault(perform_signing(Sign(key(signer), b"abc"))) == (
            errors.InvalidInput,
            "client authentication",
            ASYNC_SIGNER,
            False,
        )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_blocking_signer_does_not_block_other_tasks(backend: str) -> None:
    """It runs in a thread."""
    free = threading.Event()

    def slow(_: bytes) -> bytes:
        assert free.wait(30)
        return b"done"

    async def main() -> None:
        got: list[object] = []

        async def ask() -> None:
            got.append(await perform_signing_async(Sign(key(slow), b"a")))

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await anyio.sleep(0)
            free.set()
        assert got == [b"done"]

    anyio.run(main, backend=backend)
