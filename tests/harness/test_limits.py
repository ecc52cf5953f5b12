"""What hangs is stopped at its limit, says so, and does no harm to the tests after it."""

import os
import time

import pytest
from pytest_greenfield.cpu_wait import Deadline

from tests.harness.conftest import RunSuite

LIMITS = 'greenfield_levels = ["unit=0.1", "benchmarks=0", "slow=5", "shared=5"]'
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

    @pytest.fixture
    def slow_sync_teardown():
        yield
        time.sleep(60)

    @pytest.fixture(scope="session")
    async def loop(): return asyncio.get_running_loop()

    @pytest.fixture
    def slow_teardown_that_runs_the_loop(loop):
        yield
        loop.run_until_complete(asyncio.sleep(60))

    @pytest.fixture(scope="session")
    async def shared():
        await asyncio.sleep(0.15)  # longer than a unit test may take, shorter than `shared`
        return "made"

    @pytest.fixture(scope="module")
    def slow_to_end():
        yield
        time.sleep(0.15)

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

    def test_43_fails_and_hangs_in_its_teardown(slow_sync_teardown): assert not "reached"

    @pytest.mark.timeout(0.05)
    def test_50_shorter_by_mark(): time.sleep(60)

    @pytest.mark.timeout(5)
    def test_51_longer_by_mark(): time.sleep(0.12)

    @pytest.mark.slow
    def test_52_longer_by_slow(): time.sleep(0.12)

    def test_60_the_last_one_does_not_pay_for_a_shared_teardown(slow_to_end): ...
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
    "test_43_fails_and_hangs_in_its_teardown": "failed",
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
    "test_60_the_last_one_does_not_pay_for_a_shared_teardown",
    "test_a_benchmark_may_take_its_time",
}
BENCHMARK = """
    import time
    def test_a_benchmark_may_take_its_time(): time.sleep(0.12)
"""


def test_what_hangs_is_stopped_in_a_worker_and_the_rest_passes(run: RunSuite) -> None:
    files = {"tests/unit/test_hanging.py": HANGING, "tests/benchmarks/test_long.py": BENCHMARK}
    options = ("-n1", "--benchmarks", "--randomly-dont-reorganize")
    result = run(files, *options, settings=LIMITS)
    stopped = {name: outcome for name, outcome in result.outcomes.items() if outcome != "passed"}
    assert stopped == STOPPED, result.output
    assert result.passed == FINE
    assert "crashed" not in result.output
    messages = result.messages
    assert "still running after 0.1 s" in messages["test_10_async"]
    assert ", the limit of unit tests (more time: @pytest.mark.slow" in messages["test_10_async"]
    assert "the limit of its timeout marker" in messages["test_50_shorter_by_mark"]
    assert "still running" in messages["test_43_fails_and_hangs_in_its_teardown"]
    # the traceback, or else the message, leads to the line that hung
    assert "await asyncio.sleep(60)" in messages["test_20_async_setup"]
    assert "It waited in test_31" in messages["test_31_swallows_the_cancellation"]


SLEEPS = """
    import time
    import pytest
    def test_path(): time.sleep({seconds})
    @pytest.mark.timeout({mark})
    def test_mark(): time.sleep({seconds})
"""


@pytest.mark.parametrize(
    ("option", "mark", "seconds", "passes"),
    [("--timeout=0.05", 5, 60, False), ("--timeout=0", 0.05, 0.12, True)],
)
def test_the_command_line_wins_over_everything(
    run: RunSuite, option: str, mark: float, seconds: float, passes: bool
) -> None:
    source = SLEEPS.format(mark=mark, seconds=seconds)
    result = run({"tests/unit/test_it.py": source}, option, settings=LIMITS)
    if passes:
        assert result.passed == {"test_path", "test_mark"}, result.output
    else:
        assert "the limit of --timeout" in result.messages["test_path"]
        assert "the limit of --timeout" in result.messages["test_mark"]


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
LOADED_MACHINE = """
    import os, time
    import pytest

    @pytest.fixture(autouse=True)
    def load(monkeypatch):
        monkeypatch.setattr(os, "getloadavg", lambda: (3.0 * os.cpu_count(), 0, 0))

    @pytest.mark.timeout(0.2)
    def test_waits_for_a_process(): time.sleep(0.4)

    @pytest.mark.timeout(0.2)
    def test_waits_for_ever(): time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux says who waits for a CPU")
def test_limits_are_prolonged_on_a_busy_machine(run: RunSuite) -> None:
    files = {"tests/unit/test_busy.py": BUSY_MACHINE, "tests/unit/test_loaded.py": LOADED_MACHINE}
    result = run(files)
    assert result.passed == {"test_computes", "test_waits_for_a_process"}, result.output
    assert len(result.outcomes) == 4
    message = result.messages["test_waits_for_ever"]
    assert "running after 0.2 s (prolonged to 0.6 s because the machine is busy: load" in message


class TestDeadline:
    def test_it_passes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0, 0))
        deadline = Deadline(0.01, os.getpid())
        assert not deadline.passed()
        time.sleep(0.02)
        assert deadline.passed()

    def test_a_busy_machine_moves_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "getloadavg", lambda: (4.0 * (os.cpu_count() or 1), 0, 0))
        deadline = Deadline(0.5)
        assert str(deadline) == "0.5 s"
        time.sleep(0.51)
        assert not deadline.passed()
        assert str(deadline).startswith("0.5 s (prolonged to 2.0 s because the machine is busy: ")
