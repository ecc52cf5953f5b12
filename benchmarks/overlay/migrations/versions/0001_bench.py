"""All tables of the benchmark at once; the plugin hashes this folder, so their number is here."""

from alembic import op

from backend.core.models import Base

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = 10


def upgrade() -> None:
    Base.metadata.create_all(op.get_bind())


def downgrade() -> None:
    Base.metadata.drop_all(op.get_bind())
