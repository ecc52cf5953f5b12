"""Where clusters are kept between runs: a folder of the user's, and nobody else's."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from backend.tests.plugins.postgres.account import Account
from backend.tests.plugins.postgres.errors import ServerUnavailableError

_NAME = "greenfield-tests"
_MEMORY = Path("/dev/shm")  # noqa: S108 - used only after the same check of ownership as elsewhere
_ENOUGH = 4 * 2**30  # bytes free; a container has 64 MiB there unless it is told otherwise


@dataclass(frozen=True)
class Cache:
    """The folder, and what the user should know about the choice (empty: nothing)."""

    folder: Path
    note: str = ""


def cache_folder(account: Account) -> Cache:
    """Return a folder that this user owns and that `account` can enter.

    TEST_CACHE_DIR wins. Root's is /var/cache, because the server's account cannot enter /root;
    everybody
    else's is $XDG_CACHE_HOME or ~/.cache. A temporary folder is the last resort.
    """
    given = os.environ.get("TEST_CACHE_DIR")
    if given:
        return Cache(_own(Path(given).expanduser().absolute(), account))
    if account.switched:
        usual = Path("/var/cache") / _NAME
    else:
        xdg = os.environ.get("XDG_CACHE_HOME", "")
        usual = (Path(xdg) if Path(xdg).is_absolute() else Path("~/.cache").expanduser()) / _NAME
    try:
        return Cache(_own(usual, account))
    except (OSError, RuntimeError, ServerUnavailableError):
        spare = Path(tempfile.gettempdir()).absolute() / f"{_NAME}-{os.getuid()}"
        return Cache(_own(spare, account), f"{usual} cannot be used, kept in {spare} instead")


def cluster_folder(account: Account, cache: Path) -> Path:
    """Return where the tests' cluster goes: for root a memory disk with room, else `cache`.

    A clone is some 300 files: 6 ms in memory, 8 to 300 ms on disk (ext4 without a journal, as many
    virtual machines have it, becomes slow after many deletions). Not for other users: systemd
    empties their part of /dev/shm when they log out.
    """
    if account.switched and not os.environ.get("TEST_CACHE_DIR"):
        try:
            mounts = Path("/proc/self/mounts").read_text("utf-8").splitlines()
            free = os.statvfs(_MEMORY)
            if (
                any(line.split()[1:3] == [str(_MEMORY), "tmpfs"] for line in mounts)
                and free.f_bavail * free.f_frsize >= _ENOUGH
            ):
                return _own(_MEMORY / _NAME, account)
        except (OSError, ServerUnavailableError):
            return cache
    return cache


def _own(folder: Path, account: Account) -> Path:
    mode = 0o755 if account.switched else 0o700
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    status = folder.lstat()
    # In a shared temporary folder somebody else may have made it first, to give us files of theirs.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise ServerUnavailableError(
            f"{folder} is not a folder that only this user can write to: remove it"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ServerUnavailableError(f"{folder} is not writable")
    if account.switched:
        folder.chmod(mode)  # the umask may have closed it to the server's account
        if not account.reaches(folder):
            raise ServerUnavailableError(f"user {account.name} cannot enter {folder}")
    return folder
