"""What the application does with its bucket."""

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
"""A larger object is sent in parts of this size, several at once."""

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What the storage knows about an object."""

    key: str
    size: int
    etag: str


class ObjectStorage:
    """One bucket. Making it costs no I/O: the first operation connects.

    Operations raise UnavailableError when the storage fails, refuses or is too slow. Requests that
    may be repeated are sent up to three times within the time limit.
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
        """Write an object, whole or not at all.

        Args:
            key: Its name.
            content: Its bytes; an iterator is never in memory as a whole.
            content_type: What a client that downloads it is told.
            cache_control: Who may keep a copy, and for how long.
            only_if_new: Never replace an object. It is then sent as one part.
            seconds: A time limit of its own, for large ones.

        Raises:
            ConflictError: There is one, and `only_if_new`.
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
            NotFoundError: There is none.
        """
        async with self._limits("read", key):
            answer = await obstore.get_async(self._store, key)
            return bytes(await answer.bytes_async())

    async def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`, which is not included.

        Raises:
            NotFoundError: There is no such object.
        """
        async with self._limits("read", key):
            return bytes(await obstore.get_range_async(self._store, key, start=start, end=end))

    async def describe(self, key: str) -> ObjectInfo:
        """Return what is known about an object.

        Raises:
            NotFoundError: There is none.
        """
        async with self._limits("describe", key):
            found = await obstore.head_async(self._store, key)
            return ObjectInfo(key, found["size"], found["e_tag"] or "")

    async def list(self, prefix: str) -> list[ObjectInfo]:
        """Return the objects of a folder (`prefix/…`), by their keys."""
        found = []
        async with self._limits("list", prefix):
            async for page in obstore.list(self._store, prefix):
                found += [ObjectInfo(x["path"], x["size"], x["e_tag"] or "") for x in page]
        return sorted(found, key=lambda info: info.key)

    async def delete(self, key: str) -> None:
        """Remove an object; a missing one is no error."""
        async with self._limits("delete", key):
            await obstore.delete_async(self._store, key)

    async def make_link(self, key: str) -> str:
        """Return a URL with which anybody can download the object for `link_seconds`.

        Costs no I/O, so the object may be missing.
        """
        return await obstore.sign_async(
            self._public_store, "GET", key, timedelta(seconds=self.link_seconds)
        )

    async def ping(self) -> None:
        """Ask whether the bucket is there for us; raises UnavailableError when it is not."""
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
            raise ConflictError("There is such an object already.") from error
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
        virtual_hosted_style_request=False,  # every server understands paths
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
