"""Environment variables and settings: each test leaves them as they were.

Done by the plugin's hooks, because an autouse fixture costs a unit test as much as the test itself.
"""

import os
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager

import pytest

from .compat import request_of

_PYTESTS_OWN = {"PYTEST_CURRENT_TEST", b"PYTEST_CURRENT_TEST"}  # set three times a test


class Environment:
    """Restores `os.environ` after each test, and has the project forget its settings.

    The project overrides the fixture `reset_settings_cache` to say how.
    """

    def __init__(self) -> None:
        self._reset_settings: Callable[[], None] | None = None
        self._patch = pytest.MonkeyPatch()
        self._changed = True
        self._before: dict[str, str] = {}
        self._kept: dict[object, dict[str, str | None]] = {}

    def install(self) -> None:
        """Watch for changes. Every change of `os.environ` calls one of these two functions."""
        for name in ("putenv", "unsetenv"):
            self._patch.setattr(os, name, self._watched(getattr(os, name)))

    def uninstall(self) -> None:
        """Leave the process as it was."""
        self._patch.undo()

    def _watched(self, original: Callable[..., None]) -> Callable[..., None]:
        def watched(*arguments: str | bytes) -> None:
            if arguments[0] not in _PYTESTS_OWN:
                self._changed = True
            original(*arguments)

        return watched

    def find_reset(self, item: pytest.Item) -> None:
        """Ask for the project's fixture, once: an autouse fixture would cost every unit test."""
        if self._reset_settings is None and (request := request_of(item)) is not None:
            self._reset_settings = request.getfixturevalue("reset_settings_cache")

    def remember(self) -> None:
        """Note the variables that a test begins with."""
        if self._changed:
            self._before = os.environ.copy()
            self._changed = False

    def restore(self) -> None:
        """Put back what the test has changed, and forget the settings that were read."""
        if self._changed:
            after = os.environ.copy()
            for name in {name for name, _ in after.items() ^ self._before.items()}:
                _put(os.environ, name, self._before.get(name))
            self._changed = False
        if self._reset_settings is not None:
            self._reset_settings()

    @contextmanager
    def shared_fixture(self, fixture: object) -> Iterator[None]:
        """Let what the set-up of a shared fixture changes stay while the fixture lives."""
        before = os.environ.copy()
        yield
        after = os.environ.copy()
        names = {name for name, _ in before.items() ^ after.items()}
        self._kept[fixture] = {name: before.get(name) for name in names}
        for name in names:
            _put(self._before, name, after.get(name))

    def end_shared_fixture(self, fixture: object) -> None:
        """Accept what the fixture's teardown has put back."""
        for name, value in self._kept.pop(fixture, {}).items():
            if os.environ.get(name) == value:
                _put(self._before, name, value)


def _put(variables: MutableMapping[str, str], name: str, value: str | None) -> None:
    if value is None:
        variables.pop(name, None)
    else:
        variables[name] = value
