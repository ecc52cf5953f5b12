"""(e) The plain outer transaction, as in rafsaf/minimal-fastapi-postgres-template.

One session is bound to the connection. A rollback inside of a test loses all of the test's rows.
"""

import pytest

from recipes.types import JoinMode

pytest_plugins = ("recipes.one_transaction",)


@pytest.fixture(scope="session")
def join_mode() -> JoinMode:
    """SQLAlchemy's default: no savepoints, as the connection has none."""
    return "conditional_savepoint"
