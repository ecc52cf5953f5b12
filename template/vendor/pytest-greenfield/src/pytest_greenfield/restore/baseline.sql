-- Take the baseline, and know its rows again.

-- Switch off what would act on a restore of these tables, or switch it on again.
CREATE FUNCTION greenfield.set_guards(members oid[], acting boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT CASE WHEN acting THEN g.back ELSE g.off END FROM greenfield.guards g
        WHERE g.relation = ANY (members)
    LOOP
        EXECUTE command;
    END LOOP;
END $$;

-- A table whose row-level security is forced shows its owner, who may be the role that asks, not all.
CREATE FUNCTION greenfield.force_policies(member oid, forced boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT CASE WHEN forced THEN g.back ELSE g.off END FROM greenfield.guards g
        WHERE g.relation = member AND g.off LIKE '% NO FORCE ROW LEVEL SECURITY'
    LOOP
        EXECUTE command;
    END LOOP;
END $$;

-- Take the present rows of a table as its baseline.
CREATE FUNCTION greenfield.capture(entry greenfield.tables) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM greenfield.rows WHERE relation = entry.relation;
    PERFORM greenfield.force_policies(entry.relation, false);
    EXECUTE format('INSERT INTO greenfield.rows (relation, at, by, data)'
        ' SELECT %s, t.ctid, t.xmin, (t.*)::text FROM ONLY %s t', entry.relation, entry.name);
    PERFORM greenfield.force_policies(entry.relation, true);
    UPDATE greenfield.tables SET filenode = pg_relation_filenode(relation) WHERE relation = entry.relation;
END $$;

CREATE FUNCTION greenfield.capture_all() RETURNS void LANGUAGE sql AS $$
    SELECT greenfield.capture(t) FROM greenfield.tables t;
    INSERT INTO greenfield.large_objects SELECT oid, lo_get(oid), NULL FROM pg_largeobject_metadata;
    INSERT INTO greenfield.schema_state VALUES (greenfield.fingerprint());
    INSERT INTO greenfield.intact DEFAULT VALUES;
$$;

-- The tables whose rows may have changed when those were written to.
CREATE FUNCTION greenfield.members(noted oid[]) RETURNS oid[] LANGUAGE plpgsql AS $$
BEGIN
    RETURN array(SELECT DISTINCT r.member FROM greenfield.reach r WHERE r.relation = ANY (noted));
END $$;

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
