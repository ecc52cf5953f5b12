"""The parameters of every list."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query


@dataclass(frozen=True, slots=True)
class PageParams:
    """Which page."""

    cursor: Annotated[
        str | None, Query(max_length=128, description="`next_cursor` of the previous page.")
    ] = None
    limit: Annotated[int, Query(ge=1, le=100)] = 20


Paging = Annotated[PageParams, Depends()]
