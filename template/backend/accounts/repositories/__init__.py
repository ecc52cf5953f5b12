"""Every query, one aggregate a module. A repository flushes; it never commits."""
