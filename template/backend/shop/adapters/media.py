"""Uploaded files, stored in one folder."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from pydantic import Field

from backend.core.errors import AppError, NotFoundError
from backend.core.settings import AppSettings


class UnsupportedMediaError(AppError):
    """The content type is not supported."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    message = "This content type is not supported."


class MediaSettings(AppSettings):
    """Where files are stored, and how large they may be."""

    media_root: Path = Path("media")
    media_max_bytes: int = Field(default=512 * 1024, ge=1)


@dataclass(frozen=True, slots=True)
class ImageType:
    """An accepted image type."""

    content_type: str
    suffix: str


PNG = ImageType("image/png", ".png")
JPEG = ImageType("image/jpeg", ".jpg")
WEBP = ImageType("image/webp", ".webp")
IMAGE_TYPES = {kind.suffix: kind for kind in (PNG, JPEG, WEBP)}


def sniff_image(content: bytes) -> ImageType:
    """Detect an image's type from its first bytes; its name and headers are not trusted.

    Raises:
        UnsupportedMediaError: The type is not accepted.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    raise UnsupportedMediaError("Only PNG, JPEG and WebP images are accepted.")


@dataclass(frozen=True, slots=True)
class Link:
    """A URL from which clients fetch a file directly; cacheable for `max_age` seconds."""

    url: str
    max_age: int


class MediaStore(Protocol):
    """Stores files under generated names."""

    async def save(self, content: bytes, suffix: str) -> str:
        """Store a file and return its name."""

    async def find(self, name: str) -> Path | Link:
        """Return a file's path or URL.

        Raises:
            NotFoundError: It does not exist, or the name is outside the store.
        """

    async def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            NotFoundError: It does not exist, or the name is outside the store.
        """

    async def delete(self, name: str) -> None:
        """Delete a file; a missing one is not an error."""


class DiskMediaStore:
    """Stores files in a folder, created on the first upload."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def save(self, content: bytes, suffix: str) -> str:
        """Write the file under a new name, atomically."""
        name = f"{uuid4().hex}{suffix}"
        await asyncio.to_thread(self._write, name, content)
        return name

    async def find(self, name: str) -> Path:
        """Return the file's path."""
        path = await asyncio.to_thread(self._resolve, name)
        if path is None:
            raise NotFoundError("There is no such file.")
        return path

    async def read(self, name: str) -> bytes:
        """Return the file's content."""
        return await asyncio.to_thread((await self.find(name)).read_bytes)

    async def delete(self, name: str) -> None:
        """Delete the file if it exists."""
        path = await asyncio.to_thread(self._resolve, name)
        if path is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        half = self._root / f".{name}"
        half.write_bytes(content)
        half.replace(self._root / name)

    def _resolve(self, name: str) -> Path | None:
        # Resolved first, so that `..`, slashes and symbolic links cannot leave the folder.
        root = self._root.resolve()
        try:
            path = (root / name).resolve()
            inside = path.is_relative_to(root) and path.is_file()
        except (OSError, ValueError):  # the name is too long or contains NUL
            return None
        return path if inside else None
