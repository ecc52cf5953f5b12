"""The test harness, one plugin a concern. See AGENTS.md beside this file."""

import pytest

pytest.register_assert_rewrite("backend.tests.plugins")  # plugins import each other in any order

pytest_plugins = (
    "backend.tests.plugins.postgres.plugin",
    "backend.tests.plugins.environment",
    "backend.tests.plugins.database",
    "backend.tests.plugins.app",
    "backend.tests.plugins.live_server",
    "backend.tests.plugins.querylog",
    "backend.tests.plugins.data",
    "backend.tests.plugins.forks.plugin",
    "backend.tests.plugins.garbage",
    "backend.tests.plugins.inner_run",
    "backend.tests.plugins.layers",
    "backend.tests.plugins.ordering",
    "backend.tests.plugins.proofs",
    "backend.tests.plugins.serial",
    "backend.tests.plugins.sockets",
    "backend.tests.plugins.sqlite",
    "backend.tests.plugins.summary",
    "backend.tests.plugins.timeouts",
    "backend.tests.plugins.tracebacks",
    "backend.tests.plugins.workers",
)
