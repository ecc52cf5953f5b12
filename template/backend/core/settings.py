"""Settings: read from the environment (and `.env`), checked once, never changed."""

import os
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

RANDOM_VALUE_COMMAND = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
MIN_KEY_LENGTH = 32
_PLACEHOLDERS = frozenset(
    {"", "admin", "changeme", "default", "dev", "example", "password", "postgres", "secret", "test"}
)


class AppSettings(BaseSettings):
    """Base of every settings class; a domain declares its own subclass beside its code.

    A field `some_name` is read from the variable `SOME_NAME`. In production, secrets that hold
    a placeholder are refused, so that a copied `.env.example` is never deployed.
    """

    model_config = SettingsConfigDict(
        # A test's result must not depend on someone's `.env`.
        env_file=None if os.environ.get("ENVIRONMENT") == "test" else ".env",
        env_file_encoding="utf-8",
        extra="ignore",  # several settings classes read the same `.env`
        frozen=True,
        hide_input_in_errors=True,  # a refused secret must not be printed by its refusal
    )

    environment: Literal["development", "test", "production"] = "development"

    @property
    def is_production(self) -> bool:
        """Whether the application serves real users."""
        return self.environment == "production"

    def find_weaknesses(self) -> Iterator[str]:
        """Yield a message for each setting that is unsafe in production."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                is_key = name.endswith("_key")
                if problem := _find_weakness(value.get_secret_value(), is_key=is_key):
                    yield f"{name.upper()} {problem}. Make a value with: {RANDOM_VALUE_COMMAND}"
            elif name.endswith("_url") and _is_unprotected(str(value)):
                yield f"{name.upper()} must begin with https:// in production"

    @model_validator(mode="after")
    def _refuse_weaknesses(self) -> Self:
        if self.is_production and (weaknesses := list(self.find_weaknesses())):
            raise ValueError("\n".join(weaknesses))
        return self


def _find_weakness(secret: str, *, is_key: bool) -> str | None:
    if is_placeholder(secret):
        return "holds a placeholder"
    if is_key and len(secret) < MIN_KEY_LENGTH:
        return f"is shorter than {MIN_KEY_LENGTH} characters"
    return "repeats a few characters" if is_key and len(set(secret)) < 8 else None


def find_weak_password(variable: str, password: str | None, user: str) -> Iterator[str]:
    """Yield a sentence when a URL's password is a placeholder; a socket or certificate has none."""
    if password is not None and is_placeholder(password):
        advice = f"Give {user} a password made with: {RANDOM_VALUE_COMMAND}"
        yield f"{variable} holds a placeholder as its password. {advice}"


def is_placeholder(secret: str) -> bool:
    """Tell whether a secret is a word that stands where a secret should be."""
    word = secret.strip().lower().replace("-", "").replace("_", "")
    return word in _PLACEHOLDERS or word.startswith("changeme")


def _is_unprotected(url: str) -> bool:
    loopback = {"127.0.0.1", "::1", "localhost"}
    return url.startswith("http://") and urlsplit(url).hostname not in loopback


def _to_asyncpg_url(url: str) -> str:
    """Accept the URL in the forms that hosting services hand out; make it asyncpg's."""
    form = "must look like postgresql+asyncpg://user:password@host/name"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError(form) from error
    drivers = {"postgres", "postgresql", "postgresql+asyncpg"}
    if not parsed.database or parsed.drivername not in drivers:
        raise ValueError(form)
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


@cache
def read_project_name() -> str:
    """Return the project's name from its `pyproject.toml`, which the image has as well."""
    path = Path(__file__).parents[2] / "pyproject.toml"
    name: str = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]
    return name


class Settings(AppSettings):
    """The settings that every variant of the application has; times are in seconds."""

    service_name: str = Field(default_factory=read_project_name)
    # Holds a password: kept out of every repr.
    database_url: Annotated[str, AfterValidator(_to_asyncpg_url), Field(repr=False)] = (
        "postgresql+asyncpg://postgres:postgres@127.0.0.1:5432/app"
    )
    database_pool_size: int = Field(default=5, ge=1)
    database_max_overflow: int = Field(default=10, ge=0)
    database_pool_timeout: float = Field(default=10.0, gt=0)
    database_statement_timeout: float = Field(default=30.0, ge=0)  # 0: none
    database_lock_timeout: float = Field(default=5.0, ge=0)  # 0: none
    database_echo: bool = False
    readiness_timeout: float = Field(default=2.0, gt=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"
    cors_origins: tuple[str, ...] = ()
    max_request_bytes: int = Field(default=1024 * 1024, ge=1)

    def find_weaknesses(self) -> Iterator[str]:
        """Yield a message for each setting that is unsafe in production."""
        yield from super().find_weaknesses()
        password = make_url(self.database_url).password
        yield from find_weak_password("DATABASE_URL", password, "the database's user")
        if self.database_echo:
            yield "DATABASE_ECHO must be off in production: it logs every statement"
        if "*" in self.cors_origins:
            yield 'CORS_ORIGINS must name origins, such as ["https://app.example.org"]'


S = TypeVar("S", bound=AppSettings)


@cache
def _load(kind: type[AppSettings]) -> AppSettings:
    return kind()


def load_settings(kind: type[S]) -> S:
    """Read the settings of one class from the environment, once per process."""
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
