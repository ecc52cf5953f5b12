"""What a test changes in its environment ends with it; a fixture's changes, with the fixture."""

from tests.harness.conftest import RunSuite

TESTS = """
    import gc, os, weakref
    import pytest

    @pytest.mark.parametrize("run", ["first", "second"])
    class TestEnvironment:
        # Each runs twice: the second time fails if the first one's changes are still there.

        def test_new(self, run):
            assert "LEFT_BY_A_TEST" not in os.environ
            os.environ["LEFT_BY_A_TEST"] = run

        def test_changed(self, run):
            assert os.environ["GIVEN"] == "as it was"
            os.environ.update(GIVEN="changed")

        def test_deleted(self, run):
            assert os.environ["GIVEN"] == "as it was"
            del os.environ["GIVEN"]

        def test_cleared(self, run):
            assert os.environ["GIVEN"] == "as it was"
            os.environ.clear()

        def test_fixture(self, run, function_fixture):
            assert os.environ["GIVEN"] == "by a fixture"

        def test_failed(self, run):
            assert os.environ.pop("GIVEN") == "as it was"
            if run == "first":
                pytest.fail()

    @pytest.fixture
    def function_fixture():
        os.environ["GIVEN"] = "by a fixture"

    @pytest.fixture(scope="class")
    def shared(request):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SHARED", "set")
            yield

    @pytest.mark.usefixtures("shared")
    class TestShared:
        def test_one(self): assert os.environ.pop("SHARED") == "set"
        def test_two(self): assert os.environ.pop("SHARED") == "set"

    class TestShared2:
        def test_one(self): assert "SHARED" not in os.environ
        def test_two(self): assert "SHARED" not in os.environ

    READ = []

    @pytest.fixture(scope="session")
    def reset_settings_cache(): return READ.clear

    @pytest.mark.parametrize("run", ["first", "second"])
    def test_settings_that_were_read_are_forgotten(run):
        assert not READ
        READ.append(run)

    class Node:
        # Refers to itself: only the search for cycles frees it.
        def __init__(self): self.itself = self

    def test_what_was_collected_is_frozen():
        assert gc.get_freeze_count() > len(gc.get_objects())

    def test_a_cycle_made_by_a_test_is_found():
        assert gc.isenabled()
        node = weakref.ref(Node())
        gc.collect()
        assert node() is None
"""
CONFTEST = """
    import os
    os.environ["GIVEN"] = "as it was"
"""


def test_every_test_begins_with_the_same_environment(run: RunSuite) -> None:
    files = {"tests/unit/test_a.py": TESTS, "tests/conftest.py": CONFTEST}
    for options in ([], ["--randomly-dont-reorganize"]):
        result = run(files, *options)
        failed = {name for name, outcome in result.outcomes.items() if outcome != "passed"}
        assert failed == {"test_failed[first]"}, result.output
