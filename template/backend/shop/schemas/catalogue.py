"""Products and their images."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, WithJsonSchema

from backend.accounts.schemas.base import Input, Patch
from backend.core.schemas import Line, Output, Text

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,39}$")]
Name = Annotated[Line, StringConstraints(max_length=120)]
Description = Annotated[Text, StringConstraints(max_length=5000)]
# The column's limits, so that larger numbers are rejected here and not by the database.
Price = Annotated[
    Decimal,
    Field(gt=0, max_digits=10, decimal_places=2),
    # Pydantic would describe it as "a number or a string", which tells clients too little.
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0.01, "maximum": 99999999.99, "multipleOf": 0.01},
                {"type": "string", "pattern": r"^[0-9]{0,7}[1-9](\.[0-9]{1,2})?$"},
            ]
        },
        mode="validation",
    ),
]
Stock = Annotated[int, Field(ge=0, le=1_000_000)]


class ProductIn(Input):
    """A new product."""

    sku: Sku
    name: Name
    description: Description | None = None
    price: Price
    stock: Stock = 0
    active: bool = True


class ProductPatch(Patch):
    """The fields of a product to change."""

    sku: Sku = Field(default_factory=str)
    name: Name = Field(default_factory=str)
    description: Description | None = None
    price: Price = Field(default_factory=Decimal)
    stock: Stock = Field(default_factory=int)
    active: bool = Field(default_factory=bool)


class ProductOut(Output):
    """A product in the catalogue."""

    id: UUID
    sku: str
    name: str
    description: str | None
    price: Decimal
    stock: int
    active: bool
    created_at: datetime
    updated_at: datetime


class ImageOut(Output):
    """An image of a product; get it from `/api/v1/media/{name}`."""

    id: UUID
    product_id: UUID
    name: str
    content_type: str
    size: int
    created_at: datetime
