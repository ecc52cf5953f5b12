-- Fixtures of a wider scope than a test: what they write belongs to the baseline while they live.

-- How a table differs from its baseline: rows of it that are missing, by their id, and new ones.
CREATE FUNCTION greenfield.differences(entry greenfield.tables)
RETURNS TABLE (relation oid, missing bigint, at tid, by xid, data text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM greenfield.force_policies(entry.relation, false);
    RETURN QUERY EXECUTE format(
        'SELECT b.relation, b.id, NULL::tid, NULL::xid, b.data FROM greenfield.rows b'
        ' WHERE b.relation = %s AND NOT EXISTS (SELECT FROM ONLY %s t'
        ' WHERE t.ctid = b.at AND t.xmin = b.by)'
        ' UNION ALL'
        ' SELECT %1$s::oid, NULL, t.ctid, t.xmin, (t.*)::text FROM ONLY %2$s t'
        ' WHERE NOT EXISTS (SELECT FROM greenfield.rows b'
        ' WHERE b.relation = %1$s AND b.at = t.ctid AND b.by = t.xmin)',
        entry.relation, entry.name);
    PERFORM greenfield.force_policies(entry.relation, true);
END $$;

-- Before such a fixture is set up: keep apart what the running test, or a fixture around this one, has
-- written so far.
CREATE FUNCTION greenfield.begin_fixture(depth int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    members oid[];
BEGIN
    PERFORM greenfield.note_views();
    WITH ended AS (DELETE FROM greenfield.notes RETURNING relation)
        INSERT INTO greenfield.pending SELECT DISTINCT begin_fixture.depth, relation FROM ended;
    members := greenfield.members(array(SELECT p.relation FROM greenfield.pending p));
    PERFORM greenfield.forget_places(member) FROM unnest(members) member;
    INSERT INTO greenfield.outside
        SELECT begin_fixture.depth, d.relation, d.missing, d.at, d.by
        FROM greenfield.tables t, greenfield.differences(t) d WHERE t.relation = ANY (members);
    DELETE FROM greenfield.sequences_outside o WHERE o.depth >= begin_fixture.depth;
    INSERT INTO greenfield.sequences_outside
        SELECT begin_fixture.depth, v.*
        FROM greenfield.sequences b JOIN greenfield.sequence_values() v ON v.sequence = b.sequence
        WHERE v.last_value <> b.last_value OR v.is_called <> b.is_called;
    DELETE FROM greenfield.ddl_outside o WHERE o.depth >= begin_fixture.depth;
    INSERT INTO greenfield.ddl_outside
        SELECT begin_fixture.depth, count(*), CASE WHEN NOT :superuser THEN greenfield.fingerprint() END
        FROM greenfield.ddl;
END $$;

-- After its set-up: take what it has written into the baseline. Returns whether it has changed the schema.
CREATE FUNCTION greenfield.adopt(depth int, fixture int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    before greenfield.ddl_outside := (SELECT o FROM greenfield.ddl_outside o WHERE o.depth = adopt.depth);
    changed_schema boolean := (SELECT count(*) FROM greenfield.ddl) > before.number;
    by_test boolean := before.number > 0;
    noted oid[];
    members oid[];
BEGIN
    IF NOT :superuser THEN
        changed_schema := greenfield.fingerprint() <> before.fingerprint;
        by_test := before.fingerprint <> (SELECT s.fingerprint FROM greenfield.schema_state s);
    END IF;
    IF changed_schema THEN
        PERFORM greenfield.adopt_schema(by_test);
    END IF;
    PERFORM greenfield.note_views();
    WITH ended AS (DELETE FROM greenfield.notes RETURNING relation),
        inner_ones AS (DELETE FROM greenfield.pending p WHERE p.depth > adopt.depth RETURNING p.relation)
    SELECT array_agg(relation) INTO noted FROM (
        SELECT relation FROM ended UNION SELECT relation FROM inner_ones) n;
    members := greenfield.members(noted);
    PERFORM greenfield.forget_places(member) FROM unnest(members) member;

    WITH own AS MATERIALIZED (
        SELECT d.* FROM greenfield.tables t, greenfield.differences(t) d
        WHERE t.relation = ANY (members) AND NOT EXISTS (
            SELECT FROM greenfield.outside o
            WHERE o.depth = adopt.depth AND o.relation = d.relation
                AND (o.missing = d.missing OR o.at = d.at AND o.by = d.by))
    ), taken AS (
        DELETE FROM greenfield.rows b USING own WHERE b.id = own.missing
    ), added AS (
        INSERT INTO greenfield.rows (relation, at, by, data)
            SELECT own.relation, own.at, own.by, own.data FROM own WHERE own.missing IS NULL
    )
    INSERT INTO greenfield.changes
        SELECT adopt.fixture, own.relation, own.missing IS NULL, own.data FROM own;
    DELETE FROM greenfield.outside o WHERE o.depth >= adopt.depth;

    INSERT INTO greenfield.accepted_holders SELECT h.pid FROM greenfield.lock_holders h;
    PERFORM greenfield.adopt_sequences(depth, fixture);
    PERFORM greenfield.adopt_views(fixture, noted);
    INSERT INTO greenfield.large_objects
        SELECT m.oid, lo_get(m.oid), adopt.fixture FROM pg_largeobject_metadata m
    ON CONFLICT (id) DO UPDATE SET data = excluded.data WHERE large_objects.data <> excluded.data;
    RETURN changed_schema;
END $$;

-- Tables that a fixture has made, altered or rewritten: their present rows are the baseline. The database
-- is replaced when the fixture is torn down, so that no change needs to be kept.
-- `by_test`: the running test has changed the schema too, which the next restore has to see.
CREATE FUNCTION greenfield.adopt_schema(by_test boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before greenfield.tables[] := array(SELECT t FROM greenfield.tables t);
BEGIN
    DELETE FROM greenfield.ddl WHERE NOT by_test;
    PERFORM greenfield.watch();
    PERFORM greenfield.capture(t) FROM greenfield.tables t
        LEFT JOIN unnest(before) b ON b.relation = t.relation
        WHERE t.columns IS DISTINCT FROM b.columns OR t.filenode IS DISTINCT FROM pg_relation_filenode(t.relation);
    UPDATE greenfield.schema_state SET fingerprint = greenfield.fingerprint() WHERE NOT by_test;
END $$;

-- A sequence that only the test has moved, before a fixture was set up in its midst, is none of the fixture's.
CREATE FUNCTION greenfield.adopt_sequences(depth int, fixture int) RETURNS void LANGUAGE sql AS $$
    WITH moved AS (
        SELECT v.* FROM greenfield.sequences b JOIN greenfield.sequence_values() v ON v.sequence = b.sequence
        WHERE (v.last_value <> b.last_value OR v.is_called <> b.is_called) AND NOT EXISTS (
            SELECT FROM greenfield.sequences_outside o WHERE o.depth = adopt_sequences.depth
            AND o.sequence = v.sequence AND o.last_value = v.last_value AND o.is_called = v.is_called)
    ), origin AS (
        INSERT INTO greenfield.sequence_changes
            SELECT 0, b.* FROM greenfield.sequences b JOIN moved ON moved.sequence = b.sequence
            WHERE b.sequence NOT IN (SELECT c.sequence FROM greenfield.sequence_changes c)
    ), kept AS (
        INSERT INTO greenfield.sequence_changes SELECT adopt_sequences.fixture, moved.* FROM moved
    )
    UPDATE greenfield.sequences b SET last_value = moved.last_value, is_called = moved.is_called
        FROM moved WHERE moved.sequence = b.sequence;
$$;

CREATE FUNCTION greenfield.adopt_views(fixture int, noted oid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO greenfield.view_changes SELECT 0, v.view, v.content FROM greenfield.views v
        WHERE v.view = ANY (noted) AND v.view NOT IN (SELECT c.view FROM greenfield.view_changes c);
    UPDATE greenfield.views SET content = greenfield.view_content(view), mark = greenfield.view_mark(view)
        WHERE view = ANY (noted);
    INSERT INTO greenfield.view_changes SELECT fixture, v.view, v.content FROM greenfield.views v
        WHERE v.view = ANY (noted);
$$;

-- After its teardown: take it out of the baseline again. The next restore acts on its tables; fixtures
-- that are being set up, as many as `depth`, must not take over what it leaves. Returns whether nothing
-- else was noted, so that a restore takes nothing from a test.
CREATE FUNCTION greenfield.leave(fixture int, depth int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    clean boolean := NOT EXISTS (SELECT FROM greenfield.notes) AND NOT EXISTS (SELECT FROM greenfield.pending);
BEGIN
    INSERT INTO greenfield.pending
        SELECT 0, c.relation FROM greenfield.changes c WHERE c.fixture = leave.fixture
        UNION SELECT 0, c.view FROM greenfield.view_changes c WHERE c.fixture = leave.fixture;
    -- Equal rows are told apart by a number, so that as many go as it had added. One that is not there
    -- was taken by another fixture, which need not give it back.
    WITH added AS (
        SELECT c.relation, c.data, row_number() OVER (PARTITION BY c.relation, c.data) AS number
        FROM greenfield.changes c WHERE c.fixture = leave.fixture AND c.added
    ), there AS (
        SELECT b.id, b.relation, b.data, row_number() OVER (PARTITION BY b.relation, b.data) AS number
        FROM greenfield.rows b WHERE b.relation IN (SELECT added.relation FROM added)
    ), removed AS (
        DELETE FROM greenfield.rows WHERE id IN (SELECT id FROM there JOIN added USING (relation, data, number))
        RETURNING relation, at, by
    ), left_over AS (
        INSERT INTO greenfield.outside SELECT d, r.relation, NULL, r.at, r.by
            FROM removed r, generate_series(1, leave.depth) d
    ), owed AS (
        SELECT a.relation, a.data, row_number() OVER (PARTITION BY a.relation, a.data) AS number
        FROM added a LEFT JOIN there t USING (relation, data, number) WHERE t.id IS NULL
    ), taken AS (
        SELECT c.ctid AS place, c.relation, c.data,
            row_number() OVER (PARTITION BY c.relation, c.data) AS number
        FROM greenfield.changes c WHERE c.fixture <> leave.fixture AND NOT c.added
    )
    DELETE FROM greenfield.changes
        WHERE ctid IN (SELECT place FROM taken JOIN owed USING (relation, data, number));
    WITH given_back AS (
        INSERT INTO greenfield.rows (relation, data)
            SELECT c.relation, c.data FROM greenfield.changes c
            WHERE c.fixture = leave.fixture AND NOT c.added
        RETURNING id, relation
    )
    INSERT INTO greenfield.outside (depth, relation, missing)
        SELECT d, g.relation, g.id FROM given_back g, generate_series(1, leave.depth) d;
    DELETE FROM greenfield.large_objects l WHERE l.fixture = leave.fixture;

    DELETE FROM greenfield.changes c WHERE c.fixture = leave.fixture;
    DELETE FROM greenfield.sequence_changes c WHERE c.fixture = leave.fixture;
    DELETE FROM greenfield.view_changes c WHERE c.fixture = leave.fixture;
    PERFORM greenfield.apply_latest();
    RETURN clean;
END $$;

-- Sequences and views are as the latest of the fixtures has left them, or the migrations.
CREATE FUNCTION greenfield.apply_latest() RETURNS void LANGUAGE sql AS $$
    UPDATE greenfield.sequences b SET last_value = c.last_value, is_called = c.is_called FROM (
        SELECT DISTINCT ON (sequence) * FROM greenfield.sequence_changes ORDER BY sequence, fixture DESC
    ) c WHERE c.sequence = b.sequence;
    UPDATE greenfield.views b SET content = c.content FROM (
        SELECT DISTINCT ON (view) * FROM greenfield.view_changes ORDER BY view, fixture DESC
    ) c WHERE c.view = b.view;
$$;

-- In a fresh clone, after the changes of live fixtures were copied into it: apply them to the baseline.
-- The next restore acts on their tables.
CREATE FUNCTION greenfield.apply_changes() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH net AS (
        SELECT c.relation, c.data, sum(CASE WHEN c.added THEN 1 ELSE -1 END) AS number
        FROM greenfield.changes c GROUP BY c.relation, c.data
    ), there AS (
        SELECT b.id, b.relation, b.data, row_number() OVER (PARTITION BY b.relation, b.data) AS number
        FROM greenfield.rows b WHERE b.relation IN (SELECT net.relation FROM net)
    ), removed AS (
        DELETE FROM greenfield.rows WHERE id IN (
            SELECT there.id FROM there JOIN net USING (relation, data) WHERE there.number <= -net.number)
    )
    INSERT INTO greenfield.rows (relation, data)
        SELECT net.relation, net.data FROM net, generate_series(1, net.number);
    INSERT INTO greenfield.notes
        SELECT relation FROM greenfield.changes UNION SELECT view FROM greenfield.view_changes;
    PERFORM greenfield.apply_latest();
END $$;
