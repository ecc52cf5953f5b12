"""The container gets the address that was planned. (Tried without a Docker daemon.)"""

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres import container

from tests.harness.postgres.conftest import Start


class FakeContainer:
    """What is used of testcontainers."""

    started: ClassVar["list[FakeContainer]"] = []

    def __init__(self, image: str, **options: Any) -> None:
        self.image, self.options, self.ports = image, options, dict[str, Any]()
        self.command, self.stopped = "", False

    def with_command(self, command: str) -> None:
        self.command = command

    def with_tmpfs_mount(self, path: str) -> None:
        self.mount = path

    def start(self) -> None:
        self.started.append(self)

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A daemon that answers."""
    answering = types.SimpleNamespace(ping=lambda: True)
    module = types.ModuleType("testcontainers.community.postgres")
    module.PostgresContainer = FakeContainer  # type: ignore[attr-defined]
    for name in ("testcontainers", "testcontainers.community"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["testcontainers"].__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    docker = types.ModuleType("docker")
    docker.from_env = lambda **_: answering  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "docker", docker)
    monkeypatch.setattr(FakeContainer, "started", [])
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return answering


def test_the_container_is_started_at_the_planned_address(
    daemon: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "daemon_host", lambda: "127.0.0.1")
    planned = container.Container()
    assert FakeContainer.started == []
    planned.start()
    (started,) = FakeContainer.started
    assert started.image == "postgres:18-alpine"
    assert started.ports == {"5432": ("127.0.0.1", planned.address.port)}
    assert started.options["password"] == planned.address.password
    planned.stop()
    assert started.stopped


def test_a_daemon_elsewhere_has_its_host(
    daemon: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://builder:2375")
    planned = container.Container()
    assert planned.address.host == "builder"
    planned.start()
    assert FakeContainer.started[0].ports == {"5432": planned.address.port}
    planned.stop()


def test_the_host_that_testcontainers_is_told_counts(
    daemon: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://builder:2375")
    monkeypatch.setenv("TESTCONTAINERS_HOST_OVERRIDE", "gateway")
    planned = container.Container()
    assert planned.address.host == "gateway"
    planned.stop()


def test_without_a_daemon_one_sentence_says_so(
    daemon: types.SimpleNamespace, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ConnectionRefusedError

    daemon.ping = refuse
    monkeypatch.setenv("TEST_SERVICES", "docker")
    with pytest.raises(ServiceUnavailableError, match="no Docker daemon answers"):
        start("none")


def test_without_testcontainers_one_sentence_says_what_to_install(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("TEST_SERVICES", "docker")
    with pytest.raises(ServiceUnavailableError, match=r"pytest-greenfield\[docker\]"):
        start("none")
