"""These run in a generated project: ../test_in_project.py."""

collect_ignore_glob = ["*/*"]
