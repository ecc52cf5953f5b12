"""Rows that fixtures of a wider scope write belong to what tests start from, while they live."""

import pytest

from tests.harness.conftest import RunSuite
from tests.harness.test_isolation import SCHEMA

SETTINGS = 'greenfield_migrations = "schema:migrate"\npythonpath = ["."]\n'
CONFTEST = """
    import os
    import psycopg

    def execute(sql):
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            cursor = connection.execute(sql)
            return [row[0] for row in cursor] if cursor.description else None

    def add(name):
        execute(f"INSERT INTO account (name) VALUES ('{name}')")

    def names():
        return execute("SELECT name FROM account WHERE id > 1 ORDER BY id")
"""
FIXTURES = """
    import pytest
    from tests.conftest import add, execute, names

    @pytest.fixture(scope="session")
    def admin():
        add("admin")
        yield "admin"

    @pytest.fixture(scope="module", params=["red", "blue"])
    def colour(request, admin):
        add(request.param)
        yield request.param

    @pytest.fixture(scope="class")
    def cleaning():
        add("cleaned")
        yield
        execute("DELETE FROM account WHERE name = 'cleaned'")

    @pytest.fixture(scope="module")
    def renamed():
        execute("UPDATE account SET name = 'renamed' WHERE id = 1")
        yield

    @pytest.fixture(scope="module")
    def failing():
        add("of a failed fixture")
        raise RuntimeError("on purpose")
"""
NESTED = (
    FIXTURES
    + """
    @pytest.mark.parametrize("again", range(3))
    def test_inside(colour, again):
        assert names() == ["admin", colour]
        add("of the test")
        execute("DELETE FROM account WHERE name = 'admin'")

    class TestClass:
        @pytest.mark.parametrize("again", range(2))
        def test_of_the_class(self, cleaning, again):
            assert "cleaned" in names()
            execute("DELETE FROM account")

    def test_without():
        assert set(names()) <= {"admin", "red", "blue"}
        add("of the test")
"""
)
MIDDLE = (
    FIXTURES
    + """
    def test_1_asks_when_it_has_written(request):
        add("of the test")
        execute("UPDATE account SET tenant = 2 WHERE id = 1")
        request.getfixturevalue("admin")
        assert names() == ["of the test", "admin"]

    def test_2_has_the_row_of_the_fixture_alone(admin):
        assert names() == ["admin"]
        assert execute("SELECT tenant FROM account WHERE id = 1") == [1]

    def test_3_fails_in_its_fixture(failing):
        pass

    def test_4_has_nothing_of_the_failed_fixture():
        assert names() == ["admin"]

    def test_5_changes_the_schema():
        execute("ALTER TABLE account ADD COLUMN more int")

    def test_6_has_the_rows_in_a_fresh_database(admin):
        assert names() == ["admin"]
        add("of the test")

    def test_7_a_row_of_the_migration_is_changed(renamed):
        assert execute("SELECT name FROM account WHERE id = 1") == ["renamed"]
        execute("UPDATE account SET name = 'by the test' WHERE id = 1")

    def test_8_and_still_changed(renamed):
        assert execute("SELECT name FROM account WHERE id = 1") == ["renamed"]
"""
)
AFTER = """
    from tests.conftest import execute, names

    def test_the_module_s_rows_are_gone():
        assert execute("SELECT name FROM account WHERE id = 1") == ["of the migration"]
        assert set(names()) <= {"admin"}
"""
TABLES = """
    import pytest
    from tests.conftest import execute

    @pytest.fixture(scope="session", autouse=True)
    def tables():
        execute("CREATE TABLE made (id serial PRIMARY KEY, name text)")
        execute("INSERT INTO made (name) VALUES ('kept')")
        yield
        execute("DROP TABLE made")

    @pytest.mark.parametrize("again", range(3))
    def test_it(again):
        assert execute("SELECT name FROM made") == ["kept"]
        execute("INSERT INTO made (name) VALUES ('more')")
        assert execute("SELECT max(id) FROM made") == [2]
"""

IDS = """
    import pytest
    from tests.conftest import execute

    @pytest.fixture(scope="session")
    def quiet():
        return "writes nothing"

    @pytest.mark.parametrize("again", range(2))
    def test_ids_start_anew(request, again):
        added = execute("INSERT INTO account (name) VALUES ('of the test') RETURNING id")
        request.getfixturevalue("quiet")
        assert added == [2]
"""

DDL = """
    import pytest
    from tests.conftest import execute

    @pytest.fixture
    def made():
        execute("CREATE TABLE made (id serial PRIMARY KEY)")
        yield
        execute("DROP TABLE made")

    @pytest.fixture(scope="session")
    def quiet():
        return "writes nothing"

    @pytest.mark.parametrize("again", range(3))
    def test_it(made, again, request):
        request.getfixturevalue("quiet")
        assert execute("INSERT INTO made DEFAULT VALUES RETURNING id") == [1]
"""


@pytest.fixture
def files() -> dict[str, str]:
    """Two modules, of which the second runs after the first one's fixtures are torn down."""
    return {"schema.py": SCHEMA, "tests/conftest.py": CONFTEST}


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["serial", "two-workers"])
def test_nested_and_parametrised(
    run: RunSuite, files: dict[str, str], options: tuple[str, ...]
) -> None:
    modules = {"tests/integration/test_nested.py": NESTED, "tests/integration/test_other.py": AFTER}

    result = run(files | modules, *options, settings=SETTINGS)

    assert set(result.outcomes.values()) == {"passed"}, result.output
    assert len(result.outcomes) == 10


def test_in_the_middle_of_a_test_failing_and_with_a_fresh_database(
    run: RunSuite, files: dict[str, str]
) -> None:
    modules = {"tests/integration/test_a.py": MIDDLE, "tests/integration/test_b.py": AFTER}

    result = run(files | modules, "--randomly-dont-reorganize", settings=SETTINGS)

    failed = {name for name, outcome in result.outcomes.items() if outcome != "passed"}
    assert failed == {"test_3_fails_in_its_fixture"}, result.output
    assert "on purpose" in result.messages["test_3_fails_in_its_fixture"]


@pytest.mark.parametrize("migrations", ["schema:migrate", "none"])
def test_tables_that_a_fixture_makes(run: RunSuite, files: dict[str, str], migrations: str) -> None:
    settings = f'greenfield_migrations = "{migrations}"\npythonpath = ["."]\n'

    result = run(files | {"tests/integration/test_a.py": TABLES}, settings=settings)

    assert set(result.outcomes.values()) == {"passed"}, result.output


def test_a_fixture_in_the_middle_takes_over_no_sequence_of_the_test(
    run: RunSuite, files: dict[str, str]
) -> None:
    result = run(files | {"tests/integration/test_ids.py": IDS}, settings=SETTINGS)

    assert set(result.outcomes.values()) == {"passed"}, result.output


def test_a_fixture_in_the_middle_takes_over_no_table_of_the_test(
    run: RunSuite, files: dict[str, str]
) -> None:
    result = run(files | {"tests/integration/test_ddl.py": DDL}, settings=SETTINGS)

    assert set(result.outcomes.values()) == {"passed"}, result.output
