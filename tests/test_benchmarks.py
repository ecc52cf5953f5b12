"""The benchmarks run, at their smallest, and docs/speed.md is what the report writes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import isolation, kills, report, services, start, suite, template
from benchmarks.project import workspace
from hooks.verify import environment
from tooling.uv import readable_folder

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """One folder for all benchmarks. Not pytest's: the server's own user enters it under root."""
    with readable_folder() as folder:
        yield folder


def test_all_benchmarks_run(kept: Path) -> None:
    quick = ["--quick", "--keep", str(kept), "--json", str(kept / "out.json")]
    assert {row["side"] for row in isolation.main(quick)["rows"]} == set(isolation.BY_NAME)
    assert {row["suite"] for row in suite.main(quick)["rows"]} == set(suite.PAIRS)
    assert {row["state"] for row in start.main(quick)["rows"]} == {"cold", "warm"}
    left = services.main(quick)["left"]
    assert {row["victim"] for row in left} == set(kills.VICTIMS)
    assert not any(row[what] for row in left for what in ("processes", "folders", "names"))
    assert set(template.main(["--quick"])) == {"cookiecutter", "copier", "update"}


def test_what_is_copied_into_a_project_has_types(kept: Path) -> None:
    with workspace(kept) as where:
        project = where.project(3)
        result = subprocess.run(
            [str(where.python), "-m", "mypy", "bench", "backend", "--exclude", "bench/tests"],
            cwd=project,
            env={**environment(), "MYPYPATH": str(where.compared)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", report.files(), ids=lambda path: path.name)
def test_the_page_is_what_the_report_writes(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert written == report.files()[path], "run: uv run python -m benchmarks.report"
