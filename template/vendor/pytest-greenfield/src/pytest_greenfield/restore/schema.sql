-- The tables behind restoring: notes of what was written, the baseline, and what fixtures add to it.
-- Run once, on the template that every worker's database is cloned from.
-- Python replaces :replica (the restoring role may act in replica role) and :superuser.
CREATE SCHEMA greenfield;
SET LOCAL check_function_bodies = off; -- functions refer to later ones

-- Triggers insert here. No key and no lock, so transactions under test never meet in these tables.
CREATE UNLOGGED TABLE greenfield.notes (relation oid NOT NULL);
CREATE UNLOGGED TABLE greenfield.ddl (command text NOT NULL);
-- Empty after a crash of the server, which empties the notes too.
CREATE UNLOGGED TABLE greenfield.intact (since timestamptz NOT NULL DEFAULT now());

-- The baseline: the rows that every test starts with, as text, so that no type is depended on.
-- `at` and `by` are the ctid and xmin of the row in its table: a row that still has both is untouched.
CREATE TABLE greenfield.rows (
    id bigint GENERATED ALWAYS AS IDENTITY, relation oid NOT NULL, at tid, by xid, data text NOT NULL
);
CREATE INDEX ON greenfield.rows (relation, at);
CREATE TABLE greenfield.sequences (
    sequence oid PRIMARY KEY, last_value bigint NOT NULL, is_called boolean NOT NULL
);
-- `content` is a sum over the rows, NULL for a view that is not populated.
-- `mark` changes with every refresh: for a role that may not have event triggers.
CREATE TABLE greenfield.views (
    view oid PRIMARY KEY, name text NOT NULL, position int NOT NULL, content numeric, mark text
);
-- `fixture` is the one that has made it, or NULL.
CREATE TABLE greenfield.large_objects (id oid PRIMARY KEY, data bytea NOT NULL, fixture int);
CREATE TABLE greenfield.schema_state (fingerprint numeric);

-- How each table is restored. `fields` are its columns as fields of the record r. `filenode` names the
-- file in which `at` is a place: VACUUM FULL, CLUSTER and TRUNCATE begin another one.
CREATE TABLE greenfield.tables (
    relation oid PRIMARY KEY, name text NOT NULL, columns text NOT NULL, fields text NOT NULL, filenode oid
);
-- Commands before and after a restore of `relation`: what would act on it is switched off.
CREATE TABLE greenfield.guards (relation oid NOT NULL, off text NOT NULL, back text NOT NULL);
-- Writing to `relation` may change the rows of `member`.
CREATE TABLE greenfield.reach (relation oid, member oid, PRIMARY KEY (relation, member));

-- What fixtures of a wider scope than a test have added to the baseline, or taken from it. In the last
-- two, fixture 0 stands for the migrations.
CREATE TABLE greenfield.changes (
    fixture int NOT NULL, relation oid NOT NULL, added boolean NOT NULL, data text NOT NULL
);
CREATE TABLE greenfield.sequence_changes (
    fixture int NOT NULL, sequence oid NOT NULL, last_value bigint NOT NULL, is_called boolean NOT NULL
);
CREATE TABLE greenfield.view_changes (fixture int NOT NULL, view oid NOT NULL, content numeric);
-- What a test had written before the fixture of this depth was set up: the tables, then new rows by
-- their place, and rows of the baseline that were missing; sequences that it had moved,
-- and the number of its commands that had changed the schema.
CREATE TABLE greenfield.pending (depth int NOT NULL, relation oid NOT NULL);
CREATE TABLE greenfield.outside (depth int NOT NULL, relation oid NOT NULL, missing bigint, at tid, by xid);
CREATE TABLE greenfield.ddl_outside (depth int NOT NULL, number bigint NOT NULL, fingerprint numeric);
CREATE TABLE greenfield.sequences_outside (
    depth int NOT NULL, sequence oid NOT NULL, last_value bigint NOT NULL, is_called boolean NOT NULL
);

-- Sessions that hold an advisory lock between transactions, and those that a fixture lets do so.
CREATE VIEW greenfield.lock_holders AS
    SELECT DISTINCT a.pid FROM pg_stat_get_activity(NULL) a JOIN pg_locks l ON l.pid = a.pid
    WHERE l.locktype = 'advisory' AND a.state = 'idle' AND a.pid <> pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (:superuser OR a.usesysid = (SELECT oid FROM pg_roles WHERE rolname = current_user));
CREATE TABLE greenfield.accepted_holders (pid int NOT NULL);

-- The relations that belong to the project.
CREATE VIEW greenfield.relations AS
    SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('greenfield', 'information_schema') AND n.nspname NOT LIKE 'pg\_%';

-- With its schema, whatever the search path, which stays the application's own.
CREATE FUNCTION greenfield.name(relation oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = relation
$$;

-- Transactions that have written and are not finished, prepared ones included.
CREATE VIEW greenfield.open_transactions AS
    SELECT a.pid, a.backend_xid::text AS xid, a.state, a.application_name, a.query,
        extract(epoch FROM clock_timestamp() - a.xact_start)::float AS seconds,
        extract(epoch FROM clock_timestamp() - a.state_change)::float AS unchanged, NULL AS prepared
    FROM pg_stat_get_activity(NULL) a
    WHERE a.backend_xid IS NOT NULL AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
        AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT NULL, p.transaction::text, 'prepared', '', 'PREPARE TRANSACTION ' || quote_literal(p.gid),
        extract(epoch FROM clock_timestamp() - p.prepared)::float,
        extract(epoch FROM clock_timestamp() - p.prepared)::float, p.gid
    FROM pg_prepared_xacts p WHERE p.database = current_database();
