"""A feature that is refused leaves no trace; one that is taken is there.

Each feature has a line in FEATURES: the answers that take it, the one that refuses it, and its
names, by which a trace is found.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from pytest_greenfield.services.s3.service import IMAGE

from tooling.questions import load
from tooling.render import Answers, render_with_copier


class Feature(NamedTuple):
    taken: tuple[Any, ...]
    refused: Any
    names: re.Pattern[str]


FEATURES = {
    "redis": Feature((True,), False, re.compile(r"redis(?!trib)|valkey", re.IGNORECASE)),
    "task_queue": Feature(
        # The first is taken while others are refused: it must not lean on Redis.
        ("celery-rabbitmq", "celery-redis"),
        "none",
        re.compile(r"celery|kombu|rabbitmq|amqp|task_queue|aiosmtpd", re.IGNORECASE),
    ),
    "object_storage": Feature(
        (True,),
        False,
        re.compile(r"object.storage|obstore|\bmoto|\bs3(?!cr3t)|s3mock|amazonaws", re.IGNORECASE),
    ),
    "graphql": Feature((True,), False, re.compile(r"graphql|graphiql|strawberry", re.IGNORECASE)),
    "inference": Feature(
        (True,), False, re.compile(r"inference|labelling|rapidocr|onnx|image_labels", re.IGNORECASE)
    ),
}
HTTP_PEERS = re.compile(r"wiremock|cassette|vcr|httpserver|payment|peers/", re.IGNORECASE)
SAMPLES = ["none", "accounts", "shop"]
REFUSED: Answers = {name: feature.refused for name, feature in FEATURES.items()}
TAKEN: Answers = {name: feature.taken[0] for name, feature in FEATURES.items()}


def traces(project: Path, names: re.Pattern[str]) -> list[str]:
    """Where a project names the feature: paths, and lines of files. The plugin serves all."""
    found = []
    for path in sorted(project.rglob("*")):
        name = path.relative_to(project).as_posix()
        if name.startswith("vendor/") or name == ".copier-answers.yml":
            continue
        if names.search(name):
            found.append(name)
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found += [f"{name}: {line.strip()}" for line in lines if names.search(line)]
    return found


def test_every_yes_or_no_is_a_feature() -> None:
    assert {question.name for question in load()[1] if question.type == "bool"} <= FEATURES.keys()


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", FEATURES)
def test_a_refused_feature_leaves_no_trace(
    template: Path, tmp_path: Path, name: str, sample: str
) -> None:
    """Every other feature is taken: none of them may lean on this one."""
    answers = {**TAKEN, name: FEATURES[name].refused, "sample": sample, "ci": "both"}
    assert traces(render_with_copier(template, answers, tmp_path), FEATURES[name].names) == []


@pytest.mark.parametrize(
    ("name", "answer"),
    [(name, answer) for name, feature in FEATURES.items() for answer in feature.taken],
)
def test_a_taken_feature_is_there(template: Path, tmp_path: Path, name: str, answer: Any) -> None:
    project = render_with_copier(template, {**REFUSED, name: answer}, tmp_path)
    assert (project / "backend" / "features" / name / "feature.py").exists()
    found = " ".join(traces(project, FEATURES[name].names))
    for place in ("backend/tests/integration/features/", "pyproject.toml:", "README.md:"):
        assert place in found, place


@pytest.mark.parametrize("sample", SAMPLES)
def test_without_any_there_is_no_folder_for_features(
    template: Path, tmp_path: Path, sample: str
) -> None:
    project = render_with_copier(template, {**REFUSED, "sample": sample}, tmp_path)
    assert list(project.glob("backend/**/features")) == []


@pytest.mark.parametrize(("sample", "absent"), [("none", "accounts"), ("accounts", "shop")])
def test_what_a_feature_does_for_a_domain_goes_with_it(
    template: Path, tmp_path: Path, sample: str, absent: str
) -> None:
    project = render_with_copier(template, {**TAKEN, "sample": sample}, tmp_path)
    assert list(project.glob("backend/**/features")) != []
    assert list(project.glob(f"backend/**/features/*/{absent}")) == []


def test_the_tests_container_of_s3_is_the_one_that_the_plugin_starts(
    template: Path, tmp_path: Path
) -> None:
    project = render_with_copier(template, {"object_storage": True}, tmp_path)
    services = yaml.safe_load((project / "compose.test.yaml").read_text(encoding="utf-8"))
    assert services["services"]["s3"]["image"] == f"docker.io/{IMAGE}"


@pytest.mark.parametrize("sample", ["none", "accounts"])
def test_without_the_shop_nothing_names_its_http_peers(
    template: Path, tmp_path: Path, sample: str
) -> None:
    project = render_with_copier(template, {**TAKEN, "sample": sample, "ci": "both"}, tmp_path)
    assert traces(project, HTTP_PEERS) == []
    assert not (project / "backend" / "tests" / "peers").exists()
