"""Settings of jobs and mail."""

from pydantic import Field

from backend.core.settings import AppSettings


class TaskQueueSettings(AppSettings):
    """Settings of jobs. Times are in seconds."""

    task_send_interval: float = Field(default=1.0, ge=0, description="0: never.")
    task_send_again: float = Field(default=900.0, gt=0, description="Unless it is done.")
    task_max_retries: int = Field(default=8, ge=0)
    task_backoff: int = Field(default=1, ge=1, description="Doubled each time.")
    task_backoff_max: int = Field(default=60, ge=1)
    task_time_limit: int = Field(default=120, ge=1)
    task_cleanup_interval: float = Field(default=60.0, gt=0)
    task_keep_days: int = Field(default=7, ge=1)

    @property
    def seconds_between_sending(self) -> float:
        """Seconds between two rounds of sending; 0: never, which is the default in tests."""
        if self.environment == "test" and "task_send_interval" not in self.model_fields_set:
            return 0.0
        return self.task_send_interval


class MailSettings(AppSettings):
    """Settings of mail. Without a host it is written to the log, for development."""

    mail_host: str = ""
    mail_port: int = Field(default=587, ge=1, le=65535)
    mail_starttls: bool = True
    mail_user: str = ""
    mail_password: str = Field(default="", repr=False)
    mail_from: str = "noreply@example.com"
    mail_timeout: float = Field(default=10.0, gt=0)
