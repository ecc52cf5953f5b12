"""Sources of settings, and values that production rejects."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from backend.core.settings import (
    RANDOM_VALUE_COMMAND,
    AppSettings,
    Settings,
    SettingsRegistry,
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
    def test_tests_do_not_read_the_env_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / ".env"
        file.write_text("SERVICE_NAME=from-the-file\nSOMETHING_ELSE=1\n")
        monkeypatch.chdir(tmp_path)
        assert Settings().service_name != "from-the-file"
        assert Settings(_env_file=file).service_name == "from-the-file"

    def test_they_are_read_once_until_a_reset(self, monkeypatch: pytest.MonkeyPatch) -> None:
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
    def test_every_usual_scheme_becomes_asyncpg(self, scheme: str) -> None:
        settings = Settings(database_url=f"{scheme}://u:p%40ss@h:5433/name")
        assert settings.database_url == "postgresql+asyncpg://u:p%40ss@h:5433/name"
        assert "p%40ss" not in repr(settings)

    @pytest.mark.parametrize("url", ["", "not a url", "mysql://a:q8Zr@h/b", "postgresql://u@h"])
    def test_anything_else_is_refused_with_the_right_form(self, url: str) -> None:
        form = r"must look like postgresql\+asyncpg://user:password@"
        with pytest.raises(ValidationError, match=form) as refusal:
            Settings(database_url=url)
        assert "q8Zr" not in str(refusal.value)


class TestProduction:
    @pytest.mark.parametrize("url", [GOOD_URL, "postgresql://app@db.example.org/app"])
    def test_good_settings_are_accepted(self, url: str) -> None:
        assert Settings(environment="production", database_url=url).is_production
        assert MailSettings(environment="production", mail_url="http://127.0.0.1:8081")

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"database_url": "postgresql://app:Postgres@h/app"}, "DATABASE_URL holds"),
            ({"database_echo": True}, "DATABASE_ECHO must be off"),
            ({"cors_origins": ("*",)}, "CORS_ORIGINS must name origins"),
        ],
    )
    def test_weak_ones_are_refused(self, given: dict[str, object], sentence: str) -> None:
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
    def test_so_are_those_of_a_domain_without_being_repeated(
        self, given: dict[str, object], sentence: str
    ) -> None:
        with pytest.raises(ValidationError, match=sentence) as refusal:
            MailSettings.model_validate({"environment": "production"} | given)
        assert (RANDOM_VALUE_COMMAND in str(refusal.value)) == ("mail_url" not in given)
        assert GOOD_KEY[:31] not in str(refusal.value)
        assert MailSettings.model_validate({"environment": "development"} | given)
