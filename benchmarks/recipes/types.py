"""Types that plugins share: a plugin must not be imported before pytest has loaded it."""

from collections.abc import Callable
from typing import Any

Overrides = dict[Callable[..., Any], Callable[..., Any]]
