"""Images of products in the bucket."""

import re
from uuid import uuid4

import structlog

from backend.core.errors import NotFoundError, UnavailableError
from backend.features.object_storage.storage import ObjectStorage
from backend.shop.adapters.media import IMAGE_TYPES, Link

_NAME = re.compile(r"[0-9a-f]{32}\.[a-z]+")
_logger = structlog.get_logger(__name__)


class S3MediaStore:
    """Files under `media/` in the bucket. Clients download them directly from the storage."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage

    async def save(self, content: bytes, suffix: str) -> str:
        """Write the file under a new name."""
        name = f"{uuid4().hex}{suffix}"
        await self._storage.put(
            _key(name),
            content,
            content_type=IMAGE_TYPES[suffix].content_type,
            cache_control="public, max-age=31536000, immutable",
        )
        return name

    async def find(self, name: str) -> Link:
        """Return a link that is valid for twice as long as the response with it may be cached."""
        key = _key(name)
        await self._storage.describe(key)
        return Link(await self._storage.make_link(key), self._storage.link_seconds // 2)

    async def read(self, name: str) -> bytes:
        """Return a file's content."""
        return await self._storage.read(_key(name))

    async def delete(self, name: str) -> None:
        """Delete the file. It is no longer referenced, so a failure is only logged."""
        try:
            await self._storage.delete(_key(name))
        except UnavailableError:
            _logger.warning("object storage keeps an orphaned file", name=name)


def _key(name: str) -> str:
    if not _NAME.fullmatch(name):  # no other object of the bucket is accessible
        raise NotFoundError("There is no such file.")
    return f"media/{name}"
