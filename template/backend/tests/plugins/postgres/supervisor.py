"""Owns one PostgreSQL server and stops it when the last run has ended, however that ended.

Started by path as a process of its own, standard library only: `python -I -S supervisor.py
'{"folder": …}'`.
The first process answers with one JSON line (`{"port": …}` or `{"error": …}`) and ends; its child
stays, holds
`supervisor.lock` as long as it lives and waits for the exclusive lock on `lease.lock`, which the
kernel grants when no run is left,
a killed one neither. Runs that begin meanwhile wait for their shared lock until the server is down,
and start a new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Protocol

_ATTEMPTS = 8
_READY_SECONDS = 20.0
# What a new attempt can mend: a port taken between choosing and using it, or the last moments of a
# killed server's processes.
_PASSING = ("in use", "lock file", "shared memory")


class _Process(Protocol):
    pid: int

    def wait(self) -> object: ...


class _Orphan:
    """A server whose supervisor was killed: not our child, so its end can only be polled for."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> None:
        if hasattr(os, "pidfd_open"):
            # Sees the end at once; a dead process keeps its number until process 1 has noticed.
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(self.pid)
                try:
                    select.select([descriptor], [], [])
                finally:
                    os.close(descriptor)
            return
        while _is_alive(self.pid):
            time.sleep(0.1)


class _FailedError(Exception):
    pass


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _postmaster(data: Path) -> list[str]:
    """Return the lines of postmaster.pid: pid, folder, start, port, …, and the eighth, `ready`."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return []


def _is_server(pid: int, data: Path) -> bool:
    """Say whether `pid` is a PostgreSQL on `data`, and not a later process that got the same
    number.
    """
    if not _is_alive(pid):
        return False
    try:
        # A postmaster's working directory is its data folder.
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        if Path("/proc/self").exists():
            return False
    listed = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return "postgres" in listed.stdout and str(data) in listed.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _adopt(data: Path) -> tuple[_Process, int] | None:
    lines = _postmaster(data)
    if len(lines) < 8 or not lines[0].isdigit():
        return None
    if lines[7] == "ready" and _is_server(int(lines[0]), data):
        return _Orphan(int(lines[0])), int(lines[3])
    if not _is_server(int(lines[0]), data):
        # Left by a killed server. PostgreSQL would take it for a living one where the number was
        # given to another process.
        with contextlib.suppress(FileNotFoundError):
            (data / "postmaster.pid").unlink()
    return None


def _start(spec: dict[str, Any], data: Path, log: Path) -> tuple[_Process, int]:
    why = "no attempt was made"
    for attempt in range(_ATTEMPTS):
        port = (attempt == 0 and spec["port"]) or _free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [f"{spec['binaries']}/postgres", "-D", str(data), "-p", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                **spec["popen"],
            )
        deadline = time.monotonic() + _READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            lines = _postmaster(data)
            if len(lines) > 7 and lines[0] == str(process.pid) and lines[7] == "ready":
                return process, port
            time.sleep(0.003)
        if process.poll() is None:
            process.kill()
            process.wait()
            raise _FailedError(f"the server was not ready within {_READY_SECONDS:g} s, see {log}")
        said = log.read_text("utf-8", "replace").strip()
        why = f"the server ended at its start: {' '.join(said.splitlines()[-3:])}"
        if not any(word in said for word in _PASSING):
            break
        time.sleep(0.05 * (attempt + 1))
    raise _FailedError(why)


def _stop(process: _Process) -> None:
    ended = threading.Thread(target=process.wait, daemon=True)
    ended.start()
    # Fast shutdown; where it hangs, immediate shutdown: nothing in a test cluster is worth waiting
    # for.
    for how, patience in ((signal.SIGINT, 5.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 2.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, how)
        ended.join(patience)
        if not ended.is_alive():
            return


def _write_state(folder: Path, state: dict[str, int]) -> None:
    fresh = folder / "state.json.new"
    fresh.write_text(json.dumps(state), "utf-8")
    fresh.replace(folder / "state.json")


def _supervise(spec: dict[str, Any], answer: int) -> None:
    folder = Path(spec["folder"])
    own = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    lease = os.open(folder / "lease.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        data = folder / "data"
        process, port = _adopt(data) or _start(spec, data, folder / "server.log")
    except BlockingIOError:
        os.write(answer, b'{"busy": true}\n')
        return
    except (OSError, subprocess.SubprocessError, _FailedError) as error:
        os.write(answer, json.dumps({"error": str(error)}).encode() + b"\n")
        return
    state = folder / "state.json"
    _write_state(folder, {"port": port, "server": process.pid, "supervisor": os.getpid()})
    stopping = threading.Event()

    def watch() -> None:
        process.wait()
        if not stopping.is_set():  # the server was killed: the next run must not be sent to it
            state.unlink(missing_ok=True)
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        os.write(answer, json.dumps({"port": port}).encode() + b"\n")
        os.close(answer)
        fcntl.flock(lease, fcntl.LOCK_EX)
    finally:
        stopping.set()
        state.unlink(missing_ok=True)
        _stop(process)
        # In this order: who gets the lease must find no supervisor any more.
        os.close(own)
        os.close(lease)


def main() -> int:
    """Start the detached supervisor and print its answer; return 0 when the server is ready."""
    spec = json.loads(sys.argv[1])
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as pipe:
            said = pipe.readline()
        sys.stdout.write(said or '{"error": "the supervisor ended without a word"}\n')
        return 0
    os.close(reading)
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    _supervise(spec, writing)
    return 0


if __name__ == "__main__":
    sys.exit(main())
