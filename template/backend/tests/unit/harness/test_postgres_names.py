"""Names of databases never collide, and URLs keep what they carry."""

from pathlib import Path

import pytest

from backend.tests.plugins.postgres.names import (
    IDENTITY,
    get_worker_db_name,
    get_worker_id,
    lock_key,
    project_slug,
)
from backend.tests.plugins.postgres.template import has_migrations, migrations_hash
from backend.tests.plugins.postgres.urls import (
    DatabaseUrl,
    database_of,
    for_asyncpg,
    for_sqlalchemy,
    masked,
    with_database,
)


class TestDatabaseName:
    def test_carries_test_project_run_and_worker(self) -> None:
        assert get_worker_db_name() == f"test_{project_slug()}_{IDENTITY.run}_{get_worker_id()}"
        assert get_worker_db_name("gw3").endswith("_gw3")
        assert get_worker_db_name("gw3", purpose="A b/c").endswith("_gw3_a_b_c")

    def test_fits_and_stays_unique_when_it_is_long(self) -> None:
        names = {get_worker_db_name("gw10", purpose="x" * 80 + str(number)) for number in range(50)}
        assert len(names) == 50
        assert all(len(name.encode()) <= 63 for name in names)

    def test_has_a_lock_that_fits_a_bigint(self) -> None:
        keys = {lock_key(f"test_{number}") for number in range(1000)}
        assert len(keys) == 1000
        assert all(-(2**63) <= key < 2**63 for key in keys)


class TestUrl:
    GIVEN = "postgres://me:p%40ss@db.local:5433/app_test?sslmode=require&application_name=ci"

    def test_of_asyncpg_keeps_every_parameter(self) -> None:
        assert for_asyncpg(self.GIVEN) == self.GIVEN.replace("postgres:", "postgresql:")

    def test_of_sqlalchemy_says_ssl_and_leaves_out_what_it_cannot_take(self) -> None:
        expected = "postgresql+asyncpg://me:p%40ss@db.local:5433/app_test?ssl=require"
        assert for_sqlalchemy(self.GIVEN) == expected
        assert for_asyncpg(expected).endswith("/app_test?sslmode=require")

    def test_changes_only_its_database(self) -> None:
        changed = with_database(self.GIVEN, "other")
        assert changed == self.GIVEN.replace("app_test", "other")
        assert database_of(changed) == "other"

    def test_never_shows_its_password(self) -> None:
        shown = repr(DatabaseUrl(self.GIVEN + "&password=p%40ss"))
        assert "p%40ss" not in shown
        assert "me:***@db.local:5433/app_test" in shown
        assert masked("postgresql://me@h/test") == "postgresql://me@h/test"


class TestMigrationsHash:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        (tmp_path / "migrations" / "versions").mkdir(parents=True)
        (tmp_path / "alembic.ini").write_text("[alembic]\n")
        (tmp_path / "migrations" / "env.py").write_text("pass\n")
        return tmp_path

    def test_changes_with_any_file_that_decides_what_is_migrated(self, project: Path) -> None:
        seen = {migrations_hash(project)}
        revision = project / "migrations" / "versions" / "0001_a.py"
        for path, text in [
            (revision, "a"),
            (revision, "b"),
            (project / "migrations" / "env.py", "new"),
            (project / "alembic.ini", "new"),
            (revision.with_name("data.sql"), "SELECT 1"),
        ]:
            path.write_text(text)
            seen.add(migrations_hash(project))
        revision.rename(revision.with_name("0002_a.py"))
        seen.add(migrations_hash(project))
        assert len(seen) == 7

    def test_does_not_change_with_anything_else(self, project: Path) -> None:
        before = migrations_hash(project)
        (project / "migrations" / "README.md").write_text("new")
        (project / "app.py").write_text("new")
        assert migrations_hash(project) == before

    def test_a_project_without_revisions_has_nothing_to_run(self, project: Path) -> None:
        (project / "migrations" / "versions" / "__init__.py").touch()
        assert not has_migrations(project)
        (project / "migrations" / "versions" / "0001_a.py").touch()
        assert has_migrations(project)
