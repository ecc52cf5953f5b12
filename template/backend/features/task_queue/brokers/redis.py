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
    """A broker of its own, or one that others use too: every key begins with the prefix."""

    # Holds a password: kept out of every repr.
    task_redis_url: Annotated[str, AfterValidator(_check_url), Field(repr=False)] = (
        "redis://127.0.0.1:6379/0"
    )
    task_redis_prefix: str = "app:tasks:"
    # Seconds until a message is given to another worker; more than a job with its waits takes.
    task_redis_visibility_timeout: int = Field(default=300, ge=1)
    task_redis_timeout: float = Field(default=2.0, gt=0, description="Seconds.")

    def find_weaknesses(self) -> Iterator[str]:
        """Yield what production must not run with, a sentence each."""
        yield from super().find_weaknesses()
        password = urlsplit(self.task_redis_url).password
        yield from find_weak_password("TASK_REDIS_URL", password, "the user of Redis")

    def configure(self) -> dict[str, Any]:
        """Return what Celery needs to know."""
        return {
            "broker_url": self.task_redis_url,
            "broker_transport_options": {
                "global_keyprefix": self.task_redis_prefix,
                "visibility_timeout": self.task_redis_visibility_timeout,
                "socket_timeout": self.task_redis_timeout,
                "socket_connect_timeout": self.task_redis_timeout,
            },
        }
