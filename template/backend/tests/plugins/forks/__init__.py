"""`--forks N`: one process imports and collects, and forks N workers that run the tests."""
