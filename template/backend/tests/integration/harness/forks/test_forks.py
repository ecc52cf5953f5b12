"""`--forks=N` reports what a run without workers reports, whatever happens to a worker."""

import asyncio
import itertools
import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial

import asyncpg
import pytest

from backend.tests.plugins.inner_run import PLUGINS, InnerRun, RunInner, together, wait_until
from backend.tests.plugins.postgres.urls import database_of, for_asyncpg

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("interruptible")]
if not hasattr(os, "fork"):
    pytest.skip("this system cannot fork", allow_module_level=True)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process that is started has a SIGINT, although a shell's `&` takes it from this one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


OUTCOMES = """
    import os, random, warnings
    from pathlib import Path
    import pytest

    drawn = []

    def note(name, text):
        with Path(name).open("a") as file:
            file.write(text + "\\n")

    @pytest.fixture(scope="session", autouse=True)
    def session(tmp_path_factory):
        tmp_path_factory.mktemp("shared", numbered=False)  # fails if another worker has it
        note("shared", f"session begins {os.getpid()}")
        yield
        note("shared", f"session ends {os.getpid()}")

    @pytest.fixture(scope="module")
    def module(session):
        note("shared", f"module begins {os.getpid()}")
        yield
        note("shared", f"module ends {os.getpid()}")

    @pytest.fixture(params=["in", "out"])
    def broken(request):
        if request.param == "in":
            raise OSError("broken setup")
        yield
        raise OSError("broken teardown")

    @pytest.mark.parametrize("number", range(60))
    def test_passes(number, module, tmp_path):
        (tmp_path / "mine").touch(exist_ok=False)
        drawn.append(random.random())
        os.system("echo not for the terminal")
        note("ran", str(number))

    def test_fails():
        print("printed before the failure")
        assert [1, 2] == [1, 3]

    def test_errs(broken): ...
    def test_warns(): warnings.warn("take care", RuntimeWarning)
    def test_skips(): pytest.skip("not here")
    @pytest.mark.xfail
    def test_known(): assert 0
    @pytest.mark.xfail(strict=True)
    def test_mended(): ...
    def test_cannot_be_sent(request): request.node.user_properties.append(("odd", lambda: 0))
    def test_subtests(subtests):
        for number in range(3):
            with subtests.test(f"number {number}"):
                assert number != 1
"""
CLEANING = """
    from pathlib import Path
    import pytest

    @pytest.hookimpl(trylast=True)
    def pytest_configure(config):
        def clean():
            with Path("cleaned").open("a") as file:
                file.write("once ")
        config._tmp_path_factory._exit_stack.callback(clean)
"""
FILES = {
    "tests/unit/conftest.py": CLEANING,
    "tests/unit/test_outcomes.py": OUTCOMES,
    "tests/unit/test_more.py": "def test_more(): ...",
}
SHOWN = ("-rA", "-p", "no:randomly", "-W", "default::RuntimeWarning", "--randomly-seed=1")


def test_a_run_says_what_it_says_without_workers(inner_run: RunInner) -> None:
    shown = ("tests/unit", *SHOWN)
    alone, forked = together(
        partial(inner_run, FILES, *shown), partial(inner_run, FILES, *shown, "--forks=2")
    )

    assert forked.exit_code == alone.exit_code == 1, forked.output
    assert forked.outcomes == alone.outcomes
    assert len(forked.outcomes) == 60 + 10
    for title in ("short test summary", "warnings summary"):
        assert sorted(section(forked, title)) == sorted(section(alone, title))
    failure = "assert [1, 2] == [1, 3]"
    assert failure in forked.messages["test_fails"]
    assert "printed before the failure" in forked.messages["test_fails"]
    assert "[fork1] " in forked.output, "a failure names its worker"
    for stray in ("not for the terminal", "printed before"):
        assert stray not in forked.output.partition("= FAILURES")[0]

    ran = (forked.folder / "ran").read_text().split()
    assert sorted(map(int, ran)) == list(range(60)), "each test ran once"
    cleaned = (forked.folder / "cleaned").read_text()
    assert cleaned == "once ", "temporary folders are the controller's to remove"
    shared = (forked.folder / "shared").read_text().splitlines()
    assert len(shared) == len(set(shared)) == 8, "two workers, two fixtures, each begun and ended"


def section(run: InnerRun, title: str) -> list[str]:
    rest = run.output.partition(f"= {title} ")[2].splitlines()[1:]
    shown = itertools.takewhile(lambda line: not line.startswith("==="), rest)
    return [line.replace(str(run.folder), "") for line in shown]


FAILING = """
    import time
    import pytest

    @pytest.mark.parametrize("number", range(40))
    def test_number(number):
        time.sleep(0.02)
        assert number % 10
"""


def test_the_run_stops_when_it_is_asked_to_and_begins_with_what_failed(
    inner_run: RunInner,
) -> None:
    first, limited = together(
        partial(inner_run, {"tests/unit/test_a.py": FAILING}, "--forks=2", "-x"),
        partial(inner_run, {"tests/unit/test_a.py": FAILING}, "--forks=2", "--maxfail=3"),
    )
    assert (first.exit_code, limited.exit_code) == (1, 1)
    for run, limit in ((first, 1), (limited, 3)):
        # the other worker's test, which ran at that time, may have failed as well
        assert len(run.outcomes) - len(run.passed) in (limit, limit + 1)
        assert "!!! stopping after" in run.output
    assert len(first.outcomes) < 40
    failed = set(limited.outcomes) - limited.passed
    again = inner_run({"tests/unit/test_a.py": FAILING}, "--forks=2", "--lf", folder=limited.folder)
    assert set(again.outcomes) == failed


CRASHING = """
    import contextlib, ctypes, faulthandler, os, signal, stat, time
    from pathlib import Path
    import pytest

    faulthandler.disable()

    @pytest.fixture(scope="session")
    def until_the_end():
        yield
        os._exit(7)

    def test_leaves(): os._exit(0)
    def test_is_killed(): os.kill(os.getpid(), signal.SIGKILL)
    def test_segfaults():
        os.kill(os.getpid(), signal.SIGSEGV)
    def test_leaves_a_process_with_its_pipe():
        if ctypes.PyDLL(None).fork() == 0:  # which Python does not hear of
            Path("left").write_text(str(os.getpid()))
            for number in range(100):
                with contextlib.suppress(OSError):
                    if not stat.S_ISSOCK(os.fstat(number).st_mode):
                        os.close(number)
            time.sleep(10)
            os._exit(0)
        os._exit(3)
    def test_loses_its_pipe(): os.closerange(3, 1000)
    @pytest.mark.parametrize("number", range(30))
    def test_passes(number): ...
"""
CRASHING_AT_THE_END = """
    import os
    import pytest

    @pytest.fixture(scope="session")
    def shared():
        yield
        os._exit(7)

    def test_last(shared): ...
"""


def test_a_crash_fails_its_test_and_the_others_run(inner_run: RunInner) -> None:
    run, ending = together(
        partial(inner_run, {"tests/unit/test_a.py": CRASHING}, "--forks=2"),
        partial(inner_run, {"tests/unit/test_a.py": CRASHING_AT_THE_END}, "--forks=2"),
    )
    left = int((run.folder / "left").read_text())
    assert is_alive(left), "nobody waited for it"
    os.kill(left, signal.SIGKILL)
    assert run.exit_code == ending.exit_code == 1, run.output
    assert len(run.passed) == 30
    expected = {
        "test_leaves": "exit code 0",
        "test_is_killed": "SIGKILL",
        "test_segfaults": "SIGSEGV",
        "test_leaves_a_process_with_its_pipe": "exit code 3",
        "test_loses_its_pipe": "",
    }
    assert set(run.outcomes) - run.passed == set(expected)
    for name, how in expected.items():
        sentence = f"crashed while running 'tests/unit/test_a.py::{name}': {how}"
        assert sentence in run.messages[name]
        assert run.messages[name].startswith("worker 'fork")
    assert "crashed while running 'tests/unit/test_a.py::test_last'" in ending.output


WAITING = """
    import os, time
    from pathlib import Path
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def shared():
        Path(f"begun-{os.getpid()}").touch()
        yield
        Path(f"ended-{os.getpid()}").touch()

    @pytest.mark.parametrize("number", range(4))
    def test_waits(number):
        Path(f"waits-{os.getpid()}").touch()
        time.sleep(60)
"""
SWALLOWING_IT = WAITING.replace(
    "time.sleep(60)",
    """
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass
""",
)
SWALLOWING = WAITING.replace(
    "time.sleep(60)",
    """
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
""",
)


@pytest.mark.parametrize(
    ("ending", "source"),
    [
        (signal.SIGINT, WAITING),
        (signal.SIGINT, SWALLOWING_IT),
        (signal.SIGTERM, WAITING),
        (signal.SIGKILL, WAITING),
        (signal.SIGKILL, SWALLOWING),
    ],
    ids=["interrupted", "interrupted in vain", "terminated", "killed", "killed and deaf"],
)
def test_workers_end_with_the_run(inner_run: RunInner, ending: signal.Signals, source: str) -> None:
    files = {"tests/integration/test_a.py": source}
    folder = inner_run(files, "--collect-only").folder
    with inner_run.started(folder, "--forks=2") as run:
        wait_until(lambda: len(list(folder.glob("waits-*"))) == 2)
        workers = [int(path.name.partition("-")[2]) for path in folder.glob("waits-*")]
        run.send_signal(ending)
        wait_until(lambda: not any(map(is_alive, workers)))
        output = "".join(run.communicate())
    assert run.returncode == (2 if ending is signal.SIGINT else -ending), output
    assert "Traceback" not in output
    if source is not SWALLOWING:
        assert len(list(folder.glob("ended-*"))) == 2, "their fixtures are torn down"


def is_alive(process: int) -> bool:
    # A dead one whose new parent does not care is left as Z.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True)
    return state.stdout.strip()[:1] not in (b"", b"Z")


UNEVEN = """
    import time
    from pathlib import Path
    import pytest

    @pytest.mark.parametrize("number", range(12))
    def test_number(number, worker_id):
        if number < 6:
            time.sleep(0.05)
            with Path("slow").open("a") as file:
                file.write(worker_id + " ")
"""
ENDING = """
    import pytest

    def test_ends():
        {end}
    @pytest.mark.parametrize("number", range(300))
    def test_number(number): ...
"""
BROKEN_HOOK = """
    def pytest_runtest_protocol(item):
        raise RuntimeError("a plugin's fault")
"""


def test_who_has_nothing_left_takes_over_from_others(inner_run: RunInner) -> None:
    run = inner_run({"tests/unit/test_a.py": UNEVEN}, "--forks=2", "--randomly-dont-reorganize")
    assert len(run.passed) == 12
    assert set((run.folder / "slow").read_text().split()) == {"fork0", "fork1"}


def test_what_ends_a_run_in_a_worker_ends_the_run(inner_run: RunInner) -> None:
    def ending(end: str) -> dict[str, str]:
        return {"tests/unit/test_a.py": ENDING.format(end=end)}

    first = "--randomly-dont-reorganize"
    left, interrupted, broken = together(
        partial(inner_run, ending("pytest.exit('enough', 5)"), "--forks=2", first),
        partial(inner_run, ending("raise KeyboardInterrupt"), "--forks=2", first),
        partial(inner_run, {**ending("pass"), "tests/unit/conftest.py": BROKEN_HOOK}, "--forks=2"),
    )
    assert (left.exit_code, interrupted.exit_code, broken.exit_code) == (5, 2, 3)
    assert "Exit: enough" in left.output
    assert "KeyboardInterrupt" in interrupted.output
    assert "a plugin's fault" in broken.output


STARTS_A_THREAD = """
    import threading, time
    threading.Thread(target=time.sleep, args=(1,), name="clock").start()
    def test_nothing(): ...
"""


def test_what_cannot_be_forked_is_refused_with_a_sentence(inner_run: RunInner) -> None:
    files = {"tests/unit/test_a.py": "def test_a(): ..."}
    threaded, both, debugger, word = together(
        partial(inner_run, {"tests/unit/test_a.py": STARTS_A_THREAD}, "--forks=2"),
        partial(inner_run, files, "--forks=2", "-n2"),
        partial(inner_run, files, "--forks=2", "--pdb"),
        partial(inner_run, files, "--forks=many"),
    )
    for run, sentence in (
        (threaded, "while other threads run (clock): let fixtures start them, or type -n 2."),
        (both, "exclude each other: type --forks=0 or -n 0 beside the other one."),
        (debugger, "--pdb needs a single process: type --forks=0."),
        (word, "takes a number or auto, not many"),
    ):
        assert run.exit_code == pytest.ExitCode.USAGE_ERROR, run.output
        assert run.output.count(sentence) == 1, run.output
        assert "Traceback" not in run.output
        assert not run.outcomes


CONFTEST = f"""
    import pytest
    pytest.register_assert_rewrite("backend.tests.plugins")
    pytest_plugins = {[f"backend.tests.plugins.{name}" for name in ("postgres.plugin", *PLUGINS)]}
"""
DATABASES = """
    import os, signal
    from pathlib import Path
    import pytest

    @pytest.mark.parametrize("number", range(20))
    def test_number(worker_db_url, worker_id, number):
        with Path("databases").open("a") as file:
            file.write(f"{worker_id} {worker_db_url}\\n")

    def test_crashes(worker_db_url):
        os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_each_worker_has_a_database_of_its_own_and_none_is_left(
    inner_run: RunInner, worker_db_url: str
) -> None:
    files = {"tests/conftest.py": CONFTEST, "tests/integration/test_a.py": DATABASES}
    runs = await asyncio.to_thread(together, *[partial(inner_run, files, "--forks=2")] * 2)
    used = set[str]()
    for run in runs:
        assert run.exit_code == 1
        assert len(run.passed) == 20, run.output
        assert "services PostgreSQL" in run.output
        for line in (run.folder / "databases").read_text().splitlines():
            worker, url = line.split()
            used.add(database_of(url))
            assert database_of(url).endswith(f"_{worker}")
    assert len(used) >= 4, "two workers in each of two runs at once"

    await asyncio.to_thread(inner_run, files, "--forks=1", "-k", "number")
    connection = await asyncpg.connect(for_asyncpg(worker_db_url))
    try:
        left = await connection.fetch("SELECT datname FROM pg_database")
    finally:
        await connection.close()
    assert not used & {row["datname"] for row in left}


COVERED = {
    "tests/unit/subject.py": """
        def answer(number):
            if number == 1:
                return "one"
            if number == 2:
                return "two"
            return "never asked for" if number == 3 else "many"
    """,
    "tests/unit/test_subject.py": """
        import os, signal
        import pytest
        from subject import answer

        @pytest.mark.parametrize("number", [1, 2, 7])
        def test_answer(number):
            assert answer(number)
    """,
}


def test_coverage_counts_what_workers_have_run(inner_run: RunInner) -> None:
    options = ("-p", "pytest_cov.plugin", "--cov=subject", "--cov-branch")
    alone, forked = together(
        partial(inner_run, COVERED, *options), partial(inner_run, COVERED, *options, "--forks=3")
    )
    assert forked.exit_code == 0, forked.output
    (counted,) = [line for line in alone.output.splitlines() if line.startswith("TOTAL")]
    assert counted in forked.output, forked.output
    assert not list(forked.folder.glob(".coverage.*")), "the workers' files are combined"
