"""Server processes in a folder of their own, which end with the process that started them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_greenfield.services.postgres import cache
from pytest_greenfield.services.postgres.account import Account

# The shell's standard input is a pipe that only this process writes to: `read` returns when this
# process has ended. Nothing of these servers is worth an orderly end.
_WATCHER = """
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _ <&3; kill -KILL 0; } 2>/dev/null &
exec 3<&-
wait $server
kill -KILL 0
"""


class Child:
    """A folder, and the processes that run in it until `stop`."""

    def __init__(self, name: str) -> None:
        """Make the folder."""
        root = _root()
        while True:
            self.folder = root / f"service-{name}-{secrets.token_hex(4)}"
            self.folder.mkdir(mode=0o700)
            # Another run may have found the folder without its lock, and removes it.
            with contextlib.suppress(FileNotFoundError):
                lock = cache.try_lock(self.folder / "lock")
                if lock is not None:
                    self._lock = lock
                    break
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def log(self) -> Path:
        """Return the file that holds what the processes say."""
        return self.folder / "log"

    def said(self) -> str:
        """Return the last lines of the log as one."""
        return " ".join(self.log.read_text("utf-8", "replace").split())[-300:]

    def launch(self, *command: str, environ: Mapping[str, str] | None = None) -> None:
        """Start a process in the folder."""
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", _WATCHER, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(environ or {})},
                start_new_session=True,  # Ctrl-C is for the run, not for the server
            )
        self._processes.append(process)

    @property
    def alive(self) -> bool:
        """Say whether all processes still run."""
        return all(process.poll() is None for process in self._processes)

    def kill(self) -> None:
        """End the processes, those too whose watcher was killed."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
        self._processes.clear()

    def stop(self) -> None:
        """End the processes and remove the folder."""
        self.kill()
        cache.remove(self.folder)
        with contextlib.suppress(OSError):
            os.close(self._lock)


def prune() -> list[Path]:
    """End and remove what runs have left that were killed together with their watchers."""
    removed = []
    for folder in _root().glob("service-*"):
        with contextlib.suppress(OSError):
            lock = cache.try_lock(folder / "lock")
            if lock is not None:
                for pid in _processes_in(folder):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                cache.remove(folder)
                os.close(lock)
                removed.append(folder)
    return removed


def name_of(run: str, worker: str) -> str:
    """Return the name of a worker's own on a given server, with the place of the run's lock."""
    return f"{run}-{_place()}-{worker}".replace("_", "-")


def is_left(name: str, made: datetime) -> bool:
    """Say whether what has this name belongs to a run that has ended; elsewhere after a day."""
    parts = re.match(r"(test-.+-[0-9a-f]{8})-([0-9a-f]{6})-(?:master|gw\d+)(?:-|$)", name)
    if parts is None:
        return False
    if parts[2] != _place():
        return datetime.now(UTC) - made > timedelta(days=1)
    for folder in _root().glob("service-*"):
        if folder.name.replace("_", "-").startswith(f"service-{parts[1]}-"):
            lock = cache.try_lock(folder / "lock")
            if lock is None:
                return False
            os.close(lock)
    return True


def _place() -> str:
    # Not the host's name: containers may share that, and users or caches of one host share no lock.
    return hashlib.blake2b(cache.kept_password(_root()).encode(), digest_size=3).hexdigest()


def _root() -> Path:
    return cache.cache_folder(Account("", os.getuid(), os.getgid(), drops_privileges=False))


def _processes_in(folder: Path) -> Iterator[int]:
    if not Path("/proc/self").exists():
        listed = subprocess.run(["ps", "-axwwo", "pid=,command="], capture_output=True, check=False)
        for line in listed.stdout.decode("utf-8", "replace").splitlines():
            if str(folder) in line:
                yield int(line.split()[0])
        return
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").samefile(folder):
                yield int(process.name)
