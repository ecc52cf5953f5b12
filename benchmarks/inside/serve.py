"""Hold the server that the harness would take, until standard input ends. Prints it as JSON."""

import json
import sys

from backend.tests.plugins.postgres.server import acquire

if __name__ == "__main__":
    with acquire() as server:
        print(json.dumps({"url": str(server.url), "summary": server.summary}), flush=True)
        sys.stdin.read()
