"""Accounts: registration, login, refresh tokens and roles."""
