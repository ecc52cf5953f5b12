"""The PostgreSQL of one run, as the rest of the plugin sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_greenfield import names
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres import address as addresses
from pytest_greenfield.services.postgres import guard
from pytest_greenfield.services.postgres.address import Address
from pytest_greenfield.services.postgres.cluster import DamagedClusterError
from pytest_greenfield.services.postgres.container import Container
from pytest_greenfield.services.postgres.databases import Databases
from pytest_greenfield.services.postgres.embedded import Embedded
from pytest_greenfield.services.postgres.migrations import Migrations
from pytest_greenfield.services.postgres.sources import Unavailable, plan_own

if TYPE_CHECKING:
    import psycopg

Environment = Callable[[Address], Mapping[str, str]]
"""Gives the variables from which the application reads where its database is."""
OWN_LIBPQ = {"PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}


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
    version: str = ""
    superuser: bool = False  # both are known after `start` or `open_worker`
    name = "postgres"
    _own: Embedded | Container | Unavailable | None = None
    _databases: Databases | None = None
    _worker: Address | None = None

    @classmethod
    def plan(
        cls, *, root: Path, settings_migrations: str, environ: MutableMapping[str, str]
    ) -> Postgres:
        """Decide where the server is or will be; start nothing. Raises ServiceUnavailableError."""
        guard.check_environment(root, environ)
        Migrations.of(root, settings_migrations)
        given = environ.get("TEST_DATABASE_URL", "").strip()
        if given:
            own, source = None, "given"
            server, libpq = guard.resolve(given, environ)
        else:
            own = plan_own(environ)
            source = "docker" if isinstance(own, Container) else "embedded"
            server, libpq = own.address, dict(OWN_LIBPQ)
        slug = names.project_slug(root)
        return cls(
            root, settings_migrations, source, server, libpq, names.new_run(), slug, _own=own
        )

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
        return " ".join(filter(None, ("PostgreSQL", self.version, self.source)))

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
            if isinstance(self._own, Embedded):
                extensions = Migrations.of(self.root, self.setting).extensions()
                self._own.start(extensions, lambda: self._build_templates(environment))
                self.notes += self._own.notes
            else:
                if self._own:
                    self._own.start()
                self._build_templates(environment)
        except BaseException as error:
            self.stop()
            raise self._sentence(error) from None
        self.started = True

    def _sentence(self, error: BaseException) -> BaseException:
        import psycopg

        if isinstance(error, psycopg.Error):
            return ServiceUnavailableError(
                f"{self.summary} does not let the tests make their databases ({_one_line(error)}):"
                " correct that, or name another server by `export TEST_DATABASE_URL=…`"
            )
        return error

    def _build_templates(self, environment: Environment) -> None:
        from pytest_greenfield import restore

        self.close_worker()  # of an attempt that failed
        databases = self._connected()
        for name in ("postgres", "template1") if isinstance(self._own, Embedded) else ():
            if files := databases.missing_files(name):
                raise DamagedClusterError(f"the files of {files} are missing")
        databases.drop_orphans()
        plain, prepared = self._templates()

        def migrate(address: Address) -> None:
            variables = {**self.libpq, **address.variables(), **environment(address)}
            Migrations.of(self.root, self.setting).run(address, variables)

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
            ours = self.source != "given"
            try:
                self._databases = Databases(
                    self.server, self.libpq, slug=self.slug, run=self.run, ours=ours
                )
            except psycopg.Error as error:
                if isinstance(self._own, Embedded):
                    raise  # it may be the cluster's fault
                raise ServiceUnavailableError(self._unreachable(error)) from None
            self.version = self._databases.version
            self.superuser = self._databases.superuser
        return self._databases

    def _unreachable(self, error: Exception) -> str:
        if self.source != "given":
            return f"the tests' PostgreSQL cannot be reached ({_one_line(error)}): run them again"
        return (
            f"TEST_DATABASE_URL ({self.server}) cannot be used ({_one_line(error)}): start that"
            " server, or `unset TEST_DATABASE_URL` to use the embedded one"
        )

    def open_worker(self, worker: str) -> None:
        """Make the database of `worker`, a clone of the prepared template."""
        databases = self._connected()
        databases.worker = worker
        try:
            self._worker = databases.create(self._templates()[1])
        except Exception as error:
            raise self._sentence(error) from None

    def replace_worker_database(self) -> None:
        """Drop the worker's database, whoever is connected to it, and make it again."""
        assert self._worker is not None  # open_worker was called
        self._connected().drop(self._worker.database)
        self._connected().create(self._templates()[1])

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
            log = f", see {self._own.log}" if isinstance(self._own, Embedded) else ""
            return f"{self.summary} went away during the run{log}: run the tests again"
        return None

    def close_worker(self) -> None:
        """Drop this process's databases and disconnect; nothing happens the second time."""
        if self._databases is not None:
            self._databases.close()
            self._databases = None

    def stop(self) -> None:
        """Stop the server, in the process that started it; nothing happens the second time."""
        self.close_worker()
        if self._own is not None:
            self._own.stop()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
