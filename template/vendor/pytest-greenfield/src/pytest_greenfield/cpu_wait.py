"""How long code waits for a CPU: on a busy machine, limits and deadlines are prolonged by it."""

import os
import time
from contextlib import suppress

_MOST = 10.0


class CpuWait:
    """Seconds that a process's first thread was ready to run and got no CPU.

    Source: the second number of Linux's schedstat, see proc_pid_schedstat(5); elsewhere 0.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._file: int | None = None
        owner = "thread-self" if pid is None else f"{pid}"
        with suppress(OSError):
            self._file = os.open(f"/proc/{owner}/schedstat", os.O_RDONLY)

    def seconds(self) -> float:
        """Return the seconds so far."""
        if self._file is None:
            return 0.0
        try:
            return int(os.pread(self._file, 100, 0).split()[1]) / 1e9
        except (OSError, IndexError):  # the process has ended
            return 0.0

    def close(self) -> None:
        """Stop looking."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def load_factor() -> float:
    """Return how many times longer work takes because others want the CPUs too; 1 when idle."""
    if not hasattr(os, "getloadavg"):  # Windows
        return 1.0
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), _MOST)


def scaled(seconds: float) -> float:
    """Return the time that what takes `seconds` on an idle machine may take now."""
    return seconds * load_factor()


def busy_note(seconds: float, allowed: float) -> str:
    """Return a remark for a message, if `seconds` were prolonged to `allowed`; else nothing."""
    if allowed < seconds * 1.05:
        return ""
    load = f": load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    return f" (prolonged to {allowed:.1f} s because the machine is busy{load})"


class Deadline:
    """The end of a wait, for example for a server's start, which moves when the machine is busy.

    With `pid`, the time that the awaited process itself spent waiting for a CPU is added.

        deadline = Deadline(20, process.pid)
        while not ready():
            if deadline.passed():
                raise RuntimeError(f"The server did not start within {deadline}.")
            time.sleep(0.05)
    """

    def __init__(self, seconds: float, pid: int | None = None) -> None:
        self._seconds = seconds
        self._start = time.monotonic()
        self._wait = CpuWait(pid)
        self._waited = self._wait.seconds()
        self._factor = 1.0

    @property
    def allowed(self) -> float:
        """Seconds from the start; it only grows."""
        self._factor = max(self._factor, load_factor())
        return self._seconds * self._factor + max(0.0, self._wait.seconds() - self._waited)

    def passed(self) -> bool:
        """Whether the time is over."""
        elapsed = time.monotonic() - self._start
        return elapsed > self._seconds and elapsed > self.allowed

    def __str__(self) -> str:
        return f"{self._seconds:g} s{busy_note(self._seconds, self.allowed)}"

    def __del__(self) -> None:
        self._wait.close()
