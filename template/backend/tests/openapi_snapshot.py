"""Write the OpenAPI document into `openapi.json`, to be committed at each release.

Then `unit/core/api/test_openapi.py` fails on changes that break that release's clients.
"""

import json
from typing import Any

from backend.tests import PROJECT_ROOT

SNAPSHOT = PROJECT_ROOT / "openapi.json"
COMMAND = "uv run python -m backend.tests.openapi_snapshot"


def describe() -> dict[str, Any]:
    """Return the current OpenAPI document."""
    from backend.core.settings import Settings
    from backend.main import create_app

    return create_app(Settings()).openapi()


if __name__ == "__main__":
    text = json.dumps(describe(), indent=2, sort_keys=True, ensure_ascii=False)
    SNAPSHOT.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    print(f"wrote {SNAPSHOT}")
