"""The template is migrated by whatever the project has, in a process of its own, or not at all."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.migrations import Migrations
from pytest_greenfield.services.postgres.service import Postgres

from tests.harness.postgres.conftest import Start

TABLE = """
    from alembic import op
    revision, down_revision = "one", None
    def upgrade():
        op.execute("CREATE TABLE a (id int)")
"""
INDEX = """
    from alembic import op
    revision, down_revision = "two", "one"
    def upgrade():
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY a_id ON a (id)")
"""
# The environments that people have: Alembic's own templates, and what is made of them.
ENV_GENERIC = """
    from alembic import context
    from sqlalchemy import engine_from_config, pool
    config = context.config
    connectable = engine_from_config(
        config.get_section(config.config_ini_section), prefix="sqlalchemy.",
        poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
"""
ENV_GIVEN = """
    from alembic import context
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
ENV_ASYNC = """
    import asyncio
    from alembic import context
    from sqlalchemy import pool
    from sqlalchemy.ext.asyncio import async_engine_from_config
    config = context.config
    def do_run(connection):
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
    async def run():
        connectable = async_engine_from_config(
            config.get_section(config.config_ini_section), prefix="sqlalchemy.",
            poolclass=pool.NullPool)
        async with connectable.connect() as connection:
            await connection.run_sync(do_run)
        await connectable.dispose()
    asyncio.run(run())
"""
ENV_SETTINGS = """
    import asyncio, os
    from alembic import context
    from sqlalchemy.ext.asyncio import create_async_engine
    def do_run(connection):
        context.configure(connection=connection, target_metadata=None,
                          version_table="versions", version_table_schema="public")
        with context.begin_transaction():
            context.run_migrations()
    async def run():
        engine = create_async_engine(os.environ["DATABASE_URL"])
        async with engine.connect() as connection:
            await connection.run_sync(do_run)
        await engine.dispose()
    asyncio.run(run())
"""
ENV_BEGUN = """
    from alembic import context
    from sqlalchemy import text
    connection = context.config.attributes["connection"]
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS other"))
    context.configure(connection=connection, target_metadata=None, version_table_schema="other")
    with context.begin_transaction():
        context.run_migrations()
"""
Write = Callable[..., None]


@pytest.fixture
def write(project: Path) -> Write:
    """Writes files of the project: `write({"a/b.py": source})`."""

    def write_files(files: dict[str, str]) -> None:
        for name, source in files.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(source), "utf-8")

    return write_files


@pytest.fixture
def alembic(write: Write) -> Callable[..., None]:
    """Writes an Alembic environment."""

    def write_alembic(
        env: str,
        *revisions: str,
        folder: str = "migrations",
        url: str = "",
        ini: str = "alembic.ini",
    ) -> None:
        configured = f"sqlalchemy.url = {url}\n" if url else ""
        write({ini: f"[alembic]\nscript_location = %(here)s/{folder}\n{configured}"})
        write({f"{folder}/env.py": env, f"{folder}/script.py.mako": ""})
        write({f"{folder}/versions/r{i}.py": text for i, text in enumerate(revisions)})

    return write_alembic


def tables(postgres: Postgres) -> set[str]:
    """Return the tables in a fresh clone."""
    address = postgres.clone("look")
    with postgres.connect(address) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()
    postgres.drop(address)
    return {name for (name,) in rows}


@pytest.mark.parametrize(
    ("env", "url"),
    [
        (ENV_GENERIC, "driver://user:pass@localhost/dbname"),
        (ENV_GENERIC, "postgresql+psycopg2://me@db.example.com/prod"),
        (ENV_GIVEN, ""),
        (ENV_ASYNC, "driver://user:pass@localhost/dbname"),
        (ENV_ASYNC, "postgresql+asyncpg://me:%%40@localhost/app"),
        (ENV_ASYNC, "%(DATABASE_URL)s"),
        (ENV_SETTINGS, ""),
    ],
)
def test_an_environment_migrates_the_template(
    env: str, url: str, alembic: Write, start: Start
) -> None:
    alembic(env, TABLE, INDEX, url=url)
    postgres = start()
    assert {"a", "a_id"} <= tables(postgres)
    postgres.open_worker("master")
    with postgres.connect(postgres.worker_address("master")) as connection:
        assert connection.execute("SELECT to_regclass('a')").fetchone() == ("a",)


def test_what_an_environment_begins_itself_is_committed(alembic: Write, start: Start) -> None:
    alembic(ENV_BEGUN, TABLE)
    assert "a" in tables(start())


def test_an_environment_without_revisions_is_an_empty_database(
    alembic: Write, start: Start
) -> None:
    alembic(ENV_GIVEN)
    assert "a" not in tables(start())


def test_another_ini_file_and_folder(alembic: Write, project: Path, start: Start) -> None:
    alembic(ENV_GIVEN, TABLE, folder="changes", ini="db.ini")
    migrations = Migrations.of(project, "db.ini")
    before = migrations.state()
    (project / "changes/versions/r0.py").write_text("# changed\n" + dedent(TABLE), "utf-8")
    assert migrations.state() != before
    assert "a" in tables(start("db.ini"))


def test_an_unchanged_state_is_not_migrated_again(
    alembic: Write, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    alembic(ENV_GIVEN, TABLE)
    start().stop()
    monkeypatch.setattr(Migrations, "run", lambda *_: pytest.fail("was run"))
    assert "a" in tables(start())


def test_the_state_is_that_of_scripts_and_ini_file(alembic: Write, project: Path) -> None:
    alembic(ENV_GIVEN, TABLE)
    migrations = Migrations.of(project, "alembic.ini")
    states = [migrations.state()]
    for name in ("migrations/versions/seed.sql", "migrations/versions/more.py", "alembic.ini"):
        with (project / name).open("a", encoding="utf-8") as file:
            file.write("\n")
        states.append(migrations.state())
    assert len(set(states)) == 4
    (project / "models.py").write_text("", "utf-8")
    (project / "migrations/versions/__pycache__").mkdir()
    (project / "migrations/versions/__pycache__/a.py").write_text("", "utf-8")
    assert migrations.state() == states[-1]


ELSEWHERE = {
    "sync": "from sqlalchemy import create_engine\ncreate_engine({url!r}).connect()",
    "asyncpg": "import asyncio, asyncpg\nasyncio.run(asyncpg.connect({plain!r}))",
    "async": """import asyncio
from sqlalchemy.ext.asyncio import create_async_engine
async def run():
    async with create_async_engine({url!r}).connect(): pass
asyncio.run(run())""",
    "swallowed": """from sqlalchemy import create_engine
try:
    create_engine({url!r}).connect()
except Exception:
    pass""",
}


@pytest.fixture
def other(cache: Path, start: Start, project: Path) -> Iterator[Address]:
    """A database with a table, which nobody may touch."""
    postgres = start("none")
    address = postgres.clone("other", empty=True)
    with postgres.connect(address) as connection:
        connection.execute("CREATE TABLE precious (id int)")
        before = connection.execute("SELECT count(*) FROM pg_class").fetchone()
    yield address
    with postgres.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM pg_class").fetchone() == before


@pytest.mark.parametrize(
    ("kind", "scheme"),
    [
        ("sync", "postgresql+psycopg"),
        ("sync", "postgresql+psycopg2"),
        ("async", "postgresql+psycopg"),
        ("async", "postgresql+asyncpg"),
        ("asyncpg", "postgresql"),
        ("swallowed", "postgresql+psycopg"),
    ],
)
def test_a_connection_to_another_database_is_refused_before_it_is_made(
    kind: str, scheme: str, other: Address, alembic: Write, start: Start
) -> None:
    url = other.url.replace("postgresql", scheme, 1)
    alembic(ELSEWHERE[kind].format(url=url, plain=other.url), TABLE)
    with pytest.raises(ServiceUnavailableError) as refused:
        start()
    sentence = str(refused.value)
    assert f"{other.host}:{other.port}" in sentence
    assert "greenfield_environment" in sentence
    assert "greenfield_migrations" in sentence
    assert "\n" not in sentence
    assert other.password not in sentence


def test_another_database_of_the_same_server_is_refused(
    alembic: Write, project: Path, start: Start
) -> None:
    env = """
        import os
        from sqlalchemy import create_engine
        url = os.environ["DATABASE_URL"].replace("+asyncpg", "+psycopg").rpartition("/")[0]
        create_engine(url + "/postgres").connect()
    """
    alembic(env, TABLE)
    with pytest.raises(ServiceUnavailableError, match=r"/postgres instead of"):
        start()


def test_another_kind_of_database_is_refused(alembic: Write, project: Path, start: Start) -> None:
    file = project / "app.db"
    alembic(
        f"from sqlalchemy import create_engine\ncreate_engine('sqlite:///{file}').connect()", TABLE
    )
    with pytest.raises(ServiceUnavailableError, match="sqlite"):
        start()
    assert not file.exists()


def test_an_environment_that_does_nothing_is_noticed(alembic: Write, start: Start) -> None:
    alembic("", TABLE)
    with pytest.raises(ServiceUnavailableError, match="no revision instead of one"):
        start()


BROKEN = """
    from alembic import op
    revision, down_revision = "two", "one"

    def upgrade():
        op.execute("ALTER TABLE nowhere ADD COLUMN x int")
"""


@pytest.mark.parametrize("env", [ENV_GIVEN, ENV_SETTINGS])
def test_a_broken_migration_is_one_line(env: str, alembic: Write, start: Start) -> None:
    alembic(env, TABLE, BROKEN)
    with pytest.raises(ServiceUnavailableError) as failed:
        start()
    sentence = str(failed.value)
    assert f"migrations{os.sep}versions{os.sep}r1.py, line 6" in sentence
    assert 'relation "nowhere" does not exist' in sentence
    assert "\n" not in sentence


def test_two_heads_are_named(alembic: Write, start: Start) -> None:
    alembic(ENV_GIVEN, TABLE, INDEX, INDEX.replace('"two"', '"three"'))
    with pytest.raises(ServiceUnavailableError, match="alembic merge heads") as failed:
        start()
    assert "three, two" in str(failed.value)


@pytest.mark.parametrize(
    ("setting", "files", "expected"),
    [
        ("db.ini", {}, ["no file", "db.ini", "greenfield_migrations"]),
        ("alembic.ini", {"alembic.ini": "[alembic]\nscript_location = nowhere\n"},
         ["script_location", "alembic.ini"]),
        ("alembic.ini", {"alembic.ini": "nonsense"}, ["alembic.ini"]),
        ("alembic.ini", {"alembic.ini": "[alembic]\n"}, ["script_location"]),
        ("nonsense", {}, ["greenfield_migrations", "package.module:function"]),
        ("nowhere.module:function", {}, ["nowhere", "package.module:function"]),
        ("schema:missing", {"schema.py": ""}, ["missing", "package.module:function"]),
        ("schema:empty", {"schema.py": "def empty(url): pass"}, ["empty", "none"]),
        ("schema:fail", {"schema.py": "def fail(url):\n    raise ValueError('bad\\nworse')"},
         ["schema.py, line 2", "ValueError: bad"]),
        ("schema:leave", {"schema.py": "def leave(url): raise SystemExit(3)"}, ["SystemExit"]),
        ("schema:die", {"schema.py": "import os\ndef die(url): os._exit(3)"}, ["ended with 3"]),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_one_sentence(
    setting: str, files: dict[str, str], expected: list[str], write: Write, start: Start
) -> None:
    write(files)
    with pytest.raises(ServiceUnavailableError) as failed:
        start(setting)
    for part in expected:
        assert part in str(failed.value)
    assert "\n" not in str(failed.value)


SYNC = """
    import psycopg
    from .names import TABLE
    def create(url):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE {TABLE} (id int)")
"""
ASYNC = """
    import asyncpg
    from .names import TABLE
    async def create(url):
        connection = await asyncpg.connect(url)
        await connection.execute(f"CREATE TABLE {TABLE} (id int)")
        await connection.close()
"""


@pytest.mark.parametrize("source", [SYNC, ASYNC])
def test_a_function_gets_the_url(source: str, write: Write, start: Start) -> None:
    write({"app/__init__.py": "", "app/names.py": "TABLE = 'one'", "app/schema.py": source})
    postgres = start("app.schema:create")
    assert "one" in tables(postgres)
    postgres.stop()
    write({"app/names.py": "TABLE = 'other'"})  # the whole package belongs to the state
    assert "other" in tables(start("app.schema:create"))


def test_a_package_below_pytests_pythonpath_is_found(
    project: Path, write: Write, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        {"src/app2/__init__.py": "", "src/app2/names.py": "TABLE = 'a'", "src/app2/schema.py": SYNC}
    )
    monkeypatch.syspath_prepend(project / "src")
    assert "a" in tables(start("app2.schema:create"))


def test_none_is_an_empty_database(alembic: Write, start: Start) -> None:
    alembic(ENV_GIVEN, TABLE)
    assert "a" not in tables(start("none"))


def test_extensions_are_read_from_the_files(project: Path, alembic: Write, write: Write) -> None:
    alembic(ENV_GIVEN, """
        def upgrade():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            op.execute('create extension "uuid-ossp"; CREATE EXTENSION citext')
            op.execute("CREATE EXTENSION IF NOT EXISTS \\"hstore\\" WITH SCHEMA public")
            # op.execute("CREATE EXTENSION postgis")
    """)  # fmt: skip
    write({"migrations/versions/a.sql": "-- create extension old;\nCREATE  EXTENSION pgcrypto;"})
    found = Migrations.of(project, "alembic.ini").extensions()
    assert found == ["citext", "hstore", "pg_trgm", "pgcrypto", "uuid-ossp"]


def test_the_process_answers_on_its_last_line_whatever_is_printed(project: Path) -> None:
    (project / "noisy.py").write_text("def run(url): print('x', end=''); raise ValueError('no')")
    address = Address("127.0.0.1", 1, "u", "secret", "d_test")
    spec = {"setting": "noisy:run", "root": str(project), "address": address.export()}
    done = subprocess.run(
        [sys.executable, "-m", "pytest_greenfield.services.postgres.upgrade"],
        input=json.dumps(spec), cwd=project, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "ValueError: no" in json.loads(done.stdout.splitlines()[-1])["sentence"]
