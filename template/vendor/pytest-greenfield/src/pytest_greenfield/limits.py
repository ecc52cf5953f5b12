"""Time limits by level, on top of pytest-timeout, whose options and marker stay as they are.

Who wins, strongest first: `--timeout=N` or `PYTEST_TIMEOUT=N` (0 is no limit),
`@pytest.mark.timeout(N)`, `@pytest.mark.slow`, the test's level. How a test is stopped is the
business of `interrupt.py`.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from .compat import forced_limit, is_debugging
from .interrupt import Clock, Interrupt
from .levels import Levels
from .settings import Settings


class Limits:
    """The limits of a run, and the clock of the running test."""

    def __init__(self, settings: Settings, levels: Levels) -> None:
        self._settings = settings
        self._levels = levels
        self.interrupt = Interrupt()
        self._forced: float | None = None
        self._failed: Clock | None = None  # the clock of a test that has failed before its teardown

    def configure(self, config: pytest.Config) -> None:
        """Read the limit of this very run, and get ready to interrupt.

        Raises:
            pytest.UsageError: the setting `timeout` is there, which cannot be by level.
        """
        if config.getini("timeout"):
            raise pytest.UsageError("Limits are set by level: use greenfield_levels, not timeout.")
        self._forced = forced_limit(config)
        self.interrupt.install()

    def uninstall(self) -> None:
        """Leave the process as it was."""
        self.interrupt.uninstall()

    def of(self, item: pytest.Item) -> float:
        """Return the limit in seconds by a test's level and its `slow` marker; 0 is no limit."""
        level = self._levels.of(item)
        limit = level.seconds if level else 0.0
        if limit and item.get_closest_marker("slow"):
            return max(limit, self._settings.slow)
        return limit

    def mark(self, items: list[pytest.Item]) -> None:
        """Give each test its limit, as pytest-timeout's marker."""
        for item in items:
            if self._forced is not None:
                item.add_marker(pytest.mark.timeout(self._forced), append=False)
            elif item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(self.of(item)))

    def start(self, item: pytest.Item, seconds: float, method: str) -> bool:
        """Start the clock of a test; False leaves it to pytest-timeout's own thread."""
        self._failed = None
        if method != "signal" or not self.interrupt.is_possible():
            return False
        self.interrupt.start(seconds, partial(self._reason, item, seconds))
        return True

    def stop(self) -> bool:
        """Stop the clock; False if none runs."""
        return self.interrupt.stop()

    @contextmanager
    def shared_fixture(self, definition: pytest.FixtureDef[object]) -> Iterator[None]:
        """Give a fixture that tests share its own limit, and its teardown another one.

        Neither the first test that uses it pays for it, nor the last one of the process.
        """
        shared = self._settings.shared
        if definition.scope == "function" or self._forced is not None or not shared:
            yield
            return
        reason = f"the limit of shared fixtures, here {definition.argname}"
        extended = partial(self.interrupt.extended, shared, lambda: reason)
        teardown = ExitStack()
        definition.addfinalizer(teardown.close)  # the first one to be added is the last to run
        with extended():
            yield
        definition.addfinalizer(lambda: teardown.enter_context(extended()))

    def note_failure(self, call: pytest.CallInfo[None]) -> None:
        """Stop the clock before a failure is formatted; the teardown will need one."""
        clock = self.interrupt.clock
        if call.excinfo is None or clock is None:
            return
        self.interrupt.stop()
        self._failed = clock
        if clock.fired and not isinstance(call.excinfo.value, pytest.fail.Exception):
            call.excinfo.value.add_note(clock.message())  # hypothesis raises an error of its own

    def restart_for_teardown(self) -> None:
        """Give the teardown the whole limit again after a failure: it may hang as well."""
        if (clock := self._failed) is not None and not is_debugging():
            self.interrupt.start(clock.seconds, clock.reason)

    def _reason(self, item: pytest.Item, seconds: float) -> str:
        if self._forced is not None:
            return "the limit of --timeout"
        level = self._levels.of(item)
        if level is None or seconds != self.of(item):
            return "the limit of its timeout marker"
        slow = "slow " if item.get_closest_marker("slow") else ""
        return (
            f"the limit of {slow}{level.name} tests"
            " (more time: @pytest.mark.slow or @pytest.mark.timeout(N); no limit: --timeout=0)"
        )
