"""Redis: a cache, limits, events and a stream that all replicas share."""
