"""What the documents say is there: commands, paths, links, tables and pictures."""

import re
import tomllib
from pathlib import Path

import pytest

from hooks.verify import MODES
from scripts import options_table, picture
from scripts.questions import ROOT, load

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OURS = (
    *("template/", "hooks/", "scripts/", "tests/", "docs/", ".github/", ".ci/"),
    *("backend/", "migrations/", "vendor/"),  # of a generated project
)
CODE = re.compile(r"`([^`\n]+)`")


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def spans(document: Path) -> list[str]:
    """What stands between single backticks, and each line of the code blocks."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*CODE.findall(prose), *(line for block in blocks for line in block.splitlines())]


def start() -> list[str]:
    """The code blocks of README.md's section Start."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("\n## Start\n")[1].split("\n## ")[0]
    return re.findall(r"^```\w*\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def test_start_is_two_commands_of_one_line() -> None:
    blocks = start()
    assert len(blocks) == 2
    assert all(block.count("\n") == 1 for block in blocks)
    assert "cookiecutter ." in blocks[0]
    assert "pytest" in blocks[1]


def test_ci_runs_the_second_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.endswith(f"\n{start()[1]}")


def test_options_table_is_what_copier_yml_says() -> None:
    written = options_table.README.read_text(encoding="utf-8")
    assert written == options_table.text(), "run: uv run python -m scripts.options_table"


def test_picture_is_drawn_from_the_recording() -> None:
    recording = picture.RECORDING.read_text(encoding="utf-8")
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert drawn == picture.svg(recording), "run: uv run python -m scripts.picture"
    assert "\nverified: " in recording


def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_paths_exist(document: Path) -> None:
    for span in spans(document):
        for word in span.split():
            if word.startswith(OURS) and not re.search(r"[*<>{}…]", word):
                path = word.rstrip(".,:;")
                places = [ROOT / path, ROOT / "template" / path, ROOT / f"template/{path}.jinja"]
                assert any(place.exists() for place in places), word


def test_commands_exist(document: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    marks = {mark.split(":")[0] for mark in settings["tool"]["pytest"]["markers"]}
    for span in spans(document):
        if module := re.search(r"python -m scripts\.(\w+)", span):
            assert (ROOT / "scripts" / f"{module[1]}.py").exists(), span
        if mark := re.search(r"pytest.* -m \"?(?:not )?(\w+)", span):
            assert mark[1] in marks, span


def test_answers_in_commands_are_answers(document: Path) -> None:
    names = {question.name for question in load()[1]}
    for span in spans(document):
        for name in re.findall(r"(?:^|--data )([a-z_]+)=\S+$", span):
            assert name in names, span


def test_every_verification_mode_is_documented() -> None:
    text = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    for mode in filter(None, MODES):
        assert f"`{mode}`" in text


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for path in folder.glob("0*.md"):
        assert f"({path.name})" in index


def test_every_dependency_has_its_reason() -> None:
    reasons = (ROOT / "docs" / "decisions" / "0006-dependencies.md").read_text(encoding="utf-8")
    template = ROOT / "template"
    plugin = template / "vendor" / "pytest-greenfield" / "pyproject.toml"
    for source in (ROOT / "pyproject.toml", template / "pyproject.toml.jinja", plugin):
        text = source.read_text(encoding="utf-8")
        requirements = re.findall(r'"([a-z0-9-]+)(?:\[\w+\])?[><=]=', text)
        assert requirements
        for name in requirements:
            assert f"`{name}`" in reasons, f"{name} of {source.relative_to(ROOT)} has no reason"
