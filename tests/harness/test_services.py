"""What every service promises: no run sees another, and none leaves anything, however it ends."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_greenfield import check, command
from pytest_greenfield.services import child
from pytest_greenfield.services.used import Services

from tests.harness.background import (
    Application,
    Given,
    Suite,
    all_ended,
    family,
    given_server,
    is_watcher,
    kill,
    lives,
    servers,
)
from tests.harness.rabbitmq import conftest as rabbitmq
from tests.harness.redis import conftest as redis
from tests.harness.s3 import conftest as s3


@dataclass(frozen=True)
class Kind:
    """A service, and whose its servers are."""

    application: Application
    given: type[Given]
    product: str
    of_worker: bool = False


KINDS = [
    pytest.param(Kind(redis.APPLICATION, redis.Given, "Valkey", of_worker=True), id="redis"),
    pytest.param(Kind(s3.APPLICATION, s3.Given, "S3"), id="s3"),
    pytest.param(
        Kind(rabbitmq.APPLICATION, rabbitmq.Given, "RabbitMQ"),
        id="rabbitmq",
        marks=rabbitmq.needs_rabbitmq,
    ),
]
Start = Callable[..., Suite]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each service."""
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def given(kind: Kind, own_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """A server that the variables name, with what belongs to no run."""
    with given_server(kind.given, monkeypatch) as started:
        started.add_others()
        yield started


@pytest.fixture
def start(kind: Kind, own_environment: None) -> Iterator[Start]:
    """Start runs in the background; what is left of them is killed, however the test ends."""
    started: list[Suite] = []

    def start_one(folder: Path, *options: str, modules: str = "ab") -> Suite:
        started.append(Suite(folder, kind.application, *options, modules=modules))
        return started[-1]

    yield start_one
    for suite in started:
        suite.kill()
    child.prune()


@pytest.fixture(autouse=True)
def own_environment(kept_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the run around this one, and a cache where no other run clears up."""
    for name in list(os.environ):
        if name.startswith(("PYTEST_XDIST", "PYTEST_TIMEOUT", "PYTEST_GREENFIELD", "TEST_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEST_CACHE_DIR", str(kept_cache))


@pytest.mark.parametrize("how", ["controller", "worker", "interrupt"])
def test_killed_processes_leave_no_server(
    tmp_path: Path, start: Start, kind: Kind, how: str
) -> None:
    suite = start(tmp_path, "-n2", "--max-worker-restart=0")
    first = suite.running(2)[0]
    of_first, of_run = family(first), family(suite.process.pid)
    folders = set(servers(of_run).values())
    assert len(servers(of_first)) == kind.of_worker
    assert len(folders) == 1 + kind.of_worker
    if how == "worker":
        os.kill(first, signal.SIGKILL)
        assert all_ended(of_first)
        assert "1 failed, 1 passed" in suite.finish(), suite.output()
    elif how == "controller":
        suite.kill()
        (tmp_path / "go").touch()  # the workers notice it at the end of their test
    else:
        suite.process.send_signal(signal.SIGINT)
        suite.process.wait(60)
    assert all_ended(of_run)
    assert {folder for folder in folders if folder.exists()} == set(child.prune())


def test_servers_whose_watchers_were_killed_too_end_with_the_next_run(
    tmp_path: Path, start: Start
) -> None:
    suite = start(tmp_path)
    suite.running(1)
    of_run = family(suite.process.pid)
    ours = servers(of_run)
    kill([*filter(is_watcher, of_run)])
    suite.kill()
    time.sleep(0.3)
    assert ours
    assert all(map(lives, ours))

    assert set(ours.values()) == set(child.prune())
    assert all_ended(of_run)
    assert not any(folder.exists() for folder in ours.values())


@pytest.mark.parametrize("by", ["the next run", "clean"])
def test_two_runs_at_once_on_a_given_server(
    tmp_path: Path, given: Given, start: Start, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    others = given.owners()
    one, two = (start(tmp_path / name, "-n2") for name in ("one", "two"))
    workers = one.running(2)
    two.running(2)
    assert len(given.owners() - others) == 4
    one.kill(workers)
    assert len(given.owners() - others) == 4

    if by == "clean":
        before = given.owners()
        command.clean_services()
        dropped = set(re.findall(r"^dropped   (\S+)$", capsys.readouterr().out, re.MULTILINE))
        assert before - given.owners() <= dropped
        assert len(given.owners() - others) == 2
    three = start(tmp_path / "three")
    three.running(1)
    assert len(given.owners() - others) == 3
    assert "2 passed" in three.finish(), three.output()
    assert "2 passed" in two.finish(), two.output()
    assert given.owners() == others


def test_check_leaves_nothing_on_a_given_server(
    kind: Kind, given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    others = given.owners()
    placeholders = re.findall(r"{([a-z0-9.]+)}", kind.application.settings)
    check.check_services(Services.plan(placeholders, "test_check_0123abcd", os.environ))
    assert re.search(
        rf"{kind.product} \S+ given, started in .* s, restored", capsys.readouterr().out
    )
    assert given.owners() == others


@pytest.mark.parametrize("options", [(), ("-n2",)], ids=["serial", "two-workers"])
def test_a_killed_server_fails_the_run_once(
    tmp_path: Path, start: Start, kind: Kind, options: tuple[str, ...]
) -> None:
    # Without what clients log.
    suite = start(tmp_path, "--show-capture=no", *options, modules="abcdefgh")
    suite.running(2 if options else 1)
    kill(servers(family(suite.process.pid)))
    output = suite.finish()

    assert suite.process.returncode in (1, 2), output  # 2 with xdist: interrupted
    sentence = rf"{kind.product} [\d.a-z]+ embedded went away during the run: run the tests again"
    assert re.search(sentence, output), output
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output
    failed = set(re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE))
    assert 1 <= len(failed) <= 1 + len(options), output
    assert "passed" not in output.splitlines()[-1], output


def test_runs_with_other_caches_are_not_taken_for_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another user, or in another container of the same name: there is no lock to ask."""
    run, now = "test_suite_0123abcd", datetime.now(UTC)
    for cache in ("one", "two"):
        monkeypatch.setenv("TEST_CACHE_DIR", str(tmp_path / cache))
        if cache == "one":
            alive, name = child.Child(run), child.name_of(run, "gw0")
            assert not child.is_left(name, now)
    assert not child.is_left(name, now)
    assert child.is_left(name, now - timedelta(days=2))
    alive.stop()
    monkeypatch.setenv("TEST_CACHE_DIR", str(tmp_path / "one"))
    assert child.is_left(name, now)
