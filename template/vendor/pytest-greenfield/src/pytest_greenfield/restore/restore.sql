-- Bring the database back to the baseline.

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
            IF NOT EXISTS (SELECT FROM greenfield.rows WHERE relation = %1$s) THEN
                DELETE FROM ONLY %2$s;
                GET DIAGNOSTICS deleted = ROW_COUNT;
                RETURN deleted;
            END IF;
            PERFORM greenfield.forget_places(%1$s);
            DELETE FROM ONLY %2$s t WHERE NOT EXISTS (
                SELECT FROM greenfield.rows b
                WHERE b.relation = %1$s AND b.at = t.ctid AND b.by = t.xmin);
            GET DIAGNOSTICS deleted = ROW_COUNT;
            WITH missing AS (
                DELETE FROM greenfield.rows b WHERE b.relation = %1$s AND NOT EXISTS (
                    SELECT FROM ONLY %2$s t WHERE t.ctid = b.at AND t.xmin = b.by)
                RETURNING b.data
            ), again AS (%3$s)
            INSERT INTO greenfield.rows (relation, at, by, data) SELECT %1$s, * FROM again;
            RETURN deleted;
        END $source$;
BEGIN
    source := format(source, entry.relation, entry.name, greenfield.insertion(entry, 'missing'));
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
CREATE FUNCTION greenfield.delete_together(members oid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    deletions text;
    total text;
    deleted bigint := 0;
BEGIN
    SELECT string_agg(format('d%s AS (DELETE FROM ONLY %s RETURNING 1)', relation, name), ', '),
            string_agg(format('(SELECT count(*) FROM d%s)', relation), ' + ')
        INTO deletions, total FROM greenfield.tables WHERE relation = ANY (members);
    IF deletions IS NOT NULL THEN
        EXECUTE format('WITH %s SELECT %s', deletions, total) INTO deleted;
    END IF;
    RETURN deleted;
END $$;

CREATE FUNCTION greenfield.restore_together(members oid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    deleted bigint := greenfield.delete_together(members);
    insertions text;
    again text;
BEGIN
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
        PERFORM set_config('row_security', 'on', true); -- as it is for the one who has refreshed it
        EXECUTE format('REFRESH MATERIALIZED VIEW %s %s', entry.name,
            CASE WHEN entry.content IS NULL THEN 'WITH NO DATA' ELSE '' END);
        PERFORM set_config('row_security', 'off', true);
        IF greenfield.view_content(entry.view) IS DISTINCT FROM entry.content THEN
            INSERT INTO greenfield.notes VALUES (entry.view);
            RETURN entry.name;
        END IF;
        IF NOT :superuser THEN
            UPDATE greenfield.views SET mark = greenfield.view_mark(view) WHERE view = entry.view;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Whether there was any transaction with an id on the whole server since the last call in this session.
-- A look at the catalogue takes much longer.
CREATE FUNCTION greenfield.something_written() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    present text := pg_current_xact_id();
    last text := current_setting('greenfield.last_transaction', true);
BEGIN
    PERFORM set_config('greenfield.last_transaction', present, false);
    RETURN coalesce(last, '') = '' OR present::bigint <> last::bigint + 1;
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
    guarded boolean;
BEGIN
    -- When all transactions before this one are finished, on the whole server, nothing can be open: the
    -- usual case, and seen in a tenth of the time that a look at the sessions takes.
    open := false;
    IF pg_current_xact_id() <> pg_snapshot_xmin(pg_current_snapshot()) THEN
        open := EXISTS (SELECT FROM greenfield.open_transactions o WHERE o.xid <> ALL (accepted));
        IF open THEN
            RETURN;
        END IF;
    END IF;
    IF EXISTS (SELECT FROM greenfield.ddl) THEN
        ddl := (SELECT string_agg(DISTINCT d.command, ', ') FROM greenfield.ddl d);
        RETURN;
    END IF;
    IF NOT :superuser AND greenfield.something_written() THEN
        IF greenfield.fingerprint() <> (SELECT s.fingerprint FROM greenfield.schema_state s) THEN
            ddl := 'a change of the schema';
            RETURN;
        END IF;
        PERFORM greenfield.note_views();
    END IF;
    IF EXISTS (SELECT FROM greenfield.notes) THEN
        -- Taken away and read by one statement: what is noted from now on is for the next restore.
        WITH ended AS (DELETE FROM greenfield.notes RETURNING relation)
        SELECT array_agg(DISTINCT relation) INTO noted FROM ended;
    END IF;
    IF EXISTS (SELECT FROM greenfield.pending) THEN
        noted := noted || array(SELECT DISTINCT relation FROM greenfield.pending);
        DELETE FROM greenfield.pending;
        DELETE FROM greenfield.outside;
    END IF;
    IF noted IS NULL THEN
        RETURN;
    END IF;
    members := greenfield.members(noted);
    guarded := EXISTS (SELECT FROM greenfield.guards g WHERE g.relation = ANY (members));
    IF guarded THEN
        PERFORM greenfield.set_guards(members, false);
    END IF;
    IF :replica THEN
        deleted := greenfield.restore_independently(members);
    ELSE
        deleted := greenfield.restore_together(members);
    END IF;
    IF guarded THEN
        PERFORM greenfield.set_guards(members, true);
        IF NOT :superuser THEN
            UPDATE greenfield.schema_state SET fingerprint = greenfield.fingerprint();
        END IF;
    END IF;
    IF EXISTS (SELECT FROM greenfield.views) THEN
        ddl := 'REFRESH MATERIALIZED VIEW ' || greenfield.restore_views(noted);
    END IF;
END $$;

-- What no trigger sees. A sequence moves in a transaction that was rolled back too.
-- An idle session that holds an advisory lock is a pool's connection, which would keep it for ever: it
-- is ended. Returns how many were.
CREATE FUNCTION greenfield.restore_rest() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ended bigint;
BEGIN
    SELECT count(pg_terminate_backend(h.pid, 2000)) INTO ended FROM greenfield.lock_holders h
        WHERE h.pid NOT IN (SELECT pid FROM greenfield.accepted_holders);
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
    RETURN ended;
END $$;

-- Delete the rows of every table, those of the baseline too, and note that.
CREATE FUNCTION greenfield.empty_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    members oid[] := array(SELECT relation FROM greenfield.tables);
BEGIN
    PERFORM greenfield.set_guards(members, false);
    PERFORM greenfield.delete_together(members);
    PERFORM greenfield.set_guards(members, true);
    INSERT INTO greenfield.notes SELECT unnest(members);
    UPDATE greenfield.schema_state SET fingerprint = greenfield.fingerprint() WHERE NOT :superuser;
END $$;
