"""`.env.example` names every setting, with its default."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import backend.main  # noqa: F401  # imports what is installed, and with it every settings class
from backend.core.domains import find_domains
from backend.core.settings import AppSettings


def find_classes(base: type[AppSettings] = AppSettings) -> Iterator[type[AppSettings]]:
    """Find the application's settings classes, but not those of tests."""
    for kind in base.__subclasses__():
        if not kind.__module__.startswith("backend.tests"):
            yield kind
        yield from find_classes(kind)


def read_example() -> dict[str, str]:
    """Read the example's lines, those that are commented out too; not those of a deleted domain."""
    first, *sections = Path(".env.example").read_text(encoding="utf-8").split("\n## ")
    there = [section for section in sections if section.split("\n")[0] in find_domains()]
    return dict(re.findall(r"(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$", "\n".join((first, *there))))


def test_it_names_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    values, classes = read_example(), list(find_classes())
    assert values.keys() == {name.upper() for kind in classes for name in kind.model_fields}
    for name in values:
        monkeypatch.delenv(name, raising=False)
    defaults = [kind() for kind in classes]
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert [kind() for kind in classes] == defaults
