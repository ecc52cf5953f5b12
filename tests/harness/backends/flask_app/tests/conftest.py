import pytest
from bookings import create_app, database
from bookings.models import Booking, Room


@pytest.fixture(scope="session")
def app():
    app = create_app({"TESTING": True})
    yield app
    app.engine.dispose()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def db_session(app):
    with app.app_context():
        yield database.db_session
        database.db_session.rollback()


@pytest.fixture(scope="session", autouse=True)
def attic(app):
    """A room that all tests know."""
    with app.app_context():
        room = Room(name="Attic", seats=2)
        database.db_session.add(room)
        database.db_session.commit()
        return room.id


@pytest.fixture
def booking(client, attic):
    body = {"guest": "Grace", "start": "2026-05-01T10:00", "end": "2026-05-01T12:00"}
    response = client.post(f"/rooms/{attic}/bookings", json=body)
    assert response.status_code == 201
    return response.json


@pytest.fixture
def book_directly(db_session, attic):
    def book(guest, during):
        booking = Booking(room_id=attic, guest=guest, during=during)
        db_session.add(booking)
        db_session.commit()
        return booking.id

    return book
