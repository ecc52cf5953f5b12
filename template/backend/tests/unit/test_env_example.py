"""`.env.example` names every setting, with its default."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.core.domains import find_domains, find_features
from backend.core.settings import AppSettings, Settings
from backend.main import create_app

EXAMPLE = Path(".env.example")


@pytest.fixture(scope="module", autouse=True)
def every_part() -> None:
    """Build the application: that imports every settings class."""
    create_app(Settings())


def settings_classes(base: type[AppSettings] = AppSettings) -> Iterator[type[AppSettings]]:
    """Find the application's settings classes; those of tests are not its."""
    for kind in base.__subclasses__():
        if not kind.__module__.startswith("backend.tests"):
            yield kind
        yield from settings_classes(kind)


def example_values() -> dict[str, str]:
    """Read the example's lines, those that are commented out too; not those of a deleted part."""
    first, *sections = EXAMPLE.read_text(encoding="utf-8").split("\n## ")
    parts = {*find_domains(), *find_features()}
    there = [section for section in sections if section.split("\n")[0] in parts]
    text = "\n".join((first, *there))
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))


def test_it_names_every_setting_and_no_other() -> None:
    names = {name.upper() for kind in settings_classes() for name in kind.model_fields}
    assert set(example_values()) == names


def test_what_it_shows_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    values = example_values()
    for name in values:
        monkeypatch.delenv(name, raising=False)
    defaults = {kind: kind(_env_file=None) for kind in settings_classes()}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert {kind: kind() for kind in settings_classes()} == defaults
