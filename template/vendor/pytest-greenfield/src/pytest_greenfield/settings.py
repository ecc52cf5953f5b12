"""The settings of a project, from `[tool.pytest]` or an ini file: read once, and checked."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest

from pytest_greenfield.services.service import PLACEHOLDER

OPT_IN = {"benchmarks": "benchmark", "gpu": "gpu"}
"""Levels that run only when asked for, and the marker that each of their tests gets."""

_LIMITS = {"slow": 30.0, "shared": 60.0}  # entries of greenfield_levels that are no level
_LEVELS = ["unit=1", "integration=5", "e2e=30", "benchmarks=0", "gpu=60"]
_ENVIRONMENT = ["DATABASE_URL={postgres.url}"]
_LEAKS = ("error", "warn", "off")


@dataclass(frozen=True)
class Level:
    """A kind of test, known by its folder. `seconds` limits each of its tests; 0 is no limit."""

    name: str
    seconds: float
    offline: bool

    @property
    def marker(self) -> str | None:
        """The marker that its tests get, if it runs only when asked for."""
        return OPT_IN.get(self.name)


@dataclass(frozen=True)
class Settings:
    """What the project has set. `slow` and `shared` are limits in seconds; 0 is no limit."""

    levels: Mapping[str, Level]
    slow: float
    shared: float
    default_level: Level | None
    leaks: str
    migrations: str
    environment: Mapping[str, str]

    @property
    def placeholders(self) -> set[str]:
        """Those that the variables use, such as `postgres.url`."""
        return {name for text in self.environment.values() for name in PLACEHOLDER.findall(text)}

    def variables(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the environment variables, with `values` for placeholders like {postgres.url}.

        Raises:
            pytest.UsageError: a placeholder has no value.
        """

        def value(match: re.Match[str]) -> str:
            if match[1] not in values:
                known = ", ".join(f"{{{name}}}" for name in values)
                message = f"greenfield_environment does not know {match[0]}: use {known}."
                raise pytest.UsageError(message)
            return values[match[1]]

        return {name: PLACEHOLDER.sub(value, text) for name, text in self.environment.items()}


def declare(parser: pytest.Parser) -> None:
    """Declare the settings to pytest."""
    limits = "folder=seconds for each level, the first without a network; also slow= and shared="
    parser.addini("greenfield_levels", limits, type="args", default=_LEVELS)
    elsewhere = "`error`, or the level of tests that lie outside every level's folder"
    parser.addini("greenfield_default_level", elsewhere, type="string", default="error")
    leaks = "what becomes of a test that leaves something behind: error, warn or off"
    parser.addini("greenfield_leaks", leaks, type="string", default="error")
    migrations = "alembic.ini, package.module:function that gets a URL, or none"
    parser.addini("greenfield_migrations", migrations, type="string", default="")
    variables = "NAME=value for each variable that tests get, with {postgres.url} and the like"
    parser.addini("greenfield_environment", variables, type="linelist", default=_ENVIRONMENT)


def read(config: pytest.Config) -> Settings:
    """Read the settings.

    Raises:
        pytest.UsageError: one of them is wrong; the sentence says which, and what to write.
    """
    try:
        given = {name: config.getini(f"greenfield_{name}") for name in _NAMES}
    except TypeError as error:  # a number where a text is expected, for example
        raise pytest.UsageError(str(error)) from error
    limits = {name: _seconds(name, text) for name, text in _pairs("levels", given["levels"])}
    levels = {
        name: Level(name, seconds, offline=position == 0)
        for position, (name, seconds) in enumerate(
            (name, seconds) for name, seconds in limits.items() if name not in _LIMITS
        )
    }
    if not levels:
        raise pytest.UsageError("greenfield_levels names no level: write unit=1, for example.")
    _check("default_level", given["default_level"], ["error", *levels])
    _check("leaks", given["leaks"], _LEAKS)
    alembic = "alembic.ini" if (config.rootpath / "alembic.ini").exists() else "none"
    return Settings(
        levels=levels,
        slow=limits.get("slow", _LIMITS["slow"]),
        shared=limits.get("shared", _LIMITS["shared"]),
        default_level=levels.get(given["default_level"]),
        leaks=given["leaks"],
        migrations=given["migrations"] or alembic,
        environment=dict(_pairs("environment", given["environment"])),
    )


_NAMES = ("levels", "default_level", "leaks", "migrations", "environment")
_EXAMPLES = {"levels": "unit=1", "environment": "DATABASE_URL={postgres.url}"}


def _pairs(setting: str, entries: Iterable[str]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        name, equals, text = entry.partition("=")
        if not name or not equals:
            message = f"greenfield_{setting} takes name=value, like {_EXAMPLES[setting]}: {entry!r}"
            raise pytest.UsageError(f"{message} is not.")
        yield name.strip(), text.strip()


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if seconds < 0 or not math.isfinite(seconds):
        message = f"greenfield_levels takes a number of seconds, like {name}=5: not {name}={text}."
        raise pytest.UsageError(message)
    return seconds


def _check(setting: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        message = f"greenfield_{setting} takes {', '.join(allowed)}: {value!r} is none of them."
        raise pytest.UsageError(message)
