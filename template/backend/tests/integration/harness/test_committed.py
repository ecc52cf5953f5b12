"""Proof that `committed_db` commits for real, and that only written tables are emptied after."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.database import Database
from backend.core.settings import Settings
from backend.tests.integration.harness.conftest import comments, metadata, notes
from backend.tests.plugins.committed import CommittedDatabase
from backend.tests.plugins.database import RolledBack, get_table_deletion_order
from backend.tests.plugins.postgres.plugin import CloneDatabase


@pytest.fixture
async def committed_notes(
    clone_database: CloneDatabase, worker_settings: Settings
) -> AsyncIterator[CommittedDatabase]:
    """A committed database of its own, with a row that a migration has put there."""
    async with clone_database("notes") as url:
        database = Database(worker_settings.model_copy(update={"database_url": url}))
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            await connection.execute(text("CREATE TABLE seeded AS SELECT 'by a migration' AS text"))
        order = get_table_deletion_order(metadata)
        committed = CommittedDatabase(database, order, lock_timeout=0.1)
        await committed.prepare()
        yield committed
        await database.dispose()
        await committed.close()


class TestRestore:
    async def test_empties_only_the_tables_that_were_written_to(
        self, committed_notes: CommittedDatabase
    ) -> None:
        async with committed_notes.database.engine.begin() as connection:
            await connection.execute(insert(notes).values(text="one"))
        assert await committed_notes.restore() == ["harness_notes"]
        assert await committed_notes.restore() == []

    async def test_notices_what_a_cascade_and_another_connection_wrote(
        self, committed_notes: CommittedDatabase
    ) -> None:
        engine = committed_notes.database.engine
        async with engine.begin() as connection:
            note = await connection.scalar(insert(notes).values(text="one").returning(notes.c.id))
            await connection.execute(insert(comments).values(note_id=note))
        await committed_notes.restore()
        other = await asyncpg.connect(committed_notes.url.replace("+asyncpg", ""))
        await other.execute("INSERT INTO harness_notes (text) VALUES ('from elsewhere')")
        await other.close()
        assert await committed_notes.restore() == ["harness_notes"]

    async def test_a_rolled_back_write_costs_nothing(
        self, committed_notes: CommittedDatabase
    ) -> None:
        async with committed_notes.database.session() as session:
            await session.execute(insert(notes).values(text="undone"))
        assert await committed_notes.restore() == []

    async def test_puts_back_the_rows_of_the_migrations(
        self, committed_notes: CommittedDatabase
    ) -> None:
        engine = committed_notes.database.engine
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE seeded SET text = 'by a test'"))
        await committed_notes.restore()
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT text FROM seeded")) == "by a migration"

    async def test_a_table_whose_name_needs_quotes_has_its_place_in_the_order(
        self, clone_database: CloneDatabase, worker_settings: Settings
    ) -> None:
        quoted = MetaData()
        order = Table("Harness order", quoted, Column("id", Integer, primary_key=True))
        line = Table("harness line", quoted, Column("order_id", ForeignKey(order.c.id)))
        async with clone_database("quoted") as url:
            database = Database(worker_settings.model_copy(update={"database_url": url}))
            committed = CommittedDatabase(database, get_table_deletion_order(quoted))
            async with database.engine.begin() as connection:
                await connection.run_sync(quoted.create_all)
            await committed.prepare()
            async with database.engine.begin() as connection:
                await connection.execute(insert(order).values(id=1))
                await connection.execute(insert(line).values(order_id=1))
            assert await committed.restore() == ['"harness line"', '"Harness order"']
            await database.dispose()
            await committed.close()

    async def test_restarts_the_sequences(self, committed_notes: CommittedDatabase) -> None:
        returning_id = insert(notes).values(text="one").returning(notes.c.id)
        for _ in range(2):
            async with committed_notes.database.engine.begin() as connection:
                assert await connection.scalar(returning_id) == 1
            await committed_notes.restore()

    async def test_ends_a_transaction_that_a_test_left_open_and_says_so(
        self, committed_notes: CommittedDatabase
    ) -> None:
        async with committed_notes.database.engine.begin() as connection:
            await connection.execute(insert(notes).values(text="one"))
        leaked = await asyncpg.connect(committed_notes.url.replace("+asyncpg", ""))
        await leaked.execute("BEGIN; UPDATE harness_notes SET text = 'locked'")
        with pytest.raises(RuntimeError, match="1 transaction"):
            await committed_notes.restore()
        assert leaked.is_closed() or not await _answers(leaked)
        leaked.terminate()
        async with committed_notes.database.engine.connect() as connection:
            assert await connection.scalar(select(func.count()).select_from(notes)) == 0


async def _answers(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    try:
        await connection.execute("SELECT 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return False
    return True


@pytest.fixture
async def counter(committed_db: Database) -> AsyncIterator[Table]:
    """The notes table, really committed, and dropped by the test that made it."""
    async with committed_db.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(insert(notes).values(text="0"))
    yield notes
    async with committed_db.engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)


class TestCommittedDb:
    async def test_sessions_are_on_connections_of_their_own(self, committed_db: Database) -> None:
        pid = select(func.pg_backend_pid())
        async with committed_db.session() as one, committed_db.session() as other:
            assert await one.scalar(pid) != await other.scalar(pid)

    async def test_is_not_the_database_of_the_rolled_back_tests(
        self, committed_db: Database, rolled_back: RolledBack
    ) -> None:
        name = select(func.current_database())
        async with committed_db.session() as one, rolled_back.test.session() as other:
            assert await one.scalar(name) != await other.scalar(name)

    def test_is_refused_to_a_test_that_has_begun_on_the_other(
        self, db_session: AsyncSession, request: pytest.FixtureRequest
    ) -> None:
        with pytest.raises(pytest.fail.Exception, match="name it among the arguments"):
            request.getfixturevalue("committed_db")

    async def test_concurrent_transactions_wait_for_each_others_row_locks(
        self, committed_db: Database, counter: Table
    ) -> None:
        async def increment() -> None:
            async with committed_db.session() as session:
                value = await session.scalar(select(counter.c.text).with_for_update())
                await session.execute(counter.update().values(text=str(int(value or 0) + 1)))
                await session.commit()

        await asyncio.gather(*(increment() for _ in range(10)))
        async with committed_db.session() as session:
            assert await session.scalar(select(counter.c.text)) == "10"

    async def test_a_serializable_conflict_is_real(
        self, committed_db: Database, counter: Table
    ) -> None:
        engine = committed_db.engine.execution_options(isolation_level="SERIALIZABLE")
        async with engine.connect() as one, engine.connect() as other:
            for connection in (one, other):
                await connection.execute(select(counter))
                await connection.execute(insert(counter).values(text=str(id(connection))))
            await one.commit()
            with pytest.raises(DBAPIError, match="could not serialize"):
                await other.commit()

    async def test_a_notification_arrives(self, committed_db: Database) -> None:
        arrived: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        listener = await asyncpg.connect(
            committed_db.engine.url.set(drivername="postgresql").render_as_string(False)
        )
        await listener.add_listener("news", lambda *event: arrived.set_result(event[3]))
        async with committed_db.session() as session:
            await session.execute(text("SELECT pg_notify('news', 'hello')"))
            await session.commit()
        assert await asyncio.wait_for(arrived, 1) == "hello"
        await listener.close()

    @pytest.mark.committed
    async def test_the_mark_gives_every_database_fixture_real_commits(
        self, integration_db: Database, committed_db: Database
    ) -> None:
        assert integration_db is committed_db


class TestIsolatedDb:
    @pytest.mark.parametrize("run", ["first", "second"])
    async def test_is_a_fresh_copy_each_time(self, run: str, isolated_db: Database) -> None:
        async with isolated_db.engine.begin() as connection:
            assert await connection.scalar(text("SELECT to_regclass('harness_notes')")) is None
            await connection.run_sync(metadata.create_all)
