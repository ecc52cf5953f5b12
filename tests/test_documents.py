"""What the documents say is there: commands, paths, links, tables and pictures."""

import re
from pathlib import Path

import pytest

from hooks.verify import MODES
from tooling import PLUGIN, ROOT, picture
from tooling.documents import blocks, faults, section

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), PLUGIN / "README.md"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_it_names_is_there(document: Path) -> None:
    assert list(faults(document)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](nowhere.md)", "link to nowhere.md"),
        ("[a](#nowhere)", "link to #nowhere"),
        ("# A heading\n\n[a](#a-headin)", "link to #a-headin"),
        ("`hooks/nothing.py`", "path hooks/nothing.py"),
        ("```sh\nuv run pytest backend/tests/nothing\n```", "path backend/tests/nothing"),
        ("`uv run python -m tooling.nothing`", "module tooling.nothing"),
        ("`uv run python -m benchmarks`", "module benchmarks"),
        ("`uv run python -m tooling nothing`", "command nothing"),
        ('`uv run pytest -m "not nothing"`', "marker nothing"),
        ("```sh\ncopier copy --data nothing=1\n```", "answer nothing"),
        (
            "# A heading (`x`)\n\n[a](#a-heading-x) [b](https://example.com/c.md) `sample=none`\n"
            "`python -m tooling sync` `hooks/verify.py` `backend/*/x.py` `pytest -m suite`",
            None,
        ),
    ],
)
def test_each_fault_is_noticed(tmp_path: Path, text: str, fault: str | None) -> None:
    document = tmp_path / "page.md"
    document.write_text(text, encoding="utf-8")
    assert list(faults(document)) == ([fault] if fault else [])


def start() -> list[str]:
    """Return the code blocks of README.md's section Start."""
    return blocks(section((ROOT / "README.md").read_text(encoding="utf-8"), "Start"))


def test_start_is_two_commands_of_one_line() -> None:
    first, second = start()
    assert first.count("\n") == second.count("\n") == 1
    assert "cookiecutter ." in first
    assert "pytest" in second


def test_ci_runs_the_second_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.endswith(f"\n{start()[1]}")


def test_the_picture_is_of_a_pass() -> None:
    assert "\nverified: " in picture.RECORDING.read_text(encoding="utf-8")


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
    for name in ("pyproject.toml", "template/pyproject.toml.jinja", f"{PLUGIN}/pyproject.toml"):
        text = (ROOT / name).read_text(encoding="utf-8")
        requirements = re.findall(r'"([a-z0-9-]+)(?:\[\w+\])?[><=]=', text)
        assert requirements
        for package in requirements:
            assert f"`{package}`" in reasons, f"{package} of {name} has no reason"
