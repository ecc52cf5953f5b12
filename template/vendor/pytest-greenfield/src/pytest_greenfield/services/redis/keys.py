"""Keys with their values, as DUMP gives them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_greenfield.services.redis.clients import Clients

Keys = dict[tuple[int, bytes], tuple[bytes, int]]
"""Number of the database and key -> the dump, and when it expires in ms, or -1."""
_MANY = 1000


def found(clients: Clients, database: int, beginning: str) -> list[bytes]:
    """Return the keys of a database that begin so."""
    client: Any = clients.of(database)
    return list(client.scan_iter(match=f"{beginning}*", count=_MANY))


def read(clients: Clients, beginning: str) -> Keys:
    """Return the keys of all databases that begin so."""
    keys: Keys = {}
    for number in clients.databases():
        names = found(clients, number, beginning)
        pipeline: Any = clients.of(number).pipeline(transaction=False)
        for name in names:
            pipeline.dump(name)
            pipeline.pexpiretime(name)
        answers = iter(pipeline.execute())
        for name, dump, expires in zip(names, answers, answers, strict=True):
            if dump is not None:  # it has expired meanwhile
                keys[number, name] = (dump, expires)
    return keys


def removing(clients: Clients, beginning: str) -> Iterator[tuple[Any, ...]]:
    """Return the commands that remove the keys which begin so."""
    for number in clients.databases():
        names = found(clients, number, beginning)
        yield ("SELECT", number)
        for start in range(0, len(names), _MANY):
            yield ("UNLINK", *names[start : start + _MANY])


def writing(keys: Mapping[tuple[int, bytes], tuple[bytes, int]]) -> Iterator[tuple[Any, ...]]:
    """Return the commands that write keys which are not there."""
    by_database: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    now = time.time() * 1000
    for (number, name), (dump, expires) in keys.items():
        if expires < 0:
            by_database[number].append(("RESTORE", name, 0, dump))
        elif expires > now:
            by_database[number].append(("RESTORE", name, expires, dump, "ABSTTL"))
    for number, commands in by_database.items():
        yield ("SELECT", number)
        yield from commands
