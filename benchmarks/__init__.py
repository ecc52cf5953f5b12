"""What docs/speed.md comes from: one command a question, each compares within one run."""
