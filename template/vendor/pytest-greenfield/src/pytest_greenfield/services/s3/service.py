"""S3 as the harness sees it."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services import child
from pytest_greenfield.services.docker import Container, daemon_host
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres.guard import check_host
from pytest_greenfield.services.s3.buckets import Buckets
from pytest_greenfield.services.s3.server import QUESTION
from pytest_greenfield.services.service import Plan, Service, gone, one_line

IMAGE = "motoserver/moto:5.2.5"
_READY_SECONDS = 60.0


class S3(Service):
    """A server for the run; each worker has a bucket, and may make others: `{s3.bucket}-…`."""

    name: ClassVar[str] = "s3"
    product = "S3"
    variable: ClassVar[str] = "TEST_S3_URL"
    example: ClassVar[str] = "http://key:secret@127.0.0.1:9000"

    def __init__(self, plan: Plan, worker: str) -> None:
        super().__init__(plan, worker)
        self._given = plan.source == "given"
        self._port: ReservedPort | None = None
        if plan.source in ("embedded", "docker") and not plan.port:
            self._port = ReservedPort()
            plan.port = self._port.number
        self.bucket = child.name_of(plan.run, worker)
        self._process: child.Child | Container | None = None
        self._buckets: Buckets | None = None
        self._clean = False
        """Whether only the server knows of changes."""

    @classmethod
    def check_given(cls, plan: Plan, environ: Mapping[str, str]) -> None:
        """Refuse what is no test server."""
        try:
            at = urlsplit(plan.url)
            known = at.scheme in ("http", "https") and at.username and at.password and at.hostname
        except ValueError:
            known = None
        if not known:
            raise UnsafeDatabaseError(
                "TEST_S3_URL is no URL of a server with its access key and secret key:"
                f" `export TEST_S3_URL={cls.example}`"
            )
        check_host("TEST_S3_URL", {at.hostname or ""}, [], environ)
        _check_installed("boto3")

    @classmethod
    def check_embedded(cls) -> None:
        """Look for moto and what its server needs."""
        for package in ("moto", "flask_cors", "boto3"):
            _check_installed(package)

    def values(self) -> dict[str, str]:
        """Return where the server is, and the worker's bucket."""
        at = self._place()
        place = at.netloc.rpartition("@")[2]
        return {
            "url": f"{at.scheme}://{place}{at.path.rstrip('/')}",
            "bucket": self.bucket,
            "access_key": unquote(at.username or ""),
            "secret_key": unquote(at.password or ""),
            "region": parse_qs(at.query).get("region", ["us-east-1"])[0],
        }

    def _place(self) -> SplitResult:
        if self._given:
            return urlsplit(self.plan.url)
        if not self.plan.source:
            return urlsplit("http://no:server@no-server.invalid:9000")
        host = daemon_host() if self.plan.source == "docker" else "127.0.0.1"
        return urlsplit(f"http://test:{self.plan.secret}@{host}:{self.plan.port}")

    # --- Found or started -------------------------------------------------------------------------

    def start(self) -> None:
        """Start the run's server without waiting for it, or clean the given one."""
        super().start()
        if self._process is not None:
            return
        if self._given:
            self._process = child.Child(self.plan.run)  # says that the run is alive
            self.drop_orphans()
        elif self.plan.source == "docker":
            assert self._port is not None
            self._process = Container(IMAGE, {5000: self._port})
        else:
            assert self._port is not None
            self._process = child.Child("s3")
            self._port.release()
            module = "pytest_greenfield.services.s3.server"
            self._process.launch(sys.executable, "-P", "-m", module, str(self.plan.port))

    def drop_orphans(self) -> list[str]:
        """Remove from the given server the buckets of runs that have ended; return their names."""
        buckets = self._connected()
        with self._explained():
            return [
                name
                for name, made in buckets.all("test-")
                if child.is_left(name, made) and buckets.remove(name)
            ]

    def _connected(self) -> Buckets:
        if self._buckets is None:
            self._buckets = Buckets(self.values())
        return self._buckets

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            self._stop_process()
            raise ServiceUnavailableError(
                f"the tests' S3 ({self.values()['url']}) cannot be used ({one_line(error)}): it"
                " needs a key that may make and delete buckets; or `unset TEST_S3_URL` to use the"
                " embedded server"
            ) from None

    def open(self) -> None:
        """Wait for the server, and make the worker's bucket."""
        deadline = time.monotonic() + _READY_SECONDS
        while not self._given and not self._answers():
            alive = self._process is None or self._process.alive
            if not alive or time.monotonic() > deadline:
                said = self._process.said() if isinstance(self._process, child.Child) else ""
                raise ServiceUnavailableError(
                    f"the tests' S3 did not start ({said}): run them again, or name a server by"
                    f" `export TEST_S3_URL={self.example}`"
                )
            time.sleep(0.02)
        with self._explained():
            self.version = urlsplit(self.values()["url"]).netloc if self._given else "moto"
            self._connected().make(self.bucket)
        self._clean = False

    def _answers(self) -> bool:
        try:
            self._ask("/moto-api/")
        except OSError:
            return False
        return True

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(self.values()["url"] + path, timeout=10) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def failure_reason(self) -> str | None:
        """Ask the server."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._connected().all("test-")
        except (BotoCoreError, ClientError):
            return gone(self)
        return None

    def close(self) -> None:
        """Remove the worker's buckets from a given server; ours ends with the run."""
        if self._given:
            from botocore.exceptions import BotoCoreError, ClientError

            with contextlib.suppress(BotoCoreError, ClientError):
                for name, _ in self._connected().all(self.bucket):
                    self._connected().remove(name)
        if self._buckets is not None:
            self._buckets.close()
            self._buckets = None

    def stop(self) -> None:
        """End the run's server."""
        self._stop_process()
        if self._port is not None:
            self._port.release()

    def _stop_process(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    # --- Isolation --------------------------------------------------------------------------------

    def snapshot(self) -> dict[Any, Any]:
        """Return buckets and objects, by their ETags."""
        return self._connected().state(self.bucket)

    def adopt(self, before: dict[Any, Any]) -> dict[Any, Any]:
        """Take a fixture's objects, with their contents."""
        new = super().adopt(before)
        for bucket, key in new:
            self._baseline[bucket, key] = new[bucket, key] = self._connected().read(bucket, key)
        return new

    def leave(self, adopted: dict[Any, Any]) -> None:
        """Give up a fixture's objects."""
        super().leave(adopted)
        self._clean = False

    def restore(self) -> None:
        """Make the worker's buckets anew, where something was written to them.

        What a bucket is set to (versions, rules, tags) goes, whoever has set it.
        """
        if self._clean and self._ask(f"{QUESTION}{self.bucket}") == b"0":
            return
        buckets = self._connected()
        for name, _ in buckets.all(self.bucket):
            buckets.remove(name)
        buckets.make(self.bucket)
        for (bucket, key), content in self._baseline.items():
            buckets.write(bucket, key, content)
        if self.plan.source == "embedded":
            self._ask(f"{QUESTION}{self.bucket}")  # what this has written itself
            self._clean = True

    def probe(self) -> Callable[[], bool]:
        """Write an object."""
        buckets = self._connected()
        buckets.write(self.bucket, "checked", {"Body": b"1"})
        return lambda: (self.bucket, "checked") in buckets.state(self.bucket)


def _check_installed(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise ServiceUnavailableError(
            f"{package} is not installed: `uv add --dev 'pytest-greenfield[s3]'`"
        )
