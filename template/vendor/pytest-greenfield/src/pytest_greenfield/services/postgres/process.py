"""One running server: it ends with the process that started it, however that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from pytest_greenfield.services.postgres.account import Account
from pytest_greenfield.services.postgres.binaries import Binaries

_READY_SECONDS = 60.0
# What waiting mends: the last moments of a killed server's processes.
_PASSING = ("lock file", "shared memory", "in use")
# The shell's standard input is a pipe that only this process writes to: `read` returns when this
# process has ended. The server's end ends the shell.
_WATCHER = """
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _ <&3; kill -INT $server; } 2>/dev/null & reader=$!
exec 3<&-
wait $server; status=$?
kill $reader 2>/dev/null
exit $status
"""


class StartError(Exception):
    """The server did not start; the message is what it said."""


class Server:
    """A started server and its watcher."""

    def __init__(
        self, binaries: Binaries, account: Account, data: Path, port: int, log: Path
    ) -> None:
        """Start the server and wait until it is ready; raise StartError."""
        self.data, self._log, self.pid = data, log, 0
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            self._process = _launch(binaries, account, data, port, log)
            try:
                if self._ready(port, deadline):
                    return
            except BaseException:  # Ctrl-C
                self.stop()
                raise
            alive = self._process.poll() is None
            self.stop()
            said = log.read_text("utf-8", "replace").strip()
            if alive:
                raise StartError(f"it was not ready within {_READY_SECONDS:g} s: {said[-300:]}")
            if time.monotonic() > deadline - 45 or not any(word in said for word in _PASSING):
                raise StartError(" ".join(said.splitlines()[-3:]) or "it ended without a word")
            time.sleep(0.2)

    def _ready(self, port: int, deadline: float) -> bool:
        while self._process.poll() is None and time.monotonic() < deadline:
            lines = _postmaster(self.data)
            if len(lines) > 7 and lines[3] == str(port) and lines[7] == "ready":
                self.pid = int(lines[0])
                return True
            time.sleep(0.003)
        return False

    @property
    def alive(self) -> bool:
        """Say whether the server still runs."""
        return _is_server(self.pid, self.data)

    def stop(self) -> None:
        """Stop the server, also when its watcher was killed."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        stop_leftover(self.data, self.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _launch(
    binaries: Binaries, account: Account, data: Path, port: int, log: Path
) -> subprocess.Popen[bytes]:
    server = [str(binaries.folder / "postgres"), "-D", str(data), "-p", str(port)]
    options: dict[str, Any] = account.popen()
    with log.open("wb") as output:
        return subprocess.Popen(
            ["/bin/sh", "-c", _WATCHER, "sh", *server],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,  # Ctrl-C is for the run, not for the server
            **options,
        )


def stop_leftover(data: Path, pid: int = 0) -> None:
    """Stop the server that runs on `data`, and remove a pid file that belongs to no server.

    PostgreSQL would refuse to start where the number in it was given to another process.
    """
    lines = _postmaster(data)
    if not pid and lines and lines[0].isdigit():
        pid = int(lines[0])
    # Fast shutdown; where it hangs, immediate shutdown: the run is over, and waits for nobody.
    for how, patience in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if not _is_server(pid, data):
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        deadline = time.monotonic() + patience
        while _is_server(pid, data) and time.monotonic() < deadline:
            time.sleep(0.005)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        (data / "postmaster.pid").unlink()


def _postmaster(data: Path) -> list[str]:
    """Return the lines of postmaster.pid: pid, folder, start, port, …, and the eighth, `ready`."""
    try:
        text = (data / "postmaster.pid").read_text("utf-8", "replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines()]


def _is_server(pid: int, data: Path) -> bool:
    """Say whether `pid` is a PostgreSQL on `data`, not another process with the same number."""
    if pid <= 1:
        return False
    try:
        # A postmaster's working directory is its data folder.
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        if Path("/proc/self").exists():
            return False
    command = ["ps", "-p", str(pid), "-o", "command="]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "postgres" in listed and str(data) in listed
