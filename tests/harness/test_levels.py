"""A test's folder gives it its level, and says whether it runs by default."""

import pytest
from pytest_greenfield.levels import Levels
from pytest_greenfield.settings import Level, Settings

from tests.harness.conftest import RunSuite

NAMES = ("unit", "integration", "e2e", "benchmarks", "gpu")
SETTINGS = Settings(
    levels={name: Level(name, 1, offline=name == "unit") for name in NAMES},
    slow=30,
    shared=60,
    default_level=None,
    leaks="error",
    migrations="none",
    environment={},
)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("backend/tests/unit/core/test_a.py::TestB::test_c[tests/e2e]", "unit"),
        ("backend\\tests\\e2e\\test_a.py", "e2e"),
        ("unit/tests/shop/gpu/test_a.py", "gpu"),
        ("integration/test_a.py", "integration"),
        ("app/integration/tests/test_a.py", None),
        ("tests/test_unit.py", None),
        ("tests/unit.py", None),
    ],
)
def test_the_level_is_the_first_folder_of_that_name_below_tests(path: str, name: str) -> None:
    level = Levels(SETTINGS).of_path(path)
    assert (level.name if level else None) == name


FILES = {
    "tests/unit/test_unit.py": """
        def test_unit(request):
            marks = {mark.name for mark in request.node.iter_markers()}
            assert not {"benchmark", "gpu"} & marks
    """,
    "tests/benchmarks/test_speed.py": """
        def test_speed(request): assert request.node.get_closest_marker("benchmark")
    """,
    "tests/gpu/test_model.py": """
        def test_model(request): assert request.node.get_closest_marker("gpu")
    """,
}


@pytest.mark.parametrize(
    ("options", "tests"),
    [
        ((), {"test_unit"}),
        (("tests/benchmarks", "tests/unit"), {"test_unit", "test_speed"}),
        (("-m", "benchmark or gpu"), {"test_speed", "test_model"}),
        (("-m", "not gpu", "--benchmarks"), {"test_unit", "test_speed"}),
        (("--gpu", "-n2"), {"test_unit", "test_model"}),
    ],
)
def test_benchmarks_and_gpu_run_only_when_asked_for(
    run: RunSuite, options: tuple[str, ...], tests: set[str]
) -> None:
    result = run(FILES, *options)
    assert result.passed == set(result.outcomes) == tests, result.output
    if not options:
        assert "2 deselected" in result.output
        assert "1 in benchmarks/ (run them with --benchmarks)" in result.output


OUTSIDE = {"tests/test_loose.py": "def test_loose(): ...", "tests/test_more.py": "", **FILES}


@pytest.mark.parametrize("option", ["-n0", "-n2"])
def test_a_file_in_no_level_is_one_error_that_says_what_to_do(run: RunSuite, option: str) -> None:
    result = run(OUTSIDE, option)
    assert result.exit_code == (pytest.ExitCode.INTERRUPTED if option == "-n0" else 1)
    sentence = "tests/test_loose.py (and 1 more) lie outside every level: move to one of"
    assert result.output.count(f"{sentence} tests/unit/, ") == 1
    assert 'or set greenfield_default_level = "integration".' in result.output


def test_or_has_the_rules_of_the_default_level(run: RunSuite) -> None:
    loose = """
        import socket, time
        def test_is_offline(): socket.socket()
        def test_has_a_limit(): time.sleep(60)
    """
    settings = 'greenfield_default_level = "fast"\ngreenfield_levels = ["fast=0.1"]'
    result = run({"checks/test_loose.py": loose}, settings=settings)
    assert "A test in fast/ must not use the network" in result.messages["test_is_offline"]
    assert "the limit of fast tests" in result.messages["test_has_a_limit"]
