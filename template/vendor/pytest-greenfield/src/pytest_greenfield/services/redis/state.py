"""What a Redis of our own holds beside keys: settings, users, functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_greenfield.services.redis.clients import Clients

INFO = ("INFO", "persistence", "commandstats")
_WRITES = ("rdb_changes_since_last_save", "rdb_last_save_time", "rdb_saves")
_CHANGING = ("config|", "acl|", "function|", "client|pause")
_READING = (
    *("config|get", "acl|list", "acl|users", "acl|getuser", "acl|whoami"),
    *("function|list", "function|dump"),
)


@dataclass(frozen=True)
class Noted:
    """What INFO tells of what was done until now."""

    writes: tuple[Any, ...]
    """Differs after anything was written to any key."""
    commands: dict[str, int]
    """How often those were called that may change settings, users or functions."""
    infos: int
    """How often INFO was called: fewer times than before after CONFIG RESETSTAT."""

    @classmethod
    def of(cls, info: dict[str, Any]) -> Noted:
        """Read the answer of INFO."""
        called = {name[8:]: info[name]["calls"] for name in info if name.startswith("cmdstat_")}
        changing = (name for name in called if name.startswith(_CHANGING) and name not in _READING)
        return cls(
            tuple(info.get(name) for name in _WRITES),
            {name: called[name] for name in changing},
            called.get("info", 0),
        )

    def server_changed(self, before: Noted) -> bool:
        """Say whether settings, users or functions may have been changed since."""
        return self.commands != before.commands or self.infos < before.infos


class ServerState:
    """All three, as they are now."""

    def __init__(self, clients: Clients) -> None:
        self._call = clients.call
        self._config = self._read_config()
        self._users = self._read_users()
        self._functions = self._call("FUNCTION", "DUMP")

    def restore(self) -> None:
        """Put everything back."""
        self._call("CLIENT", "UNPAUSE")
        for name, value in self._read_config().items():
            if self._config[name] != value:
                self._call("CONFIG", "SET", name, self._config[name])
        users = self._read_users()
        for name in users.keys() - self._users.keys():
            self._call("ACL", "DELUSER", name)
        for name, rules in self._users.items():
            if users.get(name) != rules:
                self._call("ACL", "SETUSER", name, "reset", *rules)
        self._call("FUNCTION", "RESTORE", self._functions, "FLUSH")

    def _read_config(self) -> dict[Any, Any]:
        return dict(self._call("CONFIG GET", "*"))

    def _read_users(self) -> dict[bytes, list[bytes]]:
        return {line.split()[1]: line.split()[2:] for line in self._call("ACL", "LIST")}
