"""RabbitMQ as the broker."""

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from backend.core.settings import RANDOM_VALUE_COMMAND, AppSettings, is_placeholder


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

    @model_validator(mode="after")
    def _refuse_weak_password(self) -> Self:
        password = urlsplit(self.amqp_url).password or ""
        if self.is_production and (password in {"", "guest"} or is_placeholder(password)):
            raise ValueError(
                "AMQP_URL holds a placeholder as its password. "
                f"Give the user of RabbitMQ a password made with: {RANDOM_VALUE_COMMAND}"
            )
        return self

    def configure(self) -> dict[str, Any]:
        """Return what Celery needs to know."""
        return {
            "broker_url": self.amqp_url,
            # A message is sent when the broker says so.
            "broker_transport_options": {"confirm_publish": True},
        }
