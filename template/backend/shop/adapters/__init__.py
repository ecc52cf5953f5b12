"""Access to external systems and their in-process alternatives, each behind an interface."""
