"""A PostgreSQL, and a Redis, for development: `pytest-greenfield serve`."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pytest_greenfield import names
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.ports import ReservedPort
from pytest_greenfield.services.postgres import binaries, cache, cluster, process
from pytest_greenfield.services.postgres.account import Account, server_account
from pytest_greenfield.services.postgres.address import Address, connect
from pytest_greenfield.services.postgres.service import OWN_LIBPQ
from pytest_greenfield.services.service import PLACEHOLDER, Plan
from pytest_greenfield.services.used import Services, kind


def serve(root: Path, *, reset: bool = False, env_file: Path | None = None) -> None:
    """Run the servers that a project is developed with until Ctrl-C; print the variables for it.

    The database keeps its data and its address. With `env_file`, the variables are also written
    into that file.
    """
    account = server_account()
    folder = cache.cache_folder(account)
    found = binaries.ensure_accessible(binaries.find(), account)
    # Two checkouts with the same name have a database each.
    digest = hashlib.blake2b(str(root).encode(), digest_size=4).hexdigest()
    home = folder / f"development-{names.project_slug(root)}-{digest}-{found.major}"
    lock = cache.try_lock(cluster.lock_of(home))
    if lock is None:
        raise ServiceUnavailableError(
            f"the development server of {root} runs already, at port {_read(home / 'port')}"
        )
    if reset:
        process.stop_leftover(home / "data")
        cache.remove(home)
        print(f"removed   {home}")
    cluster.make_folder(home, account)
    stop = StopSignal()
    server, address = _start_postgres(home, found, account, lock)
    wanted = read_environment(root)
    services = _start_services(home, names.project_slug(root), wanted)
    lines = _filled(wanted, address.values() | services.values())
    if env_file is not None:
        write_variables(env_file, lines)
    print(f"Written into {env_file}:" if env_file is not None else "For .env:")
    for line in lines:
        print(line, flush=True)
    while server.alive and not stop.wait(0.5):
        pass
    print("stopped" if stop.wait(0) else f"the server has ended, see {home / 'server.log'}")
    server.stop()
    services.close()
    services.stop()


class StopSignal:
    """Ctrl-C or SIGTERM, which from now on do nothing but end the wait for them.

    Not KeyboardInterrupt, which is lost where it strikes in a destructor, and not an Event: its
    lock may be held by the very code that the signal interrupts.
    """

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os.write(writing, b"."))

    def wait(self, seconds: float) -> bool:
        """Say whether it came, now or within so many seconds."""
        return bool(select.select([self._reading], [], [], seconds)[0])


def _start_postgres(
    home: Path, found: binaries.Binaries, account: Account, lock: int
) -> tuple[process.Server, Address]:
    password = cache.kept_password(home)
    settings = cluster.DEVELOPMENT_SETTINGS
    development = cluster.Cluster(home, found, account, password, settings, lock)
    port = ReservedPort(_read(home / "port"))
    port.release()
    try:
        server = development.start(port.number)
    except cluster.DamagedClusterError as error:
        raise ServiceUnavailableError(
            f"the development server does not start ({error}); its data are in {home}:"
            " `pytest-greenfield serve --reset` deletes them and begins anew"
        ) from None
    (home / "port").write_text(str(port.number), "ascii")
    address = Address("127.0.0.1", port.number, "postgres", password, "postgres")
    with connect(address, OWN_LIBPQ) as connection:
        row = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'dev'").fetchone()
        if row is None:
            connection.execute("CREATE DATABASE dev")
    print(f"PostgreSQL {found.version}, data in {home}; Ctrl-C stops it.")
    return server, address.with_database("dev")


def _start_services(home: Path, project: str, lines: list[str]) -> Services:
    """Start a Redis for an application that uses one; its data end with it, its address stays."""
    plans = {}
    kept = home / "redis-port"
    placeholders = [x for line in lines for x in PLACEHOLDER.findall(line) if x[:6] == "redis."]
    if placeholders:
        try:
            kind("redis").check_embedded()
            port, secret = int(_read(kept) or 0), cache.kept_password(home)
            plans["redis"] = Plan(project, placeholders, "embedded", port=port, secret=secret)
        except ServiceUnavailableError as error:
            print(f"Without Redis: {error}")
    services = Services(plans, "dev")
    services.start()
    services.open()
    if url := services.values().get("redis.url"):
        kept.write_text(str(urlsplit(url).port), "ascii")
    for service in services:
        print(f"{service.summary}, without the data of earlier runs.")
    return services


def write_variables(path: Path, lines: list[str]) -> None:
    """Set variables in a file such as `.env`; other values that are there become comments."""
    before = path.read_text("utf-8").splitlines() if path.exists() else []
    names = {line.partition("=")[0] for line in lines}
    kept = [
        f"#{line}" if line.partition("=")[0] in names and line not in lines else line
        for line in before
    ]
    path.touch(mode=0o600)  # a URL holds a password
    new = [line for line in lines if line not in before]
    path.write_text("\n".join([*kept, *new, ""]), "utf-8")


def read_environment(root: Path) -> list[str]:
    """Return the lines of greenfield_environment."""
    try:
        tools = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
        lines = tools.get("ini_options", tools)["greenfield_environment"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        lines = ["DATABASE_URL={postgres.url}"]
    texts = lines.splitlines() if isinstance(lines, str) else [str(line) for line in lines]
    return [text.strip() for text in texts]


def _filled(lines: list[str], values: Mapping[str, str]) -> list[str]:
    """Return those that say where the servers are."""
    return [
        PLACEHOLDER.sub(lambda match: values[match[1]], line)
        for line in lines
        if (found := PLACEHOLDER.findall(line)) and values.keys() >= set(found)
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""
