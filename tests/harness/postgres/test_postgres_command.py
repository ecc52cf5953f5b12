"""`pytest-greenfield check | serve | clean`."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from pytest_greenfield import command

from tests.harness.background import all_ended, family, servers
from tests.harness.postgres.conftest import Start

Serve = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture(autouse=True)
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is run inside a folder of the project."""
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")


@pytest.fixture
def serve(cache: Path) -> Iterator[Serve]:
    """Runs the development server of the current folder; gives its process and URL."""
    started: list[subprocess.Popen[str]] = []

    def serve_one(*options: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest_greenfield.command", "serve", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("DATABASE_URL="):
                return process, line.partition("=")[2].strip()
        pytest.fail("no URL")

    yield serve_one
    try:
        for process in started:
            stop(process)
    finally:
        for process in started:
            kill(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C."""
    process.send_signal(signal.SIGINT)
    if process.stdout is not None and not process.stdout.closed:
        process.communicate(timeout=60)


WAITS = """
import os
from pytest_greenfield.development import StopSignal

stop = StopSignal()
print("ready", flush=True)
for _ in range(5000):
    assert stop.wait(60)
    os.read(stop._reading, 4096)
os._exit(0)
"""


def test_ctrl_c_ends_the_wait_at_whatever_moment_it_comes() -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signal.SIGINT)
            pause = time.perf_counter() + random.uniform(0, 1e-4)  # noqa: S311
            while time.perf_counter() < pause:
                pass  # a sleep would be longer
        process.kill()
    assert process.returncode == 0


def test_check_says_what_works(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check"]) == 0
    out = capsys.readouterr().out
    for word in ("server", "databases", "restore", "guard"):
        assert word in out


def test_check_says_in_one_sentence_what_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert command.main(["check"]) == 1
    assert "ENVIRONMENT=test" in capsys.readouterr().err


def test_the_development_server_keeps_address_and_data(serve: Serve) -> None:
    process, url = serve()
    assert url.endswith("/dev")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    stop(process)
    process, again = serve()
    assert again == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == ("kept",)
    kill(process)
    _, again = serve("--reset")
    with psycopg.connect(again) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_the_development_address_is_written_as_the_project_reads_it(
    project: Path, serve: Serve
) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.pytest]\ngreenfield_environment = "
        '["X=1", "DATABASE_URL=postgresql+asyncpg://{postgres.address}"]\n',
        "utf-8",
    )
    _, url = serve()
    assert url.startswith("postgresql+asyncpg://postgres:")
    assert url.endswith("/dev")


def test_a_redis_of_the_application_keeps_its_address_and_no_data(
    project: Path, serve: Serve
) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.pytest]\ngreenfield_environment = "
        '["REDIS={redis.prefix} {redis.url}", "DATABASE_URL={postgres.url}", "S3_URL={s3.url}"]\n',
        "utf-8",
    )
    file = project / "env"
    seen = []
    for stop_it in (stop, kill, stop):
        process, _ = serve("--env-file", str(file))
        (line, _) = file.read_text("utf-8").splitlines()
        seen.append(line)
        prefix, url = line.removeprefix("REDIS=").split()
        client = redis.Redis.from_url(url)
        assert client.get(f"{prefix}key") is None
        client.set(f"{prefix}key", 1)
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.set("key", 1)
        ours = servers(family(process.pid))
        assert ours
        stop_it(process)
        assert all_ended(ours)
        with pytest.raises(redis.ConnectionError):
            client.ping()
    assert len(set(seen)) == 1


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def test_a_second_server_of_a_project_is_refused_and_another_checkout_has_its_own(
    serve: Serve, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    _, url = serve()
    assert command.main(["serve"]) == 1
    assert "runs already" in capsys.readouterr().err
    other = tmp_path_factory.mktemp("other")
    (other / "pyproject.toml").write_text('[project]\nname = "my-app"\n', "utf-8")
    monkeypatch.chdir(other)
    _, second = serve()
    assert second != url


def test_damaged_development_data_are_not_touched(
    serve: Serve, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process, _ = serve()
    stop(process)
    (data,) = cache.glob("development-*/data")
    (data / "PG_VERSION").unlink()
    before = sorted(data.iterdir())
    assert command.main(["serve"]) == 1
    assert "--reset" in capsys.readouterr().err
    assert [path for path in before if not path.exists()] == []


def test_clean_removes_clusters_damaged_ones_too_and_no_development_data(
    cache: Path, start: Start, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    process, _ = serve()
    stop(process)
    start("none").stop()
    (data,) = cache.glob("cluster-*/data")
    (data / "PG_VERSION").unlink()
    (data / "global/pg_control").write_bytes(b"")
    assert command.main(["clean"]) == 0
    assert "removed" in capsys.readouterr().out
    assert list(cache.glob("cluster-*")) == []
    assert list(cache.glob("development-*/data"))


def test_clean_leaves_a_running_server_alone(
    cache: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    postgres = start("none")
    assert command.main(["clean"]) == 0
    assert "a run is using it" in capsys.readouterr().out
    assert postgres.failure_reason() is None


def test_clean_drops_what_is_left_on_a_given_server(
    cache: Path, start: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start("none").server
    monkeypatch.setenv("TEST_DATABASE_URL", server.with_database("x_test").url)
    os.environ.pop("TEST_CACHE_DIR")
    monkeypatch.setenv("TEST_CACHE_DIR", str(cache / "other"))
    start("none").stop()
    assert command.main(["clean"]) == 0
    assert "dropped" not in capsys.readouterr().err
