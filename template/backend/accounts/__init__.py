"""Accounts: registering, logging in, staying logged in, roles."""
