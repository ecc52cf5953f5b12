"""The plugin's own connections to a Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

if TYPE_CHECKING:
    import redis

_ANSWER_SECONDS = 3.0


class Clients:
    """One for each database, made when it is used. They bear the run's name."""

    def __init__(self, place: SplitResult, run: str) -> None:
        self._place = place
        self._run = run
        self._clients: dict[int, redis.Redis] = {}
        self.home = int(place.path.strip("/") or 0)
        """The application's database."""

    def of(self, database: int) -> redis.Redis:
        """Return the connection to a database."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        if database not in self._clients:
            self._clients[database] = redis.Redis.from_url(
                self._place._replace(path=f"/{database}").geturl(),
                client_name=self._run,
                socket_timeout=_ANSWER_SECONDS,
                socket_connect_timeout=_ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        return self._clients[database]

    def call(self, *words: Any) -> Any:
        """Send one command, and return the answer."""
        client: Any = self.of(self.home)  # whose methods are untyped
        return client.execute_command(*words)

    def together(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands in one transaction."""
        pipeline: Any = self.of(self.home).pipeline(transaction=True)
        for command in commands:
            pipeline.execute_command(*command)
        answers: list[Any] = pipeline.execute()
        return answers

    def answer(self) -> bool:
        """Say whether the server is there."""
        import redis

        try:
            return bool(self.of(self.home).ping())
        except redis.RedisError:
            return False

    def databases(self) -> list[int]:
        """Return the numbers of those that are not empty."""
        return [int(name[2:]) for name in self.call("INFO", "keyspace")]

    def close(self) -> None:
        """Disconnect; a later call connects again."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
