"""A suite whose application uses S3, and a server that it is given."""

import sys
import time
from collections.abc import Iterator

import pytest
from pytest_greenfield.services import child
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.s3.buckets import Buckets

from tests.harness.background import Application, given_server

SETTINGS = """
    addopts = ["-p", "no:valkey"]
    greenfield_environment = [
        "S3={s3.url}", "BUCKET={s3.bucket}", "AWS_DEFAULT_REGION={s3.region}",
        "AWS_ACCESS_KEY_ID={s3.access_key}", "AWS_SECRET_ACCESS_KEY={s3.secret_key}",
    ]
"""
APPLICATION = Application(
    SETTINGS,
    """
    import os
    import boto3
    from botocore.config import Config

    BUCKETS = [os.environ["BUCKET"], os.environ["BUCKET"] + "-more"]
    config = Config(s3={"addressing_style": "path"})
    application = boto3.client("s3", endpoint_url=os.environ["S3"], config=config)

    def put(number):
        application.create_bucket(Bucket=BUCKETS[1])
        for bucket in BUCKETS:
            application.put_object(Bucket=bucket, Key=f"key-{number}", Body=b"1")

    def held():
        one, two = (application.list_objects_v2(Bucket=bucket)["Contents"] for bucket in BUCKETS)
        assert [item["Key"] for item in one] == [item["Key"] for item in two]
        return [int(item["Key"].removeprefix("key-")) for item in one]
""",
)


class Given:
    """A server that is not of the run."""

    def __init__(self) -> None:
        port = ReservedPort()
        port.release()
        self.process = child.Child("given")
        self.process.launch(sys.executable, "-m", "moto.server", "-p", str(port.number))
        self.url = f"http://key:secret@127.0.0.1:{port.number}?region=us-east-1"
        self.variables = {"TEST_S3_URL": self.url}
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

    def add_others(self) -> None:
        """Write what belongs to no run."""
        self.buckets.write("test-data", "key", {"Body": b"1"})

    def owners(self) -> set[str]:
        """Return those whose buckets are there."""
        return {name.removesuffix("-more") for name in self.names()}

    def stop(self) -> None:
        self.buckets.close()
        self.process.stop()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """An S3 that TEST_S3_URL names."""
    with given_server(Given, monkeypatch) as started:
        yield started
