"""Cursors and pages."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.errors import ValidationFailedError
from backend.core.paging import Cursor

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)  # noqa: DTZ001
places = st.builds(Cursor, moments, st.uuids())


class TestCursor:
    @pytest.mark.usefixtures("hypothesis_ready")
    @given(places)
    @settings(max_examples=100, deadline=None)
    def test_what_is_read_is_what_was_written(self, cursor: Cursor) -> None:
        assert Cursor.decode(cursor.encode()) == cursor

    @pytest.mark.usefixtures("hypothesis_ready")
    @given(places)
    @settings(max_examples=50, deadline=None)
    def test_it_fits_into_an_address_as_it_is(self, cursor: Cursor) -> None:
        text = cursor.encode()
        assert text.isascii()
        assert text.replace("-", "").replace("_", "").isalnum()
        assert len(text) <= 64

    def test_a_time_without_a_zone_counts_as_utc(self) -> None:
        naive = datetime(2026, 1, 1, 12)  # noqa: DTZ001  # as SQLite gives it
        place = Cursor.decode(Cursor(naive, UUID(int=1)).encode())
        assert place.created_at == naive.replace(tzinfo=UTC)

    @pytest.mark.usefixtures("hypothesis_ready")
    @given(st.binary(min_size=24, max_size=24))
    @settings(max_examples=50, deadline=None)
    def test_any_bytes_of_the_right_length_are_a_cursor_or_refused(self, packed: bytes) -> None:
        try:
            cursor = Cursor.decode(base64.urlsafe_b64encode(packed).decode())
        except ValidationFailedError:
            return
        assert Cursor.decode(cursor.encode()) == cursor

    @pytest.mark.parametrize("text", ["x", "%", "a b", "é" * 32, "+/" * 16, "A" * 31 + "!", "\x00"])
    def test_text_that_says_nothing_is_refused(self, text: str) -> None:
        with pytest.raises(ValidationFailedError):
            Cursor.decode(text)

    @pytest.mark.parametrize(
        "packed",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"x" * 23, id="short"),
            pytest.param(b"x" * 25, id="long"),
            pytest.param(b"\x7f" + b"\xff" * 23, id="after all years"),
            pytest.param(b"\x80" + b"\x00" * 23, id="before all years"),
        ],
    )
    def test_bytes_that_say_nothing_are_refused(self, packed: bytes) -> None:
        with pytest.raises(ValidationFailedError):
            Cursor.decode(base64.urlsafe_b64encode(packed).decode())
