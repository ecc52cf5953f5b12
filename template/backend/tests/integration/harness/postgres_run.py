"""A process that holds the test server as a run does: proofs start several and kill some.

    python -m backend.tests.integration.harness.postgres_run [NAME-OF-A-CLONE]

Prints one JSON line when it has the server, and lets go of it when its standard input ends.
"""

import json
import sys
from contextlib import ExitStack

from backend.tests.plugins.postgres.databases import Databases
from backend.tests.plugins.postgres.server import acquire
from backend.tests.plugins.postgres.urls import database_of


def main() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(acquire())
        said = {"url": server.url, "detail": server.detail}
        if len(sys.argv) > 1:
            databases = Databases(server)
            stack.callback(databases.close)
            said["database"] = database_of(databases.clone(sys.argv[1], empty=True))
        print(json.dumps(said), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
