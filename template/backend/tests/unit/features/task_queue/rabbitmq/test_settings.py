"""RabbitMQ as the broker: its settings."""

import pytest
from pydantic import ValidationError

from backend.features.task_queue.brokers.rabbitmq import BrokerSettings


def test_the_broker_confirms_each_message() -> None:
    settings = BrokerSettings(amqp_url="amqp://user:secret@host:5672/mine").configure()
    assert settings["broker_transport_options"] == {"confirm_publish": True}


@pytest.mark.parametrize(
    ("url", "environment"), [("http://host", "test"), ("amqp://guest:guest@host", "production")]
)
def test_an_invalid_url_is_refused(url: str, environment: str) -> None:
    with pytest.raises(ValidationError, match=r"(?i)amqp_url"):
        BrokerSettings.model_validate({"amqp_url": url, "environment": environment})
