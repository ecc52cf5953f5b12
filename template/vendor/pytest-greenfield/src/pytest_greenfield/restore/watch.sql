-- What is in the database and how it is restored: asked once, and again when a fixture changes the schema.

CREATE FUNCTION greenfield.watch() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM greenfield.tables t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.relation);
    DELETE FROM greenfield.rows t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.relation);
    DELETE FROM greenfield.changes t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.relation);
    DELETE FROM greenfield.sequences t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.sequence);
    DELETE FROM greenfield.sequence_changes t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.sequence);
    DELETE FROM greenfield.views t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.view);
    DELETE FROM greenfield.view_changes t WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = t.view);
    PERFORM greenfield.watch_tables();
    PERFORM greenfield.watch_guards();
    PERFORM greenfield.watch_reach();
    PERFORM greenfield.watch_sequences();
    PERFORM greenfield.watch_views();
END $$;

CREATE FUNCTION greenfield.watch_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry greenfield.tables;
    name text;
BEGIN
    -- ALWAYS: a test that loads data in replica role is noted too.
    FOR name IN
        SELECT greenfield.name(c.oid) FROM greenfield.relations c
        WHERE c.relkind IN ('r', 'p') AND NOT EXISTS (
            SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'greenfield_note')
    LOOP
        EXECUTE format('CREATE TRIGGER greenfield_note AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'
            ' ON %s FOR EACH STATEMENT EXECUTE FUNCTION greenfield.note()', name);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER greenfield_note', name);
    END LOOP;

    FOR entry IN
        SELECT c.oid, greenfield.name(c.oid),
            coalesce('(' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')', ''),
            coalesce(string_agg('(r).' || quote_ident(a.attname), ', ' ORDER BY a.attnum), '')
        FROM greenfield.relations c LEFT JOIN pg_attribute a
            ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        WHERE c.relkind = 'r' GROUP BY c.oid
    LOOP
        INSERT INTO greenfield.tables VALUES (entry.relation, entry.name, entry.columns, entry.fields)
            ON CONFLICT (relation) DO UPDATE SET
                name = excluded.name, columns = excluded.columns, fields = excluded.fields;
        IF :replica THEN
            PERFORM greenfield.make_restore_function(entry);
        END IF;
    END LOOP;
END $$;

-- What would act on a restore although it must not. In replica role these are triggers and rules that are
-- enabled there; else all of them, and forced row-level security.
CREATE FUNCTION greenfield.watch_guards() RETURNS void LANGUAGE sql AS $$
    DELETE FROM greenfield.guards;
    INSERT INTO greenfield.guards
        SELECT tgrelid, format('ALTER TABLE %s DISABLE TRIGGER %I', greenfield.name(tgrelid), tgname),
            format('ALTER TABLE %s ENABLE %s TRIGGER %I', greenfield.name(tgrelid),
                CASE tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname)
        FROM pg_trigger
        -- Before 15, what a partition has from its parent is marked as internal.
        WHERE (NOT tgisinternal OR tgparentid <> 0 AND tgconstraint = 0) AND tgname <> 'greenfield_note'
            AND tgenabled = ANY (CASE WHEN :replica THEN '{A,R}' ELSE '{A,O}' END::"char"[])
        UNION ALL
        SELECT ev_class, format('ALTER TABLE %s DISABLE RULE %I', greenfield.name(ev_class), rulename),
            format('ALTER TABLE %s ENABLE %s RULE %I', greenfield.name(ev_class),
                CASE ev_enabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, rulename)
        FROM pg_rewrite WHERE rulename <> '_RETURN'
            AND ev_enabled = ANY (CASE WHEN :replica THEN '{A,R}' ELSE '{A,O}' END::"char"[])
        UNION ALL
        SELECT oid, format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', greenfield.name(oid)),
            format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', greenfield.name(oid))
        FROM pg_class WHERE relforcerowsecurity AND NOT :superuser;
$$;

CREATE FUNCTION greenfield.watch_reach() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM greenfield.reach;
    INSERT INTO greenfield.reach
        WITH RECURSIVE below AS (
            SELECT c.oid AS relation, c.oid AS member FROM greenfield.relations c WHERE c.relkind IN ('r', 'p')
            UNION SELECT b.relation, i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.member
        )
        SELECT b.relation, b.member FROM below b JOIN greenfield.tables t ON t.relation = b.member;
    IF NOT :replica THEN
        -- Foreign keys act on a restore: rows that refer to restored ones are restored with them.
        -- A key of a partitioned table is one of its partitions.
        INSERT INTO greenfield.reach
            WITH RECURSIVE refers AS (
                SELECT DISTINCT child.member AS child, parent.member AS parent
                FROM pg_constraint k JOIN greenfield.reach child ON child.relation = k.conrelid
                    JOIN greenfield.reach parent ON parent.relation = k.confrelid
                WHERE k.contype = 'f'
            ), all_reach AS (
                SELECT relation, member FROM greenfield.reach
                UNION SELECT a.relation, r.child FROM all_reach a JOIN refers r ON r.parent = a.member
            )
            SELECT relation, member FROM all_reach ON CONFLICT DO NOTHING;
    END IF;
END $$;

CREATE FUNCTION greenfield.watch_sequences() RETURNS void LANGUAGE plpgsql AS $watch$
DECLARE
    entry record;
    source text;
BEGIN
    FOR entry IN
        SELECT s.seqrelid AS sequence, greenfield.name(s.seqrelid) AS name, s.seqcache AS cache
        FROM pg_sequence s JOIN greenfield.relations c ON c.oid = s.seqrelid
        WHERE s.seqrelid NOT IN (SELECT sequence FROM greenfield.sequences)
    LOOP
        -- A connection of a pool would go on handing out what it had cached before the restore.
        IF entry.cache > 1 THEN
            EXECUTE format('ALTER SEQUENCE %s CACHE 1', entry.name);
        END IF;
        EXECUTE format('INSERT INTO greenfield.sequences SELECT %s, last_value, is_called FROM %s',
            entry.sequence, entry.name);
    END LOOP;

    -- The present values of all sequences, in one statement.
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
        ' LANGUAGE sql STABLE AS %L', source);
END $watch$;

-- A view comes after all that it reads: the more it depends on, the later.
CREATE FUNCTION greenfield.watch_views() RETURNS void LANGUAGE sql AS $$
    WITH RECURSIVE reads AS (
        SELECT DISTINCT r.ev_class AS view, d.refobjid AS relation FROM pg_rewrite r JOIN pg_depend d
            ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
    ), depends AS (
        SELECT view, relation FROM reads
        UNION SELECT d.view, r.relation FROM depends d JOIN reads r ON r.view = d.relation
    )
    INSERT INTO greenfield.views
        SELECT c.oid, greenfield.name(c.oid), (SELECT count(*) FROM depends d WHERE d.view = c.oid),
            greenfield.view_content(c.oid), greenfield.view_mark(c.oid)
        FROM greenfield.relations c WHERE c.relkind = 'm'
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION greenfield.view_content(view oid) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    content numeric;
BEGIN
    IF (SELECT relispopulated FROM pg_class WHERE oid = view) THEN
        EXECUTE format('SELECT coalesce(sum(hashtextextended((t.*)::text, 0)::numeric), 0) FROM %s t',
            greenfield.name(view)) INTO content;
    END IF;
    RETURN content;
END $$;

CREATE FUNCTION greenfield.view_mark(view oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    mark text := pg_relation_filenode(view);
BEGIN
    IF NOT :superuser AND (SELECT relispopulated FROM pg_class WHERE oid = view) THEN
        EXECUTE format('SELECT sum(hashtextextended(concat(t.ctid, t.xmin), 0)::numeric) FROM %s t',
            greenfield.name(view)) INTO mark;
        mark := concat(mark, pg_relation_filenode(view));
    END IF;
    RETURN mark;
END $$;

-- Note views that were refreshed, where no event trigger does.
CREATE FUNCTION greenfield.note_views() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT :superuser THEN
        WITH refreshed AS (
            UPDATE greenfield.views SET mark = greenfield.view_mark(view)
            WHERE mark <> greenfield.view_mark(view) RETURNING view
        )
        INSERT INTO greenfield.notes SELECT view FROM refreshed;
    END IF;
END $$;
