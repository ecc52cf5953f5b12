"""All that reaches into pytest, its plugins and the standard library beyond what they promise.

- `asyncio.Runner.run` is replaced for the session (interrupt.py): a time limit has to come out
  where the event loop returns, and neither asyncio nor pytest-asyncio has a hook there.
- `os.putenv` and `os.unsetenv` are replaced for the session (environment.py): each change of
  `os.environ` calls them, so a test that changes nothing pays nothing. Copying `os.environ` before
  and after each test takes 80 µs.
- `_pytest.junitxml.xml_key`: `record_testsuite_property` is a fixture, and a run's end has none.
- `terminalreporter.stats` has the reports of all workers already.
- `item._request`: a hook can ask for a fixture by no other way.
- `pytest_timeout.get_env_settings` and `is_debugging` are functions that it does not document.
"""

from collections.abc import Iterator, Mapping
from types import CodeType

import pytest
import pytest_timeout  # type: ignore[import-untyped]  # ships no types
from _pytest.junitxml import xml_key

PHASE: CodeType = pytest.CallInfo.from_call.__code__
"""On the stack of every setup, call and teardown."""


def add_junit_properties(config: pytest.Config, properties: Mapping[str, str]) -> None:
    """Add to the `testsuite` element of --junit-xml, if the run writes one."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name, value in properties.items():
            xml.add_global_property(name, value)


def reports(config: pytest.Config) -> Iterator[tuple[str, pytest.TestReport]]:
    """Yield each report of the run so far, of all workers, with its category (`xfailed`, …)."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for category, entries in (reporter.stats if reporter else {}).items():
        for entry in entries:
            if isinstance(entry, pytest.TestReport):
                yield category, entry


def forced_limit(config: pytest.Config) -> float | None:
    """Return the limit in seconds that was given for this very run; None if there is none."""
    seconds: float | None = pytest_timeout.get_env_settings(config).timeout
    return seconds


def is_debugging() -> bool:
    """Whether a debugger is at work, which must not be interrupted."""
    return bool(pytest_timeout.is_debugging())


def request_of(item: pytest.Item) -> pytest.FixtureRequest | None:
    """Return the request of a running test, to ask for a fixture; None for tests without."""
    return getattr(item, "_request", None)
