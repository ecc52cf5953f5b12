"""Strategies for schemas: lists of SQL commands, and the names that writes need."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

VALUES = {
    "int": ["0", "1", "2", "-7", "NULL"],
    "bigint": ["9223372036854775807", "3", "NULL"],
    "text": ["''", "'a'", "E'tab\\t\"quote\\\\ (x,y) {z}'", "'äß€𝄞'", "'NULL'", "NULL"],
    "numeric": ["1.10", "'NaN'", "1e-20", "123456789012345678901234567890.5"],
    "numeric(8,2)": ["1.5", "0", "NULL"],
    "float8": ["0.1", "'-0'", "'NaN'", "'-Infinity'", "1e-300", "1.0/3"],
    "real": ["0.1", "1e10", "NULL"],
    "bytea": ["'\\x00ff5c27'", "''", "NULL"],
    "money": ["12.34", "-1000000.01", "NULL"],
    "point": ["'(0.1,1e-300)'", "'(NaN,3)'", "NULL"],
    "int4range": ["'[1,5)'", "'empty'", "'(,)'", "NULL"],
    "tstzrange": ["'[2020-01-01 00:00:00.000001+02,infinity)'", "NULL"],
    "citext": ["'Mixed'", "'mixed'", "NULL"],
    "json": ["'{\"a\" : [1,  null]}'", "'\"\\\\\"'", "NULL"],
    "jsonb": ['\'{"b": 1.00, "a": "\\\\u00e9"}\'', "NULL"],
    "xml": ["'<a b=\"c\">d</a>'", "'text <b/>'", "NULL"],
    "mood": ["'so so'", "'happy,'", "NULL"],
    "positive": ["1", "100", "NULL"],
    "pair": ["ROW('a,\"b\"', 1)::pair", "ROW(NULL, NULL)::pair", "NULL"],
    "pair[]": ["ARRAY[ROW('(', 2)::pair, NULL]", "'{}'", "NULL"],
    "int[]": ["'[2:3]={1,NULL}'", "'{}'", "'{{1,2},{3,4}}'"],
    "text[]": ["ARRAY['NULL', NULL, '', 'a\"b\\c', ' ']", "NULL"],
    "timestamptz": ["'4713-01-01 00:00:00.000001+00 BC'", "'infinity'", "now()"],
    "date": ["'0044-03-15 BC'", "'-infinity'", "current_date"],
    "interval": ["'1 mon -1 day 00:00:01.5'", "'-1 year'", "NULL"],
    "uuid": ["gen_random_uuid()", "NULL"],
    "bit varying": ["B'101'", "B''", "NULL"],
    "char(5)": ["'ab'", "''", "NULL"],
    '"char"': ["'x'", "''", "NULL"],
    "inet": ["'10.0.0.1/8'", "'::1'", "NULL"],
    "tsvector": ["'a:1 b:2'", "NULL"],
    "regclass": ["'pg_class'", "NULL"],
}
_NAMES = [
    "t",
    "s",
    "r",
    "b",
    "data",
    "row",
    "relation",
    "at",
    "by",
    "Order",
    'a "b"',
    "a$$b",
    "x%s",
]
_ACTIONS = ["NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"]
_DEFERRABLE = ["", "", "DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY IMMEDIATE"]
_ENABLED = ["", "", "ENABLE ALWAYS TRIGGER {}", "ENABLE REPLICA TRIGGER {}", "DISABLE TRIGGER {}"]
PREAMBLE = [
    'CREATE SCHEMA "Other $$ Schema"',
    "CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy,')",
    "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
    "CREATE TYPE pair AS (a text, b int)",
    "CREATE TABLE log (n bigserial, what text)",
    "CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO"
    " public.log (what) VALUES (TG_TABLE_NAME || TG_OP); RETURN coalesce(NEW, OLD); END $$",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN RAISE EXCEPTION 'append only'; END $$",
    "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    "CREATE FUNCTION writes(n int) RETURNS bigint LANGUAGE sql AS"
    " $$ INSERT INTO public.log (what) SELECT 'f' FROM generate_series(1, n) RETURNING n $$",
]


@dataclass
class Table:
    """A table of the generated schema."""

    name: str
    """With its schema, quoted."""
    columns: dict[str, str] = field(default_factory=dict)
    """Writable columns, quoted, with their types."""
    key: str | None = None

    def row(self, draw: st.DrawFn, *, key: bool = True) -> str:
        """Return the end of an INSERT with one row."""
        columns = {n: t for n, t in self.columns.items() if draw(st.booleans())}
        values = [draw(st.sampled_from(VALUES[kind])) for kind in columns.values()]
        if self.key and key and draw(st.booleans()):
            columns = {self.key: "int", **columns}
            values = [str(draw(st.integers(1, 9))), *values]
        if not columns:
            return "DEFAULT VALUES"
        overriding = "OVERRIDING SYSTEM VALUE" if draw(st.booleans()) else ""
        return f"({', '.join(columns)}) {overriding} VALUES ({', '.join(values)})"


@dataclass
class Schema:
    """What was generated: commands, one transaction each; those that fail are left out."""

    commands: list[str]
    tables: list[Table] = field(default_factory=list)
    views: list[str] = field(default_factory=list)
    materialized: list[str] = field(default_factory=list)
    sequences: list[str] = field(default_factory=lambda: ["public.log_n_seq"])


def quoted(name: str) -> str:
    """Return an identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


@st.composite
def schemas(draw: st.DrawFn, version: int) -> Schema:
    """Return a schema with rows of migrations."""
    schema = Schema(list(PREAMBLE))
    # A wide schema has many tables that nobody looks at.
    count = 200 if draw(st.integers(0, 39)) == 39 else draw(st.integers(1, 5))
    for number in range(min(count, 5)):
        _table(draw, schema, number, version)
    schema.commands += [f"CREATE TABLE wide_{n} (id serial, a text)" for n in range(5, count)]
    for _ in range(draw(st.integers(0, 4))):
        _foreign_key(draw, schema)
    for _ in range(draw(st.integers(0, 3))):
        _trigger_or_rule(draw, schema)
    for table in schema.tables:
        if draw(st.booleans()):
            schema.commands.append("SET session_replication_role = replica")  # fails for some roles
        for _ in range(draw(st.integers(0, 4))):
            times = draw(st.sampled_from([1, 1, 2]))  # equal rows
            schema.commands += [f"INSERT INTO {table.name} {table.row(draw)}"] * times
        schema.commands.append("RESET session_replication_role")
        if draw(st.integers(0, 3)) == 0:
            schema.commands.append(_hole(draw, table))
    for number in range(draw(st.integers(0, 3))):
        _extra(draw, schema, number)
    return schema


def _table(draw: st.DrawFn, schema: Schema, number: int, version: int) -> None:
    place = draw(st.sampled_from(["public", '"Other $$ Schema"']))
    table = Table(f"{place}.{quoted(draw(st.sampled_from(_NAMES)) + str(number))}")
    kind = draw(st.sampled_from(["plain"] * 5 + ["unlogged", "partitioned", "inherits", "empty"]))
    definitions: list[str] = []
    if kind == "empty":
        schema.commands.append(f"CREATE TABLE {table.name} ()")
        schema.tables.append(table)
        return
    if draw(st.integers(0, 4)):
        table.key = quoted(draw(st.sampled_from(["id", "t", "relation", "Id"])))
        how = draw(
            st.sampled_from(
                [
                    "int",
                    "serial",
                    "int GENERATED ALWAYS AS IDENTITY",
                    "int GENERATED BY DEFAULT AS IDENTITY (CACHE 5 START 3)",
                ]
            )
        )
        definitions.append(f"{table.key} {how} NOT NULL PRIMARY KEY")
    names = st.lists(st.sampled_from([f"{name}_" for name in _NAMES] + _NAMES), max_size=4)
    for name in dict.fromkeys(map(quoted, draw(names))):
        if name != table.key:
            table.columns[name] = draw(st.sampled_from(sorted(VALUES)))
            default = draw(
                st.sampled_from(["", "", "", f"DEFAULT {VALUES[table.columns[name]][0]}"])
            )
            definitions.append(f"{name} {table.columns[name]} {default}")
    if draw(st.integers(0, 2)) == 0:
        base = table.key or "1"
        how = "VIRTUAL" if version >= 18 and draw(st.booleans()) else "STORED"
        definitions.append(f'"generated" int GENERATED ALWAYS AS ({base} * 2) {how}')
    body = ", ".join(definitions)
    if kind == "partitioned":
        _partitioned(draw, schema, table, body)
    elif kind == "inherits" and schema.tables:
        parent = draw(st.sampled_from(schema.tables))
        schema.commands.append(f"CREATE TABLE {table.name} ({body}) INHERITS ({parent.name})")
    else:
        unlogged = "UNLOGGED" if kind == "unlogged" else ""
        schema.commands.append(f"CREATE {unlogged} TABLE {table.name} ({body})")
    schema.tables.append(table)


def _partitioned(draw: st.DrawFn, schema: Schema, table: Table, body: str) -> None:
    key = table.key or quoted("part")
    table.key = key
    if f"{key} " not in body:
        body = f"{key} int NOT NULL DEFAULT 1" + (f", {body}" if body else "")
    place, _, name = table.name.partition(".")
    first, second = (f"{place}.{name[:-1]} {part}" + '"' for part in ("one", "two"))
    how = draw(st.sampled_from(["RANGE", "LIST", "HASH"]))
    bounds = {
        "RANGE": ("FOR VALUES FROM (1) TO (5)", "DEFAULT"),
        "LIST": ("FOR VALUES IN (1, 2, 3)", "DEFAULT"),
        "HASH": (
            "FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
            "FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        ),
    }[how]
    schema.commands += [
        f"CREATE TABLE {table.name} ({body}) PARTITION BY {how} ({key})",
        f"CREATE TABLE {first} PARTITION OF {table.name} {bounds[0]}",
    ]
    if draw(st.booleans()):
        schema.commands += [
            f"CREATE TABLE {second} PARTITION OF {table.name} {bounds[1]}"
            f" PARTITION BY HASH ({key})",
            f'CREATE TABLE {second[:-1]} below" PARTITION OF {second}'
            " FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        ]
        schema.tables.append(Table(f'{second[:-1]} below"', dict(table.columns), key))
    else:
        schema.commands.append(f"CREATE TABLE {second} PARTITION OF {table.name} {bounds[1]}")
    schema.tables.append(Table(first, dict(table.columns), key))


def _foreign_key(draw: st.DrawFn, schema: Schema) -> None:
    keyed = [table for table in schema.tables if table.key]
    if not keyed:
        return
    child, parent = draw(st.sampled_from(schema.tables)), draw(st.sampled_from(keyed))
    column = quoted(f"ref {draw(st.integers(0, 2))}")
    child.columns[column] = "int"
    schema.commands += [
        f"ALTER TABLE {child.name} ADD COLUMN {column} int",
        f"ALTER TABLE {child.name} ADD FOREIGN KEY ({column}) REFERENCES {parent.name}"
        f" ON DELETE {draw(st.sampled_from(_ACTIONS))} ON UPDATE {draw(st.sampled_from(_ACTIONS))}"
        f" {draw(st.sampled_from(_DEFERRABLE))} {draw(st.sampled_from(['', '', 'NOT VALID']))}",
    ]


def _trigger_or_rule(draw: st.DrawFn, schema: Schema) -> None:
    table = draw(st.sampled_from(schema.tables)).name
    event = draw(st.sampled_from(["INSERT", "UPDATE", "DELETE", "INSERT OR DELETE", "TRUNCATE"]))
    if draw(st.integers(0, 3)) == 0 and " " not in event and event != "TRUNCATE":
        action = draw(
            st.sampled_from(["ALSO INSERT INTO public.log (what) VALUES ('r')", "INSTEAD NOTHING"])
        )
        name = quoted(f"rule {draw(st.integers(0, 1))}")
        schema.commands.append(f"CREATE RULE {name} AS ON {event} TO {table} DO {action}")
        if draw(st.booleans()):
            schema.commands.append(f"ALTER TABLE {table} ENABLE ALWAYS RULE {name}")
        return
    row = draw(st.booleans()) and event != "TRUNCATE"
    when = draw(st.sampled_from(["BEFORE", "AFTER"]))
    function = draw(st.sampled_from(["log_it", "refuse", "swallow"]))
    name = quoted(f"a trigger {draw(st.integers(0, 2))}")
    schema.commands.append(
        f"CREATE TRIGGER {name} {when} {event} ON {table} FOR EACH"
        f" {'ROW' if row else 'STATEMENT'} EXECUTE FUNCTION {function}()"
    )
    if enabled := draw(st.sampled_from(_ENABLED)).format(name):
        schema.commands.append(f"ALTER TABLE {table} {enabled}")


def _hole(draw: st.DrawFn, table: Table) -> str:
    return draw(
        st.sampled_from(
            [
                f"DELETE FROM {table.name} WHERE ctid = '(0,1)'",
                f"ALTER TABLE {table.name} ADD CHECK (false) NOT VALID",
                f"ALTER TABLE {table.name} ADD COLUMN added_later int DEFAULT 5",
                f"VACUUM FULL {table.name}",
            ]
        )
    )


def _extra(draw: st.DrawFn, schema: Schema, number: int) -> None:
    table = draw(st.sampled_from(schema.tables))
    kind = draw(st.sampled_from(["rls", "matview", "matview", "view", "sequence", "large object"]))
    if kind == "rls":
        schema.commands += [
            f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY p ON {table.name} USING ({draw(st.sampled_from(['true', 'false']))})",
        ]
        if draw(st.booleans()):
            schema.commands.append(f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY")
    elif kind == "matview":
        source = draw(st.sampled_from([table.name, "public.log", *schema.materialized]))
        name = f'public."mat view {number}"'
        populated = draw(st.sampled_from(["", "", "WITH NO DATA"]))
        schema.commands.append(
            f"CREATE MATERIALIZED VIEW {name} AS SELECT count(*) AS n FROM {source} {populated}"
        )
        schema.commands.append(f"CREATE UNIQUE INDEX ON {name} (n)")
        if draw(st.integers(0, 3)) == 0:
            schema.commands.append("INSERT INTO public.log (what) VALUES ('stale')")
        schema.materialized.append(name)
    elif kind == "view":
        schema.commands.append(f"CREATE VIEW public.view_{number} AS SELECT * FROM {table.name}")
        schema.views.append(f"public.view_{number}")
    elif kind == "sequence":
        name = f'"Other $$ Schema"."seq % {number}"'
        start, cache = draw(st.integers(1, 5)), draw(st.sampled_from([1, 1, 7]))
        schema.commands.append(f"CREATE SEQUENCE {name} START {start} CACHE {cache}")
        called = draw(st.sampled_from(["true", "false"]))
        schema.commands.append(f"SELECT setval('{name}', {draw(st.integers(1, 50))}, {called})")
        schema.sequences.append(name)
    else:
        schema.commands.append(f"SELECT lo_from_bytea({1000 + number}, '\\x0102')")
