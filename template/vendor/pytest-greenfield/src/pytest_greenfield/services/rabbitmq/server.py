"""A RabbitMQ of the run's own."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.child import Child
from pytest_greenfield.services.docker import Container
from pytest_greenfield.services.ports import ReservedPort

IMAGE = "rabbitmq:4-management-alpine"
USER = "greenfield"
_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/sbin")
_SETTINGS = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {http}
default_user = greenfield
default_pass = {secret}
loopback_users = none
log.console = true
log.file = false
"""


def program() -> str:
    """Return the script that starts it; raise ServiceUnavailableError."""
    found = shutil.which("rabbitmq-server", path=":".join(_FOLDERS))
    if found is None or shutil.which("erl") is None:
        raise ServiceUnavailableError(
            "rabbitmq-server is not installed: `apt-get install rabbitmq-server`, or"
            " `brew install rabbitmq`"
        )
    return found


def launch(ports: list[ReservedPort], secret: str) -> Child:
    """Start it, and an epmd of its own, at four ports; nobody waits for it."""
    amqp, http, distribution, epmd = (port.number for port in ports)
    child = Child("rabbitmq")
    cookie = child.folder / ".erlang.cookie"
    cookie.write_text(secret, "ascii")
    cookie.chmod(0o400)
    text = _SETTINGS.format(amqp=amqp, http=http, secret=secret)
    (child.folder / "rabbitmq.conf").write_text(text, "ascii")
    (child.folder / "plugins").write_text("[rabbitmq_management].", "ascii")
    environ = {
        "HOME": str(child.folder),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"{child.folder.name}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_CONFIG_FILE": str(child.folder / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(child.folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(child.folder / "data"),
        "RABBITMQ_LOG_BASE": str(child.folder),
        "RABBITMQ_PID_FILE": str(child.folder / "pid"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",  # the system's own server
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none",
    }
    for port in ports:
        port.release()
    # Otherwise the server starts one that outlives it.
    child.launch(_epmd(), environ=environ)
    child.launch(program(), environ=environ)
    return child


def _epmd() -> str:
    found = shutil.which("epmd")
    if found is None:
        beside = Path(shutil.which("erl") or "").resolve().parent
        found = shutil.which("epmd", path=str(beside))
    if found is None:
        raise ServiceUnavailableError("epmd is not installed: it is a part of Erlang")
    return found


def launch_container(ports: list[ReservedPort], secret: str) -> Container:
    """Start a container at the first two ports."""
    variables = {"RABBITMQ_DEFAULT_USER": USER, "RABBITMQ_DEFAULT_PASS": secret}
    return Container(IMAGE, {5672: ports[0], 15672: ports[1]}, **variables)
