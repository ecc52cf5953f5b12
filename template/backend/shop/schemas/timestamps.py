"""Points in time."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

Timestamp = Annotated[
    AwareDatetime,
    # Python, the driver and PostgreSQL support different ranges of dates.
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
]
"""A point in time, with its offset from UTC."""
