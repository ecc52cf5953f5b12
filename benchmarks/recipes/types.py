"""Types that plugins share: a plugin must not be imported before pytest has loaded it."""

from collections.abc import Callable
from typing import Any, Literal

Overrides = dict[Callable[..., Any], Callable[..., Any]]
JoinMode = Literal["conditional_savepoint", "create_savepoint"]
