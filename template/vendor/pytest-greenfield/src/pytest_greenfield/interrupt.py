"""How a test is stopped at its limit.

pytest-timeout raises in whatever code runs at that moment. Inside an event loop this may be a
callback or another task, which swallow the exception, and the test's own task stays alive on the
loop that all later tests share. Here the signal cancels the task that the loop was started for: its
`finally` blocks run, the loop stays whole, and the failure is raised where the loop returns. Code
that does not answer (it blocks, or it swallows the cancellation) gets the exception in place, again
and again until it ends.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from types import CodeType, CoroutineType, FrameType
from typing import Any

import pytest

from .compat import PHASE, is_debugging
from .cpu_wait import busy_note, cpu_wait, scaled
from .tracebacks import is_library

GRACE = 0.5
"""Seconds from one signal to the next, unless the limit is shorter: time for `finally` blocks."""

_RETRY = 0.01


@dataclass
class Clock:
    """A running limit of so many seconds; `reason` tells why, if it comes to that."""

    seconds: float
    reason: Callable[[], str]
    waited: float
    allowed: float
    is_extension: bool = False
    cancelled: asyncio.Runner | None = None
    place: str = ""
    fired: bool = False

    def message(self) -> str:
        """Return the sentence for the person whose test was stopped."""
        busy = busy_note(self.seconds, self.allowed)
        return (
            f"Timeout: still running after {self.seconds:g} s{busy}, {self.reason()}.{self.place}"
        )


class Interrupt:
    """The one clock of the main thread, by SIGALRM."""

    def __init__(self) -> None:
        self.clock: Clock | None = None
        self.loop_runs: Callable[[asyncio.AbstractEventLoop], None] | None = None
        """Called with each event loop, before it runs something."""
        self._run_untimed = asyncio.Runner.run

    def install(self) -> None:
        """Have event loops raise the timeout: `asyncio.run` and pytest-asyncio use this class.

        A CancelledError from a fixture's teardown would make pytest skip the other finalizers.
        """
        interrupt = self

        def run(
            runner: asyncio.Runner,
            coro: Coroutine[Any, Any, Any],
            *,
            context: Context | None = None,
        ) -> Any:
            __tracebackhide__ = True
            return interrupt._run(runner, coro, context)

        asyncio.Runner.run = run  # type: ignore[assignment, method-assign]  # see compat.py

    def uninstall(self) -> None:
        """Leave the process as it was."""
        asyncio.Runner.run = self._run_untimed  # type: ignore[method-assign]  # as above

    def is_possible(self) -> bool:
        """Whether this thread of this system can be interrupted by a signal."""
        on_main_thread = threading.current_thread() is threading.main_thread()
        return on_main_thread and hasattr(signal, "SIGALRM")

    def start(self, seconds: float, reason: Callable[[], str]) -> None:
        """Start a clock in place of the one that runs."""
        self.clock = self._new_clock(seconds, reason)
        signal.signal(signal.SIGALRM, self._fire)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _new_clock(self, seconds: float, reason: Callable[[], str]) -> Clock:
        return Clock(seconds, reason, waited=cpu_wait(), allowed=seconds)

    def stop(self) -> bool:
        """Stop the clock; False if none runs."""
        if self.clock is None:
            return False
        self.clock = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        return True

    @contextmanager
    def extended(self, seconds: float, reason: Callable[[], str]) -> Iterator[None]:
        """Stop the clock for a while with its own limit. If nested, the outermost counts."""
        outer = self.clock
        if outer is None or outer.is_extension or outer.cancelled:
            yield
            return
        remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
        self.clock = self._new_clock(seconds, reason)
        self.clock.is_extension = True
        try:
            yield
        finally:
            if self.clock is not None:
                self.clock = outer
                signal.setitimer(signal.ITIMER_REAL, max(remaining, _RETRY))

    def _fire(self, _signal: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True
        clock = self.clock
        if clock is None or is_debugging():
            return
        if _caller(frame, PHASE) is None:
            # pytest itself is at work, between two phases: an exception here would end the run.
            signal.setitimer(signal.ITIMER_REAL, _RETRY)
            return
        if not clock.fired and (credit := self._credit(clock)) > _RETRY:
            signal.setitimer(signal.ITIMER_REAL, credit)
            return
        clock.fired = True
        signal.setitimer(signal.ITIMER_REAL, min(GRACE, clock.seconds))
        if clock.cancelled is None and self._cancel(clock, frame):
            return
        pytest.fail(clock.message())

    def _credit(self, clock: Clock) -> float:
        """Return the seconds that the test was not given yet.

        Measured: the time that it waited for a CPU. Estimated: what the processes that it waits for
        may have waited, from the machine's load.
        """
        waited = cpu_wait()
        credit = max(waited - clock.waited, scaled(clock.seconds) - clock.allowed)
        clock.waited = waited
        clock.allowed += credit
        return credit

    def _cancel(self, clock: Clock, frame: FrameType | None) -> bool:
        loop_frame = _caller(frame, self._run_untimed.__code__)
        if loop_frame is None:
            return False
        runner, task = loop_frame.f_locals["self"], loop_frame.f_locals.get("task")
        if task is None or task.done():
            return False
        clock.cancelled = runner
        clock.place = _place(task)
        task.cancel(clock.message())
        runner.get_loop().call_soon_threadsafe(lambda: None)  # ends the wait for sockets
        return True

    def _run(
        self, runner: asyncio.Runner, coro: Coroutine[Any, Any, Any], context: Context | None
    ) -> Any:
        """Do as `asyncio.Runner.run`, but end a run that was cancelled with the timeout."""
        __tracebackhide__ = True
        if self.loop_runs is not None:
            self.loop_runs(runner.get_loop())
        try:
            result = self._run_untimed(runner, coro, context=context)
        except BaseException as error:
            if (clock := self.clock) is None or clock.cancelled is not runner:
                raise
            self.start(clock.seconds, clock.reason)  # what remains of this phase must not hang
            if isinstance(error, pytest.fail.Exception):
                raise
            failure = pytest.fail.Exception(clock.message()).with_traceback(error.__traceback__)
            cause = None if isinstance(error, asyncio.CancelledError) else error
            raise failure from cause
        if (clock := self.clock) is not None and clock.cancelled is runner:
            self.start(clock.seconds, clock.reason)
            pytest.fail(clock.message())
        return result


def _caller(frame: FrameType | None, code: CodeType) -> FrameType | None:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame


def _place(task: asyncio.Task[Any]) -> str:
    """Where the project's own code waits; no traceback says it of a swallowed cancellation."""
    place = ""
    awaitable: Any = task.get_coro()
    while isinstance(awaitable, CoroutineType):
        frame = awaitable.cr_frame
        if frame is not None and not is_library(frame.f_code.co_filename):
            code = frame.f_code
            place = f" It waited in {code.co_name}, {code.co_filename}:{frame.f_lineno}."
        awaitable = awaitable.cr_await
    return place
