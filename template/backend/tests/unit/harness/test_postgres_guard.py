"""The guard refuses before anything is connected to, and never shows a password."""

import pytest

from backend.tests.plugins.postgres.errors import RefusedError
from backend.tests.plugins.postgres.guard import ALLOW_HOST, check_environment, check_url

SECRET = "hunter2"


def url(host: str = "127.0.0.1:5432", name: str = "app_test", user: str = "me") -> str:
    return f"postgresql://{user}:{SECRET}@{host}/{name}"


def refusal(given: str) -> str:
    with pytest.raises(RefusedError) as caught:
        check_url(given)
    sentence = str(caught.value)
    assert SECRET not in sentence
    assert "`" in sentence, "the command that helps"
    return sentence


class TestDatabaseName:
    @pytest.mark.parametrize("name", ["app", "", "contest", "latest", "attestation", "testament"])
    def test_without_a_test_part_is_refused(self, name: str) -> None:
        assert "no `test` part" in refusal(url(name=name))

    @pytest.mark.parametrize(
        "name", ["test", "tests", "app_test", "test_app", "my-test", "TEST", "app.test.2", "test1"]
    )
    def test_with_a_test_part_is_accepted(self, name: str) -> None:
        check_url(url(name=name))


class TestHost:
    @pytest.mark.parametrize(
        "host",
        [
            "mydb.abc.eu-west-1.rds.amazonaws.com:5432",
            "main.postgres.database.azure.com",
            "ep-cool-1.eu-central-1.aws.neon.tech",
            "db.xyz.supabase.co",
            "prod-db.internal",
            "db.production.example.com",
            "DB.PROD.EXAMPLE.COM",
            "localhost,db-prod:5433",
            "%2Fcloudsql%2Fproject%3Aregion%3Ainstance",
        ],
    )
    def test_that_looks_like_production_is_refused(self, host: str) -> None:
        assert "looks like production" in refusal(url(host))

    def test_in_the_query_is_seen_too(self) -> None:
        given = f"postgresql:///app_test?host=db.rds.amazonaws.com&password={SECRET}"
        assert "db.rds.amazonaws.com" in refusal(given)

    @pytest.mark.parametrize("host", ["localhost", "[::1]:5432", "prodigy.local", "postgres"])
    def test_that_is_ordinary_is_accepted(self, host: str) -> None:
        check_url(url(host))

    def test_is_accepted_when_it_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(ALLOW_HOST, "other,prod-db.internal")
        check_url(url("prod-db.internal"))
        refusal(url("prod-db2.internal"))


@pytest.mark.parametrize(
    ("user", "name"), [("prod", "test"), ("app-production", "test"), ("me", "prod_test")]
)
def test_a_user_or_database_of_production_is_refused(user: str, name: str) -> None:
    assert "looks like production" in refusal(url(user=user, name=name))


@pytest.mark.parametrize("given", ["mysql://u:hunter2@h/test", "sqlite:///test.db", "test"])
def test_another_kind_of_url_is_refused(given: str) -> None:
    assert "no PostgreSQL URL" in refusal(given)


@pytest.mark.parametrize("value", ["production", "PRODUCTION", " prod "])
def test_a_production_environment_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", value)
    with pytest.raises(RefusedError, match="`unset ENVIRONMENT`"):
        check_environment()


def test_a_test_environment_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "test")
    check_environment()
