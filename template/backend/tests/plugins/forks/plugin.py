"""`--forks N`: the option, what it does not go with, and the hooks for plugins that keep something.

With `-n N` each worker starts Python, imports and collects again; here a worker begins with all of
that. A plugin that knows xdist's workers knows these: `config.workerinput` names the worker.
"""

import argparse
import os
import sys
from typing import Any

import pytest

from backend.tests.plugins.forks.controller import Controller


class Hooks:
    """What plugins may implement, with `optionalhook=True`."""

    def pytest_fork(self, session: pytest.Session) -> None:
        """In the controller, before its first fork: start what all workers share.

        No thread, event loop or connection may be left, for none of them survives a fork.
        """

    def pytest_forked(self, session: pytest.Session) -> None:
        """In a worker, before its first test: put what belongs to one process in its place."""

    def pytest_fork_ended(self, config: pytest.Config, output: dict[str, Any]) -> None:
        """In the controller: a worker has ended, and this was its `config.workeroutput`."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option."""
    parser.getgroup("forks").addoption(
        "--forks",
        metavar="N",
        type=_number,
        default=0,
        help="collect once and run the tests in N forked processes; auto is one for each core",
    )


def _number(given: str) -> int:
    if given == "auto":
        return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    if not given.isdecimal():
        raise argparse.ArgumentTypeError(f"takes a number or auto, not {given}")
    return int(given)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take over the running of the tests.

    Raises:
        pytest.UsageError: something else was asked for that needs one process, or xdist's.
    """
    number = config.getoption("forks")
    if not number or config.option.collectonly:
        return
    if not hasattr(os, "fork"):
        raise pytest.UsageError(f"This system cannot fork a process: type -n {number}.")
    if config.getoption("tx", None):
        raise pytest.UsageError(
            "--forks and -n exclude each other: type --forks=0 or -n 0 beside the other one."
        )
    for option, name in (("usepdb", "--pdb"), ("trace", "--trace"), ("setupshow", "--setup-show")):
        if config.getoption(option):
            raise pytest.UsageError(f"{name} needs a single process: type --forks=0.")
    config.pluginmanager.register(Controller(config, number), "forks-controller")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say so; and on a Mac, where system libraries dislike a fork, what to do about a crash."""
    if not config.pluginmanager.has_plugin("forks-controller"):
        return None
    number = config.getoption("forks")
    advice = f" (should they crash in a system library: -n {number})"
    return f"forks: {number} workers{advice if sys.platform == 'darwin' else ''}"
