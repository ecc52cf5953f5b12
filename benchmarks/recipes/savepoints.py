"""(e2) The outer transaction with `join_transaction_mode="create_savepoint"`."""

import pytest

from recipes.types import JoinMode

pytest_plugins = ("recipes.one_transaction",)


@pytest.fixture(scope="session")
def join_mode() -> JoinMode:
    """A commit releases a savepoint, a rollback goes back to it."""
    return "create_savepoint"
