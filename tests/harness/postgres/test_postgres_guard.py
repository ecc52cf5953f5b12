"""Only a database for tests is accepted, and no refusal shows a password."""

from pathlib import Path

import pytest
from pytest_greenfield.errors import UnsafeDatabaseError
from pytest_greenfield.services.postgres import guard

SECRET = "s3#cret"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@localhost/app_test",
        "postgres://u:p@127.0.0.1:5433/test",
        "postgresql+asyncpg://u:p@db/app-test",
        "postgresql+psycopg2://u:p@postgres/tests",
        "postgresql://u:p@10.1.2.3/app_test",
        "postgresql://u:p@192.168.1.9/app_test",
        "postgresql://u:p@[::1]:5432/app_test",
        "postgresql://u:p@[fd00::1]/app_test",
        "postgresql://u:p@pg.localhost/app_test",
        "postgresql://u:p@host.docker.internal/app_test",
        "postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/app_test",
        "postgresql:///app_test?host=/tmp",
        "postgresql:///app_test",
        "host=localhost dbname=app_test user=u password=p",
        "postgresql://u:p@localhost/app_test?connect_timeout=3&keepalives=1&sslmode=disable",
        "postgresql+asyncpg://u:p@localhost/app_test?ssl=require&prepared_statement_cache_size=0",
    ],
)
def test_a_database_for_tests_is_accepted(url: str) -> None:
    address, _ = guard.resolve(url, {})
    assert "test" in address.database


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@db.example.com/app_test",
        "postgresql://u@app.abc.eu-west-1.rds.amazonaws.com/app_test",
        "postgresql://u@ec2-1-2-3-4.compute-1.amazonaws.com/app_test",
        "postgresql://u@db.prod.svc.cluster.local/app_test",
        "postgresql://u@vm.c.project.internal/app_test",
        "postgresql://u@8.8.8.8/app_test",
        "postgresql://u@134744072/app_test",
        "postgresql://u@0x08080808/app_test",
        "postgresql://u@[2001:4860:4860::8888]/app_test",
        "postgresql://u@[::ffff:8.8.8.8]/app_test",
        "postgresql://u@localhost,db.example.com/app_test",
        "postgresql://u@localhost/app_test?host=db.example.com",
        "postgresql://u@localhost/app_test?hostaddr=8.8.8.8",
        "host=localhost hostaddr=8.8.8.8 dbname=app_test",
        "postgresql://u@%2Fcloudsql%2Fproject:eu:db/app_test",
        "postgresql://u@prod-db/app_test",
        "postgresql://app_prod@localhost/app_test",
        "postgresql://u@localhost/app_live_test",
        "postgresql://u@localhost/app",
        "postgresql://u@localhost/contest",
        "postgresql://app_test@localhost",
        "postgresql://u@localhost/",
        "mysql://u@localhost/app_test",
        "sqlite:///app_test",
        "localhost/app_test",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    if url == "postgresql://app_test@localhost":  # the database has the user's name
        assert guard.resolve(url, {})[0].database == "app_test"
        return
    with pytest.raises(UnsafeDatabaseError):
        guard.resolve(url, {})


@pytest.mark.parametrize(
    "variables",
    [
        {"PGHOST": "db.example.com"},
        {"PGHOSTADDR": "8.8.8.8"},
        {"PGUSER": "app_prod"},
        {"PGSERVICE": "remote"},
    ],
)
def test_what_the_variables_of_libpq_add_is_judged(
    variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "services").write_text("[remote]\nhost=db.example.com\n", "utf-8")
    environ = {"PGSERVICEFILE": str(tmp_path / "services"), **variables}
    with pytest.raises(UnsafeDatabaseError):
        guard.resolve("postgresql:///app_test", environ)


def test_a_service_in_the_url_is_judged(tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.write_text(
        "[remote]\nhost=db.example.com\n[here]\nhost=localhost\nport=5544\nuser=me\n"
        "dbname=my_test\nsslmode=require\n",
        "utf-8",
    )
    environ = {"PGSERVICEFILE": str(services)}
    with pytest.raises(UnsafeDatabaseError, match="hosted"):
        guard.resolve("postgresql:///app_test?service=remote", environ)
    with pytest.raises(UnsafeDatabaseError, match="service"):
        guard.resolve("postgresql:///app_test?service=unknown", environ)
    address, libpq = guard.resolve("service=here", environ)
    assert str(address) == "localhost:5544/my_test"
    assert libpq == {"PGSSLMODE": "require"}


def test_variables_complete_the_address_and_do_not_remain() -> None:
    environ = {"PGHOST": "db", "PGPORT": "5999", "PGUSER": "me", "PGPASSWORD": "pw",
               "PGSSLMODE": "require", "PGTARGETSESSIONATTRS": "any"}  # fmt: skip
    address, libpq = guard.resolve("postgresql:///app_test", environ)
    assert address.url == "postgresql://me:pw@db:5999/app_test"
    assert libpq == {"PGSSLMODE": "require"}
    address, _ = guard.resolve("postgresql:///", {"PGDATABASE": "other_test", "PGHOST": "db"})
    assert address.database == "other_test"


def test_options_go_where_they_are_understood() -> None:
    url = "postgresql+asyncpg://u@h/x_test?ssl=require&statement_cache_size=0&connect_timeout=3"
    address, libpq = guard.resolve(url, {})
    assert address.url == "postgresql://u@h:5432/x_test?statement_cache_size=0"
    assert libpq == {"PGSSLMODE": "require", "PGCONNECT_TIMEOUT": "3"}


def test_a_host_can_be_allowed_by_name() -> None:
    environ = {"TEST_DATABASE_ALLOW_HOST": "other, Db.Example.com"}
    url = "postgresql://app_prod@db.example.com/app_test"
    assert guard.resolve(url, environ)[0].host == "db.example.com"
    with pytest.raises(UnsafeDatabaseError, match="no `test` part"):
        guard.resolve("postgresql://u@db.example.com/app", environ)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}@db.example.com/app_test",
        f"postgresql://u:{SECRET}@localhost/app",
        f"postgresql://u:{SECRET}@localhost:port/app_test",
        "postgresql://u:s3/cret@localhost/app_test",
        "postgresql://u:5/s3#cret@localhost/app",
        "postgresql://u:5/s3#cret@localhost/app_test",
        f"postgresql://us@er:{SECRET}@localhost/app_test",
        f"postgresql://u:{SECRET}@[localhost/app_test",
        f"postgresql://u:{SECRET}%zz@localhost/app_test",
        f"mysql://u:{SECRET}@localhost/app_test",
        f"u:{SECRET}@localhost/app_test",
        f"host=db.example.com password={SECRET} dbname=app_test",
        f"host=h password=a {SECRET} dbname=app_test",
        f"postgresql://u@db.example.com/app_test?password={SECRET.replace('#', '%23')}",
        f"postgresql://u@db.example.com/app_test?sslpassword={SECRET}",
        f"postgresql://u@localhost/app?sslpassword={SECRET}&nonsense=1",
        f"postgresql://u@h/{SECRET}@localhost",
    ],
)
def test_no_refusal_shows_a_password(url: str) -> None:
    with pytest.raises(UnsafeDatabaseError) as refused:
        guard.resolve(url, {})
    for part in (SECRET, "s3", "cret"):
        assert part not in str(refused.value)


@pytest.mark.parametrize("name", ["ENVIRONMENT", "environment", "APP_ENV", "Env"])
@pytest.mark.parametrize("value", ["prod", "PRD", "Production", "live", "staging", "prod-eu"])
def test_a_production_environment_is_refused(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeDatabaseError, match=f"{name.upper()}=test"):
        guard.check_environment(tmp_path, {name: value})


@pytest.mark.parametrize("value", ["test", "development", "local", "ci", "", "delivery"])
def test_any_other_environment_is_accepted(value: str, tmp_path: Path) -> None:
    guard.check_environment(tmp_path, {"ENVIRONMENT": value})


def test_the_projects_env_file_counts_unless_the_variable_is_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('A=1\r\nexport environment="production" # x\r\n', "utf-8")
    with pytest.raises(UnsafeDatabaseError, match=r"\.env"):
        guard.check_environment(tmp_path, {})
    guard.check_environment(tmp_path, {"ENVIRONMENT": "test"})
