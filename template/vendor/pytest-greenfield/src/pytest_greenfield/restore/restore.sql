-- Take the baseline, and bring the database back to it.

-- Take the present rows of a table as its baseline.
CREATE FUNCTION greenfield.capture(entry greenfield.tables) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM greenfield.rows WHERE relation = entry.relation;
    EXECUTE format('INSERT INTO greenfield.rows (relation, at, by, data)'
        ' SELECT %s, t.ctid, t.xmin, (t.*)::text FROM ONLY %s t', entry.relation, entry.name);
    UPDATE greenfield.tables SET filenode = pg_relation_filenode(relation) WHERE relation = entry.relation;
END $$;

CREATE FUNCTION greenfield.capture_all() RETURNS void LANGUAGE sql AS $$
    SELECT greenfield.capture(t) FROM greenfield.tables t;
    INSERT INTO greenfield.large_objects SELECT oid, lo_get(oid), NULL FROM pg_largeobject_metadata;
    INSERT INTO greenfield.schema_state VALUES (greenfield.fingerprint());
    INSERT INTO greenfield.intact DEFAULT VALUES;
$$;

-- Places say nothing once a table has another file. Returns whether it has.
CREATE FUNCTION greenfield.forget_places(moved oid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE greenfield.tables SET filenode = pg_relation_filenode(relation)
        WHERE relation = moved AND filenode IS DISTINCT FROM pg_relation_filenode(relation);
    IF FOUND THEN
        UPDATE greenfield.rows SET at = NULL, by = NULL WHERE relation = moved;
    END IF;
    RETURN FOUND;
END $$;

-- A statement that inserts rows of the baseline into their table, from what `source` names.
CREATE FUNCTION greenfield.insertion(entry greenfield.tables, source text) RETURNS text LANGUAGE sql AS $$
    SELECT format('INSERT INTO %s AS t %s OVERRIDING SYSTEM VALUE SELECT %s FROM'
        ' (SELECT b.data::%s AS r FROM %s b OFFSET 0) s RETURNING t.ctid, t.xmin, (t.*)::text',
        entry.name, entry.columns, entry.fields, entry.name, source)
$$;

-- In replica role no table depends on another, and each has a function with plans that stay. It returns
-- the number of rows that it has deleted.
CREATE FUNCTION greenfield.make_restore_function(entry greenfield.tables) RETURNS void
LANGUAGE plpgsql AS $make$
DECLARE
    source text := $source$
        DECLARE
            deleted bigint;
        BEGIN
            IF NOT EXISTS (SELECT FROM greenfield.rows WHERE relation = :relation) THEN
                DELETE FROM ONLY :name;
                GET DIAGNOSTICS deleted = ROW_COUNT;
                RETURN deleted;
            END IF;
            PERFORM greenfield.forget_places(:relation);
            DELETE FROM ONLY :name t WHERE NOT EXISTS (
                SELECT FROM greenfield.rows b
                WHERE b.relation = :relation AND b.at = t.ctid AND b.by = t.xmin);
            GET DIAGNOSTICS deleted = ROW_COUNT;
            WITH missing AS (
                DELETE FROM greenfield.rows b WHERE b.relation = :relation AND NOT EXISTS (
                    SELECT FROM ONLY :name t WHERE t.ctid = b.at AND t.xmin = b.by)
                RETURNING b.data
            ), again AS (:insertion)
            INSERT INTO greenfield.rows (relation, at, by, data) SELECT :relation, * FROM again;
            RETURN deleted;
        END $source$;
BEGIN
    source := replace(source, ':relation', entry.relation::text);
    source := replace(source, ':insertion', greenfield.insertion(entry, 'missing'));
    source := replace(source, ':name', entry.name);
    EXECUTE format('CREATE OR REPLACE FUNCTION greenfield.restore_%s() RETURNS bigint'
        ' LANGUAGE plpgsql AS %L', entry.relation, source);
END $make$;

CREATE FUNCTION greenfield.restore_independently(members oid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    member oid;
    deleted bigint;
    total bigint := 0;
BEGIN
    FOREACH member IN ARRAY members LOOP
        EXECUTE 'SELECT greenfield.restore_' || member || '()' INTO deleted;
        total := total + deleted;
    END LOOP;
    RETURN total;
END $$;

-- Where foreign keys act: they are checked at the end of a statement, so that one deletes from all tables
-- and one fills them, in whatever circles they refer to each other.
CREATE FUNCTION greenfield.restore_together(members oid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    deletions text;
    total text;
    insertions text;
    again text;
    deleted bigint := 0;
BEGIN
    SELECT string_agg(format('d%s AS (DELETE FROM ONLY %s RETURNING 1)', relation, name), ', '),
            string_agg(format('(SELECT count(*) FROM d%s)', relation), ' + ')
        INTO deletions, total FROM greenfield.tables WHERE relation = ANY (members);
    IF deletions IS NOT NULL THEN
        EXECUTE format('WITH %s SELECT %s', deletions, total) INTO deleted;
    END IF;
    SELECT string_agg(format('b%s AS (%s)', t.relation, greenfield.insertion(t, format(
                '(SELECT data FROM greenfield.rows WHERE relation = %s)', t.relation))), ', '),
            string_agg(format('SELECT %s::oid, b.* FROM b%1$s b', t.relation), ' UNION ALL ')
        INTO insertions, again FROM greenfield.tables t
        WHERE t.relation = ANY (members)
            AND EXISTS (SELECT FROM greenfield.rows b WHERE b.relation = t.relation);
    IF insertions IS NOT NULL THEN
        EXECUTE format('WITH %s, old AS (DELETE FROM greenfield.rows WHERE relation = ANY (%L))'
            ' INSERT INTO greenfield.rows (relation, at, by, data) %s', insertions, members, again);
    END IF;
    -- Keys that are deferred: the commands that follow wait for no check.
    SET CONSTRAINTS ALL IMMEDIATE;
    RETURN deleted;
END $$;

-- Refresh the views that a test has refreshed. Returns the name of one whose content is another now, as
-- of one that was stale: no command brings that back.
CREATE FUNCTION greenfield.restore_views(noted oid[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    entry greenfield.views;
BEGIN
    FOR entry IN SELECT v.* FROM greenfield.views v WHERE v.view = ANY (noted) ORDER BY v.position LOOP
        EXECUTE format('REFRESH MATERIALIZED VIEW %s %s', entry.name,
            CASE WHEN entry.content IS NULL THEN 'WITH NO DATA' ELSE '' END);
        IF greenfield.view_content(entry.view) IS DISTINCT FROM entry.content THEN
            RETURN entry.name;
        END IF;
        IF NOT :superuser THEN
            UPDATE greenfield.views SET mark = greenfield.view_mark(view) WHERE view = entry.view;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Bring the database back to the baseline, apart from what no trigger sees: restore_rest does that.
-- `accepted` are ids of transactions that a fixture of a wider scope keeps open.
-- `open` says that another transaction has written and is not finished; nothing is restored then. `ddl`
-- are the commands that changed the schema, which only a fresh clone undoes. `deleted` counts rows, and
-- is NULL where nothing was written.
CREATE FUNCTION greenfield.restore(accepted text[], OUT open boolean, OUT ddl text, OUT deleted bigint)
LANGUAGE plpgsql AS $$
DECLARE
    noted oid[];
    members oid[];
    command text;
    off text[];
    back text[];
BEGIN
    -- When all transactions before this one are finished, on the whole server, nothing can be open: the
    -- usual case, and seen in a tenth of the time that a look at the sessions takes.
    open := pg_current_xact_id() <> pg_snapshot_xmin(pg_current_snapshot())
        AND EXISTS (SELECT FROM greenfield.open_transactions o WHERE o.xid <> ALL (accepted));
    IF open THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM greenfield.ddl) THEN
        ddl := (SELECT string_agg(DISTINCT d.command, ', ') FROM greenfield.ddl d);
        RETURN;
    END IF;
    IF NOT :superuser THEN
        IF greenfield.fingerprint() <> (SELECT s.fingerprint FROM greenfield.schema_state s) THEN
            ddl := 'a change of the schema';
            RETURN;
        END IF;
        PERFORM greenfield.note_views();
    END IF;
    -- Taken away and read by one statement: what is noted from now on is for the next restore.
    WITH ended AS (DELETE FROM greenfield.notes RETURNING relation),
        ended_too AS (DELETE FROM greenfield.pending RETURNING relation)
    SELECT array_agg(relation) INTO noted FROM (
        SELECT relation FROM ended UNION SELECT relation FROM ended_too) n;
    IF noted IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM greenfield.outside;
    SELECT array_agg(DISTINCT r.member) INTO members FROM greenfield.reach r WHERE r.relation = ANY (noted);
    IF members IS NOT NULL THEN
        SELECT array_agg(o.command) INTO off FROM greenfield.tables t, unnest(t.off) o(command)
            WHERE t.relation = ANY (members);
        SELECT array_agg(b.command) INTO back FROM greenfield.tables t, unnest(t.back) b(command)
            WHERE t.relation = ANY (members);
        FOREACH command IN ARRAY coalesce(off, '{}') LOOP
            EXECUTE command;
        END LOOP;
        IF :replica THEN
            deleted := greenfield.restore_independently(members);
        ELSE
            deleted := greenfield.restore_together(members);
        END IF;
        FOREACH command IN ARRAY coalesce(back, '{}') LOOP
            EXECUTE command;
        END LOOP;
        IF off IS NOT NULL AND NOT :superuser THEN
            UPDATE greenfield.schema_state SET fingerprint = greenfield.fingerprint();
        END IF;
    END IF;
    ddl := 'REFRESH MATERIALIZED VIEW ' || greenfield.restore_views(noted);
END $$;

-- What no trigger sees. A sequence moves in a transaction that was rolled back too.
CREATE FUNCTION greenfield.restore_rest() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setval(b.sequence, b.last_value, b.is_called)
        FROM greenfield.sequences b JOIN greenfield.sequence_values() v ON v.sequence = b.sequence
        WHERE v.last_value <> b.last_value OR v.is_called <> b.is_called;
    IF EXISTS (SELECT FROM pg_largeobject_metadata) OR EXISTS (SELECT FROM greenfield.large_objects) THEN
        PERFORM lo_unlink(m.oid) FROM pg_largeobject_metadata m
            WHERE NOT EXISTS (SELECT FROM greenfield.large_objects b
                WHERE b.id = m.oid AND b.data = lo_get(m.oid));
        PERFORM lo_from_bytea(b.id, b.data) FROM greenfield.large_objects b
            WHERE b.id NOT IN (SELECT oid FROM pg_largeobject_metadata);
    END IF;
END $$;

-- Delete the rows of every table, those of the baseline too, and note that.
CREATE FUNCTION greenfield.empty_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    IF NOT :replica THEN -- foreign keys act: all at once
        EXECUTE (SELECT 'TRUNCATE ' || string_agg(t.name, ', ') FROM greenfield.tables t);
    END IF;
    FOR entry IN SELECT t.relation, t.name FROM greenfield.tables t LOOP
        EXECUTE 'DELETE FROM ONLY ' || entry.name;
        INSERT INTO greenfield.notes VALUES (entry.relation);
    END LOOP;
END $$;
