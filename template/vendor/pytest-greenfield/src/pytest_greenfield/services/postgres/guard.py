"""Refuses to test against anything that may not be a test database, before it is connected to.

An allow-list, applied to what libpq would make of TEST_DATABASE_URL, the PG* variables and a
service file together. Messages show at most host and database: the rest may be a part of a
password.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_greenfield.errors import UnsafeDatabaseError
from pytest_greenfield.services.postgres.address import Address, libpq_environment

_ALLOW_HOST = "TEST_DATABASE_ALLOW_HOST"
_ENVIRONMENTS = ("ENVIRONMENT", "APP_ENVIRONMENT", "APP_ENV", "ENV", "FASTAPI_ENV", "FLASK_ENV")
_STAGES = re.compile(r"(?<![a-z])(prod|prd|production|live|staging)(?![a-z])")
_PRODUCTION = re.compile(r"(?<![a-z])(prod|prd|production|live)(?![a-z])")
_TEST = re.compile(r"(?<![a-z])tests?(?![a-z])")
# Names that cannot be a hosted server's; `.internal` and `.local` as such can.
_LOCAL_NAMES = (".localhost", ".test", "host.docker.internal", "host.containers.internal")
# What only drivers of the application understand; libpq refuses a URL with it.
_DRIVER_OPTION = re.compile(
    r"(?<=[?&])(ssl|prepared_statement_cache_size|prepared_statement_name_func"
    r"|statement_cache_size|command_timeout)=([^&]*)&?"
)
_EXAMPLE = "`export TEST_DATABASE_URL=postgresql://user:password@127.0.0.1:5432/app_test`"
_SOCKETS = ("/var/run/postgresql", "/run/postgresql", "/tmp")  # noqa: S108 - PostgreSQL's own


def check_environment(root: Path, environ: Mapping[str, str]) -> None:
    """Raise UnsafeDatabaseError when a variable, or the project's `.env`, says production."""
    given = {name.upper(): value for name, value in environ.items()}
    # The process's variable wins over the file, as it does for the settings.
    for name, value in {**_dotenv(root), **given}.items():
        if name in _ENVIRONMENTS and _STAGES.search(value.lower()):
            where = "" if name in given else f" (in {root / '.env'})"
            raise UnsafeDatabaseError(
                f"tests do not run with {name}={_shown(value)}{where}: `export {name}=test`"
            )


def _dotenv(root: Path) -> dict[str, str]:
    try:
        text = (root / ".env").read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return {}
    found = re.findall(r"(?m)^\s*(?:export\s+)?(\w+)\s*=\s*['\"]?([^\s'\"#]+)", text)
    return {name.upper(): value for name, value in found}


def resolve(given: str, environ: Mapping[str, str]) -> tuple[Address, dict[str, str]]:
    """Return where `given` (TEST_DATABASE_URL) leads, and the PG* variables that stay in force.

    Raises UnsafeDatabaseError unless that is a database for tests.
    """
    options: list[tuple[str, str]] = []
    libpq: dict[str, str] = {}
    for name, value in _DRIVER_OPTION.findall(given):
        if name == "ssl":
            libpq["PGSSLMODE"] = "require" if value.lower() in ("true", "on", "1") else value
        else:
            options.append((name, value))
    text = re.sub(r"^postgres(ql)?\+\w+://", "postgresql://", _DRIVER_OPTION.sub("", given))
    values, remaining = _effective(text.rstrip("?&"), environ)
    address = _address(values, tuple(options))
    _judge(address, {values["host"], values["hostaddr"]} - {""}, environ)
    return address, {**remaining, **libpq}


def _effective(text: str, environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return libpq's values for the connection, and as variables those that it may keep."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import Conninfo

    if not re.match(r"postgres(ql)?://|\s*\w+\s*=", text):
        raise UnsafeDatabaseError(f"TEST_DATABASE_URL is no PostgreSQL URL: {_EXAMPLE}")
    shell = {name: value for name, value in environ.items() if name.startswith("PG")}
    try:
        explicit: dict[str, Any] = conninfo_to_dict(text)
    except psycopg.Error:  # its message shows parts of the URL
        raise UnsafeDatabaseError(
            "TEST_DATABASE_URL cannot be read (special characters of a password have to be written"
            f" as in %40 for @): {_EXAMPLE}"
        ) from None
    for name, variable in (("service", "PGSERVICE"), ("servicefile", "PGSERVICEFILE")):
        if named := explicit.pop(name, None):
            shell[variable] = str(named)
    with libpq_environment(shell):
        defaults = {option.keyword.decode(): option for option in Conninfo.get_defaults()}
    if "PGSERVICE" in shell:
        with libpq_environment({**shell, "PGSERVICE": ""}):
            without = {option.keyword.decode(): option for option in Conninfo.get_defaults()}
        same = (option.val == without[name].val for name, option in defaults.items())
        if sum(not equal for equal in same) <= 1:  # only the service's own name
            raise UnsafeDatabaseError(
                "the service that TEST_DATABASE_URL or PGSERVICE names is not in the service file,"
                f" or says nothing: {_EXAMPLE}"
            )
    values = {name: _text(option.val) for name, option in defaults.items()}
    values.update({name: str(value) for name, value in explicit.items()})
    own = ("host", "hostaddr", "port", "user", "password", "dbname", "service", "servicefile")
    remaining = {
        _text(option.envvar): values[name]
        for name, option in defaults.items()
        if name not in own and option.envvar and values[name] != _text(option.compiled)
    }
    return values, remaining


def _text(value: bytes | None) -> str:
    return value.decode() if value else ""


def _address(values: dict[str, str], options: tuple[tuple[str, str], ...]) -> Address:
    host = values["hostaddr"] or values["host"]
    port, database = values["port"], values["dbname"] or values["user"]
    if "," in host or "," in port:
        raise UnsafeDatabaseError(f"TEST_DATABASE_URL names several hosts: name one, {_EXAMPLE}")
    whole = re.fullmatch(r"\d{1,5}", port) and re.fullmatch(r"[\w.:%/@-]*", host)
    if not whole or re.search(r"[@/:?#]", database):  # pieces of a password, as it may be
        raise UnsafeDatabaseError(
            "TEST_DATABASE_URL cannot be read (special characters of a password have to be written"
            f" as in %40 for @): {_EXAMPLE}"
        )
    if not host:
        # Where libpq and the drivers look when nothing is named.
        folders = [name for name in _SOCKETS if Path(name, f".s.PGSQL.{port}").exists()]
        host = folders[0] if folders else "localhost"
    return Address(host, int(port), values["user"], values["password"], database, options)


def _judge(address: Address, hosts: set[str], environ: Mapping[str, str]) -> None:
    shown = f"{_shown(address.host)}/{_shown(address.database)}"
    if not _TEST.search(address.database.lower()):
        raise UnsafeDatabaseError(
            f"the database of TEST_DATABASE_URL ({shown}) has no `test` part in its name, so it may"
            " hold data that somebody needs: name one such as `app_test`, which need not exist"
        )
    names = [address.user, address.database]
    check_host("TEST_DATABASE_URL", hosts or {address.host}, names, environ, shown)


def check_host(
    variable: str, hosts: set[str], names: list[str], environ: Mapping[str, str], shown: str = ""
) -> None:
    """Raise UnsafeDatabaseError unless `hosts` are local or allowed, and nothing says production.

    `names` are those of the user and the database.
    """
    allowed = {name.strip().lower() for name in environ.get(_ALLOW_HOST, "").split(",")}
    hosts = {host.lower().rstrip(".") for host in hosts}
    shown = shown or _shown(",".join(sorted(hosts)))
    for host in sorted(hosts - allowed):
        if not _is_local(host):
            raise UnsafeDatabaseError(
                f"{variable} leads to {shown}, which may be a hosted server; if it is for"
                f" tests only: `export {_ALLOW_HOST}={_shown(host)}`"
            )
    if hosts - allowed and any(_PRODUCTION.search(name.lower()) for name in (*hosts, *names)):
        raise UnsafeDatabaseError(
            f"the host, user or database of {variable} ({shown}) looks like production; if"
            f" it is for tests only: `export {_ALLOW_HOST}={_shown(','.join(sorted(hosts)))}`"
        )


def _is_local(host: str) -> bool:
    """Say whether `host` cannot be a server that somebody hosts for production."""
    if host.startswith(("/", "@")):  # a socket; the proxy of Cloud SQL makes some, too
        return "cloudsql" not in host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # A number is an address in another notation.
        bare = re.fullmatch(r"[a-z][a-z0-9_-]*", host) is not None
        return (bare and not host.startswith("0x")) or host.endswith(_LOCAL_NAMES)
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_private or address.is_link_local


def _shown(text: str) -> str:
    return text if re.fullmatch(r"[\w.:,/-]{1,80}", text) else "(not shown)"
