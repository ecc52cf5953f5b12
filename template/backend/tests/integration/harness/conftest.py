"""A table for the proofs of isolation: the lean project has none of its own."""

import pytest
from sqlalchemy import Column, ForeignKey, Identity, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncSession

metadata = MetaData()
notes = Table(
    "harness_notes",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("text", Text, nullable=False, unique=True),
)
comments = Table(
    "harness_comments",
    metadata,
    Column("note_id", ForeignKey(notes.c.id, ondelete="CASCADE"), nullable=False),
)


@pytest.fixture
async def note_table(db_session: AsyncSession) -> Table:
    """The table, made in the test's transaction. Fails when an earlier test's is still there."""
    left = await db_session.scalar(text("SELECT to_regclass('harness_notes')"))
    assert left is None, "an earlier test was not rolled back"
    connection = await db_session.connection()
    await connection.run_sync(metadata.create_all)
    await db_session.commit()
    return notes
