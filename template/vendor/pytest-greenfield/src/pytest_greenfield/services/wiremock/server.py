"""A WireMock of this worker's own: the official jar on a Java, or a container."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pytest_greenfield.errors import ServiceUnavailableError
from pytest_greenfield.services.child import Child
from pytest_greenfield.services.docker import Container
from pytest_greenfield.services.ports import ReservedPort

IMAGE = "wiremock/wiremock:3.13.2"
_NPM = "node_modules/wiremock/build/wiremock-standalone-*.jar"
_QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m")


def find_java() -> str:
    """Return the program; raise ServiceUnavailableError."""
    home = os.environ.get("JAVA_HOME", "")
    java = shutil.which("java", path=f"{home}/bin") if home else None
    if found := java or shutil.which("java"):
        return found
    raise ServiceUnavailableError("there is no Java on the PATH: install one, 11 or newer")


def find_jar() -> Path:
    """Return WIREMOCK_JAR, or what npm has installed here or in a folder above.

    Raises ServiceUnavailableError.
    """
    if given := os.environ.get("WIREMOCK_JAR", "").strip():
        if Path(given).is_file():
            return Path(given).resolve()
        raise ServiceUnavailableError(f"WIREMOCK_JAR={given} is no file: correct that")
    here = Path.cwd()
    for folder in (here, *here.parents):
        if jars := sorted(folder.glob(_NPM)):
            return jars[-1]
    raise ServiceUnavailableError(
        "there is no WireMock: `npm install --no-save --no-package-lock wiremock@3.13.2`, or"
        " `export WIREMOCK_JAR=…`"
    )


def launch(port: ReservedPort) -> Child:
    """Start the jar at the port; nobody waits for it."""
    java, jar = find_java(), find_jar()
    child = Child("wiremock")
    port.release()
    options = ("--port", str(port.number), "--bind-address", "127.0.0.1", "--disable-banner")
    child.launch(java, *_QUICK_START, "-jar", str(jar), *options, "--root-dir", str(child.folder))
    return child


def launch_container(port: ReservedPort) -> Container:
    """Start a container at the port."""
    return Container(IMAGE, {8080: port})
