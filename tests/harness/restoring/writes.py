"""Strategies for what a test may do to a database: SQL by one to four connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from .values import VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .schemas import Schema, Table

Step = tuple[int, str]
"""The number of a connection, and the SQL that it sends."""
_CONTROL = [
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT s",
    "ROLLBACK TO s",
    "PREPARE TRANSACTION 'p'",
]


@dataclass
class Writes:
    """Steps, and how the connections end."""

    steps: list[Step]
    endings: list[str]
    """Of each connection: `commit`, `rollback`, `close`, or `open`: in the middle of its work."""


@st.composite
def writes(draw: st.DrawFn, schema: Schema, version: int) -> Writes:
    """Return what one test does."""
    connections = draw(st.integers(1, 4))
    kinds: list[Callable[[st.DrawFn, Schema, Table], str]] = [
        *[_insert] * 5, *[_update] * 3, *[_delete] * 3, _truncate, _copy, _on_conflict, _cte, _view,
        _sequence, _large_object, _refresh, _role, _harmless, _rewrite, _rare
    ]  # fmt: skip
    if version >= 15:
        kinds.append(_merge)
    steps = []
    for _ in range(draw(st.integers(1, 12))):
        connection = draw(st.integers(0, connections - 1))
        if draw(st.integers(0, 3)) == 0:
            command = draw(st.sampled_from(_CONTROL))
        else:
            table = draw(st.sampled_from(schema.tables))
            command = draw(st.sampled_from(kinds))(draw, schema, table)
        steps.append((connection, command))
    endings = ["commit"] * 5 + ["rollback", "close"] + ["open"] * (draw(st.integers(0, 9)) == 0)
    return Writes(steps, [draw(st.sampled_from(endings)) for _ in range(connections)])


def _where(draw: st.DrawFn, table: Table) -> str:
    choices = ["", "WHERE ctid = '(0,1)'", "WHERE ctid = '(0,2)'"]
    if table.key:
        choices += [f"WHERE {table.key} = {n}" for n in (1, 2, 3)]
    return draw(st.sampled_from(choices))


def _insert(draw: st.DrawFn, _: Schema, table: Table) -> str:
    if draw(st.integers(0, 4)) == 0:
        return f"INSERT INTO {table.name} SELECT * FROM {table.name} LIMIT 5"
    return f"INSERT INTO {table.name} {table.row(draw)}"


def _assignment(draw: st.DrawFn, table: Table) -> str:
    choices = [
        f"{name} = {value}" for name, kind in table.columns.items() for value in VALUES[kind]
    ]
    if table.key:
        choices += [f"{table.key} = {table.key} + 10", f"{table.key} = {table.key}"]
    return draw(st.sampled_from(choices)) if choices else "nothing = 1"


def _update(draw: st.DrawFn, _: Schema, table: Table) -> str:
    only = draw(st.sampled_from(["", "ONLY"]))
    return f"UPDATE {only} {table.name} SET {_assignment(draw, table)} {_where(draw, table)}"


def _delete(draw: st.DrawFn, _: Schema, table: Table) -> str:
    return f"DELETE FROM {table.name} {_where(draw, table)}"


def _truncate(draw: st.DrawFn, _: Schema, table: Table) -> str:
    options = st.sampled_from(["", "CASCADE", "RESTART IDENTITY", "RESTART IDENTITY CASCADE"])
    return f"TRUNCATE {table.name} {draw(options)}"


def _copy(draw: st.DrawFn, _: Schema, table: Table) -> str:
    return f"COPY {table.name} FROM STDIN"


def _on_conflict(draw: st.DrawFn, _: Schema, table: Table) -> str:
    action = draw(st.sampled_from(["NOTHING", f"UPDATE SET {_assignment(draw, table)}"]))
    target = f"({table.key})" if table.key and action != "NOTHING" else ""
    return f"INSERT INTO {table.name} AS x {table.row(draw)} ON CONFLICT {target} DO {action}"


def _cte(draw: st.DrawFn, schema: Schema, table: Table) -> str:
    other = draw(st.sampled_from(schema.tables))
    return (
        f"WITH gone AS (DELETE FROM {table.name} {_where(draw, table)} RETURNING 1),"
        f" log AS (INSERT INTO public.log (what) SELECT 'cte' FROM gone RETURNING n)"
        f" UPDATE {other.name} SET {_assignment(draw, other)}"
    )


def _merge(draw: st.DrawFn, _: Schema, table: Table) -> str:
    key = table.key or "1"
    action = draw(st.sampled_from(["DELETE", f"UPDATE SET {_assignment(draw, table)}"]))
    return (
        f"MERGE INTO {table.name} USING generate_series(1, 3) g ON {key} = g"
        f" WHEN MATCHED THEN {action} WHEN NOT MATCHED THEN INSERT {table.row(draw)}"
    )


def _view(draw: st.DrawFn, schema: Schema, table: Table) -> str:
    view = draw(st.sampled_from(schema.views or [table.name]))
    return draw(st.sampled_from([f"INSERT INTO {view} DEFAULT VALUES", f"DELETE FROM {view}"]))


def _sequence(draw: st.DrawFn, schema: Schema, _: Table) -> str:
    name = draw(st.sampled_from(schema.sequences)).replace("'", "''")
    return draw(
        st.sampled_from(
            [f"SELECT nextval('{name}')", f"SELECT setval('{name}', 77, false)", "SELECT writes(3)"]
        )
    )


def _large_object(draw: st.DrawFn, _: Schema, __: Table) -> str:
    return draw(
        st.sampled_from(
            [
                "SELECT lo_create(0)",
                "SELECT lo_from_bytea(0, '\\xff')",
                "SELECT lo_put(oid, 1, '\\xaa') FROM pg_largeobject_metadata",
                "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
            ]
        )
    )


def _refresh(draw: st.DrawFn, schema: Schema, _: Table) -> str:
    if not schema.materialized:
        return "SELECT writes(1)"
    view = draw(st.sampled_from(schema.materialized))
    options = draw(st.sampled_from(["{}", "CONCURRENTLY {}", "{} WITH NO DATA"]))
    return f"REFRESH MATERIALIZED VIEW {options.format(view)}"


def _role(draw: st.DrawFn, _: Schema, __: Table) -> str:
    return f"SET session_replication_role = {draw(st.sampled_from(['replica', 'origin', 'local']))}"


def _harmless(draw: st.DrawFn, _: Schema, table: Table) -> str:
    return draw(
        st.sampled_from(
            [
                f"SELECT * FROM {table.name} FOR UPDATE",
                "CREATE TEMPORARY TABLE IF NOT EXISTS mine (id serial PRIMARY KEY, a text)",
                "INSERT INTO mine (a) VALUES ('x')",
                "DROP TABLE pg_temp.mine",
                f"ANALYZE {table.name}",
                f"REINDEX TABLE {table.name}",
                f"VACUUM {table.name}",
                "NOTIFY somebody",
                "LISTEN somebody",
                f"LOCK TABLE {table.name} IN SHARE MODE",
                "SET search_path = ''",
                "DISCARD ALL",
            ]
        )
    )


def _rewrite(draw: st.DrawFn, _: Schema, table: Table) -> str:
    choices = [f"VACUUM FULL {table.name}", "VACUUM FULL"]
    name = table.name.rpartition('."')[2][:-1]
    choices.append(f'CLUSTER {table.name} USING "{name}_pkey"')
    return draw(st.sampled_from(choices))


def _rare(draw: st.DrawFn, _: Schema, table: Table) -> str:
    return draw(
        st.sampled_from(
            [
                f"ALTER TABLE {table.name} ADD COLUMN new_one int DEFAULT 3",
                f"ALTER TABLE {table.name} DISABLE TRIGGER ALL",
                f"ALTER TABLE {table.name} SET UNLOGGED",
                f"DROP TABLE {table.name} CASCADE",
                f"DO $do$ BEGIN CREATE INDEX ON {table.name} ((1)); END $do$",
                f"COMMENT ON TABLE {table.name} IS 'other'",
                "CREATE OR REPLACE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS ''",
                "ALTER TYPE mood ADD VALUE 'new'",
                "ALTER SEQUENCE log_n_seq RESTART WITH 50",
                "CREATE SCHEMA another CREATE TABLE made (id serial)",
                "CREATE TABLE made AS SELECT 1 AS a",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            ]
        )
    )
