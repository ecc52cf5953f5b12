"""The benchmark's tables."""

from backend.bench.models import bench  # noqa: F401
