"""Every hook of the plugin, in the order in which a test meets it; each hands on to one module.

| when | what | module |
|---|---|---|
| before the first conftest | settings, options of the levels | settings, levels |
| the run begins | seed, limits, sockets, environment; the workers of xdist | session, workers |
| collection | the server; a file in no level; order, limits | session, levels, order, limits |
| around a test | environment restored, turn of a serial group | environment, serial |
| its setup | no network in the offline level, random numbers | network, order |
| its fixtures | shared ones: a limit of their own; what they set and write stays | isolation |
| its time limit, its teardown | started and stopped; a new one after a failure | limits |
| its report | swallowed refusals, short tracebacks | network, tracebacks |
| the run ends | the block, the process as it was | summary, session |
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import pytest_timeout  # type: ignore[import-untyped]  # ships no types

from . import fixtures, order, settings
from .session import HARNESS, Harness

# --- The session begins ---------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare settings and options."""
    settings.declare(parser)
    order.declare_options(parser, pluginmanager)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before pytest-django, which imports the settings
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    """Before any conftest: read the settings, choose addresses, set the variables of the tests."""
    harness = early_config.stash[HARNESS] = Harness(early_config)
    harness.levels.declare_options(parser)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Read the options, and change the process for the session."""
    fixtures.register(config)
    config.stash[HARNESS].configure(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What a run that hangs or is killed needs to be had again."""
    harness = config.stash[HARNESS]
    return [line for line in (harness.order.header, harness.workers.header) if line]


# --- Workers of xdist: hooks of the controller ----------------------------------------------------


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """At most a worker for each core, as xdist says; fewer, or none, for a small run."""
    cores = yield
    return config.stash[HARNESS].workers.choose(cores)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker what it cannot know."""
    node.workerinput["greenfield_seed"] = node.config.stash[HARNESS].order.seed


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Before any test is scheduled: start the server if one of them may use it."""
    if node.config.stash[HARNESS].levels.any_online(ids):
        node.config.stash[HARNESS].start_services()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what only a worker knows."""
    told = getattr(node, "workeroutput", {}).get("greenfield", {})
    node.config.stash[HARNESS].summary.merge(told)


# --- Collection -----------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Begin to start the server, or in a controller, while the workers collect."""
    session.config.stash[HARNESS].begin_services(session.config)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Refuse a test file that no level covers."""
    return parent.config.stash[HARNESS].levels.make_module(module_path, parent)


@pytest.hookimpl(wrapper=True, tryfirst=True)  # an order that another plugin needs comes after it
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Order the tests, leave out levels that nobody asked for, give each test its limit."""
    harness = config.stash[HARNESS]
    harness.order.shuffle(items)
    harness.levels.select(config, items)
    harness.limits.mark(items)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """A controller runs no test, so that none ends the pause of the garbage collection."""
    harness = session.config.stash[HARNESS]
    if session.items:
        harness.wait_for_services()
    else:
        harness.gc.end()


# --- A test ---------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around a test and its limit: wait for its turn, and restore the environment after it."""
    harness = item.config.stash[HARNESS]
    with harness.serial.turn(item):
        if harness.levels.is_online(item):
            harness.open_database(item.session)
        harness.environment.remember()
        try:
            return (yield)
        finally:
            harness.environment.restore()


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> bool | None:
    """Start the test's limit. None leaves it to pytest-timeout, where signals do not work."""
    return item.config.stash[HARNESS].limits.start(item, settings.timeout, settings.method) or None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the network to a test of the offline level; seed its random numbers."""
    harness = item.config.stash[HARNESS]
    if not harness.levels.is_online(item):
        harness.network.block(item)
    harness.order.seed_numbers(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Give fixtures that tests share a limit of their own, and keep what they change."""
    harness = request.config.stash[HARNESS]
    if fixturedef.scope == "function":
        value = yield
    else:
        with (
            harness.limits.shared_fixture(fixturedef),
            harness.environment.shared_fixture(fixturedef),
            harness.isolation.wide_fixture(fixturedef, online=not harness.network.blocked),
        ):
            value = yield
    harness.isolation.tasks.watch_runner(fixturedef, value)
    return value


def pytest_fixture_post_finalizer(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> None:
    """After a shared fixture's teardown: its rows go, and what it has put back is accepted."""
    if fixturedef.scope != "function":
        harness = request.config.stash[HARNESS]
        harness.environment.end_shared_fixture(fixturedef)
        harness.isolation.fixture_finished(fixturedef)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """End the pause of the garbage collection at the first test's own code."""
    harness = item.config.stash[HARNESS]
    harness.gc.end()
    harness.environment.find_reset(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Open the network, and give the teardown a limit of its own after a failure."""
    harness = item.config.stash[HARNESS]
    harness.network.unblock()
    harness.limits.restart_for_teardown()
    try:
        result = yield
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise  # the run ends, and with it the database
    except BaseException:
        harness.finish_test(item, failed=True)
        raise
    harness.finish_test(item, failed=harness.isolation.test_failed)
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> bool | None:
    """Stop the test's limit."""
    return item.config.stash[HARNESS].limits.stop() or None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Stop the clock, fail what was swallowed, hide libraries; name a server that has gone away."""
    harness = item.config.stash[HARNESS]
    harness.before_report(item, call)
    report = yield
    if report.failed:
        harness.explain_failure(item, report)
    return report


# --- The session ends -----------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Tell the controller, or complete the report; after the session's fixtures drop databases."""
    session.config.stash[HARNESS].report(session)
    try:
        return (yield)
    finally:
        session.config.stash[HARNESS].isolation.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the block at the end of the run."""
    terminalreporter.config.stash[HARNESS].summary.write(terminalreporter)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers, and leave the process as it was."""
    config.stash[HARNESS].unconfigure()
