"""Settings of the object storage."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from backend.features.object_storage.settings import ObjectStorageSettings

GOOD: dict[str, Any] = {
    "environment": "production",
    "s3_url": "https://storage.example.org",
    "s3_access_key_id": SecretStr("AKIA7EXAMPLE1234"),
    "s3_secret_access_key": SecretStr("0f8fad5b-d9cb-469f-a165-70867728950e"),
}


def test_production_accepts_good_values() -> None:
    assert ObjectStorageSettings(**GOOD).is_production


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("s3_access_key_id", SecretStr("change-me"), "S3_ACCESS_KEY_ID holds a placeholder"),
        ("s3_secret_access_key", SecretStr("changeme"), "S3_SECRET_ACCESS_KEY holds a placeh"),
        ("s3_secret_access_key", SecretStr("short"), "S3_SECRET_ACCESS_KEY is shorter than"),
        ("s3_url", "http://storage.example.org", "S3_URL must begin with https"),
        ("s3_public_url", "http://files.example.org", "S3_PUBLIC_URL must begin with https"),
    ],
)
def test_production_refuses(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ObjectStorageSettings(**{**GOOD, name: value})


def test_no_secret_is_shown() -> None:
    shown = repr(ObjectStorageSettings(**GOOD))
    assert "AKIA7EXAMPLE1234" not in shown
    assert "0f8fad5b" not in shown
