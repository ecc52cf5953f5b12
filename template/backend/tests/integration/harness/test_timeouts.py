"""What hangs is stopped at its limit, says so, and does no harm to the tests after it."""

import os

import pytest

from backend.tests.plugins.inner_run import RunInner, together

HANGING = """
    import asyncio, time
    import pytest

    cleaned = []

    @pytest.fixture
    async def slow_setup():
        await asyncio.sleep(60)

    @pytest.fixture
    async def slow_teardown(other_teardown):
        yield
        await asyncio.sleep(60)

    @pytest.fixture
    def other_teardown():
        yield
        cleaned.append("fixture below a hanging one")

    @pytest.fixture
    def slow_sync_setup():
        time.sleep(60)

    @pytest.fixture(scope="session")
    async def loop(): return asyncio.get_running_loop()

    @pytest.fixture
    def slow_teardown_that_runs_the_loop(loop):  # as committed_db's does
        yield
        loop.run_until_complete(asyncio.sleep(60))

    @pytest.fixture(scope="session")
    async def shared():
        await asyncio.sleep(0.15)  # longer than a unit test may take, shorter than `shared`
        return "made"

    async def test_10_async():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append("finally")

    async def test_11_the_loop_lives():
        await asyncio.sleep(0.01)
        assert cleaned.pop() == "finally"
        assert len(asyncio.all_tasks()) == 1  # nothing of the stopped test is left

    async def test_20_async_setup(slow_setup): ...
    async def test_21_async_teardown(slow_teardown): ...

    async def test_22_the_loop_lives():
        await asyncio.sleep(0.01)
        assert cleaned.pop() == "fixture below a hanging one"

    async def test_30_blocks_the_loop(): time.sleep(60)

    async def test_31_swallows_the_cancellation():
        for _ in range(2):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass

    async def test_32_in_another_task():
        async def child(): time.sleep(60)
        await asyncio.gather(child(), asyncio.sleep(60))

    async def test_33_the_loop_lives(): await asyncio.sleep(0.01)
    async def test_34_shared_fixtures_have_a_limit_of_their_own(shared): assert shared == "made"

    async def test_35_the_loop_run_by_a_teardown(slow_teardown_that_runs_the_loop): ...
    async def test_36_the_loop_lives(): await asyncio.sleep(0.01)

    def test_40_sync(): time.sleep(60)
    def test_41_sync_setup(slow_sync_setup): ...
    def test_42_a_loop_of_its_own(): asyncio.run(asyncio.sleep(60))

    @pytest.mark.timeout(0.05)
    def test_50_shorter_by_mark(): time.sleep(0.08)

    @pytest.mark.timeout(5)
    def test_51_longer_by_mark(): time.sleep(0.12)

    @pytest.mark.slow
    def test_52_longer_by_slow(): time.sleep(0.12)
"""
STOPPED = {
    "test_10_async": "failed",
    "test_20_async_setup": "error",
    "test_21_async_teardown": "error",
    "test_30_blocks_the_loop": "failed",
    "test_31_swallows_the_cancellation": "failed",
    "test_32_in_another_task": "failed",
    "test_35_the_loop_run_by_a_teardown": "error",
    "test_40_sync": "failed",
    "test_41_sync_setup": "error",
    "test_42_a_loop_of_its_own": "failed",
    "test_50_shorter_by_mark": "failed",
}
FINE = {
    "test_11_the_loop_lives",
    "test_22_the_loop_lives",
    "test_33_the_loop_lives",
    "test_34_shared_fixtures_have_a_limit_of_their_own",
    "test_36_the_loop_lives",
    "test_51_longer_by_mark",
    "test_52_longer_by_slow",
    "test_a_benchmark_may_take_its_time",
}
BENCHMARK = """
    import time
    def test_a_benchmark_may_take_its_time(): time.sleep(0.12)
"""


@pytest.mark.slow
def test_what_hangs_is_stopped_in_a_worker_and_the_rest_passes(inner_run: RunInner) -> None:
    assert_all_is_stopped_that_hangs(inner_run, "-n1")


def assert_all_is_stopped_that_hangs(inner_run: RunInner, worker: str) -> None:
    """Run all kinds of hanging tests in a worker, and look at each."""
    files = {"tests/unit/test_hanging.py": HANGING, "tests/benchmarks/test_long.py": BENCHMARK}
    run = inner_run(files, worker, "--benchmarks", "--randomly-dont-reorganize")
    stopped = {name: outcome for name, outcome in run.outcomes.items() if outcome != "passed"}
    assert stopped == STOPPED, run.output
    assert run.passed == FINE
    assert "crashed" not in run.output
    assert "still running after 0.1 s, the limit of unit tests" in run.messages["test_10_async"]
    assert "the limit of its timeout marker" in run.messages["test_50_shorter_by_mark"]
    # the traceback, or else the message, leads to the line that hung
    assert "await asyncio.sleep(60)" in run.messages["test_20_async_setup"]
    assert "It waited in test_31" in run.messages["test_31_swallows_the_cancellation"]


@pytest.mark.slow
def test_the_command_line_wins_over_everything(inner_run: RunInner) -> None:
    sleeps = """
        import time
        import pytest
        def test_path(): time.sleep(0.12)
        @pytest.mark.timeout({mark})
        def test_mark(): time.sleep(0.12)
    """
    longer = {"tests/e2e/test_it.py": sleeps.format(mark=5)}
    shorter = {"tests/e2e/test_it.py": sleeps.format(mark=0.05)}
    forced, off = together(
        lambda: inner_run(longer, "--timeout=0.05"), lambda: inner_run(shorter, "--timeout=0")
    )
    assert forced.passed == set()
    assert "the limit of --timeout" in forced.messages["test_mark"]
    assert off.passed == {"test_path", "test_mark"}, off.output


BUSY_MACHINE = """
    import os, subprocess, sys, time
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def one_cpu_shared_by_three():
        cpu = min(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cpu})
        hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        yield
        for hog in hogs:
            hog.kill()
            hog.wait()

    @pytest.mark.timeout(0.3)
    def test_computes():
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass

    @pytest.mark.timeout(0.3)
    def test_hangs():
        time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux says who waits for a CPU")
def test_time_without_a_cpu_is_not_the_tests(inner_run: RunInner) -> None:
    run = inner_run({"tests/unit/test_busy.py": BUSY_MACHINE})
    assert run.outcomes == {"test_computes": "passed", "test_hangs": "failed"}, run.output
