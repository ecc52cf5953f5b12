"""The process that collects: it forks the workers, spreads the tests and replays the reports.

It runs no test and starts no thread, so at any time it is what a worker starts from: one that
replaces a crashed worker, too. Reports go through the same hooks as in a run without workers, so
that `-x`, `--lf`, `--junit-xml` and the terminal know of no difference.
"""

from __future__ import annotations

import gc
import itertools
import os
import secrets
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from types import SimpleNamespace
from typing import Any

import pytest

from backend.tests.plugins.forks.worker import Ran, Worker

_PULSE = 0.5  # seconds after which a worker that died without closing its pipe is noticed
_AT_HAND = 2  # the running test and the next one, by which it knows what to tear down


class WorkerError(RuntimeError):
    """Something outside of a test broke in a worker."""


@dataclass(eq=False)
class _Fork:
    """A worker, as seen from here."""

    name: str
    pid: int
    pipe: Connection
    queue: list[int]
    """The tests that it has and has not reported; the first one runs."""
    last: int = 0
    asked: bool = False
    """Whether it was asked to give tests back, and has not answered."""
    done: bool = False
    """Whether it was told that there will be no more."""

    def __post_init__(self) -> None:
        # What the terminal shows of a report's `node`, as it knows it from xdist.
        self.gateway = SimpleNamespace(id=self.name)
        self.workerinfo = {
            "id": self.name,
            "sysplatform": sys.platform,
            "version_info": sys.version_info,
            "executable": sys.executable,
        }

    def send(self, kind: str, value: object = None) -> None:
        """Send a message; a worker that has died is noticed elsewhere."""
        try:
            self.pipe.send((kind, value))
        except OSError:
            return


@dataclass(eq=False)
class Controller:
    """The plugin that runs the tests of a session with `--forks`."""

    config: pytest.Config
    number: int
    forks: list[_Fork] = field(default_factory=list)
    pool: list[int] = field(default_factory=list)
    """Tests that a worker has given back."""
    stopping: bool = False
    left: set[int] = field(default_factory=set)
    """Tests that have not been reported."""
    run: str = field(default_factory=lambda: secrets.token_hex(16))
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the tests; pytest's own loop reports an error of the collection, or no tests."""
        if session.testsfailed and not self.config.option.continue_on_collection_errors:
            return None
        if not session.items:
            return None
        self.session = session
        self._prepare()
        count = len(session.items)
        self.left = set(range(count))
        starts = [count * part // self.number for part in range(self.number + 1)]
        try:
            for start, end in itertools.pairwise(starts):
                if start < end:
                    self._fork(list(range(start, end)))
            self._until_all_have_ended()
        except BaseException:
            self._interrupt()
            raise
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True

    def _prepare(self) -> None:
        self.config.hook.pytest_fork(session=self.session)
        others = [thread.name for thread in threading.enumerate()]
        others.remove(threading.main_thread().name)
        if others:
            raise pytest.UsageError(
                f"--forks cannot fork while other threads run ({', '.join(others)}):"
                f" let fixtures start them, or type -n {self.number}."
            )
        # Nothing is captured here; each worker starts a capture with files of its own.
        capture: Any = self.config.pluginmanager.get_plugin("capturemanager")
        capture.stop_global_capturing()
        if reporter := self.config.pluginmanager.get_plugin("terminalreporter"):
            reporter.showfspath = False  # tests of several files take turns
        self.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # as xdist does
        gc.collect()
        gc.freeze()  # the collector passes over what workers share, and copies no page of it

    def _fork(self, queue: list[int]) -> None:
        name = f"fork{next(self.numbers)}"
        told = {"workerid": name, "workercount": self.number, "testrunuid": self.run}
        ours, theirs = Pipe()
        sys.stdout.flush()  # or the worker would write it again
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the worker begins with it
        pid = _fork_quietly()
        if pid == 0:
            for pipe in (ours, *(fork.pipe for fork in self.forks)):
                pipe.close()
            Worker(self.session, told, theirs, queue).main()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()
        self.forks.append(_Fork(name, pid, ours, queue))

    def _until_all_have_ended(self) -> None:
        while self.forks:
            self._hear()
            if self.stopping:
                continue
            if self.session.shouldfail or self.session.shouldstop:
                self.stopping = True
                for fork in self.forks:
                    fork.send("stop")
            elif self.forks:
                self._spread()
        if self.left and not self.stopping:
            raise WorkerError(f"{len(self.left)} tests were not run")

    def _hear(self) -> None:
        ready = wait([fork.pipe for fork in self.forks], _PULSE)
        for fork in list(self.forks):
            if fork.pipe in ready:
                try:
                    kind, value = fork.pipe.recv()
                except (EOFError, OSError):
                    self._crashed(fork)
                else:
                    getattr(self, f"_{kind}")(fork, value)
            elif not ready and os.waitid(os.P_PID, fork.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                self._crashed(fork)

    def _spread(self) -> None:
        """Give the pool to those who run out of tests; ask who has most to give some back."""
        hungry = [fork for fork in self.forks if len(fork.queue) <= _AT_HAND and not fork.done]
        if self.pool and all(fork.done for fork in self.forks):
            self._fork(self._taken(len(self.pool)))  # whoever was hungry has crashed
        for waiting, fork in zip(range(len(hungry), 0, -1), hungry, strict=True):
            if given := self._taken(-(-len(self.pool) // waiting)):
                fork.queue += given
                fork.send("run", given)
        hungry = [fork for fork in hungry if len(fork.queue) <= _AT_HAND]
        if not hungry or any(fork.asked for fork in self.forks):
            return
        richest = max(self.forks, key=lambda fork: len(fork.queue))
        if (spare := len(richest.queue) - _AT_HAND) > 0:
            richest.asked = True
            richest.send("give", (spare + 1) // 2)
            return
        for fork in hungry:
            fork.done = True
            fork.send("done")

    def _taken(self, count: int) -> list[int]:
        taken, self.pool = self.pool[:count], self.pool[count:]
        return taken

    def _ran(self, fork: _Fork, ran: Ran) -> None:
        fork.queue.remove(ran.index)
        fork.last = ran.index
        reports = [
            self.config.hook.pytest_report_from_serializable(config=self.config, data=data)
            for data in ran.reports
        ]
        self._replay(fork, ran.index, reports)
        for warning in ran.warnings:
            self.config.hook.pytest_warning_recorded.call_historic(kwargs=warning)

    def _replay(self, fork: _Fork, index: int, reports: list[pytest.TestReport]) -> None:
        item = self.session.items[index]
        self.left.discard(index)
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in reports:
            report.node = fork  # type: ignore[attr-defined]  # as xdist does
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _gave(self, fork: _Fork, given: list[int]) -> None:
        fork.asked = False
        fork.queue = [index for index in fork.queue if index not in given]
        self.pool += given

    def _ended(self, fork: _Fork, output: dict[str, Any]) -> None:
        """Note what a worker says at its end; what ended it there ends the run here."""
        fork.pipe.close()
        os.waitpid(fork.pid, 0)
        self.forks.remove(fork)
        self.config.hook.pytest_fork_ended(config=self.config, output=output)
        if self.stopping:
            return
        self.session.shouldfail = self.session.shouldfail or output["shouldfail"]
        self.session.shouldstop = self.session.shouldstop or output["shouldstop"]
        match output["reason"]:
            case ("exit", (message, code)):
                pytest.exit(message, code)
            case ("interrupted", _):
                raise KeyboardInterrupt
            case ("error", text):
                raise WorkerError(f"in worker {fork.name!r}:\n{text}")

    def _crashed(self, fork: _Fork) -> None:
        """Report the test that ran, and let another worker run the rest."""
        os.kill(fork.pid, signal.SIGKILL)  # in case it has only lost its pipe
        _, status = os.waitpid(fork.pid, 0)
        fork.pipe.close()
        self.forks.remove(fork)
        index = fork.queue.pop(0) if fork.queue else None
        item = self.session.items[fork.last if index is None else index]
        doing = "while running" if index is not None else "at its end, after"
        sentence = f"worker {fork.name!r} crashed {doing} {item.nodeid!r}: {_explained(status)}"
        when = "call" if index is not None else "teardown"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", sentence, when)  # type: ignore[arg-type]
        self._replay(fork, fork.last if index is None else index, [report])
        if fork.queue and not (self.stopping or self.session.shouldfail or self.session.shouldstop):
            self._fork(fork.queue)

    def _interrupt(self) -> None:
        """End all workers, their fixtures torn down; a second Ctrl-C ends them at once."""
        self.stopping = True
        try:
            for fork in self.forks:
                fork.send("interrupt")
            while self.forks:
                self._hear()
        finally:
            for fork in self.forks:
                os.kill(fork.pid, signal.SIGKILL)
                os.waitpid(fork.pid, 0)


def _fork_quietly() -> int:
    """Fork; Python warns of native threads too, such as those of numerical libraries."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _explained(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
