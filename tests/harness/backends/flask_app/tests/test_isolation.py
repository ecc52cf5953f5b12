"""Whatever the order of the tests, each one finds what the migrations and `attic` left."""

import os

import psycopg2
import pytest
from bookings.models import Booking, Room
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

twice = pytest.mark.parametrize("time", ["once", "again"])


def number_of(session, model):
    return session.scalar(select(func.count()).select_from(model))


@twice
def test_rows_and_ids_start_anew(db_session, attic, time):
    assert (number_of(db_session, Room), number_of(db_session, Booking)) == (4, 0)
    room = Room(name="written", seats=1)
    db_session.add(room)
    db_session.commit()
    assert room.id == attic + 1
    assert db_session.scalar(func.nextval("invoice_numbers")) == 1


@twice
def test_truncated_tables_are_filled_again(db_session, time):
    assert number_of(db_session, Room) == 4
    db_session.execute(text("TRUNCATE rooms RESTART IDENTITY CASCADE"))
    db_session.commit()
    assert number_of(db_session, Room) == 0


@twice
def test_rows_of_migrations_come_back(db_session, time):
    assert db_session.get(Room, 1).name == "Lise"
    db_session.execute(text("UPDATE rooms SET name = 'Otto' WHERE id = 1"))
    db_session.execute(text("DELETE FROM rooms WHERE id = 2"))
    db_session.commit()


@twice
def test_the_view_is_as_the_migrations_left_it(client, db_session, time):
    assert db_session.scalar(text("SELECT count(*) FROM usage")) == 3
    db_session.commit()
    assert len(client.post("/usage").json) == 4


@twice
def test_an_engine_of_its_own(time):
    engine = create_engine(os.environ["BOOKINGS_DATABASE"])
    with Session(engine) as session:
        session.execute(
            text("INSERT INTO bookings (room_id, during, guest) VALUES (1, '[,)', 'x')")
        )
        session.commit()
        assert session.scalar(select(Booking.id)) == 1000
    engine.dispose()


@twice
def test_a_connection_that_rolls_back(time):
    dsn = os.environ["BOOKINGS_DATABASE"].replace("+psycopg2", "")
    connection = psycopg2.connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO rooms (name, seats) VALUES ('dream', 1) RETURNING id")
        assert cursor.fetchone() == (5,)
    connection.rollback()
    connection.close()
