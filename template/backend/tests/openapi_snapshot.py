"""Write the API's description into `openapi.json`: at each release, to be committed.

From then on `unit/core/api/test_openapi.py` fails when a change breaks that release's clients.
"""

import json
from typing import Any

from backend.tests import PROJECT_ROOT

SNAPSHOT = PROJECT_ROOT / "openapi.json"
COMMAND = "uv run python -m backend.tests.openapi_snapshot"


def describe() -> dict[str, Any]:
    """Return the description of the API as it is now."""
    from backend.core.settings import Settings
    from backend.main import create_app

    return create_app(Settings()).openapi()


if __name__ == "__main__":
    text = json.dumps(describe(), indent=2, sort_keys=True, ensure_ascii=False)
    SNAPSHOT.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    print(f"wrote {SNAPSHOT}")
