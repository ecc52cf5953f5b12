"""a view of how much each room is used"""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.execute("""
        CREATE MATERIALIZED VIEW usage AS
        SELECT rooms.name, count(bookings.id) AS times
        FROM rooms LEFT JOIN bookings ON bookings.room_id = rooms.id
        GROUP BY rooms.name
    """)
    op.execute("CREATE UNIQUE INDEX usage_name ON usage (name)")


def downgrade():
    op.execute("DROP MATERIALIZED VIEW usage")
