"""pytest-sqla: an outer transaction, and sessions whose commits are savepoints."""

import os
import sys

# In a folder that no other run has on its path: pytest loads every plugin that it finds.
sys.path.append(os.environ["BENCH_COMPARED"])

# In this order, because of two fixtures of one name the later is used.
pytest_plugins = ("recipes.common", "pytest_sqla.plugin", "recipes.sqla_session")
