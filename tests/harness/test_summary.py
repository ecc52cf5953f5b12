"""A run ends with a short block, whose figures are those of all workers."""

import pytest

from tests.harness.conftest import RunSuite

MANY = """
    import pytest

    @pytest.mark.parametrize("number", range({count}))
    def test_{level}(number): ...
"""
SERVICE = """
    from pytest_greenfield.session import HARNESS

    def pytest_collection_finish(session):
        services = session.config.stash[HARNESS].summary.services
        if session.items:
            services.append("Valkey 9.1")
"""
XFAILED = """
    import pytest
    @pytest.mark.xfail
    def test_xfailed(): assert False
"""


def suite(unit: int, integration: int, e2e: int) -> dict[str, str]:
    counts = {"unit": unit, "integration": integration, "e2e": e2e}
    return {
        f"tests/{level}/test_{level}.py": MANY.format(level=level, count=count)
        for level, count in counts.items()
    }


@pytest.mark.parametrize("option", ["-n0", "-n2"])
def test_the_block_adds_up(run: RunSuite, option: str) -> None:
    files = suite(9, 2, 1) | {
        "tests/conftest.py": SERVICE,
        "tests/unit/test_xfailed.py": XFAILED,
        "tests/gpu/test_model.py": "def test_model(): ...",
    }
    result = run(files, option)
    assert "Valkey 9.1" in result.properties["services"]
    for line in (
        "levels   unit            10 tests",
        "         integration      2 tests",
        "not run  1 in gpu/ (run them with --gpu)",
        f"seed     {result.properties['seed']} (the same order and numbers: --randomly-seed=",
    ):
        assert line in result.output, result.output
    assert result.output.count("::test_") == 5, "the slowest five"
    assert "outside" not in result.output, "the shares of so few tests say nothing"
    assert result.properties["tests.unit"] == "10"
    assert float(result.properties["seconds.unit"]) < 5
    assert result.properties["xfailed"] == "1"


def test_many_tests_are_held_against_the_pyramid(run: RunSuite) -> None:
    files = suite(20, 20, 20)
    result = run(files)
    assert "33 % (70-80 %)  <- outside" in result.output
    assert "this run" not in run(files, "-qq").output
