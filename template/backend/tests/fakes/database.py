"""A database without an engine."""

from backend.core.database import Database


class FakeDatabase(Database):
    """Answers or fails a ping, and counts how often it was closed."""

    def __init__(self, *, failure: Exception | None = None) -> None:
        self.failure = failure
        self.disposals = 0

    async def ping(self) -> None:
        if self.failure:
            raise self.failure

    async def dispose(self) -> None:
        self.disposals += 1
