"""The servers that tests talk to: found or started once a run, for all its workers."""
