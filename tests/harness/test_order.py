"""Random order: one seed brings back the order and the random numbers."""

import pytest

from tests.harness.conftest import RunSuite, write

NUMBERS = """
    import random
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_{name}(number, record_testsuite_property):
        record_testsuite_property(f"drawn-{{number}}-{name}", random.random())
"""
FILES = {f"tests/unit/test_{name}.py": NUMBERS.format(name=name) for name in ("a", "b", "c")}


def test_the_seed_brings_back_order_and_numbers(run: RunSuite) -> None:
    first = run(FILES)
    seed = first.properties["seed"]
    assert f"random seed: {seed} (again: --randomly-seed={seed})" in first.output
    assert list(first.outcomes) != sorted(first.outcomes), "in random order"
    again = run(FILES, "--randomly-seed=last", "-qq")
    assert list(again.outcomes) == list(first.outcomes)
    drawn = {name: value for name, value in first.properties.items() if name.startswith("drawn")}
    assert len(drawn) == 18
    assert drawn == {name: again.properties[name] for name in drawn}


def test_a_test_keeps_its_numbers_in_another_order_and_on_another_worker(
    run: RunSuite, pytester: pytest.Pytester
) -> None:
    drawing = """
        import random
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_it(number, worker_id):
            with open("drawn", "a") as file:
                print(number, random.random(), file=file)
    """
    files = {"tests/unit/test_a.py": drawing}
    drawn = []
    for options in (["-n2"], ["--randomly-dont-reorganize"]):
        run(files, "--randomly-seed", "7", *options)
        drawn.append((pytester.path / "drawn").read_text().splitlines())
        (pytester.path / "drawn").unlink()
    assert sorted(drawn[0]) == drawn[1], "the second in the file's order"


def test_a_seed_that_is_no_number_is_refused_in_a_sentence(run: RunSuite) -> None:
    result = run(FILES, "--randomly-seed=seven")
    assert result.exit_code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --randomly-seed takes a number or last, not seven." in result.output


RIVAL = {
    "site/pytest_randomly.py": """
        def pytest_addoption(parser):
            parser.getgroup("randomly").addoption("--randomly-seed", default="default")
    """,
    "site/pytest_randomly-5.1.0.dist-info/METADATA": "Name: pytest-randomly\nVersion: 5.1.0\n",
    "site/pytest_randomly-5.1.0.dist-info/entry_points.txt": """
        [pytest11]
        randomly = pytest_randomly
    """,
}


def test_pytest_randomly_does_the_work_where_it_is_installed(
    run: RunSuite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester.path, RIVAL)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / "site"))
    theirs = run(FILES, "--randomly-seed=3")
    assert len(theirs.passed) == 18, theirs.output
    assert list(theirs.outcomes) == sorted(theirs.outcomes), "their fake does not shuffle"
    assert "random order: pytest-randomly's" in theirs.output
    ours = run(FILES, "-p", "no:randomly", "--randomly-seed=3")
    assert "random seed: 3" in ours.output
