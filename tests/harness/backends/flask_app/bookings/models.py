from sqlalchemy import ForeignKey, Identity
from sqlalchemy.dialects.postgresql import TSRANGE
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Room(Base):
    __tablename__ = "rooms"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    seats: Mapped[int]


class Booking(Base):
    __tablename__ = "bookings"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id"))
    during = mapped_column(TSRANGE, nullable=False)
    guest: Mapped[str]
    room: Mapped[Room] = relationship()
