"""Files that users give us, kept in one folder."""

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
    """The type of the content is not supported."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    message = "This type of content is not supported."


class MediaSettings(AppSettings):
    """Where files are kept, and how large they may be."""

    media_root: Path = Path("media")
    media_max_bytes: int = Field(default=512 * 1024, ge=1)


@dataclass(frozen=True, slots=True)
class ImageType:
    """A kind of image that is taken."""

    content_type: str
    suffix: str


PNG = ImageType("image/png", ".png")
JPEG = ImageType("image/jpeg", ".jpg")
WEBP = ImageType("image/webp", ".webp")
IMAGE_TYPES = {kind.suffix: kind for kind in (PNG, JPEG, WEBP)}


def sniff_image(content: bytes) -> ImageType:
    """Tell an image's type by its first bytes; a name or a header may say anything.

    Raises:
        UnsupportedMediaError: It is none of the types that are taken.
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
    """A URL where clients get a file without us. It may be kept for `max_age` seconds."""

    url: str
    max_age: int


class MediaStore(Protocol):
    """Keeps files under names that it makes itself."""

    async def save(self, content: bytes, suffix: str) -> str:
        """Keep a file and return its name."""

    async def find(self, name: str) -> Path | Link:
        """Return where a file is.

        Raises:
            NotFoundError: There is none, or the name leads out of the store.
        """

    async def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises:
            NotFoundError: There is none, or the name leads out of the store.
        """

    async def delete(self, name: str) -> None:
        """Remove a file; a missing one is no error."""


class DiskMediaStore:
    """Files in a folder, which is made when the first file comes."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def save(self, content: bytes, suffix: str) -> str:
        """Write the file under a new name; a reader never sees half of it."""
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
        """Remove the file if it is there."""
        path = await asyncio.to_thread(self._resolve, name)
        if path is not None:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        half = self._root / f".{name}"
        half.write_bytes(content)
        half.replace(self._root / name)

    def _resolve(self, name: str) -> Path | None:
        # Resolved first, so that dots, slashes and links in any spelling count for where they lead.
        root = self._root.resolve()
        try:
            path = (root / name).resolve()
            inside = path.is_relative_to(root) and path.is_file()
        except (OSError, ValueError):  # too long a name, or a NUL in it
            return None
        return path if inside else None
