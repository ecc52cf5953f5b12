from datetime import datetime
from unittest import TestCase

import pytest
from bookings import create_app
from sqlalchemy.dialects.postgresql import Range


def test_rooms(client):
    assert [room["name"] for room in client.get("/rooms").json] == ["Lise", "Emmy", "Ada", "Attic"]


def test_rooms_with_seats(client):
    assert [room["name"] for room in client.get("/rooms?seats=10").json] == ["Emmy", "Ada"]


def test_book(booking):
    assert booking == {"id": 1000, "invoice": 1}


@pytest.mark.parametrize("start", ["10:00", "11:59", "09:30"])
def test_room_is_taken(client, booking, attic, start):
    body = {"guest": "Joan", "start": f"2026-05-01T{start}", "end": "2026-05-01T13:00"}
    assert client.post(f"/rooms/{attic}/bookings", json=body).status_code == 409


def test_next_one(client, booking, attic):
    body = {"guest": "Joan", "start": "2026-05-01T12:00", "end": "2026-05-01T13:00"}
    assert client.post(f"/rooms/{attic}/bookings", json=body).json["invoice"] == 2


def test_cancel(client, booking):
    assert client.delete(f"/bookings/{booking['id']}").status_code == 204
    assert client.delete(f"/bookings/{booking['id']}").status_code == 404


def test_usage(client, booking):
    assert client.post("/usage").json == {"Ada": 0, "Attic": 1, "Emmy": 0, "Lise": 0}


def test_booked_directly(client, book_directly, attic):
    book_directly("Mary", Range(datetime(2026, 5, 1), datetime(2026, 5, 2)))  # noqa: DTZ001
    body = {"guest": "Joan", "start": "2026-05-01T12:00", "end": "2026-05-01T13:00"}
    assert client.post(f"/rooms/{attic}/bookings", json=body).status_code == 409


class OldStyleTests(TestCase):
    def setUp(self):
        self.app = create_app()
        self.addCleanup(self.app.engine.dispose)
        self.client = self.app.test_client()

    def book(self):
        body = {"guest": "Ida", "start": "2026-06-01T10:00", "end": "2026-06-01T11:00"}
        return self.client.post("/rooms/1/bookings", json=body)

    def test_book_in_june(self):
        self.assertEqual(self.book().status_code, 201)  # noqa: PT009

    def test_book_in_june_again(self):
        self.assertEqual(self.book().json["id"], 1000)  # noqa: PT009
