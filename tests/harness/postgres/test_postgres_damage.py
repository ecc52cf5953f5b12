"""A damaged cluster is made anew in the same start, with one note."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_greenfield.services.postgres.service import Postgres

from tests.harness.postgres.conftest import Start

Damage = Callable[[Path], object]


@pytest.fixture(scope="session")
def whole(kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache with a cluster that was stopped in an orderly way, and has its templates."""
    root = tmp_path_factory.mktemp("whole")
    (root / "pyproject.toml").write_text('[project]\nname = "my-app"\n', "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_CACHE_DIR", str(kept_cache))
        postgres = Postgres.plan(root=root, settings_migrations="", environ=os.environ)
        postgres.start(lambda address: {})
        postgres.stop()
    return kept_cache


def data_of(cache: Path) -> Path:
    """Return the data folder of the only cluster."""
    (found,) = cache.glob("cluster-*-1/data")
    return found


def zero(path: Path) -> None:
    """Overwrite a file with zeros."""
    path.write_bytes(bytes(path.stat().st_size))


def wal(data: Path) -> list[Path]:
    """Return the segments of the write-ahead log."""
    return [path for path in (data / "pg_wal").iterdir() if len(path.name) == 24]


def running(data: Path, content: str) -> None:
    """Pretend that a server was killed that had this pid file."""
    (data / "postmaster.pid").write_text(content, "utf-8")


def empty(data: Path) -> None:
    """Remove all that is in the folder."""
    for path in data.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def lock_up(data: Path) -> None:
    """Leave folders that cannot be written to, and no cluster."""
    (data / "PG_VERSION").unlink()
    for path in (data / "base", data / "global", data):
        path.chmod(0o500)


def replace_by_file(data: Path) -> None:
    """Put a file where the folder was."""
    shutil.rmtree(data)
    data.touch()


def damage_all(damage: Damage, paths: list[Path]) -> None:
    """Do the same to several files."""
    for path in paths:
        damage(path)


DAMAGES: dict[str, Damage] = {
    "zeroed pg_control": lambda data: zero(data / "global/pg_control"),
    "empty pg_control": lambda data: (data / "global/pg_control").write_bytes(b""),
    "missing pg_control": lambda data: (data / "global/pg_control").unlink(),
    "zeroed WAL": lambda data: damage_all(zero, wal(data)),
    "missing WAL": lambda data: damage_all(Path.unlink, wal(data)),
    "no pg_wal": lambda data: shutil.rmtree(data / "pg_wal"),
    "missing pg_database": lambda data: (data / "global/1262").unlink(),
    "empty pg_database": lambda data: (data / "global/1262").write_bytes(b""),
    "zeroed pg_authid": lambda data: zero(data / "global/1260"),
    "missing shared table": lambda data: (data / "global/2396").unlink(),
    "missing map": lambda data: (data / "global/pg_filenode.map").unlink(),
    "missing pg_class": lambda data: (data / "base/5/1259").unlink(),
    "missing template1": lambda data: shutil.rmtree(data / "base/1"),
    "missing postgres": lambda data: shutil.rmtree(data / "base/5"),
    "missing transaction log": lambda data: shutil.rmtree(data / "pg_xact"),
    "empty data": empty,
    "no PG_VERSION": lambda data: (data / "PG_VERSION").unlink(),
    "another PG_VERSION": lambda data: (data / "PG_VERSION").write_text("9.6\n", "utf-8"),
    "no configuration": lambda data: (data / "postgresql.conf").unlink(),
    "garbage in the configuration": lambda data: (data / "postgresql.conf").write_text(
        "\0nonsense", "utf-8"
    ),
    "no access file": lambda data: (data / "pg_hba.conf").unlink(),
    "read-only folders": lock_up,
    "open to everybody": lambda data: data.chmod(0o777),
    "a file": replace_by_file,
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_cluster_is_made_anew(kind: str, whole: Path, cache: Path, start: Start) -> None:
    shutil.copytree(whole, cache, dirs_exist_ok=True, copy_function=copy_owned)
    own_as(data_of(whole), data_of(cache))
    DAMAGES[kind](data_of(cache))
    postgres = start()
    (note,) = postgres.notes
    assert "made anew" in note
    postgres.open_worker("master")
    postgres.drop(postgres.clone("more"))
    postgres.stop()
    assert start().notes == []
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize(
    "content", ["", "\n\n\n", "garbage\n\0\xff", "1\n", "99999999\n/x\n", "self", "foreign"]
)
def test_a_pid_file_of_no_server_does_no_harm(
    content: str, whole: Path, cache: Path, start: Start
) -> None:
    shutil.copytree(whole, cache, dirs_exist_ok=True, copy_function=copy_owned)
    own_as(data_of(whole), data_of(cache))
    data = data_of(cache)
    foreign = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    number = {"self": os.getpid(), "foreign": foreign.pid}.get(content)
    lines = [str(number), str(data), "1", "5432", "", "127.0.0.1", "", "ready"]
    running(data, "\n".join(lines) + "\n" if number else content)
    (data.parent / "boot").unlink(missing_ok=True)
    boot = Path("/proc/sys/kernel/random/boot_id")
    if boot.exists():
        (data.parent / "boot").write_bytes(boot.read_bytes())
    assert start().notes == []
    assert foreign.poll() is None
    foreign.communicate(b"\n")


def test_a_cluster_that_ran_when_the_machine_went_down_is_made_anew(
    whole: Path, cache: Path, start: Start
) -> None:
    shutil.copytree(whole, cache, dirs_exist_ok=True, copy_function=copy_owned)
    own_as(data_of(whole), data_of(cache))
    running(data_of(cache), "1\n")
    (data_of(cache).parent / "boot").write_text("another\n", "ascii")
    assert "the machine went down" in start().notes[0]


def test_another_password_makes_a_new_cluster(whole: Path, cache: Path, start: Start) -> None:
    shutil.copytree(whole, cache, dirs_exist_ok=True, copy_function=copy_owned)
    own_as(data_of(whole), data_of(cache))
    (cache / "password").unlink()
    assert "password" in start().notes[0]


def copy_owned(source: str, target: str) -> str:
    """Copy a file with its times, mode and owner."""
    shutil.copy2(source, target)
    status = Path(source).stat()
    os.chown(target, status.st_uid, status.st_gid)
    return target


def own_as(source: Path, target: Path) -> None:
    """Give the folders below `target` the owner of `source`; files have it."""
    status = source.stat()
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        os.chown(folder, status.st_uid, status.st_gid)
