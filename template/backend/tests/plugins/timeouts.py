"""Time limits by path, on top of pytest-timeout, whose options and marker stay as they are.

Who wins, strongest first: `--timeout=N` or `PYTEST_TIMEOUT=N` (0 is no limit),
`@pytest.mark.timeout(N)`, `@pytest.mark.slow`, the test's folder. The limits, in seconds, are
`layer_timeouts` in pyproject.toml. How a test is stopped is `alarm.py`'s business.
"""

from collections.abc import Generator
from functools import partial
from typing import Any

import pytest
import pytest_timeout  # type: ignore[import-untyped]  # ships no types

from . import alarm
from .layers import layer_of_item

LIMITS = pytest.StashKey[dict[str, float]]()
FORCED = pytest.StashKey[float | None]()
"""The limit that was given for this very run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare where the limits are written."""
    parser.addini(
        "layer_timeouts",
        "name=seconds for each layer, for `slow` tests and for `shared` fixtures; 0 is no limit",
        type="args",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the limits.

    Raises:
        pytest.UsageError: a limit is no number, or `timeout` is set, which cannot be by path.
    """
    if config.getini("timeout"):
        raise pytest.UsageError("Limits are set by path: write layer_timeouts, not timeout.")
    config.stash[LIMITS] = _parse(config.getini("layer_timeouts"))
    config.stash[FORCED] = pytest_timeout.get_env_settings(config).timeout
    alarm.install()


@pytest.hookimpl(optionalhook=True)
def pytest_forked() -> None:
    """Read how long this process waits for a CPU, not the one that it was forked from."""
    alarm.uninstall()
    alarm.install()


def pytest_unconfigure() -> None:
    """Leave the process as it was."""
    alarm.uninstall()


def _parse(entries: list[str]) -> dict[str, float]:
    pairs = [entry.partition("=") for entry in entries]
    try:
        return {name: float(seconds) for name, _, seconds in pairs}
    except ValueError as error:
        message = f"layer_timeouts takes name=seconds, for example unit=1: {error}."
        raise pytest.UsageError(message) from error


def limit_of(item: pytest.Item) -> float:
    """The limit in seconds that a test's folder and its `slow` marker give it; 0 is no limit."""
    limits = item.config.stash[LIMITS]
    layer = layer_of_item(item)
    limit = limits.get(layer.name, 0.0) if layer else 0.0
    if limit and item.get_closest_marker("slow"):
        return max(limit, limits.get("slow", 0.0))
    return limit


def _reason(item: pytest.Item, seconds: float) -> str:
    if item.config.stash[FORCED] is not None:
        return "the limit of --timeout"
    layer = layer_of_item(item)
    if layer is None or seconds != limit_of(item):
        return "the limit of its timeout marker"
    slow = "slow " if item.get_closest_marker("slow") else ""
    return (
        f"the limit of {slow}{layer.name} tests"
        " (more time: @pytest.mark.slow or @pytest.mark.timeout(N); no limit: --timeout=0)"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each test its limit, as pytest-timeout's marker."""
    forced = config.stash[FORCED]
    for item in items:
        if forced is not None:
            item.add_marker(pytest.mark.timeout(forced), append=False)
        elif item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(limit_of(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> bool | None:
    """Start the clock. None leaves a test to pytest-timeout's thread, where signals do not work."""
    if settings.method != "signal" or not alarm.available():
        return None
    alarm.start(settings.timeout, partial(_reason, item, settings.timeout))
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer() -> bool | None:
    """Stop the clock."""
    return alarm.stop() or None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Stop the clock before a failure is formatted, and remember that the teardown needs one."""
    if call.excinfo is not None and (clock := alarm.current()) is not None:
        alarm.stop()
        item.stash[_CLOCK_OF_TEARDOWN] = clock
        if clock.rung and not isinstance(call.excinfo.value, pytest.fail.Exception):
            call.excinfo.value.add_note(clock.message())  # hypothesis raises an error of its own


_CLOCK_OF_TEARDOWN = pytest.StashKey[alarm.Clock]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """After a failure the teardown gets the whole limit again, or a hang there would never end."""
    clock = item.stash.get(_CLOCK_OF_TEARDOWN, None)
    if clock is not None and not pytest_timeout.is_debugging():
        alarm.start(clock.seconds, clock.reason)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Fixtures that tests share have a limit of their own: the first test does not pay for them."""
    if fixturedef.scope == "function" or alarm.current() is None:
        return (yield)
    shared = request.config.stash[LIMITS].get("shared", 0.0)
    if not shared or request.config.stash[FORCED] is not None:
        return (yield)
    reason = f"the limit of shared fixtures, here {fixturedef.argname}"
    with alarm.extended(shared, lambda: reason):
        return (yield)
