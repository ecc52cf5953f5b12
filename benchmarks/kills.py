"""Runs of which a part is killed (-9), and what is left of them after the next start."""

import time
from pathlib import Path
from typing import Any

import pytest
from pytest_greenfield.services import child

from tests.harness.background import (
    Application,
    Given,
    Suite,
    family,
    given_server,
    kill,
    lives,
    servers,
)
from tests.harness.rabbitmq import conftest as rabbitmq
from tests.harness.redis import conftest as redis
from tests.harness.s3 import conftest as s3

WIREMOCK = Application(
    """
    addopts = ["-p", "no:valkey"]
    greenfield_environment = ["PEER_URL={wiremock.url}"]
    """,
    """
    import json, os
    from urllib.request import urlopen

    URL = os.environ["PEER_URL"] + "/__admin/mappings"

    def put(number):
        text = json.dumps({"request": {"urlPath": f"/{number}"}, "response": {}}).encode()
        urlopen(URL, text).close()

    def held():
        with urlopen(URL) as answer:
            return [int(m["request"]["urlPath"][1:]) for m in json.load(answer)["mappings"]]
    """,
    fixture="wiremock",
)
APPLICATIONS = {
    "redis": redis.APPLICATION,
    "s3": s3.APPLICATION,
    "amqp": rabbitmq.APPLICATION,
    "wiremock": WIREMOCK,
}
GIVEN: dict[str, type[Given]] = {"redis": redis.Given, "s3": s3.Given, "amqp": rabbitmq.Given}
VICTIMS = ("controller", "worker", "server", "run on a given server")


def kill_part(name: str, victim: str, folder: Path) -> None:
    """Start a run, kill a part of it, and let the rest end."""
    suite = Suite(folder, APPLICATIONS[name], "-n1", "--max-worker-restart=0")
    workers = suite.running(1)
    if victim == "controller":
        suite.kill()
    elif victim == "run on a given server":
        suite.kill(workers)
    else:
        of_run = family(suite.process.pid)
        kill(workers if victim == "worker" else servers(of_run))
    suite.finish()


def left_after(name: str, victim: str, folder: Path, cache: Path, count: int) -> dict[str, Any]:
    """Return what is left of so many kills, when a run has started after them."""
    names = 0
    if victim == "run on a given server":
        with pytest.MonkeyPatch.context() as patch, given_server(GIVEN[name], patch) as server:
            before = server.owners()
            for number in range(count):
                kill_part(name, victim, folder / str(number))
            Suite(folder / "last", APPLICATIONS[name]).finish()
            names = len(server.owners() - before)
    else:
        for number in range(count):
            kill_part(name, victim, folder / str(number))
        child.prune()  # what a start begins with
    deadline = time.monotonic() + 20
    while (found := processes_in(cache)) and time.monotonic() < deadline:
        time.sleep(0.05)
    folders = len([*cache.glob("service-*")])
    left = {"processes": len(found), "folders": folders, "names": names}
    return {"service": name, "victim": victim, "kills": count, **left}


def processes_in(cache: Path) -> list[int]:
    """Return the servers of runs, wherever they came from, that run in folders of this cache."""
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid, home in servers(pids).items() if home.parent == cache and lives(pid)]
