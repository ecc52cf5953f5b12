"""Which changes of an OpenAPI description break the clients that know the old one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Schema = dict[str, Any]


class Fact(NamedTuple):
    """One thing that clients can rely on (`promised`), or must cope with."""

    label: str
    says: str
    promised: bool


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Return what a client that knows the old description can no longer do or rely on."""
    before, after = set(_read_facts(old)), set(_read_facts(new))
    known = {fact.label for fact in before}
    there = {fact.label for fact in after}
    gone = {label for label in known - there if not _is_within(label, known - there)}
    lost = {fact for fact in before - after if fact.promised and fact.label in there}
    added = {
        fact
        for fact in after - before
        if not fact.promised
        and (fact.label in known or fact.says == "is required")
        # All of a new operation is new.
        and fact.label.partition(":")[0] in known
    }
    return sorted(
        {f"{label} is gone" for label in gone}
        | {f"{fact.label} no longer {fact.says}" for fact in lost}
        | {f"{fact.label} now {fact.says}" for fact in added}
    )


def _is_within(label: str, others: set[str]) -> bool:
    return any(label.startswith((f"{one}.", f"{one}:", f"{one}[")) for one in others)


def _read_facts(document: Schema) -> Iterator[Fact]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path}"
            yield Fact(name, "exists", True)
            for parameter in operation.get("parameters", []):
                label = f"{name}: parameter {parameter['name']}"
                yield from _read_sent(document, parameter, label)
            if body := operation.get("requestBody"):
                for kind, content in body["content"].items():
                    given = {"required": body.get("required"), **content}
                    yield from _read_sent(document, given, f"{name}: {kind} body")
            for status, answer in operation["responses"].items():
                label = f"{name}: answer {status}"
                yield Fact(label, "exists", True)
                for content in answer.get("content", {}).values():
                    yield from _read_schema(document, content.get("schema", {}), label, sent=False)


def _read_sent(document: Schema, given: Schema, label: str) -> Iterator[Fact]:
    if given.get("required"):
        yield Fact(label, "is required", False)
    yield from _read_schema(document, given.get("schema", {}), label, sent=True)


def _read_schema(
    document: Schema, schema: Schema, label: str, *, sent: bool, seen: tuple[str, ...] = ()
) -> Iterator[Fact]:
    """Describe what clients send (it may be allowed more) or get (it may promise more)."""
    if reference := schema.get("$ref"):
        if reference in seen:
            return
        seen = (*seen, reference)
        schema = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    for one in schema.get("anyOf", [schema]):
        for value in one.get("enum", [one.get("$ref", one.get("type", "anything"))]):
            yield Fact(label, f"may be {value}", sent)
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        if name in required:
            yield Fact(f"{label}.{name}", "is required" if sent else "is always there", not sent)
        yield from _read_schema(document, inner, f"{label}.{name}", sent=sent, seen=seen)
    if "items" in schema:
        yield from _read_schema(document, schema["items"], f"{label}[]", sent=sent, seen=seen)
