"""
FileStore: saved tokens, file modes, and files that another user or process changed.
"""

import errno
import os
import pwd
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import attrs
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import ClientCredentials, Options, Scope, Secret, Token
from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.cli import main
from oauth_cc.cli.output import DONE
from oauth_cc.errors import InvalidInput, StoreUnavailable
from oauth_cc.requests import TokenSource
from oauth_cc.stores._serialization import dumps, loads
from oauth_cc.stores.file import Entry, FileStore
from oauth_cc.testing import AuthorizationServer
from tests.leaks import shown_by
from tests.resting import at_rest

KEY, OTHER = "0123456789abcdef" * 4, "f" * 64
NOW = time.time()


def token(value: str = "tok-1", received_at: float = NOW, lifetime: float = 3600.0) -> Token:
    """Return a token."""
    return Token(Secret(value), "Bearer", received_at, received_at + lifetime, scope=Scope.of("a"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the directory of the store, which does not exist yet."""
    return tmp_path / "deep" / "tokens"


@pytest.fixture
def store(folder: Path) -> FileStore:
    """Return an empty store."""
    return FileStore(folder)


def test_saved_token_is_loaded_by_another_store_object(store: FileStore, folder: Path) -> None:
    """It is found under its own key only."""
    assert store.load(KEY) is None
    store.save(KEY, token())
    assert FileStore(folder).load(KEY) == token()
    assert store.load(OTHER) is None


def test_directory_and_files_are_private_under_any_umask(store: FileStore, folder: Path) -> None:
    """The modes are 0700, for parents that are created too, and 0600."""
    before = os.umask(0)
    try:
        with store.lock(KEY, 1.0):
            store.save(KEY, token())
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, *folder.iterdir())}
    directories, locks = {"deep": 0o700, "tokens": 0o700}, {"012.lock": 0o600, "entries.lock": 0o600}
    assert modes == {**directories, **locks, f"{KEY}.json": 0o600}


def test_older_token_does_not_overwrite_a_newer_one(store: FileStore) -> None:
    """A process may be suspended between response and save."""
    store.save(KEY, token("tok-2", NOW + 1))
    store.save(KEY, token("tok-1", NOW))
    assert store.load(KEY) == token("tok-2", NOW + 1)
    store.save(KEY, token("tok-3", NOW + 2))
    assert store.load(KEY) == token("tok-3", NOW + 2)


@pytest.mark.parametrize("set_back", [-3600.0, -30.0, 0.0])
def test_one_rejected_token_costs_one_request_under_any_clock(
    folder: Path, monkeypatch: pytest.MonkeyPatch, set_back: float
) -> None:
    """Five processes have the token, and the clock is set back before an API rejects it."""
    clock = time.time
    with AuthorizationServer() as server, ExitStack() as stack:
        client = ClientCredentials("your_id", "s3cret")
        sources = [
            stack.enter_context(TokenSource(client, server.token_endpoint, store=FileStore(folder))) for _ in range(5)
        ]
        before = [source.token() for source in sources]
        monkeypatch.setattr(time, "time", lambda: clock() + set_back)
        after: list[Token] = []
        for source in sources:
            source.discard(before[0])
            after.append(source.token())
    assert [before, after] == [[before[0]] * 5, [after[0]] * 5]
    assert before[0] != after[0]
    assert len(server.token_requests) == 2


def test_token_that_is_saved_late_does_not_overwrite_a_newer_one(
    store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process may be stopped while its file is written, and another process renews meanwhile."""
    fsync = os.fsync

    def stop(file: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        FileStore(folder).save(KEY, token("tok-2", NOW + 1))
        fsync(file)

    monkeypatch.setattr(os, "fsync", stop)
    store.save(KEY, token("tok-1", NOW))
    assert store.load(KEY) == token("tok-2", NOW + 1)
    assert {path.name for path in folder.iterdir()} == {f"{KEY}.json", "entries.lock"}


def test_no_token_can_be_saved_between_look_and_rename(
    store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are one step, for as long as the process lives. Another process does not wait for long."""
    rename = os.rename
    refused: list[str] = []

    def stop(*args: Any, **options: Any) -> None:
        for change in (lambda: FileStore(folder).save(KEY, token("tok-2", NOW + 1)), FileStore(folder).clear):
            with pytest.raises(StoreUnavailable) as caught:
                change()
            refused.append(f"{caught.value}")
        rename(*args, **options)

    monkeypatch.setattr("oauth_cc.stores.file._CHANGE_WAIT", 0.05)
    monkeypatch.setattr(os, "rename", stop)
    store.save(KEY, token("tok-1", NOW))
    reason = "is locked by a process that was stopped in the middle of a change; resume or end that process"
    assert refused == [f"{folder} {reason}"] * 2
    assert store.load(KEY) == token("tok-1", NOW)
    assert not list(folder.glob("*.new"))


def test_clear_beside_a_save_is_not_an_error(store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is deleted before it has its name."""
    fsync = os.fsync

    def stop(file: int) -> None:
        monkeypatch.setattr(os, "fsync", fsync)
        assert FileStore(folder).clear() == 1

    monkeypatch.setattr(os, "fsync", stop)
    store.save(KEY, token())
    assert store.load(KEY) is None
    store.save(KEY, token())
    assert store.load(KEY) == token()


@pytest.mark.parametrize("wrong", [token("forged", NOW + 4000), token("forged", NOW + 1, 30 * 365 * 86400.0)])
def test_implausible_token_is_overwritten(store: FileStore, wrong: Token) -> None:
    """The clock was set back since it was saved, or somebody forged it."""
    store.save(KEY, wrong)
    store.save(KEY, token())
    assert store.load(KEY) == token()


def test_discard_deletes_exactly_the_given_token(store: FileStore, folder: Path) -> None:
    """A newer token stays."""
    store.save(KEY, token("tok-2"))
    store.discard(KEY, token("tok-1"))
    assert store.load(KEY) == token("tok-2")
    store.discard(KEY, token("tok-2"))
    store.discard(KEY, token("tok-2"))
    assert [path.name for path in folder.iterdir()] == ["entries.lock"]


def test_save_deletes_expired_tokens_and_old_partial_files(
    store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other files stay. It looks for them once a minute, as it reads the whole directory."""
    store.save(KEY, token(received_at=NOW - 7200))
    abandoned, recent = folder / f"{KEY}.0011223344556677.new", folder / f"{OTHER}.0011223344556677.new"
    for path in (abandoned, recent):
        path.touch(0o600)
    os.utime(abandoned, (NOW - 7200, NOW - 7200))
    (folder / "notes.json").touch()
    before = {path.name for path in folder.iterdir()}
    store.save(OTHER, token())
    assert {path.name for path in folder.iterdir()} == {*before, f"{OTHER}.json"}
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 60)
    store.save(OTHER, token())
    assert {path.name for path in folder.iterdir()} == {f"{OTHER}.json", recent.name, "notes.json", "entries.lock"}


def test_entries_show_key_prefix_scope_and_expiry(store: FileStore) -> None:
    """An empty store has none."""
    assert store.entries() == []
    store.save(KEY, token())
    assert store.entries() == [Entry("01234567", Scope.of("a"), NOW + 3600)]


def test_clear_deletes_all_but_locks(store: FileStore, folder: Path) -> None:
    """Other files stay too."""
    with store.lock(OTHER, 0), store.lock(KEY, 0):
        pass
    store.save(KEY, token())
    (folder / f"{OTHER}.0011223344556677.new").touch()
    (folder / f"{OTHER}.json").mkdir()
    (folder / "notes.json").touch()
    with store.lock(OTHER, 0):
        assert store.clear() == 2
    locks = {"012.lock", "fff.lock", "entries.lock"}
    assert {path.name for path in folder.iterdir()} == {*locks, f"{OTHER}.json", "notes.json"}


def test_number_of_lock_files_is_bounded(store: FileStore, folder: Path) -> None:
    """Keys that begin with the same three digits share a lock."""
    for number in range(50):
        with store.lock(f"abc{number:061x}", 0) as held, store.lock(f"abc{number:060x}0", 0) as shared:
            assert (held, shared) == (True, False)
    assert [path.name for path in folder.iterdir()] == ["abc.lock"]


def test_other_keys_have_other_locks(store: FileStore) -> None:
    """A caller that finds it taken waits for as long as it says."""
    with store.lock(KEY, 0.0) as held:
        assert held
        with store.lock(KEY, 0.0) as again, store.lock(KEY, 0.05) as waited, store.lock(OTHER, 0.0) as other:
            assert (again, waited, other) == (False, False, True)
    with store.lock(KEY, 0.0) as held:
        assert held


def test_waiting_thread_gets_the_lock_when_it_is_released(store: FileStore) -> None:
    """Another thread holds it before."""
    waiting, got = threading.Event(), threading.Event()

    def wait() -> None:
        waiting.set()
        with store.lock(KEY, 30.0) as held:
            if held:
                got.set()

    lock = store.lock(KEY, 0.0)
    lock.__enter__()
    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(30)
    assert not got.is_set()
    lock.__exit__(None, None, None)
    thread.join(30)
    assert got.is_set()


class TestForeignFiles:
    """A file that the store would not have written counts as missing, and a save replaces it."""

    def replaced(self, folder: Path, spoil: Callable[[Path], None]) -> FileStore:
        """Return a store whose file was changed by *spoil*."""
        store = FileStore(folder)
        store.save(KEY, token())
        spoil(folder / f"{KEY}.json")
        return store

    def renewed(self, store: FileStore) -> None:
        """Check that the entry counts as missing, and can be replaced."""
        assert store.load(KEY) is None
        assert store.entries() == []
        store.save(KEY, token("tok-2"))
        assert store.load(KEY) == token("tok-2")

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o000])
    def test_file_readable_by_others_counts_as_missing(self, folder: Path, mode: int) -> None:
        """Another user may have read or written it."""
        self.renewed(self.replaced(folder, lambda path: path.chmod(mode) if mode else path.unlink()))

    def test_link_is_not_followed(self, folder: Path, tmp_path: Path) -> None:
        """Neither load nor save follows it."""
        aim = tmp_path / "aim"

        def link(path: Path) -> None:
            aim.write_bytes(path.read_bytes())
            aim.chmod(0o600)
            path.unlink()
            path.symlink_to(aim)

        before = self.replaced(folder, link)
        content = aim.read_bytes()
        self.renewed(before)
        assert aim.read_bytes() == content

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
    def test_file_of_another_user_counts_as_missing(self, folder: Path) -> None:
        """Its owner can write to it."""
        self.renewed(self.replaced(folder, lambda path: os.chown(path, 65534, 65534)))

    def test_pipe_does_not_block(self, folder: Path) -> None:
        """It counts as missing."""

        def pipe(path: Path) -> None:
            path.unlink()
            os.mkfifo(path, 0o600)

        self.renewed(self.replaced(folder, pipe))

    def test_directory_in_place_of_a_file_is_an_error_on_save(self, folder: Path) -> None:
        """It counts as missing on load."""

        def make(path: Path) -> None:
            path.unlink()
            path.mkdir()

        store = self.replaced(folder, make)
        assert store.load(KEY) is None
        with pytest.raises(StoreUnavailable, match="cannot be used"):
            store.save(KEY, token())
        assert not list(folder.glob("*.new"))

    def test_file_truncated_at_any_length_counts_as_missing(self, folder: Path) -> None:
        """A power failure may truncate a file."""
        content = dumps(KEY, token())
        assert content is not None
        text = content.reveal().encode()
        assert loads(text, KEY) == token()
        assert all(loads(text[:length], KEY) is None for length in range(len(text)))
        self.renewed(self.replaced(folder, lambda path: os.truncate(path, len(text) // 2)))

    def test_large_file_counts_as_missing(self, folder: Path) -> None:
        """It is not read."""
        self.renewed(self.replaced(folder, lambda path: os.truncate(path, 2 * 1024 * 1024)))

    def test_entry_of_another_key_counts_as_missing(self, folder: Path) -> None:
        """The key is part of the entry."""
        store = FileStore(folder)
        store.save(OTHER, token())
        (folder / f"{OTHER}.json").rename(folder / f"{KEY}.json")
        self.renewed(store)

    @given(content=st.binary(max_size=200) | st.sampled_from([b'{"key":5,"token":"{}"}', b"[]", b"{}"]))
    def test_any_bytes_are_not_a_token(self, content: bytes) -> None:
        """Nothing is raised."""
        assert loads(content, KEY) is None

    @given(text=st.text(max_size=50))
    def test_any_text_in_place_of_a_token_is_not_a_token(self, text: str) -> None:
        """Nothing is raised."""
        import json

        assert loads(json.dumps({"key": KEY, "token": text}).encode(), KEY) is None
        assert loads(json.dumps({"key": KEY, "token": [text]}).encode(), KEY) is None


def test_token_too_large_to_be_loaded_is_not_saved(store: FileStore) -> None:
    """It is cached in memory only."""
    store.save(KEY, token("x" * 1024 * 1024))
    assert store.load(KEY) is None


class TestDirectory:
    """A directory that others can write to is an error that says what to do."""

    def refused(self, store: FileStore) -> str:
        """Return the error text, which is the same for each method."""

        def lock() -> None:
            with store.lock(KEY, 0):
                pass

        methods: list[Callable[[], object]] = [
            lambda: store.load(KEY),
            lambda: store.save(KEY, token("s3cret-token")),
            lambda: store.discard(KEY, token()),
            lock,
            store.entries,
            store.clear,
        ]
        sentences: set[str] = set()
        for method in methods:
            with pytest.raises(StoreUnavailable) as caught:
                method()
            assert "s3cret-token" not in shown_by(caught.value)
            sentences.add(f"{caught.value}")
        (sentence,) = sentences
        return sentence

    @pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
    def test_directory_open_to_others_is_rejected(self, folder: Path, store: FileStore, mode: int) -> None:
        """Others could put files there."""
        folder.mkdir(parents=True)
        folder.chmod(mode)
        assert (
            self.refused(store)
            == f"{folder} must belong to this user only; set its mode to 0700, or pass another directory to FileStore"
        )

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
    def test_directory_of_another_user_is_rejected(self, folder: Path, store: FileStore) -> None:
        """Its owner could put files there."""
        folder.mkdir(mode=0o700, parents=True)
        os.chown(folder, 65534, 65534)
        assert "must belong to this user only" in self.refused(store)

    def test_link_in_place_of_the_directory_is_rejected(self, tmp_path: Path, folder: Path, store: FileStore) -> None:
        """It could lead to another directory later."""
        folder.parent.mkdir()
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
        assert (
            self.refused(store)
            == f"{folder} must be a directory, not a link or a file; remove it, or pass another directory to FileStore"
        )

    def test_file_in_place_of_the_directory_is_rejected(self, folder: Path, store: FileStore) -> None:
        """It is not deleted."""
        folder.parent.mkdir()
        folder.touch()
        assert "must be a directory, not a link or a file" in self.refused(store)

    def test_directory_that_cannot_be_created_is_an_error(self) -> None:
        """A read-only file system is an example."""
        assert "cannot be used (" in self.refused(FileStore("/proc/tokens"))


def test_full_disk_keeps_the_old_token_and_leaks_nothing(
    store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No partial file is left, and no frame of the error contains the token."""
    import resource

    store.save(KEY, token("tok-1"))
    # A limit of the kernel, which ends the write in the middle of the file like a quota.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match="full disk; free some space") as caught:
            store.save(KEY, token("s3cret-token", NOW + 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "s3cret-token" not in shown_by(caught.value)
    assert store.load(KEY) == token("tok-1")
    assert {path.name for path in folder.iterdir()} == {f"{KEY}.json", "entries.lock"}


def test_full_disk_is_reported_once_for_many_renewals(store: FileStore) -> None:
    """It is available again when a token is saved, not when one can be loaded."""
    import resource

    events: list[str] = []
    options = Options(on_event=lambda event: events.append(type(event).__name__))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (
        AuthorizationServer() as server,
        TokenSource(
            ClientCredentials("your_id", "s3cret"), server.token_endpoint, store=store, options=options
        ) as source,
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, limits[1]))
        try:
            for number in range(3):
                source.with_resource(f"https://api.example/{number}").token()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        at_rest(source)
        assert [name for name in events if name.startswith("Store")] == ["StoreFailed"]
        source.token()
    assert len(server.token_requests) == 4
    assert [name for name in events if name.startswith("Store")] == ["StoreFailed", "StoreReturned"]


def test_lack_of_file_descriptors_is_an_error_not_a_miss(store: FileStore, folder: Path) -> None:
    """The file itself is intact."""
    import resource

    store.save(KEY, token())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match="Too many open files"):
            store.load(KEY)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "0" * 65])
def test_illegal_key_is_rejected(store: FileStore, key: str) -> None:
    """Other text could be part of a path."""
    for method in (store.load, lambda text: store.save(text, token()), lambda text: store.discard(text, token())):
        with pytest.raises(InvalidInput) as caught:
            method(key)
        assert caught.value.parameter == "key"
        assert str(caught.value) == "key must be 64 hexadecimal digits, as returned by cache_key()"
    with pytest.raises(InvalidInput, match="key"), store.lock(key, 0):
        pass


@pytest.mark.parametrize("wait", [None, "1", True])
def test_wait_for_a_lock_is_a_number_of_seconds(store: FileStore, wait: Any) -> None:
    """A whole number is one."""
    with pytest.raises(InvalidInput) as caught, store.lock(KEY, wait):
        pass
    assert caught.value.parameter == "wait"
    assert str(caught.value) == f"wait must be a number of seconds, not {type(wait).__name__}"
    with store.lock(KEY, 0) as held:
        assert held


@pytest.mark.parametrize("directory", [5, b"/tmp", ["tokens"]])
def test_directory_is_a_str_or_a_path(directory: Any) -> None:
    """The error names the type."""
    with pytest.raises(InvalidInput) as caught:
        FileStore(directory)
    assert caught.value.parameter == "directory"
    assert str(caught.value) == f"directory must be a str or a path, not {type(directory).__name__}"


def test_change_waits_for_a_stopped_process_for_a_while_only(
    store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to do with the process, and the entry stays as it is."""
    store.save(KEY, token())
    monkeypatch.setattr("oauth_cc.stores.file._CHANGE_WAIT", 0.0)
    changes: list[Callable[[], object]] = [
        lambda: store.save(KEY, token("tok-2", NOW + 1)),
        lambda: store.discard(KEY, token()),
        store.clear,
    ]
    with FileStore(folder)._changing():
        for change in changes:
            with pytest.raises(StoreUnavailable) as caught:
                change()
            assert str(caught.value) == (
                f"{folder} is locked by a process that was stopped in the middle of a change; resume or end that "
                "process"
            )
            assert caught.value.__suppress_context__
    assert store.load(KEY) == token()
    assert not list(folder.glob("*.new"))
    store.discard(KEY, token())
    assert store.load(KEY) is None


def test_stopped_process_is_waited_for_once(store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each renewal would take two seconds longer. The wait is a whole one again after a change."""
    waits: list[float] = []
    acquire = FileLock.acquire

    def record(lock: FileLock, *, timeout: float, poll_interval: float) -> object:
        waits.append(timeout)
        return acquire(lock, min(timeout, 0.01), poll_interval)

    store.save(KEY, token())
    with FileStore(folder)._changing():
        monkeypatch.setattr(FileLock, "acquire", record)
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                store.save(KEY, token())
    for _ in range(2):
        store.save(KEY, token())
    assert waits == [2.0, 0.1, 0.1, 0.1, 2.0]


def test_largest_token_that_can_be_loaded_is_saved(store: FileStore) -> None:
    """One character more is too much."""
    least = dumps(KEY, token("x"))
    assert least is not None
    largest = token("x" * (MAX_SIZE - len(least.reveal()) + 1))
    store.save(KEY, largest)
    assert store.load(KEY) == largest
    assert dumps(KEY, attrs.evolve(largest, access_token=Secret(f"{largest.access_token.reveal()}x"))) is None


def test_default_directory_is_in_the_user_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_CACHE_HOME applies."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = FileStore()
    assert repr(store) == f"FileStore('{tmp_path}/oauth_cc/tokens')"
    store.save(KEY, token())
    assert (tmp_path / "oauth_cc" / "tokens" / f"{KEY}.json").exists()


def test_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A directory often comes from a setting."""
    monkeypatch.setenv("HOME", str(tmp_path))
    FileStore("~/tokens").save(KEY, token())
    assert (tmp_path / "tokens" / f"{KEY}.json").exists()


class TestContainers:
    """A user id without an entry in passwd and without HOME, and a file system that cannot be written."""

    def use_home(self, home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set HOME to *home*. If it is None, the user is unknown too."""

        def unknown(number: int) -> NoReturn:
            raise KeyError(number)

        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        if home is None:
            monkeypatch.delenv("HOME")
            monkeypatch.setattr(pwd, "getpwuid", unknown)
        else:
            monkeypatch.setenv("HOME", home)

    def fault(self, store: FileStore) -> str:
        """Return the error text of a save."""
        with pytest.raises(StoreUnavailable) as caught:
            store.save(KEY, token())
        return f"{caught.value}"

    def test_unknown_home_directory_is_an_error_that_names_the_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The store can be made, so that its source reports the error and keeps tokens in memory."""
        self.use_home(None, monkeypatch)
        stores = FileStore(), FileStore("~/tokens")
        reason = "cannot be located, as the home directory is unknown;"
        assert [self.fault(store) for store in stores] == [
            f"~/.cache/oauth_cc/tokens {reason} set XDG_CACHE_HOME, or pass another directory to FileStore",
            f"~/tokens {reason} pass another directory to FileStore",
        ]
        assert repr(stores[0]) == "FileStore('~/.cache/oauth_cc/tokens')"
        monkeypatch.setattr("oauth_cc.stores.file.user_cache_path", lambda name: Path("~/.cache", name))
        assert "the home directory is unknown" in self.fault(FileStore())

    def test_directory_that_cannot_be_created_names_the_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The default directory can be moved by the environment."""
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/cache")
        advice = "set XDG_CACHE_HOME, or pass another directory to FileStore"
        assert self.fault(FileStore()) == (
            f"/proc/cache/oauth_cc/tokens cannot be used (No such file or directory); {advice}"
        )

    @pytest.mark.parametrize("home", ["/proc", "/dev/null", None])
    def test_command_line_prints_one_warning_and_the_token(
        self, home: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The warning names the setting."""
        self.use_home(home, monkeypatch)
        monkeypatch.setenv("OAUTH_CLIENT_SECRET", "s3cret")
        with AuthorizationServer() as server:
            words = ("token", "--client-id", "your_id", "--token-url", server.token_endpoint, "--format", "token")
            assert main(words) == DONE
        printed = capsys.readouterr()
        (warning,) = printed.err.splitlines()
        assert warning.startswith("oauth-cc: the token was not stored: ")
        assert warning.endswith("set XDG_CACHE_HOME, or pass another directory to FileStore")
        assert len(printed.out.split()) == 1


@pytest.mark.slow
def test_lock_of_a_dead_process_is_free_although_its_child_lives(store: FileStore, folder: Path) -> None:
    """A forked child inherits the file, and not the lock."""
    program = """
import os, sys, time
from oauth_cc.stores.file import FileStore
lock = FileStore(sys.argv[1]).lock(sys.argv[2], 0)
assert lock.__enter__()
child = os.fork()
if child == 0:
    os.close(1)
    time.sleep(60)
    os._exit(0)
print(child, flush=True)
os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), KEY], stdout=subprocess.PIPE, text=True, check=True
    )
    try:
        with store.lock(KEY, 0.0) as held:
            assert held
    finally:
        os.kill(int(done.stdout), signal.SIGKILL)


def test_os_errors_are_sentences_with_advice() -> None:
    """A full disk and a read-only file system differ."""
    store = FileStore("/somewhere")
    texts = [f"{store._unavailable(OSError(number, os.strerror(number)))}" for number in (errno.ENOSPC, errno.EROFS)]
    assert texts == [
        "/somewhere is on a full disk; free some space, or pass another directory to FileStore",
        "/somewhere cannot be used (Read-only file system); pass another directory to FileStore",
    ]
