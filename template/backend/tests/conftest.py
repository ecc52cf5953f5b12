"""The list of this project's fixtures, one module a concern.

The plugin pytest-greenfield (in vendor/) gives each worker a migrated database, sets the variables
that the application reads, before this file is imported, and restores the database after each test.
Its settings are the lines `greenfield_…` in pyproject.toml. Change what you like in fixtures/.
"""

import sys
from collections.abc import Callable

import pytest

pytest_plugins = (
    "backend.tests.fixtures.application",
    "backend.tests.fixtures.data",
    "backend.tests.fixtures.database",
    "backend.tests.fixtures.live_server",
    "backend.tests.fixtures.properties",
    "backend.tests.fixtures.sqlite",
    "backend.tests.fixtures.websocket",
)


@pytest.fixture(scope="session")
def reset_settings_cache() -> Callable[[], None]:
    """Forgets the settings that were read; the plugin calls it after each test."""

    def forget() -> None:
        # Only where it was imported: a test that reads no settings does not pay for them.
        if module := sys.modules.get("backend.core.settings"):
            module.reset_settings_cache()

    return forget
