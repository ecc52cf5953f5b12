-- Notes of what a test writes to, taken by triggers, and of the commands that change the schema.

-- The application may write as any role, so the owner's rights are used.
CREATE FUNCTION greenfield.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF current_setting('greenfield.restoring', true) IS DISTINCT FROM 'on' THEN
        INSERT INTO greenfield.notes VALUES (TG_RELID);
    END IF;
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

-- The catalogue summed up: for a role that may not have event triggers. A row of the catalogue has a
-- new xmin after each change; one of pg_class also after TRUNCATE and VACUUM, so its columns are read.
CREATE FUNCTION greenfield.fingerprint() RETURNS numeric LANGUAGE sql STABLE AS $$
    WITH own AS (SELECT oid FROM greenfield.relations), spaces AS (
        SELECT oid, xmin FROM pg_namespace
        WHERE nspname NOT IN ('greenfield', 'information_schema') AND nspname NOT LIKE 'pg\_%'
    )
    SELECT sum(hashtextextended(fact, 0)::numeric) FROM (
        SELECT concat_ws('|', oid, relname, relnamespace, relowner, relam, relkind, relnatts, relchecks,
            relrowsecurity, relforcerowsecurity, relreplident, relispartition, relpersistence,
            reltablespace, reloptions, relacl, relpartbound::text) AS fact FROM greenfield.relations
        UNION ALL SELECT concat_ws('|', 'a', attrelid, attnum, a.xmin) FROM pg_attribute a
            WHERE attrelid IN (SELECT oid FROM own) AND attnum > 0
        UNION ALL SELECT concat_ws('|', 'i', indexrelid, xmin) FROM pg_index
            WHERE indrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', 'c', oid, xmin) FROM pg_constraint
            WHERE oid >= 16384 AND connamespace IN (SELECT oid FROM spaces)
        UNION ALL SELECT concat_ws('|', 'd', oid, xmin) FROM pg_attrdef
            WHERE adrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', 't', oid, xmin) FROM pg_trigger
            WHERE tgrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', 'r', oid, xmin) FROM pg_rewrite
            WHERE ev_class IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', 's', seqrelid, xmin) FROM pg_sequence
            WHERE seqrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', 'h', inhrelid, inhparent, xmin) FROM pg_inherits
            WHERE inhrelid IN (SELECT oid FROM own)
        UNION ALL SELECT concat_ws('|', 'f', oid, xmin) FROM pg_proc
            WHERE oid >= 16384 AND pronamespace IN (SELECT oid FROM spaces)
        UNION ALL SELECT concat_ws('|', 'y', oid, xmin) FROM pg_type
            WHERE oid >= 16384 AND typnamespace IN (SELECT oid FROM spaces)
        UNION ALL SELECT concat_ws('|', 'p', oid, xmin) FROM pg_policy
        UNION ALL SELECT concat_ws('|', 'e', oid, xmin) FROM pg_enum
        UNION ALL SELECT concat_ws('|', 'x', oid, xmin) FROM pg_extension
        UNION ALL SELECT concat_ws('|', 'o', objoid, objsubid, xmin) FROM pg_description
            WHERE objoid >= 16384
        UNION ALL SELECT concat_ws('|', 'n', oid, xmin) FROM spaces
    ) facts
$$;
