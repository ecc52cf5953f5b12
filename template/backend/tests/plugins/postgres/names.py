"""Names of databases: they carry project, run and worker, and always a `test` part."""

from __future__ import annotations

import hashlib
import re
import secrets
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[4]
_MAX_NAME = 63  # bytes; PostgreSQL cuts longer identifiers silently, and two names would become one


@dataclass
class Identity:
    """Who this process is: set once by the plugin, because a pytest inside a test inherits xdist's
    variables.
    """

    run: str = field(default_factory=lambda: secrets.token_hex(4))
    """Eight hex digits that all workers of one run share and no two runs do."""
    worker: str = "master"


IDENTITY = Identity()


def get_worker_id() -> str:
    """Return the xdist worker's name (`gw0`, `gw1`, …), a forked one's (`fork0`), or `master`."""
    return IDENTITY.worker


@cache
def project_slug() -> str:
    """Return the project's name as at most 20 characters of `a-z0-9_`."""
    try:
        name = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text("utf-8"))["project"][
            "name"
        ]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        name = PROJECT_ROOT.name
    return re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")[:20].strip("_") or "project"


def get_worker_db_name(worker: str | None = None, *, purpose: str = "") -> str:
    """Return `test_<project>_<run>_<worker>[_<purpose>]`, at most 63 bytes.

    `worker` is the current one by default; `purpose` tells the clones of a worker apart.
    """
    name = "_".join(["test", project_slug(), IDENTITY.run, worker or IDENTITY.worker])
    if purpose:
        name += "_" + re.sub(r"[^a-z0-9]+", "_", purpose.lower())
    if len(name) <= _MAX_NAME:
        return name
    # The digest keeps two long names apart.
    return f"{name[: _MAX_NAME - 9]}_{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def lock_key(name: str) -> int:
    """Return the advisory lock's key (a signed 64-bit number) that stands for the database
    `name`.
    """
    return int.from_bytes(
        hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True
    )
