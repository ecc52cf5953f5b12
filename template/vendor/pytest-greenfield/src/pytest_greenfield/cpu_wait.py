"""How long code waits for a CPU. On a busy machine, limits and deadlines are prolonged by it."""

import os
import time
from contextlib import suppress

_MOST = 10.0


def cpu_wait(pid: int | None = None) -> float:
    """Return the seconds that this thread was ready to run and got no CPU; 0 where nobody says.

    With `pid`, those of another process's first thread. Source: the second number of Linux's
    schedstat, see proc_pid_schedstat(5). Reading it takes 6 µs.
    """
    owner = "thread-self" if pid is None else str(pid)
    with suppress(OSError, IndexError):  # no Linux, or the process has ended
        file = os.open(f"/proc/{owner}/schedstat", os.O_RDONLY)
        try:
            return int(os.read(file, 100).split()[1]) / 1e9
        finally:
            os.close(file)
    return 0.0


def load_factor() -> float:
    """Return how many times longer work takes because others want the CPUs too; 1 if idle."""
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
        self._pid = pid
        self._start = time.monotonic()
        self._waited = cpu_wait(pid)
        self._allowed = seconds

    def passed(self) -> bool:
        """Whether the time is over."""
        elapsed = time.monotonic() - self._start
        if elapsed > self._allowed:
            waited = max(0.0, cpu_wait(self._pid) - self._waited)
            self._allowed = max(self._allowed, scaled(self._seconds) + waited)
        return elapsed > self._allowed

    def __str__(self) -> str:
        return f"{self._seconds:g} s{busy_note(self._seconds, self._allowed)}"
