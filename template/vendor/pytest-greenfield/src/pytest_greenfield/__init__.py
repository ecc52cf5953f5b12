"""A pytest plugin for backends on PostgreSQL: every test commits, the next one starts clean."""
