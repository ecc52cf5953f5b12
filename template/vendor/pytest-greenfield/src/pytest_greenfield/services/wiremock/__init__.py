"""WireMock: HTTP peers as mappings, with a server of each worker's own."""
