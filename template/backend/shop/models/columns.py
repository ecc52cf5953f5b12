"""Column types that several models of the shop share."""

from decimal import Decimal
from typing import Annotated

from sqlalchemy import JSON, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

Money = Annotated[Decimal, mapped_column(Numeric(10, 2))]

JSONDocument = JSON().with_variant(JSONB(), "postgresql")
