"""A database that answers as it is told to."""

from backend.core.database import Database


class FakeDatabase(Database):
    """Stands where the application pings and closes its database; has no engine."""

    def __init__(self, *, failure: Exception | None = None) -> None:
        """Make one that answers, or that fails every ping with `failure`."""
        self.failure = failure
        self.disposals = 0

    async def ping(self) -> None:
        """Answer as told."""
        if self.failure:
            raise self.failure

    async def dispose(self) -> None:
        """Count."""
        self.disposals += 1
