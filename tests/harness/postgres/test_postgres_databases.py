"""Databases carry their run's name, and go with it or with the next run."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pytest_greenfield import names
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres import address
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.databases import Databases
from pytest_greenfield.services.postgres.service import Postgres

from tests.harness.postgres.conftest import Start, database_url


@pytest.fixture
def server(cache: Path, start: Start) -> Address:
    """A running server, with its own cache."""
    return start("none").server


@pytest.fixture
def given(server: Address, monkeypatch: pytest.MonkeyPatch) -> Address:
    """The same server as one that TEST_DATABASE_URL names, by a database that is not there."""
    monkeypatch.setenv("TEST_DATABASE_URL", server.with_database("missing_test").url)
    return server


def all_names(server: Address) -> set[str]:
    """Return the databases on the server."""
    with psycopg.connect(server.url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_a_server_without_an_encoding_gives_text_too(server: Address) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE ascii_test ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"
        )

    with address.connect(server.with_database("ascii_test"), {}) as connection:
        assert connection.execute("SELECT 'text'").fetchone() == ("text",)


def test_names_carry_project_run_and_worker() -> None:
    assert names.database_name("shop", "0123abcd", "gw1") == "test_shop_0123abcd_gw1"
    name = names.database_name("shop", "0123abcd", "gw1", "With Space")
    assert name == "test_shop_0123abcd_gw1_with_space"
    assert names.is_worker_database(name)
    assert not names.is_worker_database("test_shop_template_0123456789ab")


def test_long_names_stay_apart() -> None:
    made = {names.database_name("s" * 20, "0123abcd", "gw1", "x" * 60 + end) for end in "ab"}
    assert len(made) == 2
    assert {len(name) for name in made} == {63}


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ('[project]\nname = "My-App 2"', "my_app_2"),
        ('[project]\nname = "ä"', "project"),
        ("nonsense [", "folder"),
        ("[project]\nname = 3", "3"),
        ("project = 1", "folder"),
    ],
)
def test_the_slug_is_the_projects_name(text: str, slug: str, tmp_path: Path) -> None:
    root = tmp_path / "folder"
    root.mkdir()
    (root / "pyproject.toml").write_text(text, "utf-8")
    assert names.project_slug(root) == slug


def test_a_given_server_need_not_have_the_named_database(given: Address, start: Start) -> None:
    postgres = start("none")
    assert postgres.source == "given"
    postgres.open_worker("gw0")
    before = all_names(given)
    assert postgres.worker_address("gw0").database in before
    clone = postgres.clone("more", empty=True)
    assert clone.database in all_names(given)
    postgres.stop()
    left = all_names(given)
    assert not [name for name in left if names.is_worker_database(name)]
    assert "missing_test" not in left
    assert "postgres" in left


def test_a_role_that_may_not_create_databases_is_named(
    given: Address, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN PASSWORD 'pw'")
    monkeypatch.setenv("TEST_DATABASE_URL", f"postgresql://plain:pw@127.0.0.1:{given.port}/x_test")
    with pytest.raises(ServiceUnavailableError, match='ALTER ROLE "plain" CREATEDB'):
        start("none")


def test_a_wrong_password_is_one_sentence_without_it(
    given: Address, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://postgres:s3cret@127.0.0.1:{given.port}/x_test"
    monkeypatch.setenv("TEST_DATABASE_URL", url)
    with pytest.raises(ServiceUnavailableError, match="authentication failed") as refused:
        start("none")
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_server_that_does_not_answer_is_one_sentence(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://u@127.0.0.1:9/x_test")
    with pytest.raises(ServiceUnavailableError, match="unset TEST_DATABASE_URL"):
        start("none")


def test_what_ended_runs_left_goes_and_nothing_else(given: Address, start: Start) -> None:
    kept = {"test_of_somebody", "test_other_0123abcd_gw0", "app_test"}
    with psycopg.connect(given.url, autocommit=True) as connection:
        for name in kept:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
    ended = start("none")
    ended.open_worker("gw0")
    name = ended.worker_address("gw0").database
    databases = ended._connected()
    databases._connection.close()  # as at the end of a killed process
    running = start("none")
    running.open_worker("gw0")
    start("none")
    left = all_names(given)
    assert name not in left
    assert kept <= left
    assert running.worker_address("gw0").database in left


def test_on_an_own_server_a_database_without_comment_goes_too(cache: Path, start: Start) -> None:
    first = start("none")
    with first.connect(first.server) as connection:
        connection.execute("CREATE DATABASE test_my_app_0123abcd_gw0")
    first.stop()
    second = start("none")
    assert "test_my_app_0123abcd_gw0" not in all_names(second.server)


def test_three_states_of_the_migrations_are_kept(
    server: Address, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", server.with_database("x_test").url)
    made = []
    for number in range(5):
        source = f"import psycopg\ndef up(url):\n    with psycopg.connect(url) as connection:\n" \
                 f"        connection.execute('CREATE TABLE t{number} ()')\n"  # fmt: skip
        (project / "schema.py").write_text(source, "utf-8")
        postgres = Postgres.plan(root=project, settings_migrations="schema:up", environ=os.environ)
        postgres.start(database_url)
        made.append(set(postgres._templates()))
        postgres.stop()
    left = all_names(server)
    assert [len(names & left) for names in made] == [0, 2, 2, 2, 2]


@pytest.fixture
def builders(server: Address) -> Iterator[list[Databases]]:
    """Two processes' views of the server; the second has another maintenance database."""
    made = [
        Databases(server.with_database(name), {}, slug="app", run=f"0000000{number}", ours=False)
        for number, name in enumerate(("postgres", "template1"))
    ]
    yield made
    for databases in made:
        databases.close()


@pytest.mark.parametrize("same", [True, False], ids=["same database", "other database"])
def test_two_builders_of_a_template_do_no_harm(
    same: bool, server: Address, builders: list[Databases]
) -> None:
    if same:
        builders[1].close()
        builders[1] = Databases(server, {}, slug="app", run="00000001", ours=False)
    barrier = threading.Barrier(2)
    failures: list[BaseException] = []

    def fill(address: Address) -> None:
        with psycopg.connect(address.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE a (b int)")

    def build(databases: Databases) -> None:
        try:
            barrier.wait()
            databases.build("test_app_template_x", "template0", fill)
            databases.clone("test_app_template_x", "clone")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=build, args=(databases,)) for databases in builders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = all_names(server)
    assert "test_app_template_x" in found
    assert not [name for name in found if name.endswith("building")]


def test_only_own_databases_are_dropped(start: Start) -> None:
    postgres = start("none")
    with pytest.raises(ValueError, match="not made by this worker"):
        postgres.drop(postgres.server)


def test_a_failed_build_leaves_nothing(start: Start, project: Path) -> None:
    (project / "schema.py").write_text("def up(url): raise ValueError", "utf-8")
    postgres = start("none")
    databases = postgres._connected()

    def fail(_: Address) -> None:
        raise ServiceUnavailableError("no")

    with pytest.raises(ServiceUnavailableError):
        databases.build("test_my_app_template_y", "template1", fail)
    assert not [name for name in all_names(postgres.server) if name.endswith(("_y", "building"))]
