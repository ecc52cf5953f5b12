"""Generated projects pass their own suites and gates: the real thing, minutes each.

`uv run pytest -m "not suite"` leaves them out; `uv run pytest -m suite -k none` runs one.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tooling.questions import choices, pairs
from tooling.render import (
    Answers,
    render_with_cookiecutter,
    render_with_copier,
    run_cookiecutter,
)
from tooling.uv import find_python, one_at_a_time, uv

pytestmark = [pytest.mark.suite, pytest.mark.timeout(1800)]

GATES = [
    "run ruff check",
    "run ruff format --check",
    "run mypy",
    "run lint-imports",
    "run pytest backend/tests/unit --cov --cov-fail-under=85",
    "run pytest --numprocesses auto --cov --cov-fail-under=95",
]
VERIFIED = re.compile(
    r"(?m)^verified: (\d+) passed.* in \d+ s · PostgreSQL \d+\.\d+ \w+ · Valkey \d+\.\d+ \w+"
    r"(?: · WireMock \d+\.\d+ \w+)? · Python 3\.\d+\.\d+$"
)
TESTS_OF_THE_SAMPLE = 200
IDENTITY = {"ci", "license", "python_version"}
"""Questions whose answers change no test."""
PAIRS = pairs({name: values for name, values in choices().items() if name not in IDENTITY})


@pytest.fixture(autouse=True)
def wiremock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it can be had, the shop's suite runs with WireMock; elsewhere it must pass without."""
    if shutil.which("npm") and shutil.which("java"):
        monkeypatch.setenv("WIREMOCK_JAR", str(request.getfixturevalue("wiremock_jar")))


def run_gates(project: Path) -> None:
    with one_at_a_time():
        for gate in GATES:
            uv(project, *gate.split())


def test_default_project_is_verified_when_it_is_made(template: Path, tmp_path: Path) -> None:
    with one_at_a_time():
        result = run_cookiecutter(
            template,
            tmp_path / "out",
            *("--no-input", "--keep-project-on-failure"),
            GREENFIELD_VERIFY="strict",
        )
    assert result.returncode == 0, result.stdout[-6000:]
    verified = VERIFIED.search(result.stdout)
    assert verified, result.stdout[-3000:]
    assert int(verified[1]) >= TESTS_OF_THE_SAMPLE
    run_gates(tmp_path / "out" / "my-backend")


@pytest.mark.parametrize("sample", ["none", "accounts"])
def test_a_smaller_project_passes_by_the_command_that_copier_names(
    template: Path, tmp_path: Path, sample: str
) -> None:
    project = render_with_copier(template, {"sample": sample}, tmp_path)
    with one_at_a_time():
        uv(project, "run", "pytest")
    run_gates(project)


def test_the_widest_project_passes(template: Path, tmp_path: Path) -> None:
    answers = {name: True for name, values in choices().items() if values == (True, False)}
    project = render_with_copier(template, {**answers, "task_queue": "celery-rabbitmq"}, tmp_path)
    run_gates(project)


@pytest.mark.nightly
@pytest.mark.parametrize("answers", PAIRS, ids=lambda row: "-".join(map(str, row.values())))
def test_every_two_features_pass_together(template: Path, tmp_path: Path, answers: Answers) -> None:
    project = render_with_copier(template, answers, tmp_path)
    with one_at_a_time():
        uv(project, "run", "pytest")
        uv(project, "run", "pytest", "--numprocesses", "2")
    run_gates(project)


@pytest.mark.nightly
def test_the_suite_passes_on_containers(template: Path, tmp_path: Path) -> None:
    """Needs a Docker daemon, or Podman's socket in DOCKER_HOST."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker daemon answers")
    project = render_with_copier(template, {}, tmp_path)
    with one_at_a_time():
        command = ["run", "--group", "docker", "pytest", "--numprocesses", "2"]
        output = uv(project, *command, TEST_SERVICES="docker")
    assert re.search(r"(?m)^services PostgreSQL \S+ docker · Valkey \S+ docker", output)


def test_the_sample_is_taken_out_by_hand(template: Path, tmp_path: Path) -> None:
    project = render_with_copier(template, {"sample": "shop"}, tmp_path)
    readme = (project / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Take the sample out.*?```sh\n(.*?)```", readme, re.DOTALL)
    assert block
    shop, accounts = block[1].splitlines()
    for command, domains in ((shop, {"accounts"}), (accounts, set[str]())):
        subprocess.run(["bash", "-c", command], cwd=project, check=True)
        left = {path.parent.name for path in project.glob("backend/*/domain.py")}
        assert left == domains
        run_gates(project)


@pytest.mark.parametrize("sample", ["shop", "accounts", "none"])
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_lint_finds_nothing_whichever_python_is_the_oldest(
    template: Path, tmp_path: Path, version: str, sample: str
) -> None:
    project = render_with_copier(template, {"python_version": version, "sample": sample}, tmp_path)
    for check in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *check, "--no-cache", "."]
        result = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize("sample", ["shop", "accounts", "none"])
@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_suite_passes_on_python(template: Path, tmp_path: Path, version: str, sample: str) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    answers = {"python_version": version, "sample": sample}
    project = render_with_cookiecutter(template, answers, tmp_path)
    with one_at_a_time():
        uv(project, "sync", "--quiet", "--python", python)
        assert f"Python {version}." in uv(project, "run", "python", "--version")
        uv(project, "run", "pytest", "--numprocesses", "auto")
