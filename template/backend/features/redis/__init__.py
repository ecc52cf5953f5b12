"""Redis: a cache, rate limits, events and a stream shared by all replicas."""
