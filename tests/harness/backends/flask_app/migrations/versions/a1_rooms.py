"""rooms and bookings, which never overlap"""

from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.execute("""
        CREATE TABLE rooms (
            id serial PRIMARY KEY,
            name text NOT NULL UNIQUE,
            seats integer NOT NULL CHECK (seats > 0)
        );
        CREATE TABLE bookings (
            id integer GENERATED ALWAYS AS IDENTITY (START WITH 1000) PRIMARY KEY,
            room_id integer NOT NULL REFERENCES rooms DEFERRABLE INITIALLY DEFERRED,
            during tsrange NOT NULL,
            guest text NOT NULL,
            EXCLUDE USING gist (int4range(room_id, room_id, '[]') WITH =, during WITH &&)
        );
        CREATE SEQUENCE invoice_numbers;
        INSERT INTO rooms (name, seats) VALUES ('Lise', 4), ('Emmy', 12), ('Ada', 30);
    """)


def downgrade():
    op.execute("DROP SEQUENCE invoice_numbers; DROP TABLE bookings; DROP TABLE rooms")
