"""Cursors."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.accounts.paging import Cursor
from backend.core.errors import ValidationFailedError

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)  # noqa: DTZ001


@pytest.mark.usefixtures("hypothesis_ready")
@pytest.mark.slow  # under coverage, and more so in a large project
@given(st.builds(Cursor, moments, st.uuids()))
@settings(max_examples=100, deadline=None)
def test_decoding_reverses_encoding(cursor: Cursor) -> None:
    text = cursor.encode()
    assert Cursor.decode(text) == cursor
    assert text.replace("-", "").replace("_", "").isalnum()
    assert len(text) <= 128


def test_a_naive_time_counts_as_utc() -> None:
    naive = datetime(2026, 1, 1, 12)  # noqa: DTZ001  # as SQLite gives it
    decoded = Cursor.decode(Cursor(naive, UUID(int=1)).encode())
    assert decoded.created_at == naive.replace(tzinfo=UTC)


FAR_AHEAD = b"9999-12-31T23:59-14:00 " + 32 * b"0"


@pytest.mark.parametrize("content", [b"\xff", b"now 1", b"2026-01-01 x", FAR_AHEAD])
def test_invalid_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValidationFailedError):
        Cursor.decode(base64.urlsafe_b64encode(content).decode())


@pytest.mark.parametrize("text", ["", "x", "%", "é" * 32, "A" * 31 + "!", "\x00"])
def test_so_is_any_other_text(text: str) -> None:
    with pytest.raises(ValidationFailedError):
        Cursor.decode(text)
