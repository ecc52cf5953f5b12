"""Column types that several models share."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from sqlalchemy import JSON, DateTime, Enum, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Money = Annotated[Decimal, mapped_column(Numeric(10, 2))]

JSONDocument = JSON().with_variant(JSONB(), "postgresql")


def choice(kind: type[StrEnum], name: str) -> Enum:
    """A text column with a CHECK: new values come without `ALTER TYPE`, which cannot be undone."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )
