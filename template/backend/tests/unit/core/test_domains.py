"""Domains are found by looking."""

from pathlib import Path

import pytest

from backend.core import domains
from backend.core.models import Base


def test_a_domain_is_a_folder_with_a_module_domain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("orders", "billing", "core"):
        (tmp_path / name).mkdir()
    for name in ("orders", "billing"):
        (tmp_path / name / "domain.py").touch()
    monkeypatch.setattr(domains, "BACKEND", tmp_path)
    assert domains.find_domains() == ["billing", "orders"]


def test_the_domains_of_this_project_can_be_loaded() -> None:
    loaded = domains.load_domains()
    assert [module.__name__.split(".")[1] for module in loaded] == domains.find_domains()
    assert all(callable(module.install) for module in loaded)


def test_the_tables_of_all_domains_are_known() -> None:
    assert domains.load_metadata() is Base.metadata
