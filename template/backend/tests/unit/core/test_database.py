"""The engine is what the settings say, and is made without reaching for a server."""

import pytest
from sqlalchemy.pool import QueuePool

from backend.core.database import Database
from backend.core.settings import Settings

SETTINGS = Settings(
    database_url="postgresql://app:q8Zr@db.example.org/app",
    database_pool_size=3,
    database_max_overflow=4,
    database_pool_timeout=1.5,
)


class TestMaking:
    def test_the_pool_is_as_large_as_the_settings_say(self) -> None:
        pool = Database(SETTINGS).engine.pool
        assert isinstance(pool, QueuePool)
        assert (pool.size(), pool.timeout()) == (3, 1.5)
        assert pool._max_overflow == 4  # no public reader

    def test_objects_stay_readable_after_a_commit(self) -> None:
        assert Database(SETTINGS).sessions.kw["expire_on_commit"] is False

    @pytest.mark.parametrize(("environment", "hidden"), [("production", True), ("test", False)])
    def test_rows_are_hidden_from_errors_in_production(
        self, environment: str, hidden: bool
    ) -> None:
        settings = SETTINGS.model_copy(update={"environment": environment})
        assert Database(settings).engine.sync_engine.hide_parameters is hidden
