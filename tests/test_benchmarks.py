"""The benchmarks run, at their smallest, and docs/speed.md is what the report writes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import failures, isolation, ladder, report, start, suite, template
from benchmarks.project import HERE, clean, scratch, workspace

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """One folder for all benchmarks. Not pytest's: the server's own user enters it under root."""
    with scratch() as folder:
        yield folder


def test_all_benchmarks_run(kept: Path) -> None:
    quick = ["--quick", "--keep", str(kept), "--json", str(kept / "out.json")]
    recipes = {row["recipe"] for row in isolation.main(quick)["matrix"]}
    assert recipes == set(isolation.BY_NAME)
    assert {row["side"] for row in suite.main(quick)["runs"]} == {*suite.PAIRS[0], *suite.PAIRS[1]}
    assert {row["state"] for row in start.main(quick)["starts"]} == {"cold", "stopped", "running"}
    assert len(failures.main(quick)["sides"]) == len(failures.SIDES)
    assert {row["kind"] for row in ladder.main(quick)["steps"]} == {"floor", *ladder.STEPS}
    assert set(template.main(["--quick"])) == {"cookiecutter", "copier", "update"}


def test_what_is_copied_into_a_project_has_types(kept: Path) -> None:
    with workspace(kept) as where:
        project = where.project(3)
        checked = ["bench", "backend/bench"]
        result = subprocess.run(
            [str(where.python), "-m", "mypy", *checked],
            cwd=project,
            env=clean(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stdout


def test_recipes_and_their_names_agree() -> None:
    shared = {"__init__", "common", "session", "types", "one_transaction"}
    written = {path.stem for path in (HERE / "recipes").glob("*.py")} - shared
    assert written == {recipe.name for recipe in isolation.RECIPES if not recipe.ours}


@pytest.mark.parametrize("path", report.files(), ids=lambda path: path.name)
def test_the_page_is_what_the_report_writes(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert written == report.files()[path], "run: uv run python -m benchmarks.report"
