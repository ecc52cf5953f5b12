"""GitHub's workflows do what a review would ask of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # the stubs are not worth a dependency

from backend.tests import PROJECT_ROOT

FOLDER = PROJECT_ROOT / ".github"
WORKFLOWS = sorted(FOLDER.glob("workflows/*.y*ml"))
ACTIONS = sorted(FOLDER.glob("actions/*/action.y*ml"))
LEVELS = {"unit", "integration", "e2e"}
"""What runs by default."""

PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v?\d[\w.]*")


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def read_jobs(path: Path) -> dict[str, dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    assert isinstance(jobs, dict)
    return jobs


def read_steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read_jobs(path).values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=name_of)
def test_what_others_wrote_is_pinned_to_a_commit_and_says_its_version(path: Path) -> None:
    used = re.findall(r"uses:\s*(.+)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        if action.startswith("./"):
            assert (PROJECT_ROOT / action / "action.yml").is_file(), action
        else:
            assert PINNED.fullmatch(action), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
class TestWorkflow:
    def test_jobs_may_do_only_what_they_say_that_they_need(self, path: Path) -> None:
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {}
        for name, job in read_jobs(path).items():
            assert isinstance(job["permissions"], dict), name  # not `write-all`

    def test_jobs_end_and_are_replaced_by_newer_ones(self, path: Path) -> None:
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["concurrency"]["group"]
        assert all(1 <= job["timeout-minutes"] <= 60 for job in read_jobs(path).values())

    def test_the_token_does_not_stay_in_the_checkout(self, path: Path) -> None:
        for step in read_steps(path):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False

    def test_needed_jobs_exist(self, path: Path) -> None:
        jobs = read_jobs(path)
        assert {need for job in jobs.values() for need in job.get("needs", [])} <= jobs.keys()

    def test_no_text_of_strangers_becomes_a_command(self, path: Path) -> None:
        assert [step for step in read_steps(path) if "${{" in step.get("run", "")] == []


def test_dependabot_waits_before_it_takes_a_new_version() -> None:
    updates = yaml.safe_load((FOLDER / "dependabot.yml").read_text("utf-8"))["updates"]
    assert {one["package-ecosystem"] for one in updates} >= {"uv", "github-actions", "docker"}
    assert all(one["cooldown"]["default-days"] >= 7 for one in updates)


def test_each_level_of_tests_runs_and_is_counted_in_the_coverage() -> None:
    text = (FOLDER / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"level: (\w+)\n", text)) == LEVELS
    (combined,) = re.findall(r"coverage combine (.+)", text)
    assert set(combined.split()) == {f".coverage.{level}" for level in LEVELS}
    assert all((PROJECT_ROOT / "backend" / "tests" / level).is_dir() for level in LEVELS)
