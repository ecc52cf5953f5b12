"""What reaches outside of the process, or could: each behind an interface of its own."""
