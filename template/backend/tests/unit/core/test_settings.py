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
    """A domain's settings, as a domain would declare them."""

    mail_password: SecretStr = SecretStr(GOOD_KEY)
    mail_key: SecretStr = SecretStr(GOOD_KEY)
    mail_url: str = "https://mail.example.org"


class TestReading:
    def test_a_given_value_beats_the_variable_which_beats_the_default(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_POOL_SIZE", "42")
        assert Settings().database_pool_size == 42
        assert Settings(database_pool_size=7).database_pool_size == 7

    def test_a_list_is_written_as_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CORS_ORIGINS", '["https://a.example", "https://b.example"]')
        assert Settings().cors_origins == ("https://a.example", "https://b.example")

    def test_the_env_file_is_not_read_by_tests(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / ".env"
        file.write_text("SERVICE_NAME=from-the-file\nSOMETHING_ELSE=1\n")
        monkeypatch.chdir(tmp_path)
        assert Settings().service_name == "backend"
        assert Settings(_env_file=file).service_name == "from-the-file"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("DATABASE_POOL_SIZE", "0"), ("ENVIRONMENT", "prod"), ("LOG_LEVEL", "LOUD")],
    )
    def test_a_value_that_makes_no_sense_is_refused(
        self, name: str, value: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(ValidationError, match=name.lower()):
            Settings()

    def test_once_and_after_a_reset_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first = load_settings(Settings)
        monkeypatch.setenv("SERVICE_NAME", "renamed")
        assert load_settings(Settings) is first
        reset_settings_cache()
        assert load_settings(Settings).service_name == "renamed"

    def test_an_instance_that_was_provided_comes_first(self) -> None:
        provided = Settings(service_name="provided")
        registry = SettingsRegistry(provided)
        assert registry.get(Settings) is provided
        assert registry.get(MailSettings) is load_settings(MailSettings)


class TestDatabaseUrl:
    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
    def test_every_usual_scheme_becomes_asyncpgs(self, scheme: str) -> None:
        settings = Settings(database_url=f"{scheme}://u:p%40ss@h:5433/name")
        assert settings.database_url == "postgresql+asyncpg://u:p%40ss@h:5433/name"

    @pytest.mark.parametrize("url", ["", "not a url", "mysql://a:q8Zr@h/b", "postgresql://u@h"])
    def test_anything_else_is_refused_with_the_right_form(self, url: str) -> None:
        form = r"must .*postgresql\+asyncpg://user:password@"
        with pytest.raises(ValidationError, match=form) as refusal:
            Settings(database_url=url)
        assert "q8Zr" not in str(refusal.value)

    def test_the_password_is_in_no_repr(self) -> None:
        assert GOOD_KEY not in repr(Settings(database_url=GOOD_URL))


class TestProduction:
    def test_good_settings_are_accepted(self) -> None:
        for url in (GOOD_URL, "postgresql://app@db.example.org/app"):
            settings = Settings(environment="production", database_url=url)
            assert settings.is_production
            assert not settings.docs_enabled

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"database_url": "postgresql://app:change-me@h/app"}, "DATABASE_URL holds"),
            ({"database_echo": True}, "DATABASE_ECHO must be off"),
            ({"cors_origins": ("*",)}, "CORS_ORIGINS must name origins"),
        ],
    )
    def test_weak_settings_are_refused(self, given: dict[str, object], sentence: str) -> None:
        with pytest.raises(ValidationError, match=sentence):
            Settings.model_validate({"environment": "production", "database_url": GOOD_URL} | given)

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"mail_password": "change-me"}, "MAIL_PASSWORD holds a placeholder"),
            ({"mail_key": GOOD_KEY[:31]}, "MAIL_KEY is shorter than 32 characters"),
            ({"mail_key": "1234567" * 6}, "MAIL_KEY repeats a few characters"),
            ({"mail_url": "http://10.0.0.1/x"}, "MAIL_URL must begin with https://"),
        ],
    )
    def test_so_are_those_of_a_domain_and_nothing_is_repeated(
        self, given: dict[str, object], sentence: str
    ) -> None:
        with pytest.raises(ValidationError) as refusal:
            MailSettings.model_validate({"environment": "production"} | given)
        text = str(refusal.value)
        assert sentence in text
        assert (RANDOM_VALUE_COMMAND in text) == ("mail_url" not in given)
        assert GOOD_KEY[:31] not in text
        assert MailSettings.model_validate({"environment": "development"} | given)

    def test_this_machine_may_be_spoken_to_without_encryption(self) -> None:
        assert MailSettings(environment="production", mail_url="http://127.0.0.1:8081")


@pytest.mark.parametrize("word", ["", " ", "changeme", "Change-Me-please", "CHANGE_ME", "Postgres"])
def test_words_that_stand_for_a_secret(word: str) -> None:
    assert is_placeholder(word)
    assert not is_placeholder(f"my-{word}-is-long")
