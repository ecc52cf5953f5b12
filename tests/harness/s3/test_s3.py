"""Each worker has a bucket of its own, and each test finds it as shared fixtures have left it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services import child
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.s3.buckets import Buckets
from pytest_greenfield.services.s3.service import S3

from tests.harness.conftest import RunSuite

SETTINGS = """
    addopts = ["-p", "no:valkey"]
    greenfield_environment = [
        "S3={s3.url}", "BUCKET={s3.bucket}", "AWS_DEFAULT_REGION={s3.region}",
        "AWS_ACCESS_KEY_ID={s3.access_key}", "AWS_SECRET_ACCESS_KEY={s3.secret_key}",
    ]
"""
CONFTEST = """
    import os
    import boto3
    import pytest
    from botocore.config import Config

    BUCKET = os.environ["BUCKET"]
    path = Config(s3={"addressing_style": "path"})
    application = boto3.client("s3", endpoint_url=os.environ["S3"], config=path)  # at import

    def keys(bucket=BUCKET):
        listed = application.list_object_versions(Bucket=bucket)
        return [item["Key"] for item in listed.get("Versions", ())]

    def others():
        names = [bucket["Name"] for bucket in application.list_buckets()["Buckets"]]
        return [name for name in names if name.startswith(f"{BUCKET}-")]

    @pytest.fixture(scope="session", autouse=True)
    def seed():
        application.put_object(Bucket=BUCKET, Key="seed", Body=b"1", ContentType="text/plain")
        application.create_bucket(Bucket=f"{BUCKET}-seed")
"""
WRITES = """
    import pytest
    from tests.conftest import BUCKET, application, keys, others

    @pytest.fixture(autouse=True)
    def clean():
        assert keys() == ["seed"]
        seed = application.get_object(Bucket=BUCKET, Key="seed")
        assert (seed["Body"].read(), seed["ContentType"]) == (b"1", "text/plain")
        assert others() == [f"{BUCKET}-seed"]
        assert "Status" not in application.get_bucket_versioning(Bucket=BUCKET)
        assert "Uploads" not in application.list_multipart_uploads(Bucket=BUCKET)

    @pytest.mark.parametrize("number", range(2))
    def test_objects(number):
        application.put_object(Bucket=BUCKET, Key="key", Body=b"2")
        application.put_object(Bucket=BUCKET, Key="seed", Body=b"changed")

    @pytest.mark.parametrize("number", range(2))
    def test_versions_and_uploads(number):
        on = {"Status": "Enabled"}
        application.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=on)
        for body in (b"1", b"2"):
            application.put_object(Bucket=BUCKET, Key="key", Body=body)
        application.delete_object(Bucket=BUCKET, Key="key")
        application.create_multipart_upload(Bucket=BUCKET, Key="large")

    def test_a_bucket_of_its_own():
        application.create_bucket(Bucket=f"{BUCKET}-more")
        application.put_object(Bucket=f"{BUCKET}-more", Key="key", Body=b"2")
        application.delete_object(Bucket=BUCKET, Key="seed")
        application.delete_bucket(Bucket=f"{BUCKET}-seed")

    def test_that_fails(worker_s3, s3_storage):
        application.put_object(Bucket=worker_s3, Key="key", Body=b"2")
        assert s3_storage.values()["bucket"] == "something else"
"""
DIES = """
    import os, signal
    from pathlib import Path
    import pytest
    from tests.conftest import BUCKET, application

    @pytest.mark.parametrize("number", range(6))
    def test_it(number):
        if number == 3:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                text = path.read_bytes().split(b"\\0")
                if os.environ["S3"].rpartition(":")[2].encode() in text:
                    os.kill(int(path.parent.name), signal.SIGKILL)
        application.list_objects_v2(Bucket=BUCKET)
"""
WAITS = """
    import os, time
    from pathlib import Path
    import pytest
    from tests.conftest import BUCKET, application

    @pytest.mark.timeout(0)
    def test_it():
        application.put_object(Bucket=BUCKET, Key="key", Body=b"2")
        Path("running").write_text("now")
        time.sleep(60)
"""
FILES = {"tests/conftest.py": CONFTEST, "tests/integration/test_writes.py": WRITES}


class Given:
    """A server that is not of the run."""

    def __init__(self) -> None:
        port = ReservedPort()
        port.release()
        self.process = child.Child("given")
        self.process.launch(sys.executable, "-m", "moto.server", "-p", str(port.number))
        self.url = f"http://key:secret@127.0.0.1:{port.number}?region=us-east-1"
        self.place = f"127.0.0.1:{port.number}"
        values = {"url": f"http://{self.place}", "region": "us-east-1"}
        self.buckets = Buckets(values | {"access_key": "key", "secret_key": "secret"})
        deadline = time.monotonic() + 60
        while True:
            try:
                self.names()
                return
            except Exception:
                assert time.monotonic() < deadline, self.process.said()
                time.sleep(0.05)

    def names(self) -> list[str]:
        return [name for name, _ in self.buckets.all("test-")]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """An S3 that TEST_S3_URL names."""
    started = Given()
    monkeypatch.setenv("TEST_S3_URL", started.url)
    yield started
    started.buckets.close()
    started.process.stop()


def test_with_two_workers_on_the_own_server(run: RunSuite) -> None:
    result = run(FILES, "-n2", settings=SETTINGS)

    assert [name for name in result.outcomes if name not in result.passed] == ["test_that_fails"]
    assert "something else" in result.messages["test_that_fails"], result.output
    assert "S3 moto embedded" in result.properties["services"]


def test_on_a_given_server(run: RunSuite, given: Given) -> None:
    """With what a killed run has left there, and what is not ours."""
    machine = child.name_of("test_suite_0123abcd", "gw0")
    elsewhere = machine.replace(f"-{child._machine()}-", "-000000-")
    for name in (machine, f"{machine}-more", elsewhere, "test-data"):
        given.buckets.write(name, "key", {"Body": b"1"})

    result = run(FILES, settings=SETTINGS)

    assert [name for name in result.outcomes if name not in result.passed] == ["test_that_fails"]
    assert f"S3 {given.place} given" in result.properties["services"], result.output
    assert sorted(given.names()) == sorted([elsewhere, "test-data"])


def test_a_killed_run(run: RunSuite, given: Given, pytester: pytest.Pytester) -> None:
    files = {"tests/conftest.py": CONFTEST, "tests/integration/test_waits.py": WAITS}
    run(files, "--collect-only", settings=SETTINGS)
    process = subprocess.Popen([sys.executable, "-m", "pytest", "-q"], cwd=pytester.path)
    deadline = time.monotonic() + 60
    while not Path(pytester.path, "running").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (_, _) = left = given.names()
    assert [name for name, made in given.buckets.all("test-") if child.is_left(name, made)] == []
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = [name for name, made in given.buckets.all("test-") if child.is_left(name, made)]
    assert sorted(found) == sorted(left)


def test_a_server_that_goes_away_fails_the_run_once(run: RunSuite) -> None:
    files = {"tests/conftest.py": CONFTEST, "tests/integration/test_it.py": DIES}
    result = run(files, "--randomly-dont-reorganize", settings=SETTINGS)

    assert result.exit_code != 0
    assert "S3 moto embedded went away during the run" in result.output, result.output
    assert "INTERNALERROR" not in result.output


def test_without_moto_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    service = S3(S3.planned("test_a_12345678", ["s3.url"], {}), "master")
    with pytest.raises(ServiceUnavailableError, match=r"`uv add --dev 'pytest-greenfield\[s3\]'`"):
        service.start()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:9000", "no URL of a server with its access key"),
        ("https://key:secret@s3.eu-central-1.amazonaws.com", "may be a hosted server"),
    ],
)
def test_what_is_no_test_server_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(ServiceUnavailableError, match=sentence):
        S3.planned("test_a_12345678", ["s3.url"], {"TEST_S3_URL": url})


SHARED = """
    import pytest

    @pytest.fixture(scope="module")
    def part():
        return 1

    def test_offline(part):
        assert part == 1
"""


def test_a_shared_fixture_of_an_offline_test_asks_no_server(run: RunSuite) -> None:
    """The service is open by then; the plugin's own questions would be refused."""
    online = "def test_online(worker_s3): assert worker_s3"
    files = {"tests/integration/test_a.py": online, "tests/unit/test_b.py": SHARED}
    options = ("--randomly-dont-reorganize", "tests/integration", "tests/unit")
    outcomes = run(files, *options, settings=SETTINGS).outcomes
    assert outcomes == {"test_online": "passed", "test_offline": "passed"}
