"""Everything that a database contains, in a form that can be compared."""

from psycopg import sql

from .servers import Connection

_OWN = """
    n.nspname NOT IN ('greenfield', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
"""
_RELATIONS = f"""
    SELECT c.relkind, n.nspname, c.relname, c.relispopulated
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN} ORDER BY 2, 3
"""
_SCHEMA = {
    "relations": f"""
        SELECT n.nspname, c.relname, c.relkind, c.relispopulated, c.relrowsecurity,
            c.relforcerowsecurity, c.relpersistence, c.relreplident, c.reloptions, c.relacl::text,
            pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}""",
    "columns": f"""
        SELECT a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND {_OWN}""",
    "constraints": f"""
        SELECT k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), k.convalidated,
            k.condeferrable, k.condeferred
        FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_OWN}""",
    "indexes": f"""
        SELECT pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indislive
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}""",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal""",
    "event triggers": "SELECT evtname, evtenabled FROM pg_event_trigger",
    "rules": f"""
        SELECT r.ev_class::regclass::text, r.rulename, r.ev_enabled, pg_get_ruledef(r.oid)
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}""",
    "policies": "SELECT polrelid::regclass::text, polname FROM pg_policy",
    "functions": f"""
        SELECT p.oid::regprocedure::text, p.prosrc FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OWN}""",
    "sequences": f"""
        SELECT s.seqrelid::regclass::text, s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
            s.seqcycle FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OWN}""",
    "large objects": "SELECT oid, lo_get(oid) FROM pg_largeobject_metadata",
}
_SETTINGS = (
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET extra_float_digits = 1;"
    "SET search_path = ''; SET lc_monetary = 'C'"
)


def dump(connection: Connection) -> dict[str, list[str]]:
    """Return rows, sequences, large objects, views, and the schema with what is enabled in it."""
    connection.execute(_SETTINGS)
    content = {
        name: sorted(repr(row) for row in connection.execute(query.encode()).fetchall())
        for name, query in _SCHEMA.items()
    }
    looks: list[sql.Composed] = []
    for kind, schema, name, populated in connection.execute(_RELATIONS.encode()).fetchall():
        what = "last_value || ' ' || is_called" if kind == "S" else "(t.*)::text"
        if kind in "rS" or (kind == "m" and populated):
            looks.append(
                sql.SQL("SELECT {}, {} FROM ONLY {} t").format(
                    f"{kind} {schema}.{name}", sql.SQL(what), sql.Identifier(schema, name)
                )
            )
    query = sql.SQL(" UNION ALL ").join(looks)
    for name, row in connection.execute(query).fetchall():
        content.setdefault(name, []).append(row)
    return {name: sorted(rows) for name, rows in content.items()}


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """Return what has changed, one line each."""
    return [
        f"{name}: {before.get(name)} -> {after.get(name)}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
