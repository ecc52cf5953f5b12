"""The backends' tests run with pytest processes of their own: ../test_backends.py."""

collect_ignore_glob = ["*/*"]
