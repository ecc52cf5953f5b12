"""Proof that a test's work is rolled back, and that its transactions behave as real ones."""

import asyncio
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from backend.core.database import Database
from backend.core.settings import Settings
from backend.tests.plugins.database import RolledBack
from backend.tests.plugins.isolation.shared import SharedConnection
from backend.tests.plugins.isolation.virtual import VirtualConnection
from backend.tests.plugins.postgres.urls import for_asyncpg


class Slow(asyncpg.Connection):
    """Can be cancelled before its message is sent."""

    async def execute(self, *arguments: Any, **options: Any) -> str:
        """Wait for the next turn of the event loop, and send."""
        await asyncio.sleep(0)
        status: str = await super().execute(*arguments, **options)
        return status


async def texts(session: AsyncSession, table: Table) -> list[str]:
    return list(await session.scalars(select(table.c.text).order_by(table.c.id)))


@pytest.mark.parametrize("run", ["first", "second"])
class TestEndOfATest:
    """Each runs twice: the second time fails if the first one left its table behind."""

    async def test_a_commit_leaves_nothing(
        self, run: str, note_table: Table, db_session: AsyncSession
    ) -> None:
        await db_session.execute(insert(note_table).values(text="mine"))
        await db_session.commit()
        assert await texts(db_session, note_table) == ["mine"]

    async def test_the_applications_commit_leaves_nothing(
        self, run: str, note_table: Table, integration_db: Database
    ) -> None:
        async with integration_db.session() as session:
            await session.execute(insert(note_table).values(text="the app's"))
            await session.commit()

    async def test_an_integrity_error_leaves_nothing(
        self, run: str, note_table: Table, db_session: AsyncSession
    ) -> None:
        await db_session.execute(insert(note_table).values(text="twice"))
        with pytest.raises(IntegrityError):
            await db_session.execute(insert(note_table).values(text="twice"))

    async def test_an_open_nested_transaction_leaves_nothing(
        self, run: str, note_table: Table, db_session: AsyncSession
    ) -> None:
        await db_session.begin_nested()
        await db_session.execute(insert(note_table).values(text="inner"))

    @pytest.mark.xfail(strict=True, raises=ZeroDivisionError, reason="fails on purpose")
    async def test_a_failing_test_leaves_nothing(
        self, run: str, note_table: Table, db_session: AsyncSession
    ) -> None:
        await db_session.execute(insert(note_table).values(text="before the failure"))
        1 / 0  # noqa: B018 - the failure

    async def test_a_session_left_open_leaves_nothing(
        self, run: str, note_table: Table, integration_db: Database
    ) -> None:
        session = integration_db.sessions()
        await session.execute(insert(note_table).values(text="left open"))
        asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(session.close()))


class TestVisibility:
    async def test_the_application_sees_what_the_test_has_flushed(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        await db_session.execute(insert(note_table).values(text="from the test"))
        async with integration_db.session() as application:
            assert await texts(application, note_table) == ["from the test"]

    async def test_the_test_sees_what_the_application_committed(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        async with integration_db.session() as application:
            await application.execute(insert(note_table).values(text="from the app"))
            await application.commit()
        assert await texts(db_session, note_table) == ["from the app"]


class TestRollback:
    async def test_undoes_its_own_transaction_and_keeps_earlier_commits(
        self, note_table: Table, db_session: AsyncSession
    ) -> None:
        await db_session.execute(insert(note_table).values(text="kept"))
        await db_session.commit()
        await db_session.execute(insert(note_table).values(text="undone"))
        await db_session.rollback()
        assert await texts(db_session, note_table) == ["kept"]

    async def test_of_the_application_keeps_the_tests_rows(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        await db_session.execute(insert(note_table).values(text="the test's"))
        async with integration_db.session() as application:
            await application.execute(insert(note_table).values(text="the app's"))
            await application.rollback()
        assert await texts(db_session, note_table) == ["the test's"]

    async def test_after_an_integrity_error_keeps_the_tests_rows(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        await db_session.execute(insert(note_table).values(text="taken"))
        async with integration_db.session() as application:
            with pytest.raises(IntegrityError):
                await application.execute(insert(note_table).values(text="taken"))
        assert await texts(db_session, note_table) == ["taken"]

    async def test_of_a_nested_transaction_keeps_the_outer_one(
        self, note_table: Table, db_session: AsyncSession
    ) -> None:
        await db_session.execute(insert(note_table).values(text="outer"))
        with pytest.raises(IntegrityError):
            async with db_session.begin_nested():
                await db_session.execute(insert(note_table).values(text="outer"))
        async with db_session.begin_nested():
            await db_session.execute(insert(note_table).values(text="inner"))
        await db_session.commit()
        assert await texts(db_session, note_table) == ["outer", "inner"]

    async def test_is_refused_when_it_would_undo_what_the_application_committed(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        await db_session.execute(insert(note_table).values(text="open"))
        async with integration_db.session() as application:
            await application.execute(insert(note_table).values(text="committed"))
            await application.commit()
        with pytest.raises(DBAPIError, match="committed_db"):
            await db_session.rollback()

    async def test_of_a_reader_does_not_undo_what_the_application_committed(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        assert await texts(db_session, note_table) == []
        async with integration_db.session() as application:
            await application.execute(insert(note_table).values(text="committed"))
            await application.commit()
        await db_session.rollback()
        assert await texts(db_session, note_table) == ["committed"]


class TestFailedTransaction:
    async def test_stays_failed_until_its_rollback(
        self, note_table: Table, db_session: AsyncSession
    ) -> None:
        with pytest.raises(DBAPIError):
            await db_session.execute(text("SELECT 1 / 0"))
        with pytest.raises(DBAPIError, match="aborted"):
            await db_session.execute(text("SELECT 1"))
        await db_session.rollback()
        assert await db_session.scalar(text("SELECT 1")) == 1

    async def test_does_not_fail_the_other_sessions(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        with pytest.raises(DBAPIError):
            await db_session.execute(text("SELECT 1 / 0"))
        async with integration_db.session() as application:
            assert await application.scalar(text("SELECT 1")) == 1

    async def test_a_cancelled_statement_is_undone_and_the_connection_goes_on(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        async def sleep() -> None:
            async with integration_db.session() as application:
                await application.execute(insert(note_table).values(text="cancelled"))
                await application.execute(text("SELECT pg_sleep(10)"))

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sleep(), 0.1)
        assert await texts(db_session, note_table) == []


class TestConcurrency:
    async def test_transactions_under_gather_take_turns(
        self, note_table: Table, db_session: AsyncSession, integration_db: Database
    ) -> None:
        await db_session.execute(insert(note_table).values(text="0"))
        await db_session.commit()

        async def increment() -> None:
            async with integration_db.session() as application:
                value = await application.scalar(select(note_table.c.text).with_for_update())
                await asyncio.sleep(0)  # another task would read the same value here
                await application.execute(note_table.update().values(text=str(int(value or 0) + 1)))
                await application.commit()

        await asyncio.gather(*(increment() for _ in range(10)))
        assert await texts(db_session, note_table) == ["10"]

    async def test_two_transactions_that_wait_for_each_other_are_refused(
        self, integration_db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("backend.tests.plugins.isolation.shared.TURN_SECONDS", 0.1)
        release = asyncio.Event()

        async def hold() -> None:
            async with integration_db.session() as application:
                await application.execute(text("SELECT 1"))
                await release.wait()

        async def enter() -> None:
            async with integration_db.session() as application:
                await application.execute(text("SELECT 1"))

        holder = asyncio.create_task(hold())
        await asyncio.sleep(0.01)
        with pytest.raises(DBAPIError, match="committed_db"):
            await asyncio.create_task(enter())
        release.set()
        await holder

    async def test_a_session_inside_a_session_does_not_wait_for_it(
        self, note_table: Table, integration_db: Database
    ) -> None:
        async with integration_db.session() as outer, integration_db.session() as inner:
            await outer.execute(insert(note_table).values(text="outer"))
            await inner.execute(insert(note_table).values(text="inner"))
            await inner.commit()
            await outer.commit()
            assert await texts(outer, note_table) == ["outer", "inner"]


class TestRefusals:
    """What one connection cannot show is refused with a sentence that names the way out."""

    async def test_another_isolation_level_is_refused(self, integration_db: Database) -> None:
        async with integration_db.engine.connect() as connection:
            await connection.execution_options(isolation_level="SERIALIZABLE")
            with pytest.raises(DBAPIError, match=r"serializable.*committed_db"):
                await connection.execute(text("SELECT 1"))

    async def test_autocommit_is_refused(self, integration_db: Database) -> None:
        async with integration_db.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            with pytest.raises(DBAPIError, match=r"AUTOCOMMIT.*committed_db"):
                await connection.execute(text("SELECT 1"))

    async def test_notify_is_refused(self, db_session: AsyncSession) -> None:
        with pytest.raises(DBAPIError, match=r"NOTIFY.*committed_db"):
            await db_session.execute(text("NOTIFY channel"))

    async def test_a_listener_is_refused(self, integration_db: Database) -> None:
        async with integration_db.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            with pytest.raises(asyncpg.InterfaceError, match=r"add_listener.*committed_db"):
                await driver.add_listener("channel", print)


class TestConnection:
    async def test_every_session_of_a_test_is_on_the_same_real_connection(
        self, db_session: AsyncSession, integration_db: Database
    ) -> None:
        pid = select(func.pg_backend_pid())
        async with integration_db.session() as application:
            assert await application.scalar(pid) == await db_session.scalar(pid)

    async def test_a_server_side_cursor_reads_in_batches(self, db_session: AsyncSession) -> None:
        rows = await db_session.stream_scalars(text("SELECT generate_series(1, 1200)"))
        assert [row async for row in rows] == list(range(1, 1201))

    async def test_many_committed_transactions_leave_no_pile_of_savepoints(
        self,
        test_db: async_sessionmaker[AsyncSession],
        note_table: Table,
        rolled_back: RolledBack,
    ) -> None:
        for number in range(100):
            async with test_db.begin() as session:
                await session.execute(insert(note_table).values(text=str(number)))
        assert rolled_back.shared.savepoints.depth == 0

    async def test_a_lost_connection_is_replaced_for_the_next_test(
        self, rolled_back: RolledBack
    ) -> None:
        async with rolled_back.test.session() as session:
            first = await session.scalar(select(func.pg_backend_pid()))
        rolled_back.shared.end_test()
        await rolled_back.shared.close()
        async with rolled_back.test.session() as session:
            assert await session.scalar(select(func.pg_backend_pid())) != first

    async def test_after_a_first_statement_that_was_cancelled_no_earlier_row_is_seen(
        self, worker_settings: Settings
    ) -> None:
        connect = partial(
            asyncpg.connect, for_asyncpg(worker_settings.database_url), connection_class=Slow
        )
        shared = SharedConnection(connect)

        async def run(sql: str) -> object:
            connection = VirtualConnection(shared, of_test=True)
            await connection.transaction().start()
            return await connection.fetchval(sql)

        await run("CREATE TABLE earlier ()")
        shared.end_test()
        first = asyncio.create_task(run("SELECT 1"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert await run("SELECT to_regclass('earlier')") is None
        await shared.close()

    async def test_a_task_of_an_earlier_test_is_refused(
        self, rolled_back: RolledBack, note_table: Table, integration_db: Database
    ) -> None:
        ended = asyncio.Event()

        async def late() -> None:
            await ended.wait()
            async with integration_db.session() as application:
                await application.execute(insert(note_table).values(text="late"))

        task = asyncio.create_task(late())
        await asyncio.sleep(0)
        rolled_back.shared.end_test()
        ended.set()
        with pytest.raises(DBAPIError, match="earlier test"):
            await task
