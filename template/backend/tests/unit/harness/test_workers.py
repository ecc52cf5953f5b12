"""How many workers `-n auto` takes, and how it knows how long tests take."""

from pathlib import Path

import pytest

from backend.tests.plugins.workers import NOT_YET_RUN, WORTH, choose, estimates

TESTS = "def test_one(): ...\n\n\nclass TestMore:\n    async def test_two(self): ...\n"


@pytest.mark.parametrize(
    ("workers_worth", "cores", "workers"),
    [
        pytest.param(0.5, 4, 0, id="a-small-run-has-none"),
        pytest.param(1.9, 4, 0, id="one-alone-never-pays"),
        pytest.param(2.1, 4, 2, id="each-has-enough-to-do"),
        pytest.param(60, 4, 4, id="at-most-one-a-core"),
        pytest.param(60, 1, 0, id="one-core"),
    ],
)
def test_each_worker_has_enough_to_do(workers_worth: float, cores: int, workers: int) -> None:
    assert choose(cores, workers_worth * WORTH) == workers


class TestEstimates:
    def test_a_file_that_has_run_takes_what_it_took(self, tmp_path: Path) -> None:
        path = tmp_path / "tests" / "unit" / "test_a.py"
        assert list(estimates([path, path], {"tests/unit/test_a.py": 7.5}, tmp_path)) == [7.5]

    @pytest.mark.parametrize("layer", ["unit", "e2e"])
    def test_one_that_has_not_is_counted(self, tmp_path: Path, layer: str) -> None:
        path = tmp_path / "tests" / layer / "test_a.py"
        path.parent.mkdir(parents=True)
        path.write_text(TESTS)
        assert list(estimates([path], {}, tmp_path)) == [2 * NOT_YET_RUN[layer]]

    def test_layers_that_are_not_run_by_default_do_not_count(self, tmp_path: Path) -> None:
        path = tmp_path / "tests" / "benchmarks" / "test_a.py"
        assert list(estimates([path], {"tests/benchmarks/test_a.py": 60}, tmp_path)) == []
