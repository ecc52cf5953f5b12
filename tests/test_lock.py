"""A new project locks what the template was tested with, installs it, and can move on freely."""

import re
import shutil
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tooling.git import commit, git
from tooling.render import render_with_copier
from tooling.uv import uv


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    return render_with_copier(template, {}, tmp_path)


def lock(project: Path) -> dict[str, Any]:
    uv(project, "lock", "--quiet")
    return tomllib.loads((project / "uv.lock").read_text(encoding="utf-8"))


def pinned_day(project: Path) -> datetime:
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return datetime.fromisoformat(settings["tool"]["uv"]["exclude-newer"])


def test_the_lock_holds_nothing_newer_than_the_day(project: Path) -> None:
    locked = lock(project)
    day = pinned_day(project)
    assert datetime.fromisoformat(locked["options"]["exclude-newer"]) == day
    files = [
        file
        for package in locked["package"]
        for file in [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    ]
    uploaded = [datetime.fromisoformat(file["upload-time"]) for file in files]
    assert uploaded
    assert max(uploaded) <= day


def test_what_the_image_copies_first_is_enough_to_install(project: Path, tmp_path: Path) -> None:
    """The lock is checked against the plugin's project file; nothing else of it is needed."""
    uv(project, "lock", "--quiet")
    dockerfile = (project / "Dockerfile").read_text(encoding="utf-8")
    before = dockerfile.partition("uv sync --locked --no-default-groups")[0]
    image = tmp_path / "image"
    for sources in re.findall(r"^COPY (?!--)(.+) \S+$", before, re.MULTILINE):
        for name in sources.split():
            (image / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, image / name)
    assert [path.name for path in image.rglob("*") if path.is_file()].count("pyproject.toml") == 2
    uv(image, "sync", "--quiet", "--locked", "--no-default-groups", "--dry-run")


def test_the_plugin_is_marked_as_vendored(project: Path) -> None:
    commit(project)
    name = "vendor/pytest-greenfield/README.md"
    assert git(project, "check-attr", "linguist-vendored", name).endswith(": set")


def test_an_older_day_locks_older_packages(project: Path) -> None:
    """So the day decides, not what the registry happens to have."""
    settings = project / "pyproject.toml"
    day = "2025-06-01T00:00:00Z"
    settings.write_text(
        f"""[project]
name = "aged"
version = "0"
requires-python = ">=3.11"
dependencies = ["pytest"]
[tool.uv]
exclude-newer = "{day}"
""",
        encoding="utf-8",
    )
    versions = {package["name"]: package["version"] for package in lock(project)["package"]}
    assert versions["pytest"] == "8.3.5"


def test_without_the_line_the_lock_is_free(project: Path) -> None:
    settings = project / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    freed = re.sub(r"^exclude-newer = .*\n", "", text, flags=re.MULTILINE)
    assert freed != text
    settings.write_text(freed, encoding="utf-8")
    assert "exclude-newer" not in lock(project).get("options", {})
    assert lock(project)["package"]
