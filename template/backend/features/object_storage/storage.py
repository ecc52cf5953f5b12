"""The bucket's operations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from backend.core.errors import ConflictError, NotFoundError, UnavailableError
from backend.features.object_storage.settings import ObjectStorageSettings

PART_BYTES = 8 * 1024 * 1024
"""Larger objects are uploaded in parts of this size, several at once."""

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Metadata of an object."""

    key: str
    size: int
    etag: str


class ObjectStorage:
    """One bucket. Creating it does no I/O: the first operation connects.

    Operations raise UnavailableError if the storage fails, denies access or times out. Idempotent
    requests are sent up to three times within the time limit.
    """

    def __init__(self, settings: ObjectStorageSettings) -> None:
        self._timeout = settings.s3_timeout
        self.link_seconds = settings.s3_link_seconds
        self._store = _make_store(settings, settings.s3_url)
        self._public_store = _make_store(settings, settings.s3_public_url or settings.s3_url)

    async def put(
        self,
        key: str,
        content: bytes | AsyncIterator[bytes],
        *,
        content_type: str,
        cache_control: str = "private",
        only_if_new: bool = False,
        seconds: float | None = None,
    ) -> None:
        """Write an object atomically.

        Args:
            key: Its name.
            content: Its bytes; an iterator is streamed.
            content_type: The `Content-Type` of downloads.
            cache_control: The `Cache-Control` of downloads.
            only_if_new: Never replace an object; this disables multipart uploads.
            seconds: A different time limit, for large objects.

        Raises:
            ConflictError: The object exists, and `only_if_new` is set.
        """
        async with self._limits("put", key, seconds):
            try:
                await obstore.put_async(
                    self._store,
                    key,
                    content,
                    attributes={"Content-Type": content_type, "Cache-Control": cache_control},
                    mode="create" if only_if_new else "overwrite",
                    use_multipart=False if only_if_new else None,
                    chunk_size=PART_BYTES,
                )
            except FileNotFoundError as error:  # the bucket
                raise UnavailableError from error

    async def read(self, key: str) -> bytes:
        """Return an object's content.

        Raises:
            NotFoundError: It does not exist.
        """
        async with self._limits("read", key):
            answer = await obstore.get_async(self._store, key)
            return bytes(await answer.bytes_async())

    async def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to but excluding `end`.

        Raises:
            NotFoundError: The object does not exist.
        """
        async with self._limits("read", key):
            return bytes(await obstore.get_range_async(self._store, key, start=start, end=end))

    async def describe(self, key: str) -> ObjectInfo:
        """Return an object's metadata.

        Raises:
            NotFoundError: It does not exist.
        """
        async with self._limits("describe", key):
            found = await obstore.head_async(self._store, key)
            return ObjectInfo(key, found["size"], found["e_tag"] or "")

    async def list(self, prefix: str) -> list[ObjectInfo]:
        """Return the objects under a prefix (`prefix/…`), sorted by key."""
        found = []
        async with self._limits("list", prefix):
            async for page in obstore.list(self._store, prefix):
                found += [ObjectInfo(x["path"], x["size"], x["e_tag"] or "") for x in page]
        return sorted(found, key=lambda info: info.key)

    async def delete(self, key: str) -> None:
        """Delete an object; a missing one is not an error."""
        async with self._limits("delete", key):
            await obstore.delete_async(self._store, key)

    async def make_link(self, key: str) -> str:
        """Return a presigned URL to download the object for `link_seconds`.

        Does no I/O, so the object may be missing.
        """
        return await obstore.sign_async(
            self._public_store, "GET", key, timedelta(seconds=self.link_seconds)
        )

    async def ping(self) -> None:
        """Check access to the bucket; raise UnavailableError without it."""
        async with self._limits("ping", ""):
            await obstore.list_with_delimiter_async(self._store, ".health")

    @asynccontextmanager
    async def _limits(
        self, operation: str, key: str, seconds: float | None = None
    ) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds or self._timeout):
                yield
        except FileNotFoundError as error:
            raise NotFoundError("There is no such object.") from error
        except AlreadyExistsError as error:
            raise ConflictError("The object already exists.") from error
        except (BaseError, TimeoutError) as error:
            _logger.warning("object storage failed", operation=operation, key=key, error=str(error))
            raise UnavailableError from error


def _make_store(settings: ObjectStorageSettings, url: str) -> S3Store:
    limit = timedelta(seconds=settings.s3_timeout)
    return S3Store(
        settings.s3_bucket,
        endpoint=url,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id.get_secret_value(),
        secret_access_key=settings.s3_secret_access_key.get_secret_value(),
        virtual_hosted_style_request=False,  # path-style URLs work with every server
        client_options={"allow_http": True, "connect_timeout": limit, "timeout": limit},
        retry_config={
            "max_retries": 2,
            "retry_timeout": limit,
            "backoff": {
                "init_backoff": timedelta(milliseconds=20),
                "max_backoff": timedelta(milliseconds=200),
                "base": 2,
            },
        },
    )
