"""Tests of a generated project's tooling, run there: a team need not own them.

`tests/in_project/LEVEL/` is copied into `backend/tests/LEVEL/template/` of a project.
"""

import shutil
from pathlib import Path

import pytest

from tooling import ROOT
from tooling.render import render_with_copier
from tooling.uv import one_at_a_time, uv

MOST_LINES_WITHOUT_A_SAMPLE = 2500
MOST_WORDS_OF_DOCUMENTS = 4500  # 4,000 is the aim


def read_files(project: Path, pattern: str) -> list[str]:
    """The texts of a project's own files; the plugin's are not the team's."""
    paths = [
        path for path in project.rglob(pattern) if path.relative_to(project).parts[0] != "vendor"
    ]
    return [path.read_text(encoding="utf-8") for path in paths]


def test_a_project_without_a_sample_is_small(template: Path, tmp_path: Path) -> None:
    project = render_with_copier(template, {"sample": "none", "redis": False}, tmp_path)
    lines = sum(len(text.splitlines()) for text in read_files(project, "*.py"))
    assert lines <= MOST_LINES_WITHOUT_A_SAMPLE


def test_the_documents_are_short(template: Path, tmp_path: Path) -> None:
    project = render_with_copier(template, {"sample": "shop", "redis": False}, tmp_path)
    words = sum(len(text.split()) for text in read_files(project, "*.md"))
    assert words <= MOST_WORDS_OF_DOCUMENTS


@pytest.mark.suite
@pytest.mark.timeout(900)
def test_the_tooling_of_a_project_works(template: Path, tmp_path: Path) -> None:
    project = render_with_copier(template, {"sample": "none", "ci": "both"}, tmp_path)
    folders = []
    for level in ("unit", "integration", "e2e"):
        source = ROOT / "tests" / "in_project" / level
        target = project / "backend" / "tests" / level / "template"
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        folders.append(str(target.relative_to(project)))
    with one_at_a_time():
        uv(project, "run", "pytest", *folders)
