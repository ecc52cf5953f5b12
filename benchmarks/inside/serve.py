"""Run a server such as the plugin starts, until standard input ends. Prints its address as JSON."""

import json
import os
import sys
from pathlib import Path

from pytest_greenfield.services.postgres.service import Postgres

if __name__ == "__main__":
    postgres = Postgres.plan(root=Path.cwd(), settings_migrations="none", environ=os.environ)
    try:
        postgres.start(lambda address: {})
        server = {"url": postgres.server.url, "summary": postgres.summary}
        print(json.dumps(server), flush=True)
        sys.stdin.read()
    finally:
        postgres.stop()
