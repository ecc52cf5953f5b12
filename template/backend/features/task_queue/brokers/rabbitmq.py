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
    """Where the broker is; the URL's path is the vhost."""

    # Holds a password: kept out of every repr.
    amqp_url: Annotated[str, AfterValidator(_check_url), Field(repr=False)] = (
        "amqp://guest:guest@127.0.0.1:5672//"
    )

    def find_weaknesses(self) -> Iterator[str]:
        """Yield what production must not run with, a sentence each."""
        yield from super().find_weaknesses()
        password = urlsplit(self.amqp_url).password
        if password in {None, "guest"}:  # RabbitMQ asks for one; at first it has this one
            password = ""
        yield from find_weak_password("AMQP_URL", password, "the user of RabbitMQ")

    def configure(self) -> dict[str, Any]:
        """Return what Celery needs to know."""
        return {
            "broker_url": self.amqp_url,
            # A message is sent when the broker says so.
            "broker_transport_options": {"confirm_publish": True},
        }
