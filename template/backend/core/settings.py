"""Settings: read from the environment (and `.env`), checked once, never changed."""

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

RANDOM_VALUE_COMMAND = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
"""The command that every refusal names: it prints a value that is good for any secret."""

MIN_KEY_LENGTH = 32
"""Characters that a signing or encryption key (a field named `*_key`) must have in production."""

_PLACEHOLDERS = frozenset(
    {"", "admin", "changeme", "default", "dev", "example", "password", "postgres", "secret", "test"}
)


class AppSettings(BaseSettings):
    """Base of every settings class; a feature declares its own subclass beside its code.

    A field `some_name` is read from the variable `SOME_NAME`. In production, secrets that hold
    a placeholder are refused, so that a copied `.env.example` never reaches the world.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",  # several settings classes read the same `.env`
        frozen=True,
        hide_input_in_errors=True,  # a refused secret must not be printed by its refusal
    )

    environment: Literal["development", "test", "production"] = "development"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given, the environment and `.env`, in this order."""
        if os.environ.get("ENVIRONMENT") == "test":
            return init_settings, env_settings  # a test's result must not hang on someone's `.env`
        return init_settings, env_settings, dotenv_settings

    @property
    def is_production(self) -> bool:
        """Whether the application serves real users."""
        return self.environment == "production"

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        if self.is_production:
            problems = [
                f"{name.upper()} {problem}. Make a value with: {RANDOM_VALUE_COMMAND}"
                for name in type(self).model_fields
                if (problem := self._weakness(name))
            ]
            if problems:
                raise ValueError("\n".join(problems))
        return self

    def _weakness(self, name: str) -> str | None:
        """Say what is wrong with the secret in a field, or None."""
        value = getattr(self, name)
        if not isinstance(value, SecretStr):
            return None
        secret = value.get_secret_value()
        if is_placeholder(secret):
            return "holds a placeholder"
        if name.endswith("_key") and len(secret) < MIN_KEY_LENGTH:
            return f"is shorter than {MIN_KEY_LENGTH} characters"
        if name.endswith("_key") and len(set(secret)) < MIN_KEY_LENGTH // 4:
            return "repeats a few characters"
        return None

    @model_validator(mode="after")
    def _refuse_plain_http(self) -> Self:
        if self.is_production:
            for name in type(self).model_fields:
                value = str(getattr(self, name)) if name.endswith("_url") else ""
                host = urlsplit(value).hostname
                if value.startswith("http://") and host not in {"127.0.0.1", "::1", "localhost"}:
                    raise ValueError(f"{name.upper()} must begin with https:// in production")
        return self


def is_placeholder(secret: str) -> bool:
    """Tell whether a secret is a word that stands where a secret should be."""
    word = secret.strip().lower().replace("-", "").replace("_", "")
    return word in _PLACEHOLDERS or word.startswith("changeme")


def _asyncpg_url(url: str) -> str:
    """Accept the URL in the forms that hosting services hand out; make it asyncpg's."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError("must look like postgresql+asyncpg://user:password@host/name") from error
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise ValueError("must name PostgreSQL: postgresql+asyncpg://user:password@host/name")
    if not parsed.database:
        raise ValueError("must name a database: postgresql+asyncpg://user:password@host/name")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


@cache
def read_project_name() -> str:
    """Return the project's name from its `pyproject.toml`, which the image has as well."""
    path = Path(__file__).parents[2] / "pyproject.toml"
    name: str = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]
    return name


class Settings(AppSettings):
    """The settings that every variant of the application has."""

    service_name: str = Field(default_factory=read_project_name)
    # Holds a password: kept out of every repr.
    database_url: Annotated[str, AfterValidator(_asyncpg_url), Field(repr=False)] = (
        "postgresql+asyncpg://postgres:postgres@127.0.0.1:5432/app"
    )
    database_pool_size: int = Field(default=5, ge=1)
    database_max_overflow: int = Field(default=10, ge=0)
    database_pool_timeout: float = Field(default=10.0, gt=0, description="Seconds.")
    database_statement_timeout: float = Field(default=30.0, ge=0, description="Seconds; 0: none.")
    database_lock_timeout: float = Field(default=5.0, ge=0, description="Seconds; 0: none.")
    database_echo: bool = False
    readiness_timeout: float = Field(default=2.0, gt=0, description="Seconds.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"
    cors_origins: tuple[str, ...] = ()
    max_request_bytes: int = Field(default=1024 * 1024, ge=1)
    jobs_interval: float = Field(default=10.0, ge=0, description="Seconds; 0 is never.")

    @property
    def docs_enabled(self) -> bool:
        """Whether `/docs` and `/openapi.json` are served."""
        return not self.is_production

    @property
    def seconds_between_jobs(self) -> float:
        """Seconds between two rounds of background jobs; 0 is never, as under test unless set."""
        if self.environment == "test" and "jobs_interval" not in self.model_fields_set:
            return 0.0
        return self.jobs_interval

    @model_validator(mode="after")
    def _refuse_weak_database_password(self) -> Self:
        password = make_url(self.database_url).password
        # No password at all is fine: a socket, a certificate or a cloud identity may do the work.
        if self.is_production and password is not None and is_placeholder(str(password)):
            raise ValueError(
                "DATABASE_URL holds a placeholder as its password. "
                f"Give the database's user a password made with: {RANDOM_VALUE_COMMAND}"
            )
        return self

    @model_validator(mode="after")
    def _refuse_echo(self) -> Self:
        if self.is_production and self.database_echo:
            raise ValueError("DATABASE_ECHO must be off in production: it logs every statement")
        return self

    @model_validator(mode="after")
    def _refuse_any_origin(self) -> Self:
        if self.is_production and "*" in self.cors_origins:
            raise ValueError('CORS_ORIGINS must name origins, such as ["https://app.example.org"]')
        return self


S = TypeVar("S", bound=AppSettings)


@cache
def _load(kind: type[AppSettings]) -> AppSettings:
    return kind()


def load_settings(kind: type[S]) -> S:
    """Read the settings of one class from the environment, once per process.

    Raises:
        pydantic.ValidationError: A value is missing, wrong, or a placeholder in production.
    """
    return cast("S", _load(kind))


def reset_settings_cache() -> None:
    """Forget what was read, so that the next `load_settings` sees the environment as it is."""
    _load.cache_clear()


class SettingsRegistry:
    """The settings of one application: those provided, else what the environment said first."""

    def __init__(self, *provided: AppSettings) -> None:
        self._settings = {type(settings): settings for settings in provided}

    def get(self, kind: type[S]) -> S:
        """Return the settings of a class: the provided instance, else the environment's."""
        if kind not in self._settings:
            self._settings[kind] = load_settings(kind)
        return cast("S", self._settings[kind])
