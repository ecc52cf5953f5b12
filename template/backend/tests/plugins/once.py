"""Fixtures of the session at the price of a dictionary.

For each test pytest goes through all that its fixtures are made from, cached or not: the ten behind
a database took 0.1 ms of a test's 0.8. Those that every database test needs are therefore asked for
once a session, and by name. Who must know beforehand which tests will ask finds the fixtures that
do so in `DATABASE_FIXTURES`.
"""

from __future__ import annotations

from typing import Any

import pytest

DATABASE_FIXTURES = frozenset({"postgres_container", "integration_env", "isolation"})
"""Each test with a database has one of these among its fixtures."""

_VALUES = pytest.StashKey[dict[str, Any]]()


def session_value(request: pytest.FixtureRequest, name: str) -> Any:
    """The value of the session fixture `name`; the first test that asks sets it up.

    Raises what its set-up raises.
    """
    values = request.session.stash.setdefault(_VALUES, {})
    if name not in values:
        values[name] = request.getfixturevalue(name)
    return values[name]
