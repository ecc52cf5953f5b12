"""Redis as the broker: its settings."""

import pytest
from pydantic import ValidationError

from backend.features.task_queue.brokers.redis import BrokerSettings


def test_every_key_begins_with_the_prefix() -> None:
    settings = BrokerSettings(task_redis_prefix="mine:", task_redis_visibility_timeout=7)
    options = settings.configure()["broker_transport_options"]
    assert (options["global_keyprefix"], options["visibility_timeout"]) == ("mine:", 7)


@pytest.mark.parametrize(
    ("url", "environment"), [("http://host", "test"), ("redis://:changeme@host", "production")]
)
def test_an_invalid_url_is_refused(url: str, environment: str) -> None:
    with pytest.raises(ValidationError, match=r"(?i)task_redis_url"):
        BrokerSettings.model_validate({"task_redis_url": url, "environment": environment})
