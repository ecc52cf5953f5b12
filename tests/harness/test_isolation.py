"""Tests commit for real, in every way that a server knows, and the next one starts clean."""

import pytest

from tests.harness.conftest import RunSuite

SCHEMA = """
    import psycopg

    def migrate(url):
        with psycopg.connect(url) as connection:
            connection.execute('''
                CREATE TABLE account (
                    id serial PRIMARY KEY,
                    name text NOT NULL UNIQUE, tenant int NOT NULL DEFAULT 1);
                CREATE TABLE entry (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    account_id int NOT NULL REFERENCES account DEFERRABLE INITIALLY DEFERRED,
                    at timestamptz NOT NULL DEFAULT now());
                CREATE FUNCTION add_account(name text) RETURNS int LANGUAGE sql AS
                    $$ INSERT INTO account (name) VALUES ($1) RETURNING id $$;
                CREATE TABLE secret (tenant int NOT NULL);
                ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
                ALTER TABLE secret FORCE ROW LEVEL SECURITY;
                CREATE POLICY own ON secret USING (tenant = current_setting('app.tenant')::int);
                INSERT INTO account (name) VALUES ('of the migration');
                INSERT INTO secret VALUES (1), (2);
            ''')
"""
CONFTEST = """
    import os

    import psycopg
    import pytest

    def connect(**options):
        return psycopg.connect(os.environ["DATABASE_URL"], **options)

    def state():
        with connect() as connection:
            return [
                connection.execute(query).fetchall()
                for query in (
                    "SELECT id, name FROM account ORDER BY id",
                    "SELECT account_id FROM entry",
                    "SELECT last_value, is_called FROM account_id_seq",
                    "SELECT last_value, is_called FROM entry_id_seq",
                )
            ]

    CLEAN = [[(1, "of the migration")], [], [(1, True)], [(1, False)]]

    @pytest.fixture
    def starts_clean():
        assert state() == CLEAN
"""
SETTINGS = 'greenfield_migrations = "schema:migrate"\npythonpath = ["."]\n'
CLEAN = """
    import pytest
    pytestmark = pytest.mark.usefixtures("starts_clean")
"""


@pytest.fixture
def run_with_database(run: RunSuite) -> RunSuite:
    """Runs a suite with a migrated database; `starts_clean` fails where a test's rows stay."""

    def run_suite(files: dict[str, str], *options: str, settings: str = "") -> object:
        common = {"schema.py": SCHEMA, "tests/conftest.py": CONFTEST}
        return run(common | files, *options, settings=SETTINGS + settings)

    return run_suite  # type: ignore[return-value]


WAYS_TO_WRITE = (
    CLEAN
    + """
    import asyncio, os, subprocess, sys, threading, time
    import asyncpg, psycopg
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import IntegrityError, OperationalError
    from sqlalchemy.ext.asyncio import create_async_engine
    from tests.conftest import connect, state

    URL = os.environ["DATABASE_URL"]
    ENGINE = create_async_engine(URL.replace("postgresql", "postgresql+asyncpg", 1))
    SYNC = create_engine(URL.replace("postgresql", "postgresql+psycopg", 1))
    ADD = "INSERT INTO account (name) VALUES ('new')"

    async def test_an_engine_made_at_import():
        async with ENGINE.begin() as connection:
            await connection.execute(text(ADD))

    def test_a_synchronous_engine():
        with SYNC.begin() as connection:
            connection.execute(text(ADD))

    async def test_a_pool_of_the_driver():
        async with asyncpg.create_pool(URL, min_size=1) as pool:
            await asyncio.gather(*(pool.execute(ADD.replace("new", str(n))) for n in range(5)))

    def test_a_background_process():
        code = f"import psycopg; psycopg.connect({URL!r}, autocommit=True).execute({ADD!r})"
        subprocess.run([sys.executable, "-c", code], check=True)
        assert len(state()[0]) == 2

    def test_a_thread_with_an_event_loop_of_its_own():
        async def write():
            connection = await asyncpg.connect(URL)
            await connection.execute(ADD)
            await connection.close()
        thread = threading.Thread(target=asyncio.run, args=(write(),))
        thread.start()
        thread.join()
        assert len(state()[0]) == 2

    @pytest.mark.parametrize("word", ["COMMIT", "END", "ROLLBACK", "ABORT"])
    async def test_the_words_of_transactions_as_text(word):
        async with ENGINE.connect() as connection:
            await connection.execute(text(ADD))
            await connection.execute(text(word))
            assert len(state()[0]) == (2 if word in ("COMMIT", "END") else 1)

    async def test_autocommit():
        async with ENGINE.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text(ADD))
            assert len(state()[0]) == 2

    def test_a_function_that_writes_is_rolled_back():
        with SYNC.connect() as connection:
            connection.execute(text("SELECT add_account('by function')"))
            connection.rollback()
        assert len(state()[0]) == 1

    def test_a_function_that_writes_commits():
        with SYNC.begin() as connection:
            connection.execute(text("VALUES (add_account('by function'))"))
        assert len(state()[0]) == 2

    def test_set_local_ends_with_its_transaction():
        with SYNC.connect() as connection:
            connection.execute(text("SET LOCAL statement_timeout = '1s'"))
            connection.execute(text("SELECT set_config('app.tenant', '7', true)"))
            connection.commit()
            assert connection.scalar(text("SHOW statement_timeout")) == "0"
            assert not connection.scalar(text("SELECT current_setting('app.tenant', true)"))

    def test_row_level_security_by_request():
        with SYNC.begin() as connection:
            connection.execute(text("CREATE ROLE greenfield_reader"))
            connection.execute(text("GRANT SELECT ON secret TO greenfield_reader"))
            connection.execute(text("SET LOCAL ROLE greenfield_reader"))
            connection.execute(text("SET LOCAL app.tenant = '2'"))
            assert connection.scalars(text("SELECT tenant FROM secret")).all() == [2]
            connection.execute(text("RESET ROLE"))
            connection.execute(text("DROP OWNED BY greenfield_reader; DROP ROLE greenfield_reader"))

    def test_a_deferred_constraint_is_checked_at_commit():
        with SYNC.connect() as connection:
            connection.execute(text("INSERT INTO entry (account_id) VALUES (99)"))
            with pytest.raises(IntegrityError):
                connection.commit()

    def test_now_is_the_start_of_each_transaction():
        with SYNC.connect() as connection:
            first = connection.scalar(text("SELECT now()"))
            connection.commit()
            assert connection.scalar(text("SELECT now()")) > first

    def test_skip_locked_between_two_sessions():
        with SYNC.begin() as one, SYNC.begin() as two:
            query = text("SELECT id FROM account FOR UPDATE SKIP LOCKED")
            assert one.scalars(query).all() == [1]
            assert two.scalars(query).all() == []

    def test_advisory_locks_exclude_another_session():
        with SYNC.begin() as one, SYNC.begin() as two:
            assert one.scalar(text("SELECT pg_try_advisory_xact_lock(5)"))
            assert not two.scalar(text("SELECT pg_try_advisory_xact_lock(5)"))

    async def test_notify_reaches_a_listener():
        heard = asyncio.Queue()
        listener = await asyncpg.connect(URL)
        await listener.add_listener("news", lambda *message: heard.put_nowait(message[3]))
        async with ENGINE.begin() as connection:
            await connection.execute(text("NOTIFY news, 'hello'"))
        assert await asyncio.wait_for(heard.get(), 3) == "hello"
        await listener.close()

    def test_a_serialization_failure_and_its_retry():
        def add(connection, name):
            connection.scalar(text("SELECT count(*) FROM account"))
            connection.execute(text(f"INSERT INTO account (name) VALUES ('{name}')"))
        level = SYNC.execution_options(isolation_level="SERIALIZABLE")
        with level.connect() as one, level.connect() as two:
            add(one, 'one')
            add(two, 'two')
            one.commit()
            with pytest.raises(OperationalError):
                two.commit()
            two.rollback()
        with level.begin() as again:
            add(again, 'two')
        assert len(state()[0]) == 3

    async def test_one_request_fails_after_another_has_committed():
        async with ENGINE.connect() as one, ENGINE.connect() as two:
            await one.execute(text(ADD))
            await two.execute(text(ADD.replace("new", "other")))
            await two.commit()
            await one.rollback()
        assert [name for _, name in state()[0]] == ["of the migration", "other"]

    def test_truncate_restarts_and_cascades():
        with SYNC.begin() as connection:
            connection.execute(text("TRUNCATE account RESTART IDENTITY CASCADE"))
        assert state()[0] == []

    def test_rows_of_the_migration_change_and_go():
        with SYNC.begin() as connection:
            connection.execute(text("UPDATE account SET name = 'changed'"))
        with SYNC.begin() as connection:
            connection.execute(text("DELETE FROM account"))

    def test_a_sequence_moves_although_its_transaction_is_rolled_back():
        with SYNC.connect() as connection:
            connection.execute(text(ADD))
            connection.rollback()

    def test_a_load_in_replica_role():
        with connect(autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(ADD)

    async def test_statements_that_were_prepared_before_ddl_see_the_new_shape():
        async with ENGINE.connect() as connection:
            query = text("SELECT * FROM secret")
            assert len((await connection.execute(query)).keys()) == 1
            await connection.rollback()
            with connect(autocommit=True) as other:
                other.execute("DO $$ BEGIN ALTER TABLE secret ADD COLUMN note text; END $$")
            for _ in range(2):
                try:
                    assert len((await connection.execute(query)).keys()) == 2
                    break
                except Exception as error:
                    # As on any server: the statement is prepared again after one refusal.
                    assert "cached statement plan" in str(error)
                    await connection.rollback()

    @pytest.mark.parametrize("again", range(3))
    def test_an_index_by_ddl_is_gone_in_the_next_test(again):
        with connect(autocommit=True) as connection:
            connection.execute("CREATE INDEX here ON account (tenant)")

    def test_a_temporary_table_is_no_change_of_the_schema():
        with connect() as connection:
            connection.execute("CREATE TEMPORARY TABLE here (id int)")
"""
)


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["serial", "two-workers"])
def test_each_way_of_writing_works_and_is_restored(
    run_with_database: RunSuite, options: tuple[str, ...]
) -> None:
    result = run_with_database({"tests/integration/test_ways.py": WAYS_TO_WRITE}, *options)

    assert set(result.outcomes.values()) == {"passed"}, result.output
    assert len(result.outcomes) > 25
    assert "5 tests changed the schema" in result.output or options


def test_the_application_finds_its_database_in_any_variable(run: RunSuite) -> None:
    files = {
        "tests/conftest.py": """
            import os
            AT_IMPORT = dict(os.environ)  # where an application makes its engine
        """,
        "tests/integration/test_it.py": """
            import psycopg
            from tests.conftest import AT_IMPORT as env

            def test_it(worker_db_url):
                name = env["DB_NAME"]
                assert name in worker_db_url and name.startswith("test_")
                url = f"postgresql://{env['WHERE']}"
                parts = f"host={env['DB_HOST']} port={env['DB_PORT']} user={env['DB_USER']}"
                parts += f" password={env['DB_PASSWORD']} dbname={name}"
                for place in (url, parts):
                    with psycopg.connect(place) as connection:
                        query = "SELECT current_database()"
                        assert connection.execute(query).fetchone() == (name,)
        """,
    }
    names = ["HOST", "PORT", "USER", "PASSWORD"]
    pairs = [f"DB_{name}={{postgres.{name.lower()}}}" for name in names]
    pairs += ["DB_NAME={postgres.database}", "WHERE={postgres.address}"]

    result = run(files, settings=f"greenfield_environment = {pairs}\n")

    assert result.outcomes == {"test_it": "passed"}, result.output


def test_a_run_of_offline_tests_starts_no_server(run_with_database: RunSuite) -> None:
    result = run_with_database({"tests/unit/test_a.py": "def test_a(): pass"})

    assert result.outcomes == {"test_a": "passed"}
    assert result.properties["services"] == ""


def test_without_any_server_offline_tests_run_and_others_get_one_sentence(
    run_with_database: RunSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_SERVICES", "docker")  # which this machine need not have
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    files = {
        "tests/unit/test_a.py": "def test_a(): pass",
        "tests/integration/test_b.py": "def test_b(): pass",
    }

    offline = run_with_database(files, "tests/unit")
    others = run_with_database({})
    by_workers = run_with_database({}, "-n", "2")

    assert offline.outcomes == {"test_a": "passed"}, offline.output
    for result in (others, by_workers):
        assert result.exit_code == pytest.ExitCode.USAGE_ERROR
        assert "No PostgreSQL for the tests" in result.output
        assert "Traceback" not in result.output


def test_a_session_level_lock_of_a_pooled_connection_goes_with_its_test(
    run_with_database: RunSuite,
) -> None:
    files = {
        "tests/integration/test_it.py": """
            import os
            import pytest
            from sqlalchemy import create_engine, text

            ENGINE = create_engine(os.environ["DATABASE_URL"].replace("ql:", "ql+psycopg:", 1))

            @pytest.fixture(scope="session")
            def leader():
                with ENGINE.connect() as connection:
                    connection.execute(text("SELECT pg_advisory_lock(1)"))
                    connection.commit()
                    yield connection

            @pytest.mark.parametrize("again", range(3))
            def test_it(again, leader):
                with ENGINE.connect() as one, ENGINE.connect() as two:
                    query = text("SELECT pg_try_advisory_lock(5)")
                    assert one.scalar(query)
                    assert not two.scalar(query)
                assert leader.scalar(text("SELECT count(*) FROM pg_locks WHERE objid = 1")) == 1
                leader.commit()
        """
    }

    result = run_with_database(files)

    assert set(result.outcomes.values()) == {"passed"}, result.output
