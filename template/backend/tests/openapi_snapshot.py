"""The API that clients have, in `openapi.json`, and what would break them.

Write it at each release, and commit it: `uv run python -m backend.tests.openapi_snapshot`. From
then on `unit/core/api/test_openapi_snapshot.py` fails when a change breaks that release's clients.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from backend.tests import PROJECT_ROOT

SNAPSHOT = PROJECT_ROOT / "openapi.json"
COMMAND = "uv run python -m backend.tests.openapi_snapshot"

Schema = dict[str, Any]


def describe() -> Schema:
    """Return the description of the API as it is now."""
    from backend.core.settings import Settings
    from backend.main import create_app

    return create_app(Settings()).openapi()


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return what a client that knows the old description can no longer do or rely on."""
    return sorted(set(_Comparison(old, new).run()))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, bool]] = set()

    def run(self) -> Iterator[str]:
        for path, operations in self.old["paths"].items():
            for method, before in operations.items():
                name = f"{method.upper()} {path}"
                after = self.new["paths"].get(path, {}).get(method)
                if after is None:
                    yield f"{name}: is gone"
                else:
                    yield from self.parameters(before, after, name)
                    yield from self.body(before, after, name)
                    yield from self.responses(before, after, name)

    def parameters(self, before: Schema, after: Schema, name: str) -> Iterator[str]:
        known = {(one["in"], one["name"]): one for one in before.get("parameters", [])}
        for one in after.get("parameters", []):
            was = known.get((one["in"], one["name"]))
            label = f"{name}: parameter {one['name']}"
            if one.get("required") and not (was or {}).get("required"):
                yield f"{label} is required now"
            if was:
                yield from self.schema(was["schema"], one["schema"], label, sent=True)

    def body(self, before: Schema, after: Schema, name: str) -> Iterator[str]:
        was, now = before.get("requestBody", {}), after.get("requestBody", {})
        if now.get("required") and not was.get("required"):
            yield f"{name}: a body is required now"
        for kind, content in was.get("content", {}).items():
            if now and kind not in now["content"]:
                yield f"{name}: takes no {kind} any more"
            elif now:
                after_schema = now["content"][kind].get("schema", {})
                label = f"{name}: body"
                yield from self.schema(content.get("schema", {}), after_schema, label, sent=True)

    def responses(self, before: Schema, after: Schema, name: str) -> Iterator[str]:
        for status, was in before["responses"].items():
            now = after["responses"].get(status)
            if now is None:
                yield f"{name}: does not answer {status} any more"
                continue
            for kind, content in was.get("content", {}).items():
                label = f"{name}: answer {status}"
                after_schema = now.get("content", {}).get(kind, {}).get("schema", {})
                yield from self.schema(content.get("schema", {}), after_schema, label, sent=False)

    def schema(self, was: Schema, now: Schema, label: str, *, sent: bool) -> Iterator[str]:
        """Compare what clients send (it may be allowed more) or get (it may promise more)."""
        pair = (was.get("$ref", ""), now.get("$ref", ""), sent)
        if all(pair[:2]):
            if pair in self.seen:
                return
            self.seen.add(pair)
        was, now = _resolve(self.old, was), _resolve(self.new, now)
        narrow, wide = (was, now) if sent else (now, was)
        for keyword, values in (("type", _types), ("enum", _enum)):
            allowed, used = values(wide), values(narrow)
            if allowed and not (used and used <= allowed):
                yield f"{label}: other {keyword}"
        yield from self.properties(was, now, label, sent=sent)
        if "items" in was and "items" in now:
            yield from self.schema(was["items"], now["items"], f"{label}[]", sent=sent)

    def properties(self, was: Schema, now: Schema, label: str, *, sent: bool) -> Iterator[str]:
        before, after = was.get("properties", {}), now.get("properties", {})
        required_before, required_now = set(was.get("required", [])), set(now.get("required", []))
        if sent:
            for name in required_now - required_before:
                yield f"{label}.{name} is required now"
        else:
            for name in required_before - required_now:
                yield f"{label}.{name} is not always there any more"
        for name, schema in before.items():
            if name in after:
                yield from self.schema(schema, after[name], f"{label}.{name}", sent=sent)
            elif not sent or now.get("additionalProperties") is False:
                yield f"{label}.{name} is gone"


def _resolve(document: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    resolved: Schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return resolved


def _types(schema: Schema) -> set[str]:
    alternatives = schema.get("anyOf", [schema])
    return {str(one.get("type") or one.get("$ref") or "") for one in alternatives} - {""}


def _enum(schema: Schema) -> set[str]:
    return {str(value) for value in schema.get("enum", [])}


if __name__ == "__main__":
    text = json.dumps(describe(), indent=2, sort_keys=True, ensure_ascii=False)
    SNAPSHOT.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    print(f"wrote {SNAPSHOT}")
