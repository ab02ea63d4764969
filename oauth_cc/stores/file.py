"""
A store for the processes of one machine: a file for each key, which only its owner can read.

    KEY.json   what is kept, written whole        KEY.lock   the lock of a renewal, let go by a process that dies
"""

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final, final

import attrs

from oauth_cc._wire.json import MAX_SIZE
from oauth_cc.errors import StoreUnavailable
from oauth_cc.scope import Scope
from oauth_cc.secret import Secret
from oauth_cc.stores._serialization import KEY, check_key, dumps, loads
from oauth_cc.token import Token

try:
    from filelock import FileLock, Timeout
    from platformdirs import user_cache_path
except ImportError as _error:
    raise ImportError("oauth_cc.stores.file needs filelock and platformdirs: install oauth_cc[file]") from _error

__all__ = ["Entry", "FileStore"]


def __dir__() -> list[str]:
    return __all__


_POLL: Final = 0.02
_ABANDONED_AFTER: Final = 3600.0
# Errors that say nothing of the file.
_OF_THE_MACHINE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EIO})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@final
@attrs.frozen
class Entry:
    """
    What may be shown of a token that is kept: the beginning of its *key*, its *scope*, and when it *ends_at*, POSIX
    seconds.
    """

    key: str
    scope: Scope
    ends_at: float


@final
class FileStore:
    """
    Keeps tokens in the files of *directory*, for all processes of one user on one machine; POSIX systems only.

    *directory* is made if it is missing, and has to belong to this user alone (mode 0700); None is one in the user's
    cache. Files are 0600, written whole, synced and renamed. A file that is a link, another user's, readable by others,
    or not what was written counts as no token. Tokens that ended are swept as others are saved. Methods are those of
    `oauth_cc.stores.Store`; they raise `StoreUnavailable` if the directory cannot be used or the disk is full.

        >>> FileStore("/run/user/1000/tokens")
        FileStore('/run/user/1000/tokens')
    """

    def __init__(self, directory: str | os.PathLike[str] | None = None) -> None:
        # Not resolved: a link in its place is to be noticed.
        self._directory = Path(directory) if directory is not None else user_cache_path("oauth_cc") / "tokens"

    def __repr__(self) -> str:
        return f"FileStore({str(self._directory)!r})"

    def load(self, key: str) -> Token | None:
        """Gives the token under *key*, or None."""
        check_key(key)
        with self._opened() as folder:
            return _kept(folder, f"{key}.json")

    def save(self, key: str, token: Token) -> None:
        """
        Keeps *token* under *key*, unless a newer one is there: whoever was stopped in the middle comes too late.
        """
        check_key(key)
        with self._opened() as folder:
            _sweep(folder, time.time())
            kept = _kept(folder, f"{key}.json")
            text = dumps(key, token)
            if text is not None and (kept is None or kept.received_at <= token.received_at):
                _write(folder, f"{key}.json", text, token.expires_at)

    def discard(self, key: str, token: Token) -> None:
        """Forgets what is under *key* if it is *token*."""
        check_key(key)
        name, aside = f"{key}.json", _aside(key)
        with self._opened() as folder:
            if _kept(folder, name) != token:
                return
            # Taken aside first: what another process puts there meanwhile is not what is removed.
            with contextlib.suppress(FileNotFoundError):
                os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
                if _kept(folder, aside) != token:
                    with contextlib.suppress(FileExistsError):
                        os.link(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.unlink(aside, dir_fd=folder)

    @contextlib.contextmanager
    def lock(self, key: str, wait: float) -> Generator[bool, None, None]:
        """
        Gives the lock of *key*: taken within *wait* seconds, it says whether it is held, and ends with the process.
        """
        check_key(key)
        with self._opened():
            lock = self._lock(f"{key}.lock")
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
        """Gives what may be shown of the tokens that are kept."""
        with self._opened() as folder:
            found = [(name, _kept(folder, name)) for name in _names(folder, ".json")]
        return [Entry(name[:8], token.scope, token.expires_at) for name, token in found if token is not None]

    def clear(self) -> int:
        """Forgets every token, and says how many files that were; a lock that is held stays."""
        with self._opened() as folder:
            for name in _names(folder, ".lock"):
                with contextlib.suppress(Timeout), self._lock(name).acquire(timeout=0):
                    _unlink(folder, name)
            return sum([_unlink(folder, name) for name in (*_names(folder, ".json"), *_names(folder, ".new"))])

    def _lock(self, name: str) -> FileLock:
        # Let go of by whichever thread ends the renewal, which need not be the one that took it.
        return FileLock(self._directory / name, mode=0o600, thread_local=False)

    @contextlib.contextmanager
    def _opened(self) -> Generator[int]:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            folder = os.open(self._directory, flags)
        except OSError as error:
            raise self._unavailable(error) from None
        # Everything below goes through this descriptor: the path may be another directory's by then.
        try:
            found = os.fstat(folder)
            if found.st_uid != os.geteuid() or found.st_mode & 0o077:
                reason = "is not this user's alone: chmod 700 it, or name another directory"
                raise StoreUnavailable(f"{self._directory} {reason}")
            yield folder
        except OSError as error:
            raise self._unavailable(error) from None
        finally:
            os.close(folder)

    def _unavailable(self, error: OSError) -> StoreUnavailable:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EEXIST):
            reason = "is a link, or no directory: remove it, or name another"
        elif error.errno in _FULL:
            reason = "is on a full disk: make room, or name another"
        else:
            reason = f"cannot be used ({error.strerror or type(error).__name__}): name another directory"
        return StoreUnavailable(f"{self._directory} {reason}")


def _aside(key: str) -> str:
    return f"{key}.{secrets.token_hex(8)}.new"


def _kept(folder: int, name: str) -> Token | None:
    content = _read(folder, name)
    return None if content is None else loads(content, name[:64])


def _read(folder: int, name: str) -> bytes | None:
    try:
        # Not blocking: a FIFO in its place would hold up whoever opens it.
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
    aside = _aside(name[:64])
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(aside, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(file, "wb", buffering=0) as raw:
            done = 0
            # Revealed inside the call, so that no local variable holds it should the disk be full.
            while done < len(text.reveal()):
                done += raw.write(text.reveal().encode("ascii")[done:])
            # What it is swept by.
            os.utime(file, (ends_at, ends_at))
            os.fsync(file)
        os.rename(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=folder)
        raise
    os.fsync(folder)


def _sweep(folder: int, now: float) -> None:
    for suffix, before in ((".json", now), (".new", now - _ABANDONED_AFTER)):
        for name in _names(folder, suffix):
            with contextlib.suppress(FileNotFoundError):
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < before:
                    _unlink(folder, name)


def _names(folder: int, suffix: str) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(suffix) and KEY.fullmatch(name[:64])]


def _unlink(folder: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=folder)
    except (FileNotFoundError, IsADirectoryError):
        return False
    return True
