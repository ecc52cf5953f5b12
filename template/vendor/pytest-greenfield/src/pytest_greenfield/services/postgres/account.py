"""Who runs the server: PostgreSQL refuses root, and initdb refuses a user without a name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_greenfield.errors import ServiceUnavailableError


@dataclass(frozen=True)
class Account:
    """The operating system's user that the server's processes run as."""

    name: str
    uid: int
    gid: int
    drops_privileges: bool
    """True when it is not the current user, which only root can arrange."""

    def popen(self) -> dict[str, Any]:
        """Return the keywords that make `subprocess` run a command as this account."""
        if not self.drops_privileges:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Say whether the account may enter every folder on the way to `path`, itself included."""
        if not self.drops_privileges:
            return True
        for part in (path, *path.parents):
            status = part.stat()
            shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
            if not (status.st_mode >> shift) & 0o1:
                return False
        return True


def server_account() -> Account:
    """Return the current user, or for root `postgres`, else `nobody`.

    Raises ServiceUnavailableError where no PostgreSQL can be started: on Windows, or for a uid
    without a name.
    """
    if os.name == "nt":
        raise ServiceUnavailableError(
            "the embedded PostgreSQL is not started on Windows: give a server by"
            " TEST_DATABASE_URL, or use WSL"
        )
    import pwd  # not on Windows

    uid = os.getuid()
    if uid != 0:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise ServiceUnavailableError(
                f"user id {uid} has no entry in /etc/passwd, without which PostgreSQL's initdb"
                " refuses to run"
            ) from None
        return Account(entry.pw_name, uid, entry.pw_gid, drops_privileges=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, drops_privileges=True)
    raise ServiceUnavailableError(
        "PostgreSQL refuses to run as root and there is neither a user `postgres` nor `nobody`:"
        " run as another user"
    )
