-- What restoring needs inside a database: notes of what was written, the baseline, and functions.
-- Run once, on the template that every worker's database is cloned from.
-- The placeholders :replica and :superuser are replaced by Python with true or false.
CREATE SCHEMA greenfield;

-- Triggers insert here. No key and no lock, so transactions under test never meet in this table.
CREATE UNLOGGED TABLE greenfield.notes (relation oid NOT NULL);
CREATE UNLOGGED TABLE greenfield.ddl (command text NOT NULL);

-- The baseline: the rows that every test starts with, as text, so that no type is depended on.
-- `at` and `by` are the ctid and xmin of the row in its table: a row that still has both is untouched.
CREATE TABLE greenfield.rows (relation oid NOT NULL, at tid, by xid, data text NOT NULL);
CREATE INDEX ON greenfield.rows (relation);
CREATE TABLE greenfield.sequences (
    sequence oid PRIMARY KEY, last_value bigint NOT NULL, is_called boolean NOT NULL
);
CREATE TABLE greenfield.large_objects (id oid PRIMARY KEY);
CREATE TABLE greenfield.schema_state (fingerprint numeric);

-- The catalogue: which tables there are, and in which order and how they are restored.
CREATE TABLE greenfield.tables (
    relation oid PRIMARY KEY,
    name text NOT NULL,
    columns text NOT NULL,
    fields text NOT NULL,
    position int NOT NULL DEFAULT 0,
    before text[] NOT NULL DEFAULT '{}',
    after text[] NOT NULL DEFAULT '{}'
);
-- Writing to `relation` may change the rows of `member`.
CREATE TABLE greenfield.reach (relation oid NOT NULL, member oid NOT NULL);
CREATE INDEX ON greenfield.reach (relation);

-- Materialized views; `fresh` when the baseline's content is what a refresh gives.
CREATE TABLE greenfield.views (
    view oid PRIMARY KEY, name text NOT NULL, populated boolean NOT NULL, fresh boolean NOT NULL
);

-- What fixtures of a wider scope than a test have added to the baseline, or taken from it.
CREATE TABLE greenfield.changes (
    fixture int NOT NULL, relation oid NOT NULL, added boolean NOT NULL, data text NOT NULL
);
CREATE TABLE greenfield.sequence_changes (
    fixture int NOT NULL, sequence oid NOT NULL, last_value bigint NOT NULL, is_called boolean NOT NULL
);
-- What a test had written, or taken away, before the fixture of this depth was set up.
CREATE TABLE greenfield.pending (depth int NOT NULL, relation oid NOT NULL);
CREATE TABLE greenfield.outside (
    depth int NOT NULL, relation oid NOT NULL, missing boolean NOT NULL, at tid, by xid
);
CREATE TABLE greenfield.moved_outside (
    depth int NOT NULL, sequence oid NOT NULL, last_value bigint NOT NULL, is_called boolean NOT NULL
);

-- The application may write as any role, so the owner's rights are used.
CREATE FUNCTION greenfield.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO greenfield.notes VALUES (TG_RELID);
    RETURN NULL;
END $$;

CREATE FUNCTION greenfield.note_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF current_setting('greenfield.restoring', true) = 'on' OR TG_TAG = 'REINDEX' THEN
        RETURN;
    ELSIF TG_TAG = 'REFRESH MATERIALIZED VIEW' THEN
        INSERT INTO greenfield.notes SELECT objid FROM pg_event_trigger_ddl_commands();
    ELSE
        INSERT INTO greenfield.ddl
            SELECT concat_ws(' ', command_tag, object_identity) FROM pg_event_trigger_ddl_commands()
            WHERE schema_name IS DISTINCT FROM 'pg_temp';
    END IF;
END $$;

CREATE FUNCTION greenfield.note_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF current_setting('greenfield.restoring', true) IS DISTINCT FROM 'on' THEN
        INSERT INTO greenfield.ddl
            SELECT concat_ws(' ', TG_TAG, object_identity) FROM pg_event_trigger_dropped_objects()
            WHERE original AND NOT is_temporary;
    END IF;
END $$;

-- The schemas and relations that belong to the project.
CREATE VIEW greenfield.relations AS
    SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('greenfield', 'information_schema') AND n.nspname NOT LIKE 'pg\_%';

-- With its schema, whatever the search path, which stays the application's own.
CREATE FUNCTION greenfield.name(relation oid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = relation
$$;

-- Catalogue entries of the role's own making, summed up: for a role that may not have event triggers.
CREATE FUNCTION greenfield.fingerprint() RETURNS numeric LANGUAGE sql AS $$
    WITH own AS (SELECT oid FROM greenfield.relations), facts AS (
        SELECT concat_ws('|', oid, relname, relnamespace, relowner, relkind, relnatts, relchecks,
            relrowsecurity, relforcerowsecurity, relpersistence, reloptions, relacl) AS fact
        FROM greenfield.relations WHERE relkind <> 't'
        UNION ALL SELECT concat_ws('|', attrelid, attnum, a.xmin) FROM pg_attribute a
            WHERE attrelid IN (SELECT oid FROM own) AND attnum > 0
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_constraint
            WHERE conrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_attrdef
            WHERE adrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_trigger
            WHERE tgrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_rewrite
            WHERE ev_class IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', seqrelid, xmin) FROM pg_sequence
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_policy
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_enum
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_proc WHERE oid >= 16384
        UNION ALL SELECT concat_ws('|', oid, xmin) FROM pg_extension
        UNION ALL SELECT concat_ws('|', oid, nspname, nspowner, nspacl) FROM pg_namespace
            WHERE nspname NOT LIKE 'pg\_%'
    )
    SELECT sum(hashtextextended(fact, 0)::numeric) FROM facts
$$;

-- Take note of tables, sequences and views that have come or gone. Idempotent.
CREATE FUNCTION greenfield.watch() RETURNS void LANGUAGE plpgsql AS $watch$
DECLARE
    entry record;
BEGIN
    DELETE FROM greenfield.tables t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.relation);
    DELETE FROM greenfield.rows t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.relation);
    DELETE FROM greenfield.changes t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.relation);
    DELETE FROM greenfield.sequences t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.sequence);
    DELETE FROM greenfield.views t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.view);

    -- ALWAYS: a test that loads data in replica role is noted too.
    FOR entry IN
        SELECT greenfield.name(c.oid) AS name FROM greenfield.relations c
        WHERE c.relkind IN ('r', 'p') AND NOT EXISTS (
            SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'greenfield_note')
    LOOP
        EXECUTE format('CREATE TRIGGER greenfield_note AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'
            ' ON %s FOR EACH STATEMENT EXECUTE FUNCTION greenfield.note()', entry.name);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER greenfield_note', entry.name);
    END LOOP;

    DELETE FROM greenfield.tables;
    INSERT INTO greenfield.tables (relation, name, columns, fields)
        SELECT c.oid, greenfield.name(c.oid),
            string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
            string_agg(format('(r).%I', a.attname), ', ' ORDER BY a.attnum)
        FROM greenfield.relations c LEFT JOIN pg_attribute a
            ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        WHERE c.relkind = 'r' GROUP BY c.oid HAVING count(a.attname) > 0;

    DELETE FROM greenfield.reach;
    INSERT INTO greenfield.reach
        WITH RECURSIVE below AS (
            SELECT c.oid AS relation, c.oid AS member FROM greenfield.relations c
                WHERE c.relkind IN ('r', 'p')
            UNION SELECT b.relation, i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.member
        )
        SELECT b.relation, b.member FROM below b JOIN greenfield.tables t ON t.relation = b.member;

    PERFORM greenfield.watch_guards();
    IF NOT :replica THEN
        PERFORM greenfield.watch_order();
    END IF;

    FOR entry IN
        SELECT s.seqrelid AS sequence, greenfield.name(s.seqrelid) AS name, s.seqcache AS cache
        FROM pg_sequence s JOIN greenfield.relations c ON c.oid = s.seqrelid
        WHERE s.seqrelid NOT IN (SELECT sequence FROM greenfield.sequences)
          AND c.relpersistence <> 't'
    LOOP
        -- A connection of a pool would go on handing out what it had cached before the restore.
        IF entry.cache > 1 THEN
            EXECUTE format('ALTER SEQUENCE %s CACHE 1', entry.name);
        END IF;
        EXECUTE format('INSERT INTO greenfield.sequences'
            ' SELECT %s, last_value, is_called FROM %s', entry.sequence, entry.name);
    END LOOP;
    PERFORM greenfield.watch_sequences();
END $watch$;

-- What would act on a restore although it must not, and the commands around it. In replica role these
-- are triggers and rules that are enabled there; else all of them, and forced row-level security.
CREATE FUNCTION greenfield.watch_guards() RETURNS void LANGUAGE sql AS $$
    UPDATE greenfield.tables t SET before = g.before, after = g.after FROM (
        SELECT relation, array_agg(off) AS before, array_agg(back) AS after FROM (
            SELECT tgrelid AS relation,
                format('ALTER TABLE %s DISABLE TRIGGER %I', greenfield.name(tgrelid), tgname) AS off,
                format('ALTER TABLE %s ENABLE %s TRIGGER %I', greenfield.name(tgrelid),
                    CASE tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname) AS back
            FROM pg_trigger
            WHERE NOT tgisinternal AND tgname <> 'greenfield_note'
              AND tgenabled = ANY (CASE WHEN :replica THEN '{A,R}' ELSE '{A,O}' END::"char"[])
            UNION ALL
            SELECT ev_class,
                format('ALTER TABLE %s DISABLE RULE %I', greenfield.name(ev_class), rulename),
                format('ALTER TABLE %s ENABLE %s RULE %I', greenfield.name(ev_class),
                    CASE ev_enabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, rulename)
            FROM pg_rewrite WHERE rulename <> '_RETURN'
              AND ev_enabled = ANY (CASE WHEN :replica THEN '{A,R}' ELSE '{A,O}' END::"char"[])
            UNION ALL
            SELECT oid, format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', greenfield.name(oid)),
                format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', greenfield.name(oid))
            FROM pg_class WHERE relforcerowsecurity AND NOT :superuser
        ) guards GROUP BY relation
    ) g WHERE g.relation = t.relation
$$;

-- Where foreign keys act on a restore: the order of the tables, and the keys of circles deferred.
CREATE FUNCTION greenfield.watch_order() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    CREATE TEMPORARY TABLE refers ON COMMIT DROP AS
        SELECT DISTINCT k.conrelid AS child, k.confrelid AS parent FROM pg_constraint k
            JOIN greenfield.relations c ON c.oid = k.conrelid WHERE k.contype = 'f';
    -- A key of a partitioned table is one of its partitions, and of what lies below them.
    INSERT INTO refers
        SELECT m.member, n.member FROM refers r JOIN greenfield.reach m ON m.relation = r.child
            JOIN greenfield.reach n ON n.relation = r.parent;
    CREATE TEMPORARY TABLE leads ON COMMIT DROP AS
        WITH RECURSIVE leads AS (
            SELECT child, parent FROM refers
            UNION SELECT l.child, r.parent FROM leads l JOIN refers r ON r.child = l.parent
        ) SELECT * FROM leads;
    -- A table comes after all that refer to it: the fewer lead on from it, the later.
    UPDATE greenfield.tables t SET position = (SELECT count(*) FROM leads WHERE child = t.relation);
    -- Rows that refer to restored ones are restored with them.
    INSERT INTO greenfield.reach
        SELECT r.relation, l.child FROM greenfield.reach r JOIN leads l ON l.parent = r.member
            JOIN greenfield.tables t ON t.relation = l.child
        EXCEPT SELECT relation, member FROM greenfield.reach;
    FOR entry IN
        SELECT k.conrelid, k.conname, k.condeferrable, k.condeferred FROM pg_constraint k
            JOIN leads l ON l.child = k.confrelid AND l.parent = k.conrelid
        WHERE k.contype = 'f' AND k.conparentid = 0
    LOOP
        UPDATE greenfield.tables SET
            before = before || format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY DEFERRED',
                greenfield.name(entry.conrelid), entry.conname),
            after = after || format('ALTER TABLE %s ALTER CONSTRAINT %I %s', greenfield.name(entry.conrelid),
                entry.conname, CASE WHEN entry.condeferred THEN 'DEFERRABLE INITIALLY DEFERRED'
                    WHEN entry.condeferrable THEN 'DEFERRABLE INITIALLY IMMEDIATE' ELSE 'NOT DEFERRABLE' END)
            WHERE relation = entry.conrelid;
    END LOOP;
    DROP TABLE refers, leads;
END $$;

-- Build `greenfield.sequence_values()`: the present values of all sequences, in one statement.
CREATE FUNCTION greenfield.watch_sequences() RETURNS void LANGUAGE plpgsql AS $watch$
DECLARE
    source text;
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        source := 'SELECT s.sequence, d.last_value, d.is_called'
            ' FROM greenfield.sequences s, pg_get_sequence_data(s.sequence) d';
    ELSE
        SELECT string_agg(format('SELECT %s::oid, last_value, is_called FROM %s', sequence,
            greenfield.name(sequence)), ' UNION ALL ') INTO source FROM greenfield.sequences;
        source := coalesce(source, 'SELECT NULL::oid, NULL::bigint, NULL::boolean WHERE false');
    END IF;
    EXECUTE format('CREATE OR REPLACE FUNCTION greenfield.sequence_values()'
        ' RETURNS TABLE (sequence oid, last_value bigint, is_called boolean)'
        ' LANGUAGE sql STABLE AS $$%s$$', source);
END $watch$;

-- Take the present rows of a table as its baseline.
CREATE FUNCTION greenfield.capture(entry greenfield.tables) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM greenfield.rows WHERE relation = entry.relation;
    EXECUTE format('INSERT INTO greenfield.rows SELECT %s, t.ctid, t.xmin, (t.*)::text FROM ONLY %s t',
        entry.relation, entry.name);
END $$;

-- Take the whole database as the baseline.
CREATE FUNCTION greenfield.capture_all() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry record;
    fresh boolean;
BEGIN
    PERFORM greenfield.capture(t) FROM greenfield.tables t;
    INSERT INTO greenfield.large_objects SELECT oid FROM pg_largeobject_metadata;
    INSERT INTO greenfield.schema_state VALUES (greenfield.fingerprint());
    FOR entry IN
        SELECT c.oid, greenfield.name(c.oid) AS name, c.relispopulated AS populated
        FROM greenfield.relations c WHERE c.relkind = 'm' ORDER BY c.oid
    LOOP
        fresh := NOT entry.populated;
        IF entry.populated THEN
            EXECUTE format('SELECT NOT EXISTS (WITH now AS (%s)'
                ' (SELECT (n.*)::text FROM now n EXCEPT ALL SELECT (m.*)::text FROM %s m) UNION ALL'
                ' (SELECT (m.*)::text FROM %s m EXCEPT ALL SELECT (n.*)::text FROM now n))',
                rtrim(pg_get_viewdef(entry.oid), '; '), entry.name, entry.name) INTO fresh;
        END IF;
        INSERT INTO greenfield.views VALUES (entry.oid, entry.name, entry.populated, fresh);
    END LOOP;
END $$;

-- Bring the database back to the baseline, sequences and large objects apart. `open` is the number of
-- transactions that have written and are not finished: nothing is restored then. `ddl` are the commands
-- that changed the schema, which only a fresh clone undoes. `restored` is the number of tables.
-- `accepted` are transaction ids that a fixture of a wider scope keeps open.
CREATE FUNCTION greenfield.restore(accepted text[], OUT open int, OUT ddl text[], OUT restored int)
LANGUAGE plpgsql AS $$
DECLARE
    entry greenfield.tables;
    entries greenfield.tables[];
    view record;
    written boolean;
    inserted bigint;
    command text;
BEGIN
    restored := 0;
    open := (SELECT count(*) FROM pg_stat_get_activity(NULL) a
        WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
          AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND a.backend_type = 'client backend' AND a.backend_xid::text <> ALL (accepted));
    IF open > 0 THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM greenfield.ddl) THEN
        ddl := array(SELECT DISTINCT d.command FROM greenfield.ddl d);
        RETURN;
    END IF;
    IF NOT :superuser AND greenfield.fingerprint() <> (SELECT s.fingerprint FROM greenfield.schema_state s) THEN
        ddl := '{a change of the schema}';
        RETURN;
    END IF;
    written := EXISTS (SELECT FROM greenfield.notes) OR EXISTS (SELECT FROM greenfield.pending);
    IF written THEN
        entries := array(
            SELECT t FROM greenfield.tables t WHERE t.relation IN (
                SELECT r.member FROM greenfield.reach r WHERE r.relation IN (
                    SELECT n.relation FROM greenfield.notes n
                    UNION SELECT p.relation FROM greenfield.pending p))
            ORDER BY t.position DESC);
        FOREACH entry IN ARRAY entries LOOP
            FOREACH command IN ARRAY entry.before LOOP
                EXECUTE command;
            END LOOP;
        END LOOP;
        FOREACH entry IN ARRAY entries LOOP
            IF :replica AND EXISTS (SELECT FROM greenfield.rows s WHERE s.relation = entry.relation) THEN
                EXECUTE format('DELETE FROM ONLY %s t WHERE NOT EXISTS (SELECT FROM greenfield.rows s'
                    ' WHERE s.relation = %s AND s.at = t.ctid AND s.by = t.xmin)',
                    entry.name, entry.relation);
            ELSE
                EXECUTE 'DELETE FROM ONLY ' || entry.name;
            END IF;
            restored := restored + 1;
        END LOOP;
        -- Against the order of deletion: what is referred to comes first.
        FOR number IN REVERSE coalesce(array_length(entries, 1), 0) .. 1 LOOP
            entry := entries[number];
            CONTINUE WHEN NOT EXISTS (SELECT FROM greenfield.rows s WHERE s.relation = entry.relation);
            EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM ('
                'SELECT s.data::%s AS r FROM greenfield.rows s WHERE s.relation = %s AND NOT EXISTS ('
                'SELECT FROM ONLY %s t WHERE t.ctid = s.at AND t.xmin = s.by) OFFSET 0) s',
                entry.name, entry.columns, entry.fields, entry.name, entry.relation, entry.name);
            GET DIAGNOSTICS inserted = ROW_COUNT;
            IF inserted > 0 THEN
                PERFORM greenfield.capture(entry);
            END IF;
        END LOOP;
        IF NOT :replica THEN
            SET CONSTRAINTS ALL IMMEDIATE;
        END IF;
        FOREACH entry IN ARRAY entries LOOP
            FOREACH command IN ARRAY entry.after LOOP
                EXECUTE command;
            END LOOP;
        END LOOP;
        FOR view IN
            SELECT v.* FROM greenfield.views v WHERE v.view IN (SELECT n.relation FROM greenfield.notes n)
            ORDER BY v.view
        LOOP
            -- A refresh would show the rows of live fixtures too, which the baseline's content has not.
            IF NOT view.fresh OR EXISTS (SELECT FROM greenfield.changes) THEN
                ddl := array['REFRESH MATERIALIZED VIEW ' || view.name];
                RETURN;
            END IF;
            EXECUTE format('REFRESH MATERIALIZED VIEW %s%s', view.name,
                CASE WHEN view.populated THEN '' ELSE ' WITH NO DATA' END);
        END LOOP;
        -- Deleted rows stay in the file until it is truncated, and every look reads all of it.
        IF pg_relation_size('greenfield.notes') > 65536 THEN
            TRUNCATE greenfield.notes;
        ELSE
            DELETE FROM greenfield.notes;
        END IF;
        DELETE FROM greenfield.pending;
        DELETE FROM greenfield.outside;
    END IF;
    IF NOT :superuser AND restored > 0 THEN
        UPDATE greenfield.schema_state SET fingerprint = greenfield.fingerprint();
    END IF;
END $$;

-- Restart all sequences: one moves in a transaction that was rolled back too, and no trigger sees it.
-- Remove large objects that are new.
CREATE FUNCTION greenfield.restore_sequences() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setval(b.sequence, b.last_value, b.is_called)
        FROM greenfield.sequences b JOIN greenfield.sequence_values() v ON v.sequence = b.sequence
        WHERE v.last_value <> b.last_value OR v.is_called <> b.is_called;
    IF EXISTS (SELECT FROM pg_largeobject_metadata) THEN
        PERFORM lo_unlink(m.oid) FROM pg_largeobject_metadata m
            WHERE m.oid NOT IN (SELECT id FROM greenfield.large_objects);
    END IF;
END $$;

-- Delete the rows of every table, those of the baseline too, and note that.
CREATE FUNCTION greenfield.empty_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    FOR entry IN SELECT t.* FROM greenfield.tables t ORDER BY t.position DESC LOOP
        EXECUTE 'DELETE FROM ONLY ' || entry.name;
        INSERT INTO greenfield.notes VALUES (entry.relation);
    END LOOP;
END $$;
