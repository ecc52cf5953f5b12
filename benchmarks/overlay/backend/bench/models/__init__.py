"""The benchmark's tables. Importing this package makes `Base.metadata` complete."""

from backend.bench.models import bench
from backend.core.models import Base

__all__ = ["Base", "bench"]
