-- Fixtures of a wider scope than a test: what they write belongs to the baseline while they live.

-- Before such a fixture is set up: keep apart what the running test has written so far.
CREATE FUNCTION greenfield.begin_fixture(depth int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    INSERT INTO greenfield.pending SELECT DISTINCT begin_fixture.depth, n.relation FROM greenfield.notes n;
    DELETE FROM greenfield.notes;
    DELETE FROM greenfield.moved_outside o WHERE o.depth >= begin_fixture.depth;
    INSERT INTO greenfield.moved_outside
        SELECT begin_fixture.depth, v.*
        FROM greenfield.sequences b JOIN greenfield.sequence_values() v ON v.sequence = b.sequence
        WHERE v.last_value <> b.last_value OR v.is_called <> b.is_called;
    FOR entry IN
        SELECT DISTINCT t.relation, t.name FROM greenfield.pending p
            JOIN greenfield.reach r ON r.relation = p.relation
            JOIN greenfield.tables t ON t.relation = r.member
    LOOP
        EXECUTE format('INSERT INTO greenfield.outside SELECT %s, %s, false, t.ctid, t.xmin FROM ONLY %s t'
            ' WHERE NOT EXISTS (SELECT FROM greenfield.rows s WHERE s.relation = %s'
            ' AND s.at = t.ctid AND s.by = t.xmin)', depth, entry.relation, entry.name, entry.relation);
        EXECUTE format('INSERT INTO greenfield.outside SELECT %s, %s, true, s.at, s.by'
            ' FROM greenfield.rows s WHERE s.relation = %s AND NOT EXISTS (SELECT FROM ONLY %s t'
            ' WHERE s.at = t.ctid AND s.by = t.xmin)', depth, entry.relation, entry.relation, entry.name);
    END LOOP;
END $$;

-- After its set-up: take what it has written into the baseline. Returns the commands by which it has
-- changed the schema.
CREATE FUNCTION greenfield.adopt(depth int, fixture int) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    entry record;
    commands text[] := array(SELECT d.command FROM greenfield.ddl d);
BEGIN
    IF commands <> '{}' THEN
        DELETE FROM greenfield.ddl;
        INSERT INTO greenfield.notes
            SELECT c.oid FROM greenfield.relations c WHERE c.relkind = 'r'
            EXCEPT SELECT t.relation FROM greenfield.tables t;
        PERFORM set_config('greenfield.restoring', 'on', true);
        PERFORM greenfield.watch();
    END IF;
    FOR entry IN
        SELECT DISTINCT t.relation, t.name FROM greenfield.reach r
            JOIN greenfield.tables t ON t.relation = r.member
        WHERE r.relation IN (SELECT n.relation FROM greenfield.notes n
            UNION SELECT p.relation FROM greenfield.pending p WHERE p.depth > adopt.depth)
    LOOP
        EXECUTE format('INSERT INTO greenfield.changes SELECT %s, %s, false, s.data FROM greenfield.rows s'
            ' WHERE s.relation = %2$s AND NOT EXISTS (SELECT FROM ONLY %s t'
            ' WHERE s.at = t.ctid AND s.by = t.xmin) AND NOT EXISTS (SELECT FROM greenfield.outside o'
            ' WHERE o.depth = %s AND o.relation = %2$s AND o.missing AND o.at = s.at AND o.by = s.by)',
            fixture, entry.relation, entry.name, depth);
        EXECUTE format('DELETE FROM greenfield.rows s WHERE s.relation = %s'
            ' AND NOT EXISTS (SELECT FROM ONLY %s t WHERE s.at = t.ctid AND s.by = t.xmin)'
            ' AND NOT EXISTS (SELECT FROM greenfield.outside o'
            ' WHERE o.depth = %s AND o.relation = %1$s AND o.missing AND o.at = s.at AND o.by = s.by)',
            entry.relation, entry.name, depth);
        EXECUTE format('WITH fresh AS (SELECT t.ctid, t.xmin, (t.*)::text AS data FROM ONLY %s t'
            ' WHERE NOT EXISTS (SELECT FROM greenfield.rows s WHERE s.relation = %s'
            ' AND s.at = t.ctid AND s.by = t.xmin) AND NOT EXISTS (SELECT FROM greenfield.outside o'
            ' WHERE o.depth = %s AND o.relation = %2$s AND NOT o.missing'
            ' AND o.at = t.ctid AND o.by = t.xmin)),'
            ' kept AS (INSERT INTO greenfield.rows SELECT %2$s, ctid, xmin, data FROM fresh)'
            ' INSERT INTO greenfield.changes SELECT %4$s, %2$s, true, data FROM fresh',
            entry.name, entry.relation, depth, fixture);
    END LOOP;
    DELETE FROM greenfield.notes;
    DELETE FROM greenfield.pending p WHERE p.depth > adopt.depth;
    DELETE FROM greenfield.outside o WHERE o.depth >= adopt.depth;
    WITH moved AS (
        SELECT v.* FROM greenfield.sequences b JOIN greenfield.sequence_values() v ON v.sequence = b.sequence
        WHERE (v.last_value <> b.last_value OR v.is_called <> b.is_called) AND NOT EXISTS (
            SELECT FROM greenfield.moved_outside o WHERE o.depth = adopt.depth
            AND o.sequence = v.sequence AND o.last_value = v.last_value AND o.is_called = v.is_called)
    ), kept AS (
        INSERT INTO greenfield.sequence_changes
            SELECT 0, b.* FROM greenfield.sequences b JOIN moved ON moved.sequence = b.sequence
            WHERE b.sequence NOT IN (SELECT c.sequence FROM greenfield.sequence_changes c)
    ), noted AS (
        INSERT INTO greenfield.sequence_changes SELECT adopt.fixture, moved.* FROM moved
    )
    UPDATE greenfield.sequences b SET last_value = moved.last_value, is_called = moved.is_called
        FROM moved WHERE moved.sequence = b.sequence;
    DELETE FROM greenfield.moved_outside o WHERE o.depth >= adopt.depth;
    RETURN commands;
END $$;

-- After its teardown: take it out of the baseline again. The next restore acts on its tables. Returns
-- whether nothing else is noted, so that a restore would take nothing from a test.
CREATE FUNCTION greenfield.leave(fixture int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    clean boolean := NOT EXISTS (SELECT FROM greenfield.notes) AND NOT EXISTS (SELECT FROM greenfield.pending);
BEGIN
    INSERT INTO greenfield.notes
        SELECT DISTINCT c.relation FROM greenfield.changes c WHERE c.fixture = leave.fixture;
    -- Equal rows are told apart by a number, so that as many go as it had added.
    DELETE FROM greenfield.rows WHERE ctid IN (
        SELECT r.place FROM (
            SELECT s.ctid AS place, s.relation, s.data,
                row_number() OVER (PARTITION BY s.relation, s.data) AS number
            FROM greenfield.rows s
            WHERE s.relation IN (SELECT o.relation FROM greenfield.changes o WHERE o.fixture = leave.fixture)
        ) r JOIN (
            SELECT c.relation, c.data, row_number() OVER (PARTITION BY c.relation, c.data) AS number
            FROM greenfield.changes c WHERE c.fixture = leave.fixture AND c.added
        ) a USING (relation, data, number));
    INSERT INTO greenfield.rows
        SELECT c.relation, NULL, NULL, c.data FROM greenfield.changes c
        WHERE c.fixture = leave.fixture AND NOT c.added;
    DELETE FROM greenfield.changes c WHERE c.fixture = leave.fixture;
    UPDATE greenfield.sequences b SET last_value = c.last_value, is_called = c.is_called
        FROM greenfield.sequence_changes c WHERE c.sequence = b.sequence AND c.fixture = (
            SELECT max(o.fixture) FROM greenfield.sequence_changes o
            WHERE o.sequence = b.sequence AND o.fixture <> leave.fixture)
        AND EXISTS (SELECT FROM greenfield.sequence_changes o
            WHERE o.sequence = b.sequence AND o.fixture = leave.fixture);
    DELETE FROM greenfield.sequence_changes c WHERE c.fixture = leave.fixture;
    RETURN clean;
END $$;
