"""This project's fixtures: every module of fixtures/; a domain's are in a folder of its name.

The plugin pytest-greenfield (in vendor/) gives each worker a migrated database, sets the variables
that the application reads before this file is imported, and restores the database after each test.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
