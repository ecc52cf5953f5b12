"""The rules, one use case a module. No web framework, no SQL; a service commits its unit of work."""
