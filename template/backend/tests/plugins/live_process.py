"""Runs the application for `live_server`, and ends when the process that started it does.

Usage: `python -m backend.tests.plugins.live_process FD`, FD being an inherited, listening socket.
"""

import os
import signal
import socket
import sys
import threading

import uvicorn


def main(fd: int) -> None:
    """Serve on the inherited socket until standard input ends."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    config = uvicorn.Config("backend.main:create_app", factory=True, log_config=None)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])


def _stop_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]))
