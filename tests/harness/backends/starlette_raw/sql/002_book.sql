CREATE FUNCTION ledger.book() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger.accounts SET balance = balance - NEW.amount WHERE id = NEW.source;
    UPDATE ledger.accounts SET balance = balance + NEW.amount WHERE id = NEW.target;
    PERFORM pg_notify('transfers', NEW.id::text);
    RETURN NEW;
END $$;

CREATE TRIGGER book AFTER INSERT ON ledger.transfers FOR EACH ROW EXECUTE FUNCTION ledger.book();
CREATE RULE keep AS ON DELETE TO ledger.transfers DO INSTEAD NOTHING;
