"""The cluster on disk: numbered slots that are initialised once, kept, and used by one run each."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shlex
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres import process
from pytest_greenfield.services.postgres.account import Account
from pytest_greenfield.services.postgres.binaries import Binaries
from pytest_greenfield.services.postgres.cache import remove, try_lock

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # a socket's path ends at about 92 characters, and folders may be deep
    "unix_socket_directories": "",
    "max_connections": "200",
    # In the data folder: a killed server leaves nothing in /dev/shm, nor needs room there.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",  # the three switches that a throw-away cluster can do without
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    "autovacuum": "off",  # its statistics would change plans in the middle of a run
    "jit": "off",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_messages": "fatal",  # tests provoke errors by the thousand
    "log_line_prefix": "%m [%p] %d ",
}
_KEPT = ("listen_addresses", "unix_socket_directories", "TimeZone", "log_timezone")
DEVELOPMENT_SETTINGS = {name: SETTINGS[name] for name in _KEPT}
_FORMAT = "1"  # raise it when a kept cluster of an older version must not be used
_KEPT_DAYS = 30
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class DamagedClusterError(Exception):
    """The cluster's files are not whole; the message is what PostgreSQL said."""


@dataclass
class Cluster:
    """A folder with one cluster, of which this process holds the lock."""

    folder: Path
    binaries: Binaries
    account: Account
    password: str
    settings: dict[str, str] = field(default_factory=lambda: SETTINGS)
    lock: int = -1
    notes: list[str] = field(default_factory=list)
    """What the user should know, one line each."""

    @property
    def data(self) -> Path:
        """Return PostgreSQL's own folder, which belongs to the server's account."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.folder / "server.log"

    def start(self, port: int) -> process.Server:
        """Return a running server; what a killed run left of one is stopped first.

        Raises DamagedClusterError, or ServiceUnavailableError where a new cluster would not help.
        """
        unclean = (self.data / "postmaster.pid").exists()
        process.stop_leftover(self.data)
        if unclean and self._other_boot():
            raise DamagedClusterError("the machine went down while the server was running")
        if not self.data.exists():
            self._initialise()
        try:
            return process.Server(self.binaries, self.account, self.data, port, self.log)
        except process.StartError as error:
            if cause := _cause(str(error), self.folder):
                raise ServiceUnavailableError(cause) from None
            raise DamagedClusterError(str(error)) from None

    def set_aside(self, why: str) -> None:
        """Remove the cluster, so that the next `start` makes it anew."""
        old = self.folder / f"old-{secrets.token_hex(4)}"
        try:
            self.data.rename(old)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ServiceUnavailableError(
                f"the damaged cluster {self.data} cannot be removed ({error.strerror}):"
                f" `rm -rf {shlex.quote(str(self.data))}`"
            ) from None
        remove(old)
        self.notes.append(f"a damaged cluster was removed and made anew ({_shortened(why)})")

    def release(self) -> None:
        """Leave the cluster to other runs."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1
            if self.binaries.lock is not None:
                os.close(self.binaries.lock)

    def _other_boot(self) -> bool:
        # Without fsync, what a power cut or a reset has left need not even look damaged.
        if self.settings.get("fsync") != "off" or not _BOOT.exists():
            return False
        mark = self.folder / "boot"
        return not mark.exists() or mark.read_bytes() != _BOOT.read_bytes()

    def _initialise(self) -> None:
        for left in (*self.folder.glob("new-*"), *self.folder.glob("old-*")):
            remove(left)  # of a run that was killed
        fresh = self.folder / f"new-{os.getpid()}"
        fresh.mkdir(mode=0o700)
        try:
            handed_over = fresh / "password"
            handed_over.write_text(self.password + "\n", "ascii")
            if self.account.drops_privileges:
                os.chown(handed_over, self.account.uid, self.account.gid)
                os.chown(fresh, self.account.uid, self.account.gid)
            self._initdb(fresh)
            with (fresh / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())
            (fresh / "data").rename(self.data)
            if _BOOT.exists():
                (self.folder / "boot").write_bytes(_BOOT.read_bytes())
        except OSError as error:
            raise ServiceUnavailableError(
                _cause(str(error), self.folder) or f"no cluster can be made: {error}"
            ) from None
        finally:
            remove(fresh)

    def _initdb(self, fresh: Path) -> None:
        # Without a password every user of the machine could run commands as the server's account.
        # The paths are relative, because initdb runs a shell command that does not quote them.
        command = [str(self.binaries.folder / "initdb"), "--pgdata=data", "--pwfile=password"]
        command += ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"]
        command += ["--no-sync", "--no-instructions", "--locale=C"]
        if self.binaries.major >= 17:
            # This locale sorts and folds case alike on every machine; before 17 there is only C.
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.binaries.major >= 18:
            command.append("--no-data-checksums")  # as before 18: they cost writes
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=fresh,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                timeout=120,
                check=False,
                **self.account.popen(),
            )
        except subprocess.SubprocessError as error:
            raise ServiceUnavailableError(f"initdb did not end: {error}") from None
        if done.returncode:
            said = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-3:])
            raise ServiceUnavailableError(
                _cause(said, self.folder)
                or f"initdb of {self.binaries.folder} failed: {said}: name another server,"
                " `export TEST_DATABASE_URL=…`"
            )


def claim_slot(binaries: Binaries, account: Account, cache: Path, password: str) -> Cluster:
    """Return the first cluster for these programs that no other run uses."""
    # The machine's name is part of it: a home that two machines or containers share must not have
    # two servers on one folder. Checkouts with the same wheel share the slots.
    build = str(binaries.folder) if binaries.package is None else binaries.origin
    parts = [_FORMAT, build, platform.node(), account.name, str(SETTINGS)]
    digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()
    try:
        for number in range(1, 1000):
            folder = cache / f"cluster-{binaries.version}-{digest}-{number}"
            lock = try_lock(lock_of(folder))
            if lock is not None:
                make_folder(folder, account)
                if not (folder / "data").exists():
                    prune(cache, older_than_days=_KEPT_DAYS)
                return Cluster(folder, binaries, account, password, lock=lock)
    except OSError as error:
        raise ServiceUnavailableError(
            _cause(str(error), cache) or f"nothing can be written to {cache}: {error}"
        ) from None
    raise ServiceUnavailableError(f"all clusters in {cache} are in use")


def make_folder(folder: Path, account: Account) -> None:
    """Make a cluster's folder, and note the time of this use."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account.drops_privileges:
        folder.chmod(0o755)
    os.utime(folder)


def lock_of(folder: Path) -> Path:
    """Return the file that is locked as long as a run uses the cluster."""
    return folder.with_name(folder.name + ".lock")


def prune(cache: Path, *, older_than_days: float) -> dict[Path, bool]:
    """Remove the tests' clusters that were not used for so long; say of each whether it is gone."""
    removed: dict[Path, bool] = {}
    for folder in sorted(cache.glob("cluster-*-*-*[0-9]")):
        if time.time() - folder.stat().st_mtime < older_than_days * 86_400:
            continue
        lock = try_lock(lock_of(folder))
        if lock is not None:
            process.stop_leftover(folder / "data")
            remove(folder)
            lock_of(folder).unlink()
            os.close(lock)
        removed[folder] = not folder.exists()
    return removed


def _cause(said: str, folder: Path) -> str | None:
    """Return a sentence where the fault is not the cluster's."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return (
            f"there is no space left for the tests' PostgreSQL in {folder}: make room, or"
            " `export TEST_CACHE_DIR=/another/folder`"
        )
    if "Address already in use" in said or "could not bind" in said:
        return "another program took the port of the tests' PostgreSQL: run the tests again"
    if "annot allocate memory" in said or "could not map anonymous shared memory" in said:
        return f"there is not enough memory for the tests' PostgreSQL ({_shortened(said)})"
    return None


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 160 else f"{line[:157]}..."
