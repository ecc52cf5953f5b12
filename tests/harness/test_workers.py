"""`-n auto` takes as many workers as speed up the run, and knows how long tests take."""

import json

import pytest

from tests.harness.conftest import RunSuite

FILE = "tests/unit/test_worker.py"
OTHER = "tests/unit/test_other.py"
CACHED = ".pytest_cache/v/greenfield/seconds"
FILES = {
    "conftest.py": "def pytest_xdist_auto_num_workers(): return 3",
    FILE: """
        import os, time

        def test_worker():
            assert os.environ.get("PYTEST_XDIST_WORKER_COUNT", "none") == "2"
            time.sleep(0.05)
    """,
    OTHER: "def test_other(): ...",
    "tests/benchmarks/test_long.py": "def test_long(): ...",
}


@pytest.mark.parametrize(
    ("seconds", "header"),
    [
        pytest.param({FILE: 3.8, OTHER: 0.1}, "no workers for about 4 s", id="a-small-run"),
        pytest.param({FILE: 2.1}, "2 workers for about 4 s", id="an-unknown-file-is-average"),
        pytest.param({FILE: 60, OTHER: 1}, "3 workers for about 61 s", id="at-most-one-a-core"),
        pytest.param({"tests/benchmarks/test_long.py": 60}, None, id="nothing-is-known"),
    ],
)
def test_as_many_workers_as_pay(
    run: RunSuite, seconds: dict[str, float], header: str | None
) -> None:
    result = run(FILES | {CACHED: json.dumps(seconds)}, "-nauto", "--collect-only")
    assert (f"-n auto: {header} of tests" in result.output) == bool(header), result.output


def test_the_environment_has_the_last_word(run: RunSuite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "2")
    result = run(FILES | {CACHED: json.dumps({FILE: 1.0})}, "-nauto", "--collect-only")
    assert "-n auto" not in result.output


def test_a_run_remembers_how_long_its_files_took(run: RunSuite, pytester: pytest.Pytester) -> None:
    seconds = {FILE: 3.9, OTHER: 0.2, "tests/unit/test_deleted.py": 9}
    result = run(FILES | {CACHED: json.dumps(seconds)}, "-nauto")
    assert "test_worker" in result.passed, result.output
    known = json.loads((pytester.path / CACHED).read_text())
    assert 0.04 < known[FILE] < 2
    assert known.keys() == {FILE, OTHER}
    run({}, "-n0", "-kother", FILE, OTHER)
    assert json.loads((pytester.path / CACHED).read_text()) == known, "a part says nothing"
