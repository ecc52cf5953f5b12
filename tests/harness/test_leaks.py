"""What a test leaves behind is its own failure, named in its own report."""

import pytest

from tests.harness.conftest import RunSuite
from tests.harness.test_isolation import CONFTEST, SCHEMA

SETTINGS = 'greenfield_migrations = "schema:migrate"\npythonpath = ["."]\n'
LEAKING = """
    import asyncio, os, threading, time
    import asyncpg, psycopg, pytest
    from sqlalchemy import create_engine, text
    from sqlalchemy.ext.asyncio import create_async_engine
    from tests.conftest import connect

    URL = os.environ["DATABASE_URL"]
    ENGINE = create_engine(URL.replace("postgresql", "postgresql+psycopg", 1))
    ADD = "INSERT INTO account (name) VALUES ('new')"
    KEPT = []

    async def wait_forever():
        await asyncio.Event().wait()

    async def test_a_task():
        KEPT.append(asyncio.create_task(wait_forever()))

    async def test_a_task_that_swallows_its_cancellation():
        async def stubborn():
            while not KEPT or KEPT[-1] != "stop":
                try:
                    await asyncio.sleep(3)
                except asyncio.CancelledError:
                    KEPT.append("stop")
        KEPT.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)

    async def test_a_transaction():
        connection = await asyncpg.connect(URL, server_settings={"application_name": "the shop"})
        KEPT.append(connection)
        await connection.execute("BEGIN")
        await connection.execute(ADD)

    def test_a_connection_of_a_pool():
        connection = ENGINE.connect()
        KEPT.append(connection)

    async def test_a_failure_that_leaves_something_too():
        connection = await asyncpg.connect(URL)
        KEPT.append(connection)
        await connection.execute("BEGIN")
        await connection.execute(ADD)
        assert False, "the reason"

    # What is no leak.

    async def test_tasks_that_end():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
        asyncio.create_task(asyncio.sleep(0.02))  # ends in the moment that it gets

    def test_a_transaction_that_has_only_read():
        connection = psycopg.connect(URL)
        KEPT.append(connection)
        connection.execute("SELECT count(*) FROM account")

    def test_a_job_in_the_middle_of_its_work():
        def work():
            with psycopg.connect(URL) as connection:
                connection.execute(ADD)
                connection.execute("SELECT pg_sleep(0.5)")
        threading.Thread(target=work).start()
        time.sleep(0.2)

    @pytest.fixture(scope="module")
    async def running():
        task = asyncio.create_task(wait_forever())
        connection = await asyncpg.connect(URL)
        await connection.execute("BEGIN")
        await connection.execute("SELECT txid_current()")
        yield
        await connection.close()
        task.cancel()

    @pytest.mark.parametrize("again", range(2))
    async def test_what_a_shared_fixture_keeps(running, again):
        with ENGINE.begin() as connection:
            connection.execute(text(ADD))

    @pytest.fixture(autouse=True)
    def starts_clean_too(starts_clean):
        pass
"""
FILES = {
    "schema.py": SCHEMA,
    "tests/conftest.py": CONFTEST,
    "tests/integration/test_leaking.py": LEAKING,
}
LEAKS = {
    "test_a_task": "left the task wait_forever running (created in test_a_task,",
    "test_a_task_that_swallows_its_cancellation": "stubborn",
    "test_a_transaction": "a transaction of the shop open (idle in transaction",
    "test_a_connection_of_a_pool": "did not give back 1 connection(s)",
}


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["serial", "two-workers"])
def test_a_leak_is_an_error_of_its_test_and_of_no_other(
    run: RunSuite, options: tuple[str, ...]
) -> None:
    result = run(FILES, *options, settings=SETTINGS)

    errors = {name for name, outcome in result.outcomes.items() if outcome == "error"}
    assert errors == set(LEAKS), result.output
    for name, sentence in LEAKS.items():
        assert sentence in result.messages[name]
    failed = {name for name, outcome in result.outcomes.items() if outcome == "failed"}
    assert failed == {"test_a_failure_that_leaves_something_too"}
    assert "the reason" in result.messages["test_a_failure_that_leaves_something_too"]
    assert "left behind" in result.output  # a section of the failure, since it is a consequence


def test_the_last_test_of_a_process_leaks_too(run: RunSuite) -> None:
    result = run(FILES, "-k", "test_a_task", settings=SETTINGS)

    assert set(result.outcomes.values()) == {"error"}, result.output


@pytest.mark.parametrize(("setting", "warned"), [("warn", True), ("off", False)])
def test_a_team_that_is_not_there_yet(run: RunSuite, setting: str, warned: bool) -> None:
    result = run(FILES, settings=SETTINGS + f'greenfield_leaks = "{setting}"\n')

    assert [name for name, outcome in result.outcomes.items() if outcome != "passed"] == [
        "test_a_failure_that_leaves_something_too"
    ], result.output
    assert ("left the task wait_forever running" in result.output) is warned
