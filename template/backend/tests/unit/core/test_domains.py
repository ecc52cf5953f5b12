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


def test_features_come_after_the_domains() -> None:
    expected = [f"backend.{name}.domain" for name in domains.find_domains()]
    expected += [f"backend.features.{name}.feature" for name in domains.find_features()]
    assert [part.__name__ for part in domains.load_parts()] == expected


def test_the_tables_of_all_domains_are_known() -> None:
    assert domains.load_metadata() is Base.metadata
