"""Ports that are chosen before their servers start."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path


class ReservedPort:
    """A port of the loopback interface that no other run chooses until it is released."""

    def __init__(self, wanted: str = "") -> None:
        """Take `wanted` when it is free."""
        if wanted.isdigit() and _is_free(int(wanted)):
            self._socket, self.number = socket.socket(), int(wanted)
            return
        self._socket = socket.socket()
        for port in _candidates():
            with contextlib.suppress(OSError):
                self._socket.bind(("127.0.0.1", port))
                self.number = port
                return
        raise OSError("no port is free")

    def release(self) -> None:
        """Let the server have the port."""
        self._socket.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections to a server that has just ended may still be in TIME_WAIT.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _candidates() -> Iterator[int]:
    # Outgoing connections get their ports from the system's range: one of them could take a port
    # from there between choosing it and the server's start.
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii")
        low, high = (int(part) for part in text.split())
    except (OSError, ValueError):
        low, high = 49152, 65535
    for _ in range(1000):
        port = random.randrange(15_000, 65_536)  # noqa: S311 - no secret
        if not low <= port <= high:
            yield port
    yield from random.sample(range(15_000, 65_536), 200)  # the range is all there is
