"""Queries for labels and the queue."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.core.unit_of_work import UnitOfWork
from backend.features.inference.shop.models.labelling import ImageLabelling, LabellingStatus
from backend.shop.models.product import ProductImage


class LabellingRepository:
    """Images: pending, labelled or failed."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def enqueue(self, *, limit: int) -> None:
        """Queue images without a row here, including those uploaded before this feature was added.

        Images being deleted are left out.
        """
        labelled = ImageLabelling.image_id
        unseen = (
            select(ProductImage.id)
            .where(~select(labelled).where(labelled == ProductImage.id).exists())
            .order_by(ProductImage.created_at)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        statement = insert(ImageLabelling).from_select(["image_id"], unseen, include_defaults=False)
        await self._session.execute(statement.on_conflict_do_nothing())

    async def claim(
        self, now: datetime, until: datetime, *, limit: int
    ) -> Sequence[tuple[UUID, str]]:
        """Claim due images until a given time; return their ids and file names.

        Images being claimed by another worker are skipped. An image that failed before is
        claimed alone, since it may make its batch fail.
        """
        statement = (
            select(ImageLabelling, ProductImage.name)
            .join(ProductImage, ProductImage.id == ImageLabelling.image_id)
            .where(
                ImageLabelling.status == LabellingStatus.PENDING,
                or_(ImageLabelling.available_at.is_(None), ImageLabelling.available_at <= now),
            )
            .order_by(ImageLabelling.attempts, ImageLabelling.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=ImageLabelling)
            .execution_options(populate_existing=True)
        )
        rows = (await self._session.execute(statement)).all()
        taken = [row for row in rows if not row[0].attempts] or rows[:1]
        for labelling, _ in taken:
            labelling.available_at = until
        await self._session.flush()
        return [(labelling.image_id, name) for labelling, name in taken]

    async def lock_claimed(
        self, image_ids: Sequence[UUID], until: datetime
    ) -> dict[UUID, ImageLabelling]:
        """Return and lock the images of a claim by id, unless another worker has claimed them."""
        statement = (
            select(ImageLabelling)
            .where(
                ImageLabelling.image_id.in_(image_ids),
                ImageLabelling.status == LabellingStatus.PENDING,
                ImageLabelling.available_at == until,
            )
            .order_by(ImageLabelling.image_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return {row.image_id: row for row in await self._session.scalars(statement)}

    async def list(self, product_id: UUID) -> Sequence[ImageLabelling]:
        """Return the labellings of a product's images, oldest first."""
        statement = (
            select(ProductImage.id, ImageLabelling)
            .outerjoin(ImageLabelling, ImageLabelling.image_id == ProductImage.id)
            .where(ProductImage.product_id == product_id)
            .order_by(ProductImage.created_at, ProductImage.id)
        )
        rows = await self._session.execute(statement)
        return [known or _make_unseen(image_id) for image_id, known in rows]


def _make_unseen(image_id: UUID) -> ImageLabelling:
    """Return a placeholder for an image that is not queued yet."""
    return ImageLabelling(image_id=image_id, status=LabellingStatus.PENDING, labels=[])


class LabellingUnitOfWork(UnitOfWork):
    """The unit of work of the labelling job."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self.labellings = LabellingRepository(session)
