"""Hold the embedded server for as long as a run lasts; the first run starts it, the last one's end
stops it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.tests.plugins.postgres import cluster as clusters
from backend.tests.plugins.postgres.account import Account
from backend.tests.plugins.postgres.binaries import Binaries
from backend.tests.plugins.postgres.cluster import Cluster
from backend.tests.plugins.postgres.errors import ServerUnavailableError
from backend.tests.plugins.postgres.locks import is_held, locked

_PATIENCE = 60.0  # seconds; another run may be initialising the same cluster
_SUPERVISOR = Path(__file__).with_name("supervisor.py")


@contextmanager
def leased(
    cluster: Cluster, binaries: Binaries, account: Account, *, port: int = 0
) -> Iterator[int]:
    """Give the port of a running server, started when necessary; it runs until the block ends, at
    least.

    `port` is tried first; 0 is any free one. The lease is a lock that the kernel takes back from a
    killed process. Raises
    ServerUnavailableError.
    """
    try:
        # Waits while the supervisor stops the server of runs that have just ended.
        with locked(cluster.lease, shared=True, patience=_PATIENCE):
            with locked(cluster.starting, patience=_PATIENCE):
                running = _running(cluster)
                if running is None:
                    clusters.initialise(cluster, binaries, account)
                    running = _start(cluster, binaries, account, port)
            yield running
    except TimeoutError as error:
        raise ServerUnavailableError(f"the embedded PostgreSQL is busy: {error}") from error


def _running(cluster: Cluster) -> int | None:
    """Return the port of the living supervisor's server, or None where there is none."""
    if not is_held(cluster.supervisor):
        return None
    try:
        port: int = json.loads(cluster.state.read_text("utf-8"))["port"]
    except (OSError, ValueError, KeyError):
        return None
    return port


def _start(cluster: Cluster, binaries: Binaries, account: Account, port: int) -> int:
    spec = {
        "folder": str(cluster.folder),
        "binaries": str(binaries.folder),
        "popen": account.popen(),
        "port": port,
    }
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        # -I -S: neither the user's site packages nor the environment's start-up files belong in
        # there.
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(_SUPERVISOR), json.dumps(spec)],
            capture_output=True,
            text=True,
            cwd="/",
            start_new_session=True,  # Ctrl-C is the run's, not the server's
            timeout=_PATIENCE,
            check=False,
        )
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = {
                "error": done.stderr.strip().splitlines()[-1:] or "the supervisor did not start"
            }
        if "port" in answer:
            started: int = answer["port"]
            return started
        if "error" in answer:
            raise ServerUnavailableError(
                f"the embedded PostgreSQL did not start: {answer['error']}"
            )
        time.sleep(0.02)  # the last server's supervisor is about to end
    raise ServerUnavailableError(f"the last server's supervisor does not end: {cluster.folder}")
