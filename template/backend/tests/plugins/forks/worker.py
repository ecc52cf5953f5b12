"""A forked worker: the session as it was collected, run in a process of its own.

The main thread runs tests. A second one listens to the controller, so that tests can be taken back
while one runs, and so that the worker ends when the controller is gone.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, NoReturn
from warnings import WarningMessage

import pytest
from _pytest.junitxml import xml_key

CONTROLLERS_OWN = ("forks-controller", "terminalreporter", "terminalprogress-plugin")
"""Plugins that a worker has no use for."""

_LAST_SECONDS = 2.0  # for fixtures, when the controller has died


@dataclass
class Ran:
    """A test that has run: its reports as pytest serialises them, and its warnings."""

    index: int = -1
    reports: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


class Worker:
    """The process, and the plugin in it that notes what the tests report."""

    def __init__(
        self,
        session: pytest.Session,
        workerinput: dict[str, Any],
        pipe: Connection,
        queue: list[int],
    ) -> None:
        self.session, self.config, self.workerinput = session, session.config, workerinput
        self.pipe, self.queue = pipe, deque(queue)
        self.no_more = False
        self.changed = threading.Condition()
        self.sending = threading.Lock()
        self.ran = Ran()

    def main(self) -> NoReturn:
        """Run until the controller has no more tests, and never return into its frames."""
        code = 1
        try:
            self._send("ended", self._work())
            code = 0
        except KeyboardInterrupt:  # nobody is left to hear of it
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)  # what the controller has registered for its exit is not ours to do

    def _work(self) -> dict[str, Any]:
        reason: tuple[str, Any] | None = None
        try:
            self._settle()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            self.config.hook.pytest_forked(session=self.session)
            self._run_tests()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            reason = ("interrupted", None)
        except pytest.exit.Exception as end:
            reason = ("exit", (end.msg, end.returncode))
        except BaseException:
            reason = ("error", traceback.format_exc())
        failed = int(self.session.testsfailed > 0)
        try:
            self.config.hook.pytest_sessionfinish(session=self.session, exitstatus=failed)
            _save_coverage()
        except BaseException:
            reason = reason or ("error", traceback.format_exc())
        sys.stdout.flush()
        sys.stderr.flush()
        stops = {"shouldfail": self.session.shouldfail, "shouldstop": self.session.shouldstop}
        output: dict[str, Any] = self.config.workeroutput  # type: ignore[attr-defined]  # xdist's
        return {**output, **stops, "reason": reason}

    def _settle(self) -> None:
        """Become a process of its own, which plugins take for one of xdist's workers."""
        os.setpgid(0, 0)  # Ctrl-C goes to the controller, which passes it on once
        # A shell's `pytest &` ignores it; the controller must be able to end a test all the same.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.register_at_fork(after_in_child=self.pipe.close)  # a test's own fork is no worker
        config, name = self.config, self.workerinput["workerid"]
        config.workerinput, config.workeroutput = self.workerinput, {}  # type: ignore[attr-defined]
        os.environ["PYTEST_XDIST_WORKER"] = name
        os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(self.workerinput["workercount"])
        os.environ["PYTEST_XDIST_TESTRUNUID"] = self.workerinput["testrunuid"]
        xml = config.stash.get(xml_key, None)
        for plugin in (xml, *map(config.pluginmanager.get_plugin, CONTROLLERS_OWN)):
            if plugin is not None:
                config.pluginmanager.unregister(plugin)
        capture: Any = config.pluginmanager.get_plugin("capturemanager")
        capture.start_global_capturing()  # its files are this process's own
        capture.suspend_global_capture()
        with open(os.devnull) as nothing:  # noqa: PTH123 - the terminal's input is no test's
            os.dup2(nothing.fileno(), 0)
        folders = config._tmp_path_factory  # type: ignore[attr-defined]  # as xdist does
        # Given, so that only the controller removes the folders of this run and of earlier ones.
        config.option.basetemp = folders.getbasetemp() / name
        folders = pytest.TempPathFactory.from_config(config, _ispytest=True)
        config._tmp_path_factory = folders  # type: ignore[attr-defined]  # as above
        config.pluginmanager.register(self, "forks-worker")
        self.ran = Ran()  # the collection's warnings, which are the controller's, are told again
        threading.Thread(target=self._listen, name="forks-listener", daemon=True).start()

    def _run_tests(self) -> None:
        session = self.session
        index = self._take()
        while index is not None and not (session.shouldfail or session.shouldstop):
            following = self._take()
            self.ran = Ran(index)
            self.config.hook.pytest_runtest_protocol(
                item=session.items[index],
                nextitem=None if following is None else session.items[following],
            )
            self._send("ran", self.ran)
            index = following

    def _take(self) -> int | None:
        """The next test, waited for; None when there are no more."""
        with self.changed:
            self.changed.wait_for(lambda: self.queue or self.no_more)
            return self.queue.popleft() if self.queue else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a report."""
        hook = self.config.hook
        # It is there that pytest fails a test for its subtests, which this process has counted.
        hook.pytest_report_teststatus(report=report, config=self.config)
        data = hook.pytest_report_to_serializable(config=self.config, report=report)
        self.ran.reports.append(data)

    def pytest_warning_recorded(
        self, warning_message: WarningMessage, when: str, nodeid: str, location: object
    ) -> None:
        """Note a warning, by what the terminal shows of it."""
        kept = WarningMessage(
            str(warning_message.message),
            warning_message.category,
            warning_message.filename,
            warning_message.lineno,
        )
        self.ran.warnings.append(
            {"warning_message": kept, "when": when, "nodeid": nodeid, "location": location}
        )

    def _send(self, kind: str, value: Any) -> None:
        try:
            message = pickle.dumps((kind, value))
        except Exception:  # a user's property or a warning's class, and anything may be one
            message = pickle.dumps((kind, _plain(value)))
        try:
            with self.sending:
                self.pipe.send_bytes(message)
        except OSError:
            raise KeyboardInterrupt from None  # the controller is gone

    def _listen(self) -> None:
        end, wait = os._exit, threading.Event().wait  # a test may replace what stands in a module
        while True:
            try:
                kind, value = self.pipe.recv()
            except (EOFError, OSError):
                self._stop()
                os.kill(os.getpid(), signal.SIGINT)
                wait(_LAST_SECONDS)
                end(1)
            match kind:
                case "run":
                    with self.changed:
                        self.queue.extend(value)
                        self.changed.notify()
                case "give":
                    with self.changed:
                        given = [self.queue.pop() for _ in range(min(value, len(self.queue)))]
                    self._send("gave", given[::-1])
                case "done":
                    with self.changed:
                        self.no_more = True
                        self.changed.notify()
                case "stop":
                    self._stop()
                case "interrupt":
                    self._stop()  # first: a test may swallow the signal
                    os.kill(os.getpid(), signal.SIGINT)

    def _stop(self) -> None:
        """Let the running test be the last one."""
        with self.changed:
            self.queue.clear()
            self.no_more = True
            self.session.shouldstop = "another worker's"
            self.changed.notify()


def _plain(value: Any) -> Any:
    """A copy of a message in which everything is of a type that can be sent."""
    if isinstance(value, Ran):
        return Ran(value.index, _plain(value.reports), _plain(value.warnings))
    if isinstance(value, WarningMessage):
        return WarningMessage(value.message, Warning, value.filename, value.lineno)
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value if isinstance(value, str | bytes | int | float | None) else repr(value)


def _save_coverage() -> None:
    """Write this process's figures; pytest-cov's controller combines all files that it finds."""
    if (coverage := sys.modules.get("coverage")) and (current := coverage.Coverage.current()):
        current.stop()
        current.save()
