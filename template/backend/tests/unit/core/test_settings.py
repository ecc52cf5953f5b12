"""Settings: what is read from where, and what production refuses."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from backend.core.settings import (
    RANDOM_VALUE_COMMAND,
    AppSettings,
    Settings,
    SettingsRegistry,
    is_placeholder,
    load_settings,
    reset_settings_cache,
)

GOOD_KEY = "nR3vVq0mYk1cXw8sT5bJ7hLz2pDf9gAeUoIxCrMt"
GOOD_URL = f"postgresql+asyncpg://app:{GOOD_KEY}@db.example.org/app"


class MailSettings(AppSettings):
    """A feature's settings, as a feature would declare them."""

    mail_password: SecretStr = SecretStr("change-me")
    mail_signing_key: SecretStr = SecretStr("change-me-too")
    mail_token: SecretStr | None = None


class PeerSettings(AppSettings):
    """Where another service is, as a feature would declare it."""

    peer_url: str


class TestReading:
    def test_a_variable_beats_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_POOL_SIZE", "42")
        assert Settings().database_pool_size == 42

    def test_a_given_value_beats_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_POOL_SIZE", "42")
        assert Settings(database_pool_size=7).database_pool_size == 7

    def test_a_list_is_written_as_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CORS_ORIGINS", '["https://a.example", "https://b.example"]')
        assert Settings().cors_origins == ("https://a.example", "https://b.example")

    def test_the_env_file_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".env").write_text("SERVICE_NAME=from-the-file\nSOMETHING_ELSE=1\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("ENVIRONMENT")
        assert Settings().service_name == "from-the-file"

    def test_the_env_file_is_not_read_by_tests(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".env").write_text("SERVICE_NAME=from-the-file\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("ENVIRONMENT", "test")
        assert Settings().service_name != "from-the-file"

    def test_settings_never_change(self) -> None:
        settings = Settings()
        with pytest.raises(ValidationError, match="frozen"):
            settings.service_name = "other"  # type: ignore[misc]  # what the test is about

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DATABASE_POOL_SIZE", "0"),
            ("DATABASE_POOL_TIMEOUT", "0"),
            ("ENVIRONMENT", "prod"),
            ("LOG_LEVEL", "LOUD"),
            ("MAX_REQUEST_BYTES", "0"),
        ],
    )
    def test_a_value_that_makes_no_sense_is_refused(
        self, name: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(ValidationError, match=name.lower()):
            Settings()


class TestDatabaseUrl:
    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
    def test_every_usual_scheme_becomes_asyncpgs(self, scheme: str) -> None:
        settings = Settings(database_url=f"{scheme}://u:p%40ss@h:5433/name")
        assert settings.database_url == "postgresql+asyncpg://u:p%40ss@h:5433/name"

    @pytest.mark.parametrize("url", ["", "not a url", "mysql://u@h/name", "postgresql://u@h"])
    def test_anything_else_is_refused_with_the_right_form(self, url: str) -> None:
        with pytest.raises(ValidationError, match=r"must .*postgresql\+asyncpg://user:password@"):
            Settings(database_url=url)

    def test_the_password_is_in_no_repr(self) -> None:
        assert GOOD_KEY not in repr(Settings(database_url=GOOD_URL))

    def test_the_password_is_in_no_refusal(self) -> None:
        with pytest.raises(ValidationError) as refusal:
            Settings(database_url="mysql://app:q8Zr@h/app")
        assert "q8Zr" not in str(refusal.value)


class TestProduction:
    def test_good_secrets_are_accepted(self) -> None:
        assert Settings(environment="production", database_url=GOOD_URL).is_production

    def test_a_database_without_a_password_is_accepted(self) -> None:
        Settings(environment="production", database_url="postgresql://app@db.example.org/app")

    @pytest.mark.parametrize("password", ["postgres", "change-me", "Password", "secret"])
    def test_a_database_with_a_placeholder_is_refused(self, password: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            Settings(environment="production", database_url=f"postgresql://app:{password}@h/app")
        assert "DATABASE_URL holds a placeholder" in str(refusal.value)
        assert RANDOM_VALUE_COMMAND in str(refusal.value)

    def test_the_default_database_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DATABASE_URL")
        with pytest.raises(ValidationError, match="DATABASE_URL holds a placeholder"):
            Settings(environment="production")

    def test_every_placeholder_is_named_with_the_command_that_helps(self) -> None:
        with pytest.raises(ValidationError) as refusal:
            MailSettings(environment="production")
        text = str(refusal.value)
        assert "MAIL_PASSWORD holds a placeholder" in text
        assert "MAIL_SIGNING_KEY holds a placeholder" in text
        assert text.count(RANDOM_VALUE_COMMAND) == 2

    def test_a_short_key_is_refused_and_not_repeated(self) -> None:
        with pytest.raises(ValidationError) as refusal:
            MailSettings(
                environment="production",
                mail_password=SecretStr("q8Zr"),
                mail_signing_key=SecretStr(GOOD_KEY[:31]),
            )
        assert "MAIL_SIGNING_KEY is shorter than 32 characters" in str(refusal.value)
        assert "MAIL_PASSWORD" not in str(refusal.value)
        assert GOOD_KEY[:31] not in str(refusal.value)

    @pytest.mark.parametrize("key", ["a" * 40, "abc" * 20, "1234567" * 6])
    def test_a_key_of_few_characters_is_refused(self, key: str) -> None:
        with pytest.raises(ValidationError, match="MAIL_SIGNING_KEY repeats a few characters"):
            MailSettings(
                environment="production",
                mail_password=SecretStr("q8Zr"),
                mail_signing_key=SecretStr(key),
            )

    @pytest.mark.parametrize("url", ["http://pay.example.org", "http://10.0.0.1:8081/x"])
    def test_a_service_over_plain_http_is_refused(self, url: str) -> None:
        with pytest.raises(ValidationError, match="PEER_URL must begin with https://"):
            PeerSettings(environment="production", peer_url=url)

    @pytest.mark.parametrize("url", ["https://pay.example.org", "http://127.0.0.1:8081"])
    def test_https_and_this_machine_are_accepted(self, url: str) -> None:
        PeerSettings(environment="production", peer_url=url)

    def test_a_log_of_every_statement_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="DATABASE_ECHO must be off"):
            Settings(environment="production", database_url=GOOD_URL, database_echo=True)

    def test_placeholders_are_fine_elsewhere(self) -> None:
        assert MailSettings(environment="development").mail_token is None

    def test_any_origin_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="CORS_ORIGINS must name origins"):
            Settings(environment="production", database_url=GOOD_URL, cors_origins=("*",))

    def test_docs_are_off(self) -> None:
        assert not Settings(environment="production", database_url=GOOD_URL).docs_enabled
        assert Settings(environment="development").docs_enabled


class TestIsPlaceholder:
    @pytest.mark.parametrize("word", ["", " ", "changeme", "Change-Me-please", "CHANGE_ME", "test"])
    def test_words_that_stand_for_a_secret(self, word: str) -> None:
        assert is_placeholder(word)

    @pytest.mark.parametrize("secret", [GOOD_KEY, "q8Zr", "my-secret-is-long"])
    def test_real_secrets(self, secret: str) -> None:
        assert not is_placeholder(secret)


class TestLoading:
    def test_the_environment_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first = load_settings(Settings)
        monkeypatch.setenv("SERVICE_NAME", "renamed")
        assert load_settings(Settings) is first

    def test_after_a_reset_it_is_read_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        load_settings(Settings)
        monkeypatch.setenv("SERVICE_NAME", "renamed")
        reset_settings_cache()
        assert load_settings(Settings).service_name == "renamed"

    def test_classes_are_kept_apart(self) -> None:
        assert isinstance(load_settings(MailSettings), MailSettings)
        assert isinstance(load_settings(Settings), Settings)


class TestSettingsBook:
    def test_a_given_instance_is_used(self) -> None:
        given = Settings(service_name="given")
        assert SettingsRegistry(given).get(Settings) is given

    def test_what_was_not_given_comes_from_the_environment(self) -> None:
        book = SettingsRegistry(Settings(service_name="given"))
        assert book.get(MailSettings) is load_settings(MailSettings)


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        (Settings(environment="test"), 0),
        (Settings(environment="test", jobs_interval=3), 3),
        (Settings(environment="development"), 10),
        (Settings(environment="development", jobs_interval=0), 0),
    ],
    ids=["off under test", "unless it was set", "on elsewhere", "unless switched off"],
)
def test_jobs_run_by_themselves_except_under_test(settings: Settings, seconds: float) -> None:
    assert settings.seconds_between_jobs == seconds
