"""Refuse to test against anything that is not a test database, before it is connected to."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from backend.tests.plugins.postgres.errors import RefusedError
from backend.tests.plugins.postgres.urls import database_of, is_postgres, masked

ALLOW_HOST = "TEST_DATABASE_ALLOW_HOST"
_HOSTED = (
    ".rds.amazonaws.com",
    ".redshift.amazonaws.com",
    ".database.azure.com",
    ".cosmos.azure.com",
    ".neon.tech",
    ".supabase.co",
    ".supabase.com",
    ".render.com",
    ".ondigitalocean.com",
    ".aivencloud.com",
    ".timescale.com",
    ".tsdb.cloud",
    ".railway.app",
    ".rlwy.net",
    ".cockroachlabs.cloud",
    ".psdb.cloud",
    ".compute.amazonaws.com",
    ".sql.goog",
    ".fly.dev",
    ".heroku.com",
)
_PRODUCTION = re.compile(r"(?<![a-z])(prod|production|prd|live)(?![a-z])")
_TEST = re.compile(r"(?<![a-z])tests?(?![a-z])")


def check_environment() -> None:
    """Raise RefusedError when ENVIRONMENT says production, in the process or in the project's
    `.env`.
    """
    for where, value in (("ENVIRONMENT", os.environ.get("ENVIRONMENT")), (".env", _from_dotenv())):
        if value is not None and value.strip().strip("'\"").lower() in {"production", "prod"}:
            raise RefusedError(
                f"tests do not run with ENVIRONMENT={value.strip()} (from {where}): "
                + ("`unset ENVIRONMENT`" if where != ".env" else "`export ENVIRONMENT=test`")
            )


def check_url(url: str) -> None:
    """Raise RefusedError unless `url` looks like a server for tests."""
    shown = masked(url)
    if not is_postgres(url):
        raise RefusedError(
            f"TEST_DATABASE_URL={shown} is no PostgreSQL URL: "
            "`export TEST_DATABASE_URL=postgresql://user:password@127.0.0.1:5432/test`"
        )
    name = database_of(url)
    if not _TEST.search(name.lower()):
        raise RefusedError(
            f"the database of TEST_DATABASE_URL={shown} has no `test` part in its"
            " name, so it may hold data that somebody needs: "
            f"`createdb {name or 'app'}_test` and name that one"
        )
    hosts, user = _hosts_and_user(url)
    allowed = set(os.environ.get(ALLOW_HOST, "").lower().split(","))
    for host in hosts:
        if host in allowed:
            continue
        # Cloud SQL is reached through sockets and proxies named after it.
        if host.endswith(_HOSTED) or "cloudsql" in host or _PRODUCTION.search(host):
            raise RefusedError(
                f"the host {host} of TEST_DATABASE_URL looks like production;"
                f" if it is for tests: `export {ALLOW_HOST}={host}`"
            )
    if _PRODUCTION.search(user) or _PRODUCTION.search(name.lower()):
        if hosts and all(host in allowed for host in hosts):
            return
        raise RefusedError(
            f"the user or database of TEST_DATABASE_URL={shown} looks like production; "
            f"if it is for tests: `export {ALLOW_HOST}={','.join(hosts) or 'localhost'}`"
        )


def _hosts_and_user(url: str) -> tuple[list[str], str]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    credentials, at, address = parts.netloc.rpartition("@")
    user = unquote(credentials.partition(":")[0]) if at else query.get("user", "")
    addresses = (address or query.get("host", "")).split(",")  # libpq takes several
    hosts = [
        re.sub(r":\d*$", "", unquote(one)).strip("[]").lower().rstrip(".") for one in addresses
    ]
    return [host for host in hosts if host], user.lower()


def _from_dotenv() -> str | None:
    # The process's variable wins over the file, as it does for the settings.
    from backend.tests.plugins.postgres.names import PROJECT_ROOT

    if "ENVIRONMENT" in os.environ:
        return None
    try:
        text = Path(PROJECT_ROOT / ".env").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = re.findall(r"(?im)^\s*(?:export\s+)?ENVIRONMENT\s*=\s*([^\s#]+)", text)
    return found[-1] if found else None
