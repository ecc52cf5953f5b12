"""The base of all factories."""

from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import factory
from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")

_built: ContextVar[list[object]] = ContextVar("built")


class ModelFactory(factory.Factory[T], Generic[T]):
    """Builds a model and, with sub-factories, the rows that it references."""

    class Meta:
        abstract = True

    @classmethod
    def _build(cls, model_class: Any, *args: Any, **kwargs: Any) -> T:
        instance: T = model_class(*args, **kwargs)
        _built.get([]).append(instance)
        return instance

    @classmethod
    async def create(  # type: ignore[override]  # factory_boy's own is synchronous
        cls, session: AsyncSession, **values: Any
    ) -> T:
        """Build a row and its references, and commit them so that the application sees them."""
        token = _built.set([])
        instance = cls.build(**values)
        session.add_all(_built.get())
        _built.reset(token)
        await session.flush()
        await session.refresh(instance)
        await session.commit()
        return instance

    @classmethod
    async def create_batch(  # type: ignore[override]  # factory_boy's own is synchronous
        cls, session: AsyncSession, size: int, **values: Any
    ) -> list[T]:
        """Create several rows, one after another."""
        return [await cls.create(session, **values) for _ in range(size)]
