"""Refuses to test against anything that may not be a test database, before it is connected to."""
from __future__ import annotations
def check_environment(root, environ): pass
def resolve(given, environ): raise NotImplementedError
