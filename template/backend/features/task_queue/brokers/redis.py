"""Redis, or Valkey, as the broker."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from backend.core.settings import AppSettings, find_weak_password


def _check_url(url: str) -> str:
    if urlsplit(url).scheme not in {"redis", "rediss"}:
        raise ValueError("must look like redis://user:password@host:6379/0")
    return url


class BrokerSettings(AppSettings):
    """The broker's address. A prefix of all keys allows sharing a server."""

    # Contains a password, so it is excluded from repr.
    task_redis_url: Annotated[str, AfterValidator(_check_url), Field(repr=False)] = (
        "redis://127.0.0.1:6379/0"
    )
    task_redis_prefix: str = "app:tasks:"
    # Seconds until a message is redelivered; must exceed the longest job including its retries.
    task_redis_visibility_timeout: int = Field(default=300, ge=1)
    task_redis_timeout: float = Field(default=2.0, gt=0, description="Seconds.")

    def find_weaknesses(self) -> Iterator[str]:
        """Yield a message for each setting that is unsafe in production."""
        yield from super().find_weaknesses()
        password = urlsplit(self.task_redis_url).password
        yield from find_weak_password("TASK_REDIS_URL", password, "the user of Redis")

    def configure(self) -> dict[str, Any]:
        """Return the broker-specific part of Celery's configuration."""
        return {
            "broker_url": self.task_redis_url,
            "broker_transport_options": {
                "global_keyprefix": self.task_redis_prefix,
                "visibility_timeout": self.task_redis_visibility_timeout,
                "socket_timeout": self.task_redis_timeout,
                "socket_connect_timeout": self.task_redis_timeout,
            },
        }
