"""Python's search for cycles leaves alone what lives as long as the run.

Importing and collecting make hundreds of objects for each test, and all of them stay. Searching
through them took a seventh of a run of thousands of unit tests (docs/speed.md of the template),
much of it when the process ends. The search pauses until the first test's own code is called, with
its imports and shared fixtures made, and from then on passes over what was there.
"""

import gc

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Begin the pause, unless nothing is searched at all."""
    if gc.isenabled():
        gc.disable()
        config.pluginmanager.register(_Paused(config), "garbage-paused")


class _Paused:
    """The hooks that end the pause; no later test calls them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        if not session.items:  # a controller of workers
            self._end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        self._end()

    def pytest_unconfigure(self) -> None:
        self._end()

    def _end(self) -> None:
        gc.freeze()
        gc.enable()
        self._config.pluginmanager.unregister(self)
