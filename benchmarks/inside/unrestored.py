"""pytest-greenfield without its isolation: what a test costs with it is compared with this.

The worker's database is a clone of the template without triggers, and nothing is restored after a
test, nor looked for that it has left behind.
"""

import pytest
from pytest_greenfield.session import HARNESS


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Replace what the plugin does around a test."""
    harness = config.stash[HARNESS]
    isolation, postgres = harness.isolation, harness.isolation.postgres
    opened: list[str] = []

    def open_database() -> None:
        if not opened:
            plain, _ = postgres._templates()
            postgres._templates = lambda: (plain, plain)  # type: ignore[method-assign]
            postgres.open_worker(isolation.worker)
            opened.append(plain)

    isolation.open = open_database  # type: ignore[method-assign]
    isolation.finish_test = lambda *, online: []  # type: ignore[method-assign]
    harness.limits.interrupt.loop_runs = None
