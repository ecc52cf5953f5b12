"""With several workers: serial tests take turns, and the run's end knows what all of them did.

And how many there are, if that is left to the harness.
"""

import json

import pytest

from backend.tests.plugins.inner_run import RunInner, together

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
    )
    for run in runs:
        # waiting for the others takes longer than the limit of 0.1 s, and counts for none
        assert list(run.outcomes.values()) == ["passed"] * 7, run.output
        assert set((run.folder / "workers").read_text().split()) == {"gw0", "gw1"}
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "seconds", "workers"),
    [
        pytest.param(["-nauto"], 3.9, "none", id="a-small-run-has-none"),
        pytest.param(["-nauto"], 4.1, "2", id="each-has-enough-to-do"),
        pytest.param(["-nauto"], 60, "3", id="at-most-one-a-core"),
        pytest.param(["-nauto"], None, "none", id="never-run-and-counted"),
        pytest.param(["-n2"], 1, "2", id="a-number-is-taken-at-its-word"),
    ],
)
def test_as_many_workers_as_pay(
    inner_run: RunInner, options: list[str], seconds: float | None, workers: str
) -> None:
    file = "tests/unit/test_worker.py"
    cached = ".pytest_cache/v/workers/seconds"
    files = {file: WORKER.format(workers=workers), "tests/unit/conftest.py": CORES}
    if seconds is not None:
        files[cached] = json.dumps({file: seconds})
    run = inner_run(files, "tests/unit", *options)
    assert run.exit_code == 0, run.output
    if options == ["-nauto"]:
        said = f"{workers.replace('none', 'no')} workers for about {seconds or 0.005:.0f} s"
        assert said in run.output
    # the next run knows
    assert 0.04 < json.loads((run.folder / cached).read_text())[file] < 1


@pytest.mark.slow
def test_a_part_of_a_file_does_not_count_for_all_of_it(inner_run: RunInner) -> None:
    file = "tests/unit/test_worker.py"
    cached = ".pytest_cache/v/workers/seconds"
    files = {file: WORKER.format(workers="none"), cached: json.dumps({file: 60})}
    run = inner_run(files, "-k", "worker")
    assert run.passed == {"test_worker"}
    assert json.loads((run.folder / cached).read_text()) == {file: 60}
