"""The documents and `.env.example` name what exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_greenfield.documents import find_stale_names

from backend.core.domains import find_domains, find_features, load_parts
from backend.core.settings import AppSettings
from backend.tests import PROJECT_ROOT


def test_the_documents_name_only_what_exists(pytestconfig: pytest.Config) -> None:
    assert find_stale_names(PROJECT_ROOT, pytestconfig) == []


def find_classes(base: type[AppSettings] = AppSettings) -> Iterator[type[AppSettings]]:
    """Find the application's settings classes, but not those of tests."""
    for kind in base.__subclasses__():
        if not kind.__module__.startswith("backend.tests"):
            yield kind
        yield from find_classes(kind)


def read_example() -> dict[str, str]:
    """Read the example's lines, including commented ones, without those of deleted parts."""
    first, *sections = Path(".env.example").read_text(encoding="utf-8").split("\n## ")
    parts = {*find_domains(), *find_features()}
    there = [one for one in sections if parts.issuperset(one.split("\n")[0].split(", "))]
    return dict(re.findall(r"(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$", "\n".join((first, *there))))


def test_the_example_names_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    load_parts()  # imports every settings class
    values, classes = read_example(), list(find_classes())
    assert values.keys() == {name.upper() for kind in classes for name in kind.model_fields}
    for name in values:
        monkeypatch.delenv(name, raising=False)
    defaults = [kind() for kind in classes]
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert [kind() for kind in classes] == defaults
