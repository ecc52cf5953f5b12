"""The clock of the running test, and what happens when it rings.

pytest-timeout raises in whatever code runs at that moment. Inside an event loop this may be a
callback or another task, which swallow the exception, and the test's own task stays alive on the
loop that all later tests share. Here the alarm cancels the task that the loop was started for: its
`finally` blocks run, the loop stays whole, and the failure is raised where the loop returns. Code
that does not answer (it blocks, or it swallows the cancellation) gets the exception in place, again
and again until it ends.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from types import CoroutineType, FrameType
from typing import Any

import pytest
import pytest_timeout  # type: ignore[import-untyped]  # ships no types

from .tracebacks import is_library

GRACE = 0.5
"""Seconds from one alarm to the next, unless the limit is shorter: time for `finally` blocks."""

_RETRY = 0.01
_PHASE = pytest.CallInfo.from_call.__code__  # on the stack of every setup, call and teardown


@dataclass
class Clock:
    """A running limit of so many seconds; `reason` tells why, if it comes to that."""

    seconds: float
    reason: Callable[[], str]
    cancelled: asyncio.Runner | None = None
    place: str = ""
    rung: bool = False
    starved: float = 0.0

    def message(self) -> str:
        """The sentence for the person whose test was stopped."""
        return f"Timeout: still running after {self.seconds:g} s, {self.reason()}.{self.place}"


_clock: Clock | None = None  # one main thread has one SIGALRM, so there is never a second clock
_schedule: int | None = None  # the main thread's file descriptor
_run_untimed = asyncio.Runner.run


def available() -> bool:
    """Whether this thread of this system can be interrupted by a signal."""
    on_main_thread = threading.current_thread() is threading.main_thread()
    return on_main_thread and hasattr(signal, "SIGALRM")


def install() -> None:
    """Let event loops raise the timeout: `asyncio.run` and pytest-asyncio use `asyncio.Runner`.

    A CancelledError from a fixture's teardown would make pytest skip the finalizers that remain.
    """
    global _schedule
    asyncio.Runner.run = _run  # type: ignore[method-assign]  # a class's method, for the session
    with contextlib.suppress(OSError):
        _schedule = os.open("/proc/thread-self/schedstat", os.O_RDONLY)


def uninstall() -> None:
    """Undo `install`."""
    global _schedule
    asyncio.Runner.run = _run_untimed  # type: ignore[method-assign]  # as above
    if _schedule is not None:
        os.close(_schedule)
        _schedule = None


def _starved() -> float:
    """Seconds that this thread was ready to run and got no CPU; 0 where the system does not say.

    Source: the second number of Linux's schedstat, see proc_pid_schedstat(5).
    """
    if _schedule is None:
        return 0.0
    return int(os.pread(_schedule, 100, 0).split()[1]) / 1e9


def current() -> Clock | None:
    """The clock that runs, if any."""
    return _clock


def start(seconds: float, reason: Callable[[], str]) -> None:
    """Start a clock in place of the one that runs."""
    global _clock
    _clock = Clock(seconds, reason, starved=_starved())
    signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def stop() -> bool:
    """Stop the clock; False if none runs."""
    global _clock
    if _clock is None:
        return False
    _clock = None
    signal.setitimer(signal.ITIMER_REAL, 0)
    return True


@contextmanager
def extended(seconds: float, reason: Callable[[], str]) -> Iterator[None]:
    """Stop the running clock for a while with its own limit. If nested, the outermost counts."""
    global _clock
    outer = _clock
    if outer is None or isinstance(outer, _Extension) or outer.cancelled:
        yield
        return
    remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    _clock = _Extension(seconds, reason, starved=_starved())
    try:
        yield
    finally:
        if _clock is not None:
            _clock = outer
            signal.setitimer(signal.ITIMER_REAL, max(remaining, _RETRY))


class _Extension(Clock):
    """The clock of a shared fixture."""


def _ring(_signal: int, frame: FrameType | None) -> None:
    __tracebackhide__ = True
    clock = _clock
    if clock is None or pytest_timeout.is_debugging():
        return
    if _caller(frame, _PHASE) is None:
        # pytest itself is at work, between two phases: an exception here would end the run.
        signal.setitimer(signal.ITIMER_REAL, _RETRY)
        return
    if not clock.rung and (missing := _starved() - clock.starved) > _RETRY:
        # On a busy machine a limit is the time that the test was given, not the time of day.
        clock.starved += missing
        signal.setitimer(signal.ITIMER_REAL, missing)
        return
    clock.rung = True
    signal.setitimer(signal.ITIMER_REAL, min(GRACE, clock.seconds))
    loop_frame = _caller(frame, _run_untimed.__code__)
    if loop_frame is not None and clock.cancelled is None:
        runner, task = loop_frame.f_locals["self"], loop_frame.f_locals.get("task")
        if task is not None and not task.done():
            clock.cancelled = runner
            clock.place = _place(task)
            task.cancel(clock.message())
            runner.get_loop().call_soon_threadsafe(lambda: None)  # ends the wait for sockets
            return
    pytest.fail(clock.message())


def _caller(frame: FrameType | None, code: object) -> FrameType | None:
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


def _run(
    self: asyncio.Runner, coro: Coroutine[Any, Any, Any], *, context: Context | None = None
) -> Any:
    """`asyncio.Runner.run`, where a run that the alarm has cancelled ends with the timeout."""
    __tracebackhide__ = True
    try:
        result = _run_untimed(self, coro, context=context)
    except BaseException as error:
        if (clock := _clock) is None or clock.cancelled is not self:
            raise
        start(clock.seconds, clock.reason)  # what remains of this phase must not hang either
        if isinstance(error, pytest.fail.Exception):
            raise
        failure = pytest.fail.Exception(clock.message()).with_traceback(error.__traceback__)
        cause = None if isinstance(error, asyncio.CancelledError) else error
        raise failure from cause
    if (clock := _clock) is not None and clock.cancelled is self:
        start(clock.seconds, clock.reason)
        pytest.fail(clock.message())
    return result
