"""
A token store for the processes of one user on one machine: private files in one directory. Requires POSIX.

    KEY.json        a token, written as a whole
    KEY.TEXT.new    a token that is being written
    ABC.lock        the lock of the renewals of all keys that begin with ABC
    entries.lock    the lock of a change of the entries, held for a moment

A lock ends with the process that holds it. Its file stays, so that all processes lock the same file: there are at most
4,097 of them, and they are empty.
"""

import contextlib
import errno
import math
import os
import secrets
import stat
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final, final

import attrs

from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import InvalidInput, StoreUnavailable
from oauth_cc.flows.freshness import is_plausible
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.stores._serialization import KEY, check_entry, check_key, check_wait, dumps, loads
from oauth_cc.token import Token

try:
    from filelock import FileLock, Timeout
    from platformdirs import user_cache_path
except ImportError as _error:
    raise ImportError("oauth_cc.stores.file requires filelock and platformdirs; install oauth_cc[file]") from _error

__all__ = ["Entry", "FileStore"]


def __dir__() -> list[str]:
    return __all__


_POLL: Final = 0.02
# Seconds. Changes take milliseconds, so a process that was stopped in the middle of one is waited for once.
_CHANGE_WAIT: Final = 2.0
_NEXT_CHANGE_WAIT: Final = 0.1
_SWEEP_PAUSE: Final = 60.0
_ABANDONED_AFTER: Final = 3600.0
# Errors of the machine, not of the file.
_OF_THE_MACHINE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EIO})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@final
@attrs.frozen
class Entry:
    """
    The public part of a stored token.

    Args:
        key: The first 8 digits of the cache key.
        scope: The scope of the token.
        ends_at: When the token expires, in POSIX seconds.
    """

    key: str
    scope: Scope
    ends_at: float


@final
class FileStore:
    """
    A token store in files, for all processes of one user on one machine. It requires POSIX (Linux, macOS).

    Files have mode 0600, and are written to another name, synced and renamed. A file that is a link, belongs to another
    user, is readable by others, or has other content counts as missing. Saving a token deletes expired ones, at most
    once a minute. Tokens whose keys begin with the same three digits share the lock of their renewals.

    The methods are those of `oauth_cc.stores.Store`. They raise `StoreUnavailable` if the directory cannot be used, or
    the disk is full.

    Args:
        directory: The directory of the files, created with mode 0700 if it is missing. It must belong to this user and
            have mode 0700. A leading ``~`` is the user's home directory. None is a directory in the user's cache, which
            the environment variable ``XDG_CACHE_HOME`` can move.

    Raises:
        InvalidInput: *directory* is of another type.

    Example:
        >>> FileStore("/run/user/1000/tokens")
        FileStore('/run/user/1000/tokens')
    """

    def __init__(self, directory: str | os.PathLike[str] | None = None) -> None:
        # Not resolved, so that a link in its place is noticed.
        self._directory = _located(directory)
        other = "pass another directory to FileStore"
        self._advice = other if directory is not None else f"set XDG_CACHE_HOME, or {other}"
        self._swept_at = -math.inf
        self._is_held_up = False

    def __repr__(self) -> str:
        return f"FileStore({str(self._directory)!r})"

    def load(self, key: str) -> Token | None:
        """Return the token under *key*, or None."""
        check_key(key)
        with self._opened() as folder:
            return _kept(folder, f"{key}.json")

    def save(self, key: str, token: Token) -> None:
        """
        Save *token* under *key*, unless the entry has a newer token, which a suspended process must not overwrite.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The token. It is not saved if it is too large to be loaded again.

        Raises:
            InvalidInput: *key* is not a cache key, or *token* is not a `Token`.
            StoreUnavailable: The directory cannot be used, or other users have access to it.
        """
        check_key(key)
        text = dumps(key, token)
        if text is None:
            return
        name, aside = f"{key}.json", f"{key}.{secrets.token_hex(8)}.new"
        with self._opened() as folder:
            try:
                _write(folder, aside, text, token.expires_at)
                # The check and the rename are one step, so that no process can save a newer token in between.
                with self._changing():
                    kept = _kept(folder, name)
                    if kept is None or kept.received_at <= token.received_at or not is_plausible(kept, time.time()):
                        # `clear` may have deleted the new file.
                        with contextlib.suppress(FileNotFoundError):
                            os.rename(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
                    self._sweep(folder)
            finally:
                _unlink(folder, aside)
            os.fsync(folder)

    def discard(self, key: str, token: Token) -> None:
        """
        Delete the entry under *key* if it is *token*.

        Args:
            key: The cache key, 64 hexadecimal digits.
            token: The rejected token.

        Raises:
            InvalidInput: *key* is not a cache key, or *token* is not a `Token`.
            StoreUnavailable: The directory cannot be used, or other users have access to it.
        """
        check_entry(key, token)
        with self._opened() as folder, self._changing():
            if _kept(folder, f"{key}.json") == token:
                _unlink(folder, f"{key}.json")

    @contextlib.contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool, None, None]:
        """
        Wait for the lock of *key*, and yield whether it is held. The end of the process releases it too.

        Args:
            key: The cache key, 64 hexadecimal digits.
            wait: Seconds to wait for the lock.
        """
        check_key(key)
        check_wait(wait)
        with self._opened():
            lock = self._lock(key[:3])
        try:
            lock.acquire(timeout=wait, poll_interval=_POLL)
        except Timeout:
            yield False
            return
        except OSError as error:
            raise self._unavailable(error) from None
        try:
            yield True
        finally:
            lock.release()

    def entries(self) -> list[Entry]:
        """Return the public parts of all tokens."""
        with self._opened() as folder:
            found = [(name, _kept(folder, name)) for name in _names(folder, ".json")]
        return [Entry(name[:8], token.scope, token.expires_at) for name, token in found if token is not None]

    def clear(self) -> int:
        """Delete all tokens, and return the number of their files. The files of locks stay."""
        with self._opened() as folder, self._changing():
            return sum([_unlink(folder, name) for name in (*_names(folder, ".json"), *_names(folder, ".new"))])

    def _lock(self, name: str) -> FileLock:
        # The thread that ends the renewal releases the lock, and need not be the one that took it.
        return FileLock(self._directory / f"{name}.lock", mode=0o600, thread_local=False)

    @contextlib.contextmanager
    def _changing(self) -> Generator[None]:
        lock = self._lock("entries")
        try:
            lock.acquire(timeout=_NEXT_CHANGE_WAIT if self._is_held_up else _CHANGE_WAIT, poll_interval=_POLL)
        except Timeout:
            self._is_held_up = True
            reason = "is locked by a process that was stopped in the middle of a change; resume or end that process"
            raise StoreUnavailable(f"{self._directory} {reason}") from None
        self._is_held_up = False
        try:
            yield
        finally:
            lock.release()

    def _sweep(self, folder: int) -> None:
        # Not at every save, as it reads the whole directory.
        if time.monotonic() < self._swept_at + _SWEEP_PAUSE:
            return
        self._swept_at = time.monotonic()
        now = time.time()
        for suffix, before in ((".json", now), (".new", now - _ABANDONED_AFTER)):
            for name in _names(folder, suffix):
                with contextlib.suppress(FileNotFoundError):
                    if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < before:
                        _unlink(folder, name)

    @contextlib.contextmanager
    def _opened(self) -> Generator[int]:
        if str(self._directory).startswith("~"):
            reason = "cannot be located, as the home directory is unknown;"
            raise StoreUnavailable(f"{self._directory} {reason} {self._advice}")
        try:
            _make(self._directory)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            folder = os.open(self._directory, flags)
        except OSError as error:
            raise self._unavailable(error) from None
        # All access goes through this descriptor, as the path may lead to another directory later.
        try:
            found = os.fstat(folder)
            if found.st_uid != os.geteuid() or found.st_mode & 0o077:
                reason = "must belong to this user only; set its mode to 0700, or"
                raise StoreUnavailable(f"{self._directory} {reason} {self._advice}")
            yield folder
        except OSError as error:
            raise self._unavailable(error) from None
        finally:
            os.close(folder)

    def _unavailable(self, error: OSError) -> StoreUnavailable:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EEXIST):
            reason = "must be a directory, not a link or a file; remove it, or"
        elif error.errno in _FULL:
            reason = "is on a full disk; free some space, or"
        else:
            reason = f"cannot be used ({error.strerror or type(error).__name__});"
        return StoreUnavailable(f"{self._directory} {reason} {self._advice}")


def _located(directory: str | os.PathLike[str] | None) -> Path:
    if directory is not None and not isinstance(directory, str | os.PathLike):
        raise InvalidInput("directory", f"directory must be a str or a path, not {type(directory).__name__}")
    try:
        return user_cache_path("oauth_cc") / "tokens" if directory is None else Path(directory).expanduser()
    except RuntimeError:
        # Containers run under user ids without an entry in passwd. Older versions of platformdirs return "~" too.
        return Path("~/.cache/oauth_cc/tokens" if directory is None else directory)


def _make(directory: Path) -> None:
    # The mode of `parents=True` depends on the umask.
    if not directory.parent.exists():
        _make(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)


def _kept(folder: int, name: str) -> Token | None:
    content = _read(folder, name)
    return None if content is None else loads(content, name[:64])


def _read(folder: int, name: str) -> bytes | None:
    try:
        # Not blocking, as opening a FIFO in its place would wait for a writer.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in _OF_THE_MACHINE:
            raise
        return None
    try:
        found = os.fstat(file)
        is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
        return os.read(file, MAX_SIZE + 1) if is_ours and found.st_size <= MAX_SIZE else None
    finally:
        os.close(file)


def _write(folder: int, name: str, text: Secret, ends_at: float) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(file, "wb", buffering=0) as raw:
        done = 0
        # Revealed inside the call, so that no local variable of a traceback holds it if the disk is full.
        while done < len(text.reveal()):
            done += raw.write(text.reveal().encode("ascii")[done:])
        # The time by which the sweep deletes it.
        os.utime(file, (ends_at, ends_at))
        os.fsync(file)


def _names(folder: int, suffix: str) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(suffix) and KEY.fullmatch(name[:64])]


def _unlink(folder: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=folder)
    except (FileNotFoundError, IsADirectoryError):
        return False
    return True
