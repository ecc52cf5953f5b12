import uuid
from decimal import Decimal

from sqlmodel import Field, SQLModel


class Category(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, index=True)
    parent_id: int | None = Field(default=None, foreign_key="category.id")


class ProductBase(SQLModel):
    name: str
    price: Decimal = Field(max_digits=10, decimal_places=2)
    category_id: int = Field(foreign_key="category.id")


class Product(ProductBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    stock: int = 0


class ProductPublic(ProductBase):
    id: int
    stock: int


class Movement(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    product_id: int = Field(foreign_key="product.id")
    amount: int


class MovementCreate(SQLModel):
    amount: int
