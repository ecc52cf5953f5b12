"""With several workers: serial tests take turns, and the run's end knows what all of them did.

And how many there are, if that is left to the harness.
"""

import json

import pytest

from backend.tests.plugins.inner_run import InnerRun, RunInner, together

ALONE = """
    import time
    from pathlib import Path
    import pytest

    pytestmark = pytest.mark.serial("mail")

    @pytest.mark.parametrize("number", range(3))
    def test_{name}(number, worker_id):
        busy = Path("busy")
        busy.touch(exist_ok=False)  # fails while another test is inside
        time.sleep(0.06)
        busy.unlink()
        with Path("workers").open("a") as file:
            file.write(worker_id + " ")
"""
SERVICE = """
    from backend.tests.plugins.summary import register_service

    def pytest_collection_finish(session):
        register_service(session.config, "PostgreSQL 18.6 embedded")
"""
FILES = {
    "tests/unit/test_first.py": ALONE.format(name="first"),
    "tests/unit/test_second.py": ALONE.format(name="second"),
    "tests/integration/conftest.py": SERVICE,
    "tests/integration/test_other.py": "def test_other(): ...",
}


@pytest.mark.slow
def test_serial_tests_never_overlap_and_the_block_adds_up(inner_run: RunInner) -> None:
    runs = together(
        lambda: inner_run(FILES, "-n2", "--dist=load"),
        lambda: inner_run(FILES, "-n2", "--dist=worksteal", "-p", "no:cacheprovider"),
        lambda: inner_run(FILES, "--forks=2", "-p", "no:cacheprovider"),
    )
    for run, workers in zip(runs, ("gw", "gw", "fork"), strict=True):
        # waiting for the others takes longer than the limit of 0.1 s, and counts for none
        assert list(run.outcomes.values()) == ["passed"] * 7, run.output
        assert set((run.folder / "workers").read_text().split()) == {f"{workers}0", f"{workers}1"}
        # a worker's service and every worker's tests are in the controller's block
        assert "services PostgreSQL 18.6 embedded" in run.output
        assert run.properties["services"] == "PostgreSQL 18.6 embedded"
        assert run.properties["tests.unit"] == "6"


CORES = """
    def pytest_xdist_auto_num_workers(): return 3
"""
WORKER = """
    import os, time

    def test_worker():
        assert os.environ.get("PYTEST_XDIST_WORKER_COUNT", "none") == "{workers}"
        time.sleep(0.05)
"""


CACHED = ".pytest_cache/v/workers/seconds"


@pytest.mark.slow
def test_as_many_workers_as_pay(inner_run: RunInner) -> None:
    file = "tests/unit/test_worker.py"

    def run(workers: str, seconds: float, *options: str) -> InnerRun:
        files = {file: WORKER.format(workers=workers), "tests/unit/conftest.py": CORES}
        return inner_run(files | {CACHED: json.dumps({file: seconds})}, "tests/unit", *options)

    small, large, part = together(
        lambda: run("none", 3.9, "-nauto"),
        lambda: run("2", 4.1, "-nauto"),
        lambda: run("none", 60, "-n0", "-kworker"),
    )
    assert small.passed == large.passed == part.passed == {"test_worker"}, large.output
    assert "-n auto: no workers for about 4 s of tests" in small.output
    assert "-n auto: 2 workers for about 4 s of tests" in large.output
    # the next run knows, unless this one may have left out a part of the file
    assert 0.04 < json.loads((small.folder / CACHED).read_text())[file] < 1
    assert json.loads((part.folder / CACHED).read_text()) == {file: 60}
