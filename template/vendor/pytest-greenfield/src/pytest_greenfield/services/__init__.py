"""The servers that tests talk to: found or started once a run, with a part of its own per worker."""
