"""The queries, one module per aggregate. A repository flushes but never commits."""
