"""The next test starts clean however the last one ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.harness.conftest import CACHE, RunSuite
from tests.harness.test_isolation import CONFTEST, SCHEMA

SETTINGS = 'greenfield_migrations = "schema:migrate"\npythonpath = ["."]\n'
TROUBLE = """
    import asyncio, os, time
    import pytest
    from tests.conftest import connect

    def write():
        with connect() as connection:
            connection.execute("INSERT INTO account (name) VALUES ('new')")

    @pytest.fixture(autouse=True)
    def clean(starts_clean):
        pass

    def test_1_fails():
        write()
        assert False, "on purpose"

    @pytest.mark.timeout(0.3)
    def test_2_hangs():
        write()
        time.sleep(30)

    @pytest.mark.timeout(0.3)
    async def test_3_hangs_in_the_loop():
        write()
        await asyncio.sleep(30)

    @pytest.fixture
    def bad_teardown():
        yield
        write()
        raise RuntimeError("in the teardown")

    def test_4_fails_in_its_teardown(bad_teardown):
        write()

    @pytest.fixture
    def bad_setup():
        write()
        raise RuntimeError("in the set-up")

    def test_5_fails_in_its_setup(bad_setup):
        pass

    def test_6_skips_itself():
        write()
        pytest.skip("on purpose")

    @pytest.mark.xfail(strict=True)
    def test_7_is_expected_to_fail():
        write()
        assert False

    def test_8_passes():
        write()
"""
CRASH = """
    import os
    import pytest
    from tests.test_trouble_helpers import write

    @pytest.fixture(autouse=True)
    def clean(starts_clean):
        pass

    @pytest.mark.parametrize("number", range(8))
    def test_it(number):
        write()
        if number == 3:
            os._exit(1)
"""
HELPERS = """
    from tests.conftest import connect

    def write():
        with connect() as connection:
            connection.execute("INSERT INTO account (name) VALUES ('new')")
"""
FILES = {"schema.py": SCHEMA, "tests/conftest.py": CONFTEST}


def test_failures_of_every_phase(run: RunSuite) -> None:
    files = FILES | {"tests/integration/test_trouble.py": TROUBLE}

    result = run(files, "--randomly-dont-reorganize", settings=SETTINGS)

    assert "assert state() == CLEAN" not in result.output, result.output
    assert [outcome for _, outcome in sorted(result.outcomes.items())] == [
        *("failed", "failed", "failed", "error", "error", "skipped", "skipped", "passed")
    ], result.output

    first = run({}, "--randomly-dont-reorganize", "-x", settings=SETTINGS)
    last_failed = run({}, "--lf", "--randomly-dont-reorganize", settings=SETTINGS)

    assert list(first.outcomes) == ["test_1_fails"]
    assert "assert state() == CLEAN" not in first.output + last_failed.output


def test_a_worker_that_crashes(run: RunSuite) -> None:
    files = FILES | {
        "tests/test_trouble_helpers.py": HELPERS,
        "tests/integration/test_crash.py": CRASH,
    }

    result = run(files, "-n", "2", settings=SETTINGS + 'greenfield_default_level = "unit"\n')

    failed = [name for name, outcome in result.outcomes.items() if outcome != "passed"]
    assert len(failed) == 1, result.output
    assert "crashed" in result.output
    assert "assert state() == CLEAN" not in result.output


def test_a_debugger_sees_the_rows(run: RunSuite, pytester: pytest.Pytester) -> None:
    files = FILES | {
        "tests/integration/test_it.py": """
            from tests.conftest import connect, state

            def test_1():
                with connect() as connection:
                    connection.execute("INSERT INTO account (name) VALUES ('seen')")
                assert False

            def test_2(starts_clean):
                pass
        """
    }
    run(files, "--collect-only", settings=SETTINGS)
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "--pdb", "--randomly-dont-reorganize"],
        cwd=pytester.path,
        env=os.environ | {"XDG_CACHE_HOME": CACHE},
        input="p state()[0][-1]\nc\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "(2, 'seen')" in process.stdout, process.stdout
    assert "1 failed, 1 passed" in process.stdout


@pytest.mark.parametrize("how", ["by a person", "by the test"])
def test_an_interrupted_run_ends_with_exit_code_2_and_leaves_nothing(
    run: RunSuite, pytester: pytest.Pytester, tmp_path: Path, how: str
) -> None:
    ending = "time.sleep(60)" if how == "by a person" else 'pytest.exit("enough", returncode=2)'
    files = FILES | {
        "tests/integration/test_it.py": f"""
            import time
            from pathlib import Path
            import pytest
            from tests.conftest import connect

            @pytest.fixture(scope="session")
            def wide():
                with connect() as connection:
                    yield connection
                    assert connection.execute("SELECT 1").fetchone() == (1,)
                    Path({str(tmp_path / "torn-down")!r}).touch()

            @pytest.mark.timeout(0)
            def test_1(wide):
                wide.execute("INSERT INTO account (name) VALUES ('new')")
                Path({str(tmp_path / "running")!r}).touch()
                {ending}
        """
    }
    run(files, "--collect-only", settings=SETTINGS)
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=pytester.path,
        env=os.environ | {"XDG_CACHE_HOME": CACHE},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "running").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if how == "by a person":
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2, output
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output
    assert (tmp_path / "torn-down").exists(), output


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["serial", "two-workers"])
@pytest.mark.parametrize("when", ["call", "teardown"])
def test_a_server_that_goes_away_fails_the_run_once(
    run: RunSuite, options: tuple[str, ...], when: str
) -> None:
    files = FILES | {
        "tests/integration/conftest.py": f"""
            import os, signal
            from pathlib import Path
            import pytest
            from tests.conftest import connect

            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_{when}(item):
                yield
                if "[3]" in item.nodeid:
                    stop_the_server()

            def stop_the_server():
                with connect() as connection:
                    [folder] = connection.execute("SHOW data_directory").fetchone()
                    pid = int(Path(folder, "postmaster.pid").read_text().split()[0])
                    os.kill(pid, signal.SIGKILL)
                    with pytest.raises(Exception):
                        connection.execute("SELECT pg_sleep(10)")
        """,
        "tests/integration/test_it.py": """
            import pytest
            from tests.conftest import connect

            @pytest.mark.parametrize("number", range(20))
            def test_it(number):
                connect().close()
        """,
    }

    result = run(files, *options, "--randomly-dont-reorganize", settings=SETTINGS)

    assert result.exit_code != 0
    assert "went away during the run" in result.output, result.output
    assert "INTERNALERROR" not in result.output
    assert "psycopg.OperationalError" not in result.output
    failed = [name for name, outcome in result.outcomes.items() if outcome != "passed"]
    assert len(failed) <= 1 + len(options), result.output
    assert len(result.outcomes) < 20
