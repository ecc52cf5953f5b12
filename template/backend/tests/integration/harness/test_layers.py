"""A test's folder gives it its markers, and says whether it runs by default."""

import pytest

from backend.tests.plugins.inner_run import RunInner, together

FILES = {
    "tests/unit/test_unit.py": """
        def test_unit(request):
            marks = {mark.name for mark in request.node.iter_markers()}
            assert not {"committed", "benchmark", "gpu"} & marks
    """,
    "tests/e2e/test_e2e.py": """
        def test_e2e(request): assert request.node.get_closest_marker("committed")
    """,
    "tests/benchmarks/test_speed.py": """
        def test_speed(request): assert request.node.get_closest_marker("benchmark")
    """,
    "tests/gpu/test_model.py": """
        def test_model(request): assert request.node.get_closest_marker("gpu")
    """,
}


@pytest.mark.slow
def test_benchmarks_and_gpu_run_only_when_asked_for(inner_run: RunInner) -> None:
    default, by_path, by_marker = together(
        lambda: inner_run(FILES),
        lambda: inner_run(FILES, "tests/benchmarks", "tests/unit"),
        lambda: inner_run(FILES, "-m", "benchmark or gpu"),
    )
    assert default.outcomes == {"test_unit": "passed", "test_e2e": "passed"}, default.output
    assert "2 deselected" in default.output
    assert "1 in benchmarks/ (run them with --benchmarks)" in default.output
    assert by_path.outcomes == {"test_unit": "passed", "test_speed": "passed"}, by_path.output
    assert by_marker.outcomes == {"test_speed": "passed", "test_model": "passed"}, by_marker.output
