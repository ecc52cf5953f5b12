"""A database that answers as it is told to."""

from backend.core.database import Database


class FakeDatabase(Database):
    """Answers a ping, or fails it, and counts how often it was closed; has no engine."""

    def __init__(self, *, failure: Exception | None = None) -> None:
        self.failure = failure
        self.disposals = 0

    async def ping(self) -> None:
        if self.failure:
            raise self.failure

    async def dispose(self) -> None:
        self.disposals += 1
