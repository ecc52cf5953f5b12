"""Database URLs in the two dialects that the tests speak, without ever showing a password."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

# SQLAlchemy hands every query parameter to `asyncpg.connect()` as a keyword, a DSN hands unknown
# ones to the server as settings: what only one of them understands is left out of the other's URL.
_SQLALCHEMY_ONLY = {"prepared_statement_cache_size", "prepared_statement_name_func"}
_DSN_ONLY = {
    "application_name",
    "options",
    "connect_timeout",
    "target_session_attrs",
    "channel_binding",
}
_SCHEMES = {"postgres", "postgresql", "postgresql+asyncpg"}


class DatabaseUrl(str):
    """A URL that is an ordinary `str`, except that `repr()` (what pytest prints) hides the
    password.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(masked(self))


def masked(url: str) -> str:
    """Return `url` with its password, and a `password=` parameter, replaced by `***`."""
    parts = urlsplit(url)
    netloc = parts.netloc
    if "@" in netloc:
        credentials, _, address = netloc.rpartition("@")
        user, colon, _ = credentials.partition(":")
        netloc = f"{user}{':***' if colon else ''}@{address}"
    query = "&".join(
        "password=***" if pair.startswith("password=") else pair for pair in parts.query.split("&")
    )
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def is_postgres(url: str) -> bool:
    """Say whether the scheme is one that this harness can connect to."""
    return urlsplit(url).scheme in _SCHEMES


def database_of(url: str) -> str:
    """Return the database name of `url`, decoded; empty when there is none."""
    return unquote(urlsplit(url).path.lstrip("/"))


def with_database(url: str, database: str) -> DatabaseUrl:
    """Return `url` pointing at `database`; everything else stays."""
    return DatabaseUrl(urlunsplit(urlsplit(url)._replace(path="/" + quote(database, safe=""))))


def for_asyncpg(url: str) -> DatabaseUrl:
    """Return the DSN form: `postgresql://…`, with `ssl=` written as libpq's `sslmode=`."""
    parts = urlsplit(url)
    pairs = [
        ("sslmode" if key == "ssl" else key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if key not in _SQLALCHEMY_ONLY
    ]
    return DatabaseUrl(urlunsplit(parts._replace(scheme="postgresql", query=urlencode(pairs))))


def for_sqlalchemy(url: str) -> DatabaseUrl:
    """Return the SQLAlchemy form: `postgresql+asyncpg://…`, with `sslmode=` written as `ssl=`."""
    parts = urlsplit(url)
    pairs = [
        ("ssl" if key == "sslmode" else key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if key not in _DSN_ONLY
    ]
    return DatabaseUrl(
        urlunsplit(parts._replace(scheme="postgresql+asyncpg", query=urlencode(pairs)))
    )
