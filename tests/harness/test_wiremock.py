"""WireMock, the real one: its official jar, as npm has it, on this machine's Java."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from pytest_greenfield.services.service import Plan
from pytest_greenfield.services.wiremock.service import WireMockService

from tests.harness.conftest import RunSuite

SETTINGS = """
greenfield_migrations = "none"
greenfield_environment = ["PEER_URL={wiremock.url}"]
testpaths = ["tests"]
"""
FILES = {
    "tests/wiremock/peer.json": """
        {"mappings": [
            {"request": {"urlPath": "/kept"}, "response": {"body": "kept"}},
            {"request": {"urlPathPattern": "/a.*"}, "response": {"body": "first"},
             "scenarioName": "a/ü s", "newScenarioState": "later"}
        ]}
    """,
    "tests/conftest.py": """
        import os
        from urllib.error import HTTPError
        from urllib.request import urlopen

        import pytest

        @pytest.fixture
        def get():
            def get(path):
                try:
                    with urlopen(os.environ["PEER_URL"] + path) as answer:
                        return answer.read().decode()
                except HTTPError as error:
                    error.close()
                    return error.code
            return get
    """,
}
TESTS = """
    import os
    import pytest

    @pytest.fixture(autouse=True)
    def starts_clean(wiremock):
        held = [m["response"]["body"] for m in wiremock.mappings().values()]
        assert sorted(held) == ["first", "kept"]
        assert wiremock.requests() == []
        assert wiremock.url == os.environ["PEER_URL"]

    @pytest.mark.parametrize("number", range(6))
    def test_adds(wiremock, get, number):
        wiremock.stub({"request": {"urlPath": "/mine"}, "response": {"body": str(number)}})
        assert (get("/mine"), get("/kept")) == (str(number), "kept")
        assert [request["url"] for request in wiremock.requests()] == ["/mine", "/kept"]

    def test_removes(wiremock):
        for name in wiremock.mappings():
            wiremock.call("DELETE", f"/mappings/{name}")
        assert wiremock.mappings() == {}

    def test_changes(wiremock, get):
        for name, mapping in wiremock.mappings().items():
            wiremock.call("PUT", f"/mappings/{name}", mapping | {"response": {"body": "other"}})
        assert get("/kept") == "other"

    def test_moves_a_scenario(wiremock, get):
        assert get("/abc") == "first"
        states = [each["state"] for each in wiremock.call("GET", "/scenarios")["scenarios"]]
        assert "later" in states

    @pytest.mark.parametrize("number", range(2))
    def test_scenarios_start_again(wiremock, number):
        mine = [s for s in wiremock.call("GET", "/scenarios")["scenarios"] if OWN in s["name"]]
        assert {each["state"] for each in mine} == {"Started"}

    OWN = os.environ["PEER_URL"].rpartition("/")[2] if "test_" in os.environ["PEER_URL"] else ""
"""


@pytest.fixture(autouse=True)
def jar(wiremock_jar: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The jar; nothing of WireMock is named by the shell."""
    for name in ("TEST_WIREMOCK_URL", "TEST_SERVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WIREMOCK_JAR", str(wiremock_jar))
    return wiremock_jar


@pytest.fixture
def given(jar: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server that is not ours."""
    command = ["java", "-XX:TieredStopAtLevel=1", "-jar", str(jar)]
    command += ["--port", "0", "--bind-address", "127.0.0.1"]
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen([*command, "--root-dir", str(tmp_path)], stdout=log)
        try:
            for _ in range(3000):
                text = (tmp_path / "log").read_text("utf-8")
                port = next((x.split()[1] for x in text.splitlines() if x[:5] == "port:"), None)
                if port is not None:
                    break
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def admin(url: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{url}/__admin{path}", data)) as answer:  # noqa: S310 - ours
        return json.loads(answer.read())


def servers() -> set[int]:
    """The pids of WireMocks that runs of this test's user have started."""
    listed = subprocess.run(["ps", "-axwwo", "pid=,command="], capture_output=True, check=True)
    lines = listed.stdout.decode("utf-8", "replace").splitlines()
    return {int(x.split()[0]) for x in lines if "service-wiremock" in x and " -jar " in x}


def test_each_test_starts_with_the_mappings_of_the_files(run: RunSuite) -> None:
    files = FILES | {"tests/integration/test_a.py": TESTS}
    result = run(files, "-n2", settings=SETTINGS)
    assert set(result.outcomes.values()) == {"passed"}, result.output
    assert "WireMock 3.13 embedded" in result.properties["services"]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_workers_share_a_given_server_and_leave_nothing(
    run: RunSuite, given: str, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    left = {"greenfield": "test_other_run_gw0", "greenfield_time": 0}
    other = {"greenfield": "test_other_run_gw1", "greenfield_time": time.time()}
    for metadata in (left, other, {}):
        body = {"request": {"urlPath": "/kept"}, "response": {}, "metadata": metadata}
        admin(given, "/mappings", body)
    monkeypatch.setenv("TEST_WIREMOCK_URL", given)
    files = FILES | {"tests/integration/test_a.py": TESTS}
    result = run(files, f"-n{workers}", "--randomly-dont-reorganize", settings=SETTINGS)
    assert set(result.outcomes.values()) == {"passed"}, result.output
    kept = [mapping.get("metadata", {}) for mapping in admin(given, "/mappings")["mappings"]]
    assert sorted(map(str, kept)) == sorted(map(str, (other, {}))), "only what is old and ours goes"


def test_workers_that_start_at_once_remove_the_same_leftovers(given: str) -> None:
    left = {"greenfield": "test_other_run_gw0", "greenfield_time": 0}
    for _ in range(50):
        admin(given, "/mappings", {"request": {}, "response": {}, "metadata": left})
    plan = Plan("test_suite_run", [], source="given", url=given)
    services = [WireMockService(plan, f"gw{number}") for number in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda service: service.use([]), services))
    assert admin(given, "/mappings")["mappings"] == []


def test_a_request_without_a_mapping_fails_its_test_only(run: RunSuite) -> None:
    source = """
        def test_1_asks(wiremock, get):
            assert get("/nowhere") == 404

        def test_2_is_not_disturbed(wiremock, get):
            assert get("/kept") == "kept"

        def test_3_asks_without_the_fixture(get):
            assert get("/nowhere") == 404

        def test_4_is_not_disturbed(wiremock):
            assert wiremock.requests() == []
    """
    files = FILES | {"tests/integration/test_a.py": source}
    result = run(files, "--randomly-dont-reorganize", settings=SETTINGS)
    assert [result.outcomes[name] for name in sorted(result.outcomes)] == [
        *("error", "passed", "passed", "passed")
    ], result.output
    sentence = "WireMock has no mapping for GET /nowhere: add one to a file in a folder `wiremock`"
    assert sentence in result.messages["test_1_asks"]


def test_a_stub_of_a_fixture_stays_as_long_as_the_fixture(run: RunSuite) -> None:
    source = """
        import pytest

        class TestA:
            @pytest.fixture(scope="class", autouse=True)
            @classmethod
            def wide(cls, wiremock_container):
                wiremock_container.client.stub(
                    {"request": {"urlPath": "/wide"}, "response": {"body": "wide"}}
                )

            @pytest.mark.parametrize("number", range(2))
            def test_it_is_there(self, wiremock, get, number):
                assert get("/wide") == "wide"

        def test_it_is_gone(wiremock):
            assert len(wiremock.mappings()) == 2
    """
    files = FILES | {"tests/integration/test_a.py": source}
    result = run(files, "--randomly-dont-reorganize", settings=SETTINGS)
    assert set(result.outcomes.values()) == {"passed"}, result.output


MISSING = """
    def test_a(wiremock):
        pass

    def test_b():
        pass
"""


class TestWithout:
    @pytest.fixture(autouse=True)
    def nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("WIREMOCK_JAR")
        monkeypatch.setenv("TEST_SERVICES", "embedded")

    def test_its_tests_are_skipped_and_the_end_says_so(self, run: RunSuite) -> None:
        result = run({"tests/integration/test_a.py": MISSING}, settings=SETTINGS)
        assert result.outcomes == {"test_a": "skipped", "test_b": "passed"}, result.output
        assert "tests that use WireMock were not run: no WireMock for the tests" in result.output
        assert "npm install --no-save --no-package-lock wiremock@" in result.output

    def test_they_fail_in_ci(self, run: RunSuite, monkeypatch: pytest.MonkeyPatch) -> None:
        run({"tests/integration/test_a.py": MISSING}, "--co", settings=SETTINGS)
        monkeypatch.setenv("CI", "true")
        result = run({}, settings=SETTINGS)
        assert result.outcomes == {"test_a": "error", "test_b": "passed"}, result.output

    def test_a_given_server_that_is_none_fails_them(
        self, run: RunSuite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEST_WIREMOCK_URL", "http://127.0.0.1:9")
        result = run({"tests/integration/test_a.py": MISSING}, settings=SETTINGS)
        assert result.outcomes == {"test_a": "error", "test_b": "passed"}, result.output
        assert "is no WireMock 3 for the tests" in result.messages["test_a"]

    def test_what_npm_has_installed_is_found(
        self, run: RunSuite, jar: Path, pytester: pytest.Pytester
    ) -> None:
        build = pytester.path / "node_modules" / "wiremock" / "build"
        build.mkdir(parents=True)
        (build / "wiremock-standalone-3.13.2.jar").symlink_to(jar)
        result = run({"tests/integration/test_a.py": MISSING}, settings=SETTINGS)
        assert set(result.outcomes.values()) == {"passed"}, result.output


@pytest.mark.parametrize("victim", ["controller", "worker"])
def test_it_ends_when_its_run_is_killed(
    run: RunSuite, pytester: pytest.Pytester, victim: str
) -> None:
    source = """
        import os, time
        from pathlib import Path

        def test_a(wiremock):
            Path("worker").write_text(str(os.getpid()))
            Path("ready").touch()
            time.sleep(60)
    """
    run(FILES | {"tests/integration/test_a.py": source}, "--co", settings=SETTINGS)
    command = [sys.executable, "-m", "pytest", "-n1", "--timeout=0", "--max-worker-restart=0"]
    before = servers()
    process = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.DEVNULL)
    try:
        wait_until((pytester.path / "ready").exists)
        assert len(servers() - before) >= 1
        ours = servers() - before
        worker = int((pytester.path / "worker").read_text("utf-8"))
        os.kill(process.pid if victim == "controller" else worker, signal.SIGKILL)
        wait_until(lambda: not ours & servers())
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.05)
