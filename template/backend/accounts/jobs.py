"""How often background jobs run within the application's process (`core/periodic.py`)."""

from pydantic import Field

from backend.core.settings import AppSettings


class ScheduleSettings(AppSettings):
    """How often the jobs run."""

    jobs_interval: float = Field(default=10.0, ge=0, description="Seconds; 0 is never.")

    @property
    def seconds_between_jobs(self) -> float:
        """Seconds between two rounds; 0 is never, as under test unless it was set."""
        if self.environment == "test" and "jobs_interval" not in self.model_fields_set:
            return 0.0
        return self.jobs_interval
