"""Fixtures that run Cookiecutter with a stand-in for uv, so that a verification takes no time."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tooling.render import run_cookiecutter

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="3" tests="215" time="23.21">
<properties>
<property name="services" value="PostgreSQL 18.6 embedded"/><property name="python" value="3.11.7"/>
<property name="xfailed" value="2"/>
</properties>
</testsuite></testsuites>
"""
# Stands in for uv: writes its environment, its calls and a report, or fails.
FAKE_UV = """#!/bin/sh
env > "$FAKE/environment"
echo "uv $*" >> "$FAKE/calls"
case "$1" in
sync) exit "${FAKE_SYNC:-0}" ;;
esac
echo "last lines of the suite"
[ -z "$FAKE_SLEEP" ] || { trap 'sleep 1; echo cleaned-up; exit 130' INT; sleep "$FAKE_SLEEP"; }
for word; do case $word in --junit-xml=*) cp "$FAKE/report.xml" "${word#*=}" ;; esac; done
exit "${FAKE_SUITE:-0}"
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a folder with FAKE_UV on the PATH: in it are its report and what it was called with."""
    folder = tmp_path / "fake"
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "uv"
    program.write_text(FAKE_UV, encoding="utf-8")
    program.chmod(0o755)
    (folder / "report.xml").write_text(REPORT, encoding="utf-8")
    for tool in ("git", "sh", "env", "mkdir", "cp", "sleep"):
        (folder / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.delenv("GREENFIELD_VERIFY")
    return folder


Generate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def generate(template: Path, tmp_path: Path) -> Generate:
    """Run `cookiecutter --no-input` into tmp_path/out with more variables of the environment."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_cookiecutter(template, tmp_path / "out", "--no-input", *arguments, **environment)

    return run


def assert_complete(project: Path) -> None:
    assert (project / "pyproject.toml").exists()
    assert (project / ".copier-answers.yml").exists()
