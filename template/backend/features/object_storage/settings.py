"""Settings of the object storage."""

from pydantic import Field, SecretStr

from backend.core.settings import AppSettings


class ObjectStorageSettings(AppSettings):
    """The bucket and its credentials. The application does not create the bucket."""

    s3_url: str = "http://127.0.0.1:9000"
    s3_public_url: str = Field(default="", description="Its URL for clients, if different.")
    s3_bucket: str = Field(default="app", min_length=3)
    s3_region: str = "us-east-1"
    s3_access_key_id: SecretStr = SecretStr("change-me")
    s3_secret_access_key: SecretStr = SecretStr("change-me-in-production-change-me")
    s3_timeout: float = Field(default=5.0, gt=0, description="Seconds.")
    s3_link_seconds: int = Field(default=3600, ge=60, le=7 * 24 * 3600)
