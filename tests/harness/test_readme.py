"""What the plugin's README names is there, and what a user may need to know is in it."""

import re

import pytest
from _pytest.fixtures import FixtureFunctionDefinition
from pytest_greenfield import fixtures, levels, settings
from pytest_greenfield.services import used as used_services
from pytest_greenfield.services.postgres.address import PLACEHOLDERS
from pytest_greenfield.services.service import Plan

from tests.harness.conftest import RunSuite
from tooling import ROOT

PLUGIN = ROOT / "template" / "vendor" / "pytest-greenfield"
README = (PLUGIN / "README.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((PLUGIN / "src").rglob("*.py"))
)


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_it_names_every_setting() -> None:
    parser = pytest.Parser(_ispytest=True)
    settings.declare(parser)
    declared = {name for name in parser._inidict if name.startswith("greenfield_")}
    assert set(re.findall(r"\bgreenfield_[a-z_]+", section("Settings"))) == declared
    assert set(re.findall(r"\bgreenfield_[a-z_]+", README)) == declared


def test_the_defaults_are_the_defaults(run: RunSuite) -> None:
    """The block of settings as it stands is accepted, and the levels are those of the code."""
    block = section("Settings").split("[tool.pytest]\n")[1].split("```")[0]
    assert (
        "greenfield_levels = "
        + str(
            [
                *settings._LEVELS,
                *(f"{name}={seconds:.0f}" for name, seconds in settings._LIMITS.items()),
            ]
        ).replace("'", '"')
        in block
    )
    assert f'greenfield_environment = ["{settings._ENVIRONMENT[0]}"]' in block
    files = {"alembic.ini": "[alembic]\n", "tests/unit/test_a.py": "def test_a(): ..."}
    result = run(files, settings=block)
    assert result.passed == {"test_a"}, result.output


def test_it_names_every_fixture() -> None:
    there = {
        name
        for name, value in vars(fixtures).items()
        if isinstance(value, FixtureFunctionDefinition)
    } | {"real_redis"}  # declared with what runs it
    first_cells = re.findall(r"^\| ([^|]+) \|", section("Fixtures"), re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == there


def test_it_names_every_marker() -> None:
    for marker in levels.MARKERS:
        assert f"`{re.split('[(:]', marker)[0]}" in section("Fixtures"), marker


def test_its_options_exist() -> None:
    taken = set(re.findall(r"(--[a-z][a-z-]+)", README)) - {"--dev", "--timeout"}
    declared = set(re.findall(r'add(?:option|_argument)\(\s*"(--[a-z-]+)"', SOURCES))
    assert taken == declared | {f"--{name}" for name in settings.OPT_IN}


def test_it_names_every_variable() -> None:
    assert set(re.findall(r"\bTEST_[A-Z_]+", README)) == set(re.findall(r"\bTEST_[A-Z_]+", SOURCES))


def test_it_names_every_placeholder() -> None:
    used = set(re.findall(r"\{(\w+\.\w+)\}", README))
    services = [used_services.kind(name) for name in used_services.KINDS]
    of_services = {
        f"{service.name}.{part}"
        for service in services
        for part in service(Plan("test_a_12345678", []), "master").values()
    }
    assert used == {f"postgres.{name}" for name in PLACEHOLDERS} | of_services


def test_its_commands_exist() -> None:
    assert set(re.findall(r'add_parser\("(\w+)"\)', SOURCES)) == {"check", "serve", "clean"}
    for command in ("check", "serve", "clean"):
        assert f"`{command}`" in README or f"pytest-greenfield {command}" in README
