"""the roles that the application counts on"""

from alembic import op

revision = "8a02"
down_revision = "4f1c"


def upgrade():
    op.execute("INSERT INTO roles (name) VALUES ('reader'), ('editor'), ('admin')")


def downgrade():
    op.execute("DELETE FROM roles")
