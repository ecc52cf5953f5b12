"""The rules, one use case a module: no web framework, no SQL; services commit their unit of work."""
