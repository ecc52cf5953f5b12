"""`query_log` counts the SQL of a test, limits it, and shows it when the test fails."""

from tests.harness.conftest import RunSuite

TESTS = """
    import pytest
    from sqlalchemy import create_engine, text

    @pytest.fixture
    def connection():
        engine = create_engine("sqlite://")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def test_counts(query_log, connection):
        connection.execute(text("SELECT 1"))
        connection.execute(text("SELECT 2"))
        assert query_log.count == 2
        assert str(query_log) == "SELECT 1\\nSELECT 2"
        query_log.clear()
        with query_log.at_most(1):
            connection.execute(text("SELECT 3"))

    def test_too_many(query_log, connection):
        with query_log.at_most(1):
            connection.execute(text("SELECT :number"), {"number": 4})
            connection.execute(text("SELECT 5"))

    def test_fails(query_log, connection):
        connection.execute(text("SELECT :number"), {"number": 6})
        assert False
"""


def test_statements_are_counted_limited_and_shown(run: RunSuite) -> None:
    result = run({"tests/unit/test_sql.py": TESTS}, settings='greenfield_levels = ["unit=5"]')
    assert result.passed == {"test_counts"}, result.output
    assert "2 statements, at most 1 expected:\n  1. SELECT ?" in result.messages["test_too_many"]
    assert "SQL 1: SELECT ?\n    (6,)" in result.output
