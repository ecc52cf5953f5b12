"""Where clusters are kept between runs: a folder of this user's, and locks in it."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres.account import Account

_NAME = "pytest-greenfield"
_MEMORY = Path("/dev/shm")  # noqa: S108 - used only after the same check of ownership as elsewhere
_ROOM = 4 * 2**30  # bytes free; a container has 64 MiB there unless it is told otherwise


def cache_folder(account: Account) -> Path:
    """Return a folder that this user owns and that `account` can enter.

    TEST_CACHE_DIR wins, then the usual place; a temporary folder is the last resort.
    """
    given = os.environ.get("TEST_CACHE_DIR")
    if given:
        return own(Path(given).expanduser().absolute(), account)
    return usual_cache_folder(account)


def usual_cache_folder(account: Account) -> Path:
    """Return the folder that is used without TEST_CACHE_DIR."""
    if account.drops_privileges:  # the server's account cannot enter /root
        usual = Path("/var/cache")
    else:
        xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
        home = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
        usual = xdg if xdg.is_absolute() else Path(home).expanduser()
    try:
        return own(usual / _NAME, account)
    except (OSError, RuntimeError, ServiceUnavailableError):
        spare = Path(tempfile.gettempdir()).absolute() / f"{_NAME}-{os.getuid()}"
        return own(spare, account)


def cluster_folder(account: Account, cache: Path) -> Path:
    """Return where runs keep their clusters: for root a memory disk with room, else `cache`.

    A clone is some 300 files: 6 ms in memory, 8 to 300 ms on disk (ext4 without a journal, as many
    virtual machines have it, slows down after many deletions). Not for other users: systemd empties
    their part of /dev/shm when they log out.
    """
    if account.drops_privileges and not os.environ.get("TEST_CACHE_DIR") and _MEMORY.is_mount():
        free = os.statvfs(_MEMORY)
        if free.f_bavail * free.f_frsize >= _ROOM:
            with suppress(ServiceUnavailableError):
                return own(_MEMORY / _NAME, account)
    return cache


def own(folder: Path, account: Account) -> Path:
    """Make `folder` when it is missing, and return it; refuse what others could write to."""
    mode = 0o755 if account.drops_privileges else 0o700
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise ServiceUnavailableError(
            f"the folder {folder} cannot be made ({error.strerror}):"
            " `export TEST_CACHE_DIR=/another/folder`"
        ) from None
    # In a shared temporary folder somebody else may have made it first, to give us their files.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise ServiceUnavailableError(
            f"{folder} is not a folder that only this user can write to: remove it, or"
            " `export TEST_CACHE_DIR=/another/folder`"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ServiceUnavailableError(f"{folder} is not writable: `chmod u+rwx {folder}`")
    if account.drops_privileges:
        folder.chmod(mode)  # the umask may have closed it to the server's account
        if not account.reaches(folder):
            raise ServiceUnavailableError(
                f"user {account.name}, who runs the server for root, cannot enter {folder}:"
                " `export TEST_CACHE_DIR=/another/folder`"
            )
    return folder


def kept_password(folder: Path) -> str:
    """Return the password of the clusters in `folder`, made by the first who asks."""
    path = folder / "password"
    fresh = folder / f"password-{os.getpid()}-{secrets.token_hex(4)}"
    for _ in range(2):
        try:
            if password := path.read_text("ascii").strip():
                return password
            path.unlink()  # a full disk left it empty
        except (OSError, UnicodeDecodeError):
            pass
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(24) + "\n")
            if not path.exists():  # two runs may be here at once: only one of them links
                os.link(fresh, path)
        except FileExistsError:
            continue
        except OSError as error:
            raise ServiceUnavailableError(
                f"nothing can be written to {folder} ({error.strerror}): make room, or"
                " `export TEST_CACHE_DIR=/another/folder`"
            ) from None
        finally:
            fresh.unlink(missing_ok=True)
    return path.read_text("ascii").strip()


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """Return a descriptor that holds the lock `path` until it is closed, or None.

    A shared lock excludes only those that are not. The kernel takes the lock back from a killed
    process.
    """
    import fcntl  # not on Windows, where nothing gets this far

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        # Somebody may have removed the file meanwhile: a lock on it would exclude nobody.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path`, waiting for others."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Remove `folder` and all in it, read-only folders too."""

    def open_and_retry(function: Callable[..., Any], path: str, _: object) -> None:
        try:
            Path(path).parent.chmod(0o700)
            if Path(path).is_dir():
                Path(path).chmod(0o700)
                shutil.rmtree(path)
            else:
                function(path)
        except OSError:
            pass

    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder, onerror=open_and_retry)
