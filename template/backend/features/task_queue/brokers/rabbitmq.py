"""RabbitMQ as the broker."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from backend.core.settings import AppSettings, find_weak_password


def _check_url(url: str) -> str:
    if urlsplit(url).scheme not in {"amqp", "amqps"}:
        raise ValueError("must look like amqp://user:password@host:5672/vhost")
    return url


class BrokerSettings(AppSettings):
    """The broker's address; the URL's path is the vhost."""

    # Contains a password, so it is excluded from repr.
    amqp_url: Annotated[str, AfterValidator(_check_url), Field(repr=False)] = (
        "amqp://guest:guest@127.0.0.1:5672//"
    )

    def find_weaknesses(self) -> Iterator[str]:
        """Yield a message for each setting that is unsafe in production."""
        yield from super().find_weaknesses()
        password = urlsplit(self.amqp_url).password
        if password in {None, "guest"}:  # RabbitMQ's default password
            password = ""
        yield from find_weak_password("AMQP_URL", password, "the user of RabbitMQ")

    def configure(self) -> dict[str, Any]:
        """Return the broker-specific part of Celery's configuration."""
        return {
            "broker_url": self.amqp_url,
            # Publisher confirms: a message counts as sent when the broker confirms it.
            "broker_transport_options": {"confirm_publish": True},
        }
