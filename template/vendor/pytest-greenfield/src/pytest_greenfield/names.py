"""Names of databases: they carry project, run and worker, and always a `test` part."""

from __future__ import annotations

import hashlib
import re
import secrets
import tomllib
from pathlib import Path

_LONGEST = 63  # bytes; PostgreSQL cuts longer names silently, and two would become one


def new_run() -> str:
    """Return eight hex digits that all workers of one run share and no two runs do."""
    return secrets.token_hex(4)


def project_slug(root: Path) -> str:
    """Return the project's name as at most 20 characters of `a-z0-9_`."""
    try:
        name = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        name = root.name
    return re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")[:20].strip("_") or "project"


def database_name(slug: str, run: str, worker: str, purpose: str = "") -> str:
    """Return `test_<project>_<run>_<worker>[_<purpose>]`, at most 63 bytes."""
    name = "_".join(["test", slug, run, worker])
    if purpose:
        name += "_" + re.sub(r"[^a-z0-9]+", "_", purpose.lower())
    if len(name) <= _LONGEST:
        return name
    # The digest keeps two long names apart.
    return f"{name[: _LONGEST - 9]}_{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def is_worker_database(name: str) -> bool:
    """Say whether `name` has the form that `database_name` gives."""
    form = r"test_[a-z0-9_]+_[0-9a-f]{8}_(master|gw\d+)(_[a-z0-9_]+)?"
    return re.fullmatch(form, name) is not None


def lock_key(name: str) -> int:
    """Return the advisory lock's key (signed, 64 bits) that stands for the database `name`."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
