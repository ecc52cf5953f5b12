"""Redis: Valkey of a wheel or of the system, a container, or a server that was given."""
