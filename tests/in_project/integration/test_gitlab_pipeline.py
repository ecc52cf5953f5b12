"""GitLab's pipeline holds together."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # the stubs are not worth a dependency

from backend.tests import PROJECT_ROOT

TEXT = (PROJECT_ROOT / ".gitlab-ci.yml").read_text(encoding="utf-8")
PIPELINE: dict[str, Any] = yaml.safe_load(TEXT)
KEYWORDS = {"default", "stages", "variables", "workflow", "include"}
JOBS = {name: job for name, job in PIPELINE.items() if name not in KEYWORDS}
LEVELS = {"unit", "integration", "e2e"}
"""What runs by default."""


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_a_script_a_stage_and_parents_that_exist(name: str) -> None:
    job = JOBS[name]
    complete = (JOBS[job["extends"]] if "extends" in job else {}) | job
    assert complete["script"]
    assert complete["stage"] in PIPELINE["stages"]
    assert set(job.get("needs", [])) <= JOBS.keys()


def test_jobs_end() -> None:
    assert PIPELINE["default"]["timeout"]


def test_each_level_of_tests_runs_and_is_counted_in_the_coverage() -> None:
    assert set(re.findall(r"LEVEL: (\w+)\n", TEXT)) == LEVELS
    (combined,) = re.findall(r"coverage combine (.+)", TEXT)
    assert set(combined.split()) == {f".coverage.{level}" for level in LEVELS}
    assert all((PROJECT_ROOT / "backend" / "tests" / level).is_dir() for level in LEVELS)
