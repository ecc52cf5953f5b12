"""A media store in memory."""

from pathlib import Path

from backend.core.errors import NotFoundError
from backend.shop.adapters.media import Link


class MemoryMediaStore:
    """Stores files in a dictionary; the paths from `find` do not exist."""

    def __init__(self) -> None:
        """Create an empty store."""
        self.files: dict[str, bytes] = {}
        self.link: Link | None = None

    async def save(self, content: bytes, suffix: str) -> str:
        """Store a file under a number."""
        name = f"{len(self.files) + 1}{suffix}"
        self.files[name] = content
        return name

    async def find(self, name: str) -> Path | Link:
        """Return the link if there is one, else a path with the file's name."""
        if name not in self.files:
            raise NotFoundError("There is no such file.")
        return self.link or Path("/nowhere") / name

    async def read(self, name: str) -> bytes:
        """Return a file's content."""
        if name not in self.files:
            raise NotFoundError("There is no such file.")
        return self.files[name]

    async def delete(self, name: str) -> None:
        """Delete a file."""
        self.files.pop(name, None)
