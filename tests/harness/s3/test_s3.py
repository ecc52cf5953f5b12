"""Each worker has a bucket of its own, and each test finds it as shared fixtures have left it."""

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services import child
from pytest_greenfield.services.s3.service import S3

from tests.harness.conftest import RunSuite
from tests.harness.s3.conftest import SETTINGS, Given

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
FILES = {"tests/conftest.py": CONFTEST, "tests/integration/test_writes.py": WRITES}


def test_with_two_workers_on_the_own_server(run: RunSuite) -> None:
    result = run(FILES, "-n2", settings=SETTINGS)

    assert [name for name in result.outcomes if name not in result.passed] == ["test_that_fails"]
    assert "something else" in result.messages["test_that_fails"], result.output
    assert "S3 moto embedded" in result.properties["services"]


def test_on_a_given_server(run: RunSuite, given: Given) -> None:
    """With what a killed run has left there, and what is not ours."""
    machine = child.name_of("test_suite_0123abcd", "gw0")
    elsewhere = machine.replace(f"-{child._place()}-", "-000000-")
    for name in (machine, f"{machine}-more", elsewhere, "test-data"):
        given.buckets.write(name, "key", {"Body": b"1"})

    result = run(FILES, settings=SETTINGS)

    assert [name for name in result.outcomes if name not in result.passed] == ["test_that_fails"]
    assert f"S3 {given.place} given" in result.properties["services"], result.output
    assert sorted(given.names()) == sorted([elsewhere, "test-data"])


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
