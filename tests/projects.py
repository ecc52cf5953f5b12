"""Run uv in a generated project, as its user does."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hooks.verify import environment


def uv(project: Path, *arguments: str, **variables: str) -> str:
    """Run uv; its output. Fails the test with the output's end when uv fails."""
    program = os.environ.get("UV") or shutil.which("uv") or "uv"
    result = subprocess.run(
        [program, *arguments],
        cwd=project,
        env={**environment(), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    end = "\n".join(result.stdout.splitlines()[-60:])
    assert result.returncode == 0, (
        f"uv {' '.join(arguments)} exited with {result.returncode}\n{end}"
    )
    return result.stdout


def find_python(version: str) -> str | None:
    """An interpreter of that version on this machine: one that uv finds, or one of pyenv's."""
    program = os.environ.get("UV") or shutil.which("uv") or "uv"
    command = [program, "python", "find", "--no-project", "--no-python-downloads", version]
    found = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(), cwd="/"
    )
    if found.returncode == 0:
        return found.stdout.strip()
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = sorted(root.glob(f"versions/{version}.*/bin/python"))
    return str(installed[-1]) if installed else None


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Suites have time limits for each test, so no two of them share the machine's cores."""
    name = Path(tempfile.gettempdir(), f"greenfield-suite-{os.getuid()}.lock")
    with name.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
