"""On a server that was given: users that may touch only their own prefix, and what is left of them.

A run is alive while a client with its name is connected: the server itself notices its end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pytest_greenfield.errors import UnsafeDatabaseError
from pytest_greenfield.services.postgres.guard import check_host
from pytest_greenfield.services.redis import keys
from pytest_greenfield.services.redis.clients import Clients
from pytest_greenfield.services.service import Plan

_RULES = (
    *("+@all", "-@admin", "-@dangerous", "+info", "+keys", "+sort", "+sort_ro", "+role"),
    # What all users of the server have in common.
    *("-script|flush", "-script|kill", "-function|load", "-function|delete", "-function|flush"),
    *("-function|restore", "-function|kill"),
)
_OURS = re.compile(r"(test_[a-z0-9_]+_[0-9a-f]{8})_(?:master|gw\d+)")


def check(plan: Plan, environ: Mapping[str, str]) -> None:
    """Raise UnsafeDatabaseError unless the given server is for tests, and is used with a prefix."""
    try:
        at = urlsplit(plan.url)
        known = at.scheme in ("redis", "rediss") and at.hostname and (at.port or 1)
    except ValueError:
        known = None
    if not known:
        raise UnsafeDatabaseError(
            "TEST_REDIS_URL is no URL of a Redis: `export TEST_REDIS_URL=redis://127.0.0.1:6379/0`"
        )
    check_host("TEST_REDIS_URL", {at.hostname or ""}, [at.username or ""], environ)
    if "redis.prefix" not in plan.placeholders:
        raise UnsafeDatabaseError(
            "TEST_REDIS_URL names a server that runs share, so the application has to begin all"
            ' keys and channels with what a variable like "REDIS_PREFIX={redis.prefix}" of'
            " greenfield_environment says: add that, or `unset TEST_REDIS_URL` to use the"
            " embedded server"
        )


def create_user(clients: Clients, name: str, secret: str) -> None:
    """Make a user whose keys and channels begin with `name:`."""
    rules = ("reset", "on", f">{secret}", f"~{name}:*", "resetchannels", f"&{name}:*", *_RULES)
    clients.call("ACL", "SETUSER", name, *rules)


def drop_orphans(clients: Clients) -> list[str]:
    """Remove users and keys of runs that have ended; return the users' names."""
    alive = {str(client["name"]) for client in clients.call("CLIENT LIST")}

    def is_left(name: str) -> bool:
        ours = _OURS.fullmatch(name)
        return ours is not None and ours[1] not in alive

    users = [name.decode() for name in clients.call("ACL", "USERS")]
    left = {name for name in users if is_left(name)}
    owners = set(left)  # a server that was restarted may have kept keys, but no users
    for number in clients.databases():
        for key in keys.found(clients, number, "test_"):
            owners.add(key.partition(b":")[0].decode("utf-8", "replace"))
    for owner in owners:
        if is_left(owner):
            clients.together(*keys.removing(clients, f"{owner}:"), ("SELECT", clients.home))
    if left:
        clients.call("ACL", "DELUSER", *sorted(left))
    return sorted(left)
