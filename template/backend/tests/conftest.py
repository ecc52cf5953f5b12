"""This project's fixtures, one module a concern.

The plugin pytest-greenfield (in vendor/) gives each worker a migrated database, sets the variables
that the application reads, before this file is imported, and restores the database after each test.
Its settings are the lines `greenfield_…` in pyproject.toml. Change what you like in fixtures/.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Every module of fixtures/; those of a domain are in a folder of its name, and go with it.
FIXTURES = Path(__file__).parent / "fixtures"
pytest_plugins = [
    ".".join(("backend.tests.fixtures", *path.relative_to(FIXTURES).with_suffix("").parts))
    for path in sorted(FIXTURES.rglob("*.py"))
    if path.stem != "__init__"
]


@pytest.fixture(scope="session")
def reset_settings_cache() -> Callable[[], None]:
    """Forgets the settings that were read; the plugin calls it after each test."""

    def forget() -> None:
        # Only where it was imported: a test that reads no settings does not pay for them.
        if module := sys.modules.get("backend.core.settings"):
            module.reset_settings_cache()

    return forget
