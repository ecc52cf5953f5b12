"""Environment variables and settings: each test leaves them as they were.

Done by the plugin's hooks, because an autouse fixture costs a unit test as much as the test itself.
"""

import os
from collections.abc import Callable

import pytest


class Environment:
    """Restores `os.environ` after each test, and has the project forget its settings.

    `reset_settings` is the value of the project's fixture `reset_settings_cache`.
    """

    def __init__(self) -> None:
        self.reset_settings: Callable[[], None] = _nothing
        self._patch = pytest.MonkeyPatch()
        self._changed = True
        self._before: dict[str, str] = {}

    def install(self) -> None:
        """Watch for changes. Every change of `os.environ` calls one of these two functions."""
        for name in ("putenv", "unsetenv"):
            self._patch.setattr(os, name, self._watched(getattr(os, name)))

    def uninstall(self) -> None:
        """Leave the process as it was."""
        self._patch.undo()

    def _watched(self, original: Callable[..., None]) -> Callable[..., None]:
        def watched(*arguments: str | bytes) -> None:
            self._changed = True
            original(*arguments)

        return watched

    def remember(self) -> None:
        """Note the variables that a test begins with."""
        if self._changed:
            self._before = os.environ.copy()
            self._changed = False

    def restore(self) -> None:
        """Put back what the test has changed, and forget the settings that were read."""
        if self._changed:
            after = os.environ.copy()
            for name in after.keys() - self._before.keys():
                del os.environ[name]
            for name, value in self._before.items():
                if after.get(name) != value:
                    os.environ[name] = value
            self._changed = False
        self.reset_settings()


def _nothing() -> None:
    """Reset no settings: the project has none that are kept."""
