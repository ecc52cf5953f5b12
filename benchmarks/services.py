"""`uv run python -m benchmarks.services --json OUT`: what each backing service costs, and leaves.

Start: from nothing to a server that answers and holds what is the worker's own. Price: tests with
and without what the plugin does after them, in turn, in one run. Left: processes, folders, and
names on a given server, after kills (-9) in turn of controller, worker, server, and a whole run on
a given server, once the next start has cleared up.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.used import Services, kind

from benchmarks import command_line, figures
from benchmarks.kills import APPLICATIONS, GIVEN, VICTIMS, left_after
from benchmarks.project import HERE, Workspace, workspace
from benchmarks.runs import run
from tests.harness.conftest import SETTINGS, write
from tooling.uv import readable_folder

TITLES = {"redis": "Redis (Valkey)", "s3": "S3 (moto)", "amqp": "RabbitMQ", "wiremock": "WireMock"}
SLOW = ("amqp", "wiremock")
SWITCH = """
import pytest
from pytest_greenfield.session import HARNESS

@pytest.hookimpl(wrapper=True, tryfirst=True)  # around what is timed
def pytest_runtest_protocol(item):
    services = item.config.stash[HARNESS].services
    restore = services.restore
    if "free" in item.name:
        services.restore = lambda: None
    result = yield
    services.restore = restore
    restore()
    return result
"""


def start_times(name: str, repetitions: int) -> list[float]:
    """Return the milliseconds of each start."""
    times = []
    for _ in range(repetitions):
        services = Services.plan([f"{name}.url"], "test_bench_0123abcd", os.environ)
        begun = time.perf_counter()
        for service in services:
            service.start()
            service.open()
            times.append(1000 * (time.perf_counter() - begun))
            service.close()
        services.stop()
    return times


def prices(name: str, folder: Path, tests: int) -> dict[str, dict[str, float]]:
    """Return the milliseconds of a test by kind; `free` is without restoring."""
    application = APPLICATIONS[name]
    body = {"write": "put(1)", "idle": "pass"}
    lines = [
        f"def test_{action}{free}_{number}({application.fixture}): {code}"
        for number in range(tests)
        for action, code in body.items()
        for free in ("", "free")
    ]
    write(
        folder,
        {
            "pyproject.toml": dedent(SETTINGS) + dedent(application.settings),
            "tests/conftest.py": dedent(application.conftest) + SWITCH,
            "tests/integration/test_it.py": "\n".join(["from tests.conftest import put", *lines]),
        },
    )
    where = Workspace(folder, Path(sys.executable))
    path = {"PYTHONPATH": str(HERE / "inside")}
    # pytest-django has a fixture around each test, which is installed here for other tests.
    options = ("-p", "no:django", "--randomly-dont-reorganize")
    result = run(where, folder, *options, variables=path).by_kind()
    price = {}
    for action in body:
        pairs = zip(result[action], result[f"{action}free"], strict=True)
        price[action] = figures.summary([with_it - without for with_it, without in pairs])
    return price


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print, save."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--repetitions", type=int, default=9, help="starts")
    parser.add_argument("--tests", type=int, default=100, help="tests of each kind")
    parser.add_argument("--kills", type=int, default=20, help="of each victim")
    parser.add_argument("--slow-kills", type=int, default=20, help="the same, of slow services")
    parser.add_argument("--services", nargs="+", choices=TITLES, default=list(TITLES))
    settings = parser.parse_args(arguments)
    if settings.quick:
        settings.repetitions, settings.tests, settings.services = 1, 3, ["redis", "s3"]
        settings.kills = settings.slow_kills = 1
    results: dict[str, Any] = {"rows": [], "left": []}
    with workspace(settings.keep) as made, readable_folder() as folder:
        for name in settings.services:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("TEST_CACHE_DIR", str(folder / "cache"))
                measure(name, folder, settings, results)
            figures.save(settings.json, "benchmarks.services", made, None, results)
    return results


def measure(
    name: str, folder: Path, settings: argparse.Namespace, results: dict[str, list[Any]]
) -> None:
    """Add a service's figures to the results."""
    try:
        kind(name).check_embedded()
    except ServiceUnavailableError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return
    starts = figures.summary(start_times(name, settings.repetitions))
    price = prices(name, folder / name, settings.tests)
    results["rows"].append({"service": name, "start": starts, "price": price})
    shown = [figures.shown(each, " ms") for each in (starts, *price.values())]
    print(f"{TITLES[name]}: start, price of a test that writes, of one that does not: {shown}")
    kills = settings.slow_kills if name in SLOW else settings.kills
    for victim in VICTIMS if name in GIVEN else VICTIMS[:3]:
        where = folder / f"{name} {victim}"
        left = left_after(name, victim, where, folder / "cache", kills)
        results["left"].append(left)
        print(f"    {left}")


if __name__ == "__main__":
    main()
