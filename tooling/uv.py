"""Run uv in a generated project, as its user does."""

import fcntl
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hooks.verify import environment, find_uv


def uv(project: Path, *arguments: str, **variables: str) -> str:
    """Run uv; return its output.

    Raises:
        RuntimeError: It failed; with the end of its output.
    """
    result = subprocess.run(
        [find_uv() or "uv", *arguments],
        cwd=project,
        env={**environment(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        end = "\n".join(result.stdout.splitlines()[-60:])
        raise RuntimeError(f"uv {' '.join(arguments)} exited with {result.returncode}\n{end}")
    return result.stdout


def find_python(version: str) -> str | None:
    """Return an interpreter of that version on this machine: uv's choice, or one of pyenv's."""
    find = [find_uv() or "uv", "python", "find", "--no-project", "--no-python-downloads", version]
    found = subprocess.run(
        find, capture_output=True, text=True, check=False, env=environment(), cwd="/"
    )
    if found.returncode == 0:
        return found.stdout.strip()
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = sorted(root.glob(f"versions/{version}.*/bin/python"))
    return str(installed[-1]) if installed else None


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait for the other suites: tests have time limits, so no two suites share the cores."""
    name = Path(tempfile.gettempdir(), f"greenfield-suite-{os.getuid()}.lock")
    with name.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def readable_folder() -> Iterator[Path]:
    """Make a temporary folder that the server's own user can enter when root runs this."""
    with tempfile.TemporaryDirectory(prefix="greenfield-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder).resolve()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
