"""
A store in files: what is kept, for whom, and what is made of files that somebody else had in hand.
"""

import errno
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth_cc import Scope, Secret, Token
from oauth_cc.errors import InvalidInput, StoreUnavailable
from oauth_cc.stores._serialization import dumps, loads
from oauth_cc.stores.file import Entry, FileStore
from tests.leaks import shown_by

KEY, OTHER = "0123456789abcdef" * 4, "f" * 64
NOW = time.time()


def token(value: str = "tok-1", received_at: float = NOW, lifetime: float = 3600.0) -> Token:
    """Gives a token."""
    return Token(Secret(value), "Bearer", received_at, received_at + lifetime, scope=Scope.of("a"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store keeps its files; missing yet."""
    return tmp_path / "deep" / "tokens"


@pytest.fixture
def store(folder: Path) -> FileStore:
    """A store, empty."""
    return FileStore(folder)


def test_what_is_saved_is_loaded_by_another_process(store: FileStore, folder: Path) -> None:
    """The same token, under its own key alone."""
    assert store.load(KEY) is None
    store.save(KEY, token())
    assert FileStore(folder).load(KEY) == token()
    assert store.load(OTHER) is None


def test_only_the_owner_can_read(store: FileStore, folder: Path) -> None:
    """Folder and files are closed to all others, whatever the umask."""
    before = os.umask(0)
    try:
        with store.lock(KEY, 1.0):
            store.save(KEY, token())
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"tokens": 0o700, f"{KEY}.json": 0o600, f"{KEY}.lock": 0o600}


def test_whoever_comes_late_does_not_overwrite_what_is_newer(store: FileStore) -> None:
    """A process that was stopped between answer and save saves an older token than the one that is there."""
    store.save(KEY, token("tok-2", NOW + 1))
    store.save(KEY, token("tok-1", NOW))
    assert store.load(KEY) == token("tok-2", NOW + 1)
    store.save(KEY, token("tok-3", NOW + 2))
    assert store.load(KEY) == token("tok-3", NOW + 2)


def test_exactly_one_token_is_discarded(store: FileStore, folder: Path) -> None:
    """The token named, and no newer one."""
    store.save(KEY, token("tok-2"))
    store.discard(KEY, token("tok-1"))
    assert store.load(KEY) == token("tok-2")
    store.discard(KEY, token("tok-2"))
    store.discard(KEY, token("tok-2"))
    assert list(folder.iterdir()) == []


def test_tokens_that_ended_are_swept(store: FileStore, folder: Path) -> None:
    """With the next save, and what a process left half written with them, once it is old."""
    store.save(KEY, token(received_at=NOW - 7200))
    abandoned, recent = folder / f"{KEY}.0011223344556677.new", folder / f"{OTHER}.0011223344556677.new"
    for path in (abandoned, recent):
        path.touch(0o600)
    os.utime(abandoned, (NOW - 7200, NOW - 7200))
    (folder / "notes.json").touch()
    store.save(OTHER, token())
    assert {path.name for path in folder.iterdir()} == {f"{OTHER}.json", recent.name, "notes.json"}


def test_what_may_be_shown(store: FileStore) -> None:
    """The beginning of the key, the scope, and when it ends."""
    assert store.entries() == []
    store.save(KEY, token())
    assert store.entries() == [Entry("01234567", Scope.of("a"), NOW + 3600)]


def test_clear(store: FileStore, folder: Path) -> None:
    """Everything goes that is the store's own, but for a lock that somebody holds."""
    with store.lock(OTHER, 0), store.lock(KEY, 0):
        pass
    store.save(KEY, token())
    (folder / f"{OTHER}.0011223344556677.new").touch()
    (folder / f"{OTHER}.json").mkdir()
    (folder / "notes.json").touch()
    with store.lock(OTHER, 0):
        assert store.clear() == 2
    assert {path.name for path in folder.iterdir()} == {f"{OTHER}.json", f"{OTHER}.lock", "notes.json"}


def test_the_lock_is_one_for_each_key(store: FileStore) -> None:
    """Who finds it taken waits for as long as said, and another key's holds nobody up."""
    with store.lock(KEY, 0.0) as held:
        assert held
        with store.lock(KEY, 0.0) as again, store.lock(KEY, 0.05) as waited, store.lock(OTHER, 0.0) as other:
            assert (again, waited, other) == (False, False, True)
    with store.lock(KEY, 0.0) as held:
        assert held


def test_whoever_waits_is_let_in_as_the_lock_is_let_go(store: FileStore) -> None:
    """By another thread too."""
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
    """What is not as this store leaves it is no token, and a new one takes its place."""

    def replaced(self, folder: Path, spoil: Callable[[Path], None]) -> FileStore:
        """Gives a store whose one file was spoiled."""
        store = FileStore(folder)
        store.save(KEY, token())
        spoil(folder / f"{KEY}.json")
        return store

    def renewed(self, store: FileStore) -> None:
        """A miss it is, and can be saved over."""
        assert store.load(KEY) is None
        assert store.entries() == []
        store.save(KEY, token("tok-2"))
        assert store.load(KEY) == token("tok-2")

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o000])
    def test_readable_by_others(self, folder: Path, mode: int) -> None:
        """Somebody else may have read it, or put it there."""
        self.renewed(self.replaced(folder, lambda path: path.chmod(mode) if mode else path.unlink()))

    def test_a_link(self, folder: Path, tmp_path: Path) -> None:
        """It is not followed, in reading nor in writing."""
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
    def test_of_another_user(self, folder: Path) -> None:
        """What another user owns, that user can write."""
        self.renewed(self.replaced(folder, lambda path: os.chown(path, 65534, 65534)))

    def test_a_pipe(self, folder: Path) -> None:
        """Nobody waits for what comes out of it."""

        def pipe(path: Path) -> None:
            path.unlink()
            os.mkfifo(path, 0o600)

        self.renewed(self.replaced(folder, pipe))

    def test_a_folder(self, folder: Path) -> None:
        """No token; and as it is in the way of one, that is said."""

        def make(path: Path) -> None:
            path.unlink()
            path.mkdir()

        store = self.replaced(folder, make)
        assert store.load(KEY) is None
        with pytest.raises(StoreUnavailable, match="cannot be used"):
            store.save(KEY, token())
        assert not list(folder.glob("*.new"))

    def test_truncated_at_each_length(self, folder: Path) -> None:
        """As by a machine that lost power, on a file system that keeps no order."""
        content = dumps(KEY, token())
        assert content is not None
        text = content.reveal().encode()
        assert loads(text, KEY) == token()
        assert all(loads(text[:length], KEY) is None for length in range(len(text)))
        self.renewed(self.replaced(folder, lambda path: os.truncate(path, len(text) // 2)))

    def test_too_large(self, folder: Path) -> None:
        """Nothing of it is read."""
        self.renewed(self.replaced(folder, lambda path: os.truncate(path, 2 * 1024 * 1024)))

    def test_of_another_key(self, folder: Path) -> None:
        """A token stands under the key that it was saved under, and no other."""
        store = FileStore(folder)
        store.save(OTHER, token())
        (folder / f"{OTHER}.json").rename(folder / f"{KEY}.json")
        self.renewed(store)

    @given(content=st.binary(max_size=200) | st.sampled_from([b'{"key":5,"token":"{}"}', b"[]", b"{}"]))
    def test_any_bytes(self, content: bytes) -> None:
        """No token."""
        assert loads(content, KEY) is None

    @given(text=st.text(max_size=50))
    def test_any_text_where_a_token_should_be(self, text: str) -> None:
        """No token."""
        import json

        assert loads(json.dumps({"key": KEY, "token": text}).encode(), KEY) is None
        assert loads(json.dumps({"key": KEY, "token": [text]}).encode(), KEY) is None


def test_a_token_too_large_to_be_read_is_not_kept(store: FileStore) -> None:
    """Memory serves it alone."""
    store.save(KEY, token("x" * 1024 * 1024))
    assert store.load(KEY) is None


class TestTheFolder:
    """A folder that is not this user's alone is not used, and the error says what to do."""

    def refused(self, store: FileStore) -> str:
        """Gives the sentence with which each method refuses."""

        def lock() -> None:
            with store.lock(KEY, 0):
                pass

        ways: list[Callable[[], object]] = [
            lambda: store.load(KEY),
            lambda: store.save(KEY, token("s3cret-token")),
            lambda: store.discard(KEY, token()),
            lock,
            store.entries,
            store.clear,
        ]
        sentences: set[str] = set()
        for way in ways:
            with pytest.raises(StoreUnavailable) as caught:
                way()
            assert "s3cret-token" not in shown_by(caught.value)
            sentences.add(f"{caught.value}")
        (sentence,) = sentences
        return sentence

    @pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
    def test_open_to_others(self, folder: Path, store: FileStore, mode: int) -> None:
        """Others could put files there."""
        folder.mkdir(parents=True)
        folder.chmod(mode)
        assert self.refused(store) == f"{folder} is not this user's alone: chmod 700 it, or name another directory"

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
    def test_of_another_user(self, folder: Path, store: FileStore) -> None:
        """Its owner could."""
        folder.mkdir(mode=0o700, parents=True)
        os.chown(folder, 65534, 65534)
        assert "is not this user's alone" in self.refused(store)

    def test_a_link(self, tmp_path: Path, folder: Path, store: FileStore) -> None:
        """It could lead anywhere tomorrow."""
        folder.parent.mkdir()
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
        assert self.refused(store) == f"{folder} is a link, or no directory: remove it, or name another"

    def test_a_file(self, folder: Path, store: FileStore) -> None:
        """There is something else."""
        folder.parent.mkdir()
        folder.touch()
        assert "is a link, or no directory" in self.refused(store)

    def test_where_nothing_can_be_made(self) -> None:
        """As on a read-only file system."""
        assert "cannot be used (" in self.refused(FileStore("/proc/tokens"))


def test_a_full_disk(store: FileStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there stays, nothing half written is left, and no frame of the error holds the token."""
    import resource

    store.save(KEY, token("tok-1"))
    # A real limit of the kernel: as when a quota is used up, in the middle of the file.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, limits[1]))
    try:
        with pytest.raises(StoreUnavailable, match="full disk: make room") as caught:
            store.save(KEY, token("s3cret-token", NOW + 1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "s3cret-token" not in shown_by(caught.value)
    assert store.load(KEY) == token("tok-1")
    assert [path.name for path in folder.iterdir()] == [f"{KEY}.json"]


def test_no_more_files_can_be_opened(store: FileStore, folder: Path) -> None:
    """The machine's trouble is no miss, and said."""
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
def test_only_keys_become_names(store: FileStore, key: str) -> None:
    """Nothing else can become a part of a path."""
    for way in (store.load, lambda text: store.save(text, token()), lambda text: store.discard(text, token())):
        with pytest.raises(InvalidInput, match="key"):
            way(key)
    with pytest.raises(InvalidInput, match="key"), store.lock(key, 0):
        pass


def test_where_it_is_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = FileStore()
    assert repr(store) == f"FileStore('{tmp_path}/oauth_cc/tokens')"
    store.save(KEY, token())
    assert (tmp_path / "oauth_cc" / "tokens" / f"{KEY}.json").exists()


def test_errors_are_of_the_file_system() -> None:
    """Each kind of fault has a sentence that says what to do."""
    store = FileStore("/somewhere")
    said = [f"{store._unavailable(OSError(number, os.strerror(number)))}" for number in (errno.ENOSPC, errno.EROFS)]
    assert said == [
        "/somewhere is on a full disk: make room, or name another",
        "/somewhere cannot be used (Read-only file system): name another directory",
    ]
