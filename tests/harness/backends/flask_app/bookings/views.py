from datetime import datetime

from flask import Blueprint, abort, request
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from bookings import cache
from bookings.database import db_session
from bookings.models import Booking, Room

blueprint = Blueprint("bookings", __name__)


@blueprint.get("/rooms")
def rooms():
    seats = request.args.get("seats", 1, type=int)
    found = db_session.scalars(select(Room).where(Room.seats >= seats).order_by(Room.id))
    return [{"id": room.id, "name": room.name} for room in found]


@blueprint.get("/rooms/<int:room_id>")
def room(room_id):
    found = db_session.get(Room, room_id) or abort(404)
    return {"id": found.id, "name": found.name, "visits": cache.count_visit(room_id)}


@blueprint.post("/rooms/<int:room_id>/bookings")
def book(room_id):
    if db_session.get(Room, room_id) is None:
        abort(404)
    body = request.get_json()
    start, end = (datetime.fromisoformat(body[key]) for key in ("start", "end"))
    booking = Booking(room_id=room_id, guest=body["guest"], during=Range(start, end))
    db_session.add(booking)
    try:
        db_session.flush()
    except IntegrityError:
        db_session.rollback()
        return {"error": "The room is taken."}, 409
    invoice = db_session.scalar(func.nextval("invoice_numbers"))
    db_session.commit()
    return {"id": booking.id, "invoice": invoice}, 201


@blueprint.delete("/bookings/<int:booking_id>")
def cancel(booking_id):
    booking = db_session.get(Booking, booking_id) or abort(404)
    db_session.delete(booking)
    db_session.commit()
    return "", 204


@blueprint.post("/usage")
def refresh_usage():
    db_session.execute(text("REFRESH MATERIALIZED VIEW usage"))
    db_session.commit()
    used = db_session.execute(text("SELECT name, times FROM usage"))
    return {row.name: row.times for row in used}
