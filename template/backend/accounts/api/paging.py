"""Query parameters of paginated lists."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query


@dataclass(frozen=True, slots=True)
class PageParams:
    """The page to return."""

    cursor: Annotated[
        str | None, Query(max_length=128, description="`next_cursor` of the previous page.")
    ] = None
    limit: Annotated[int, Query(ge=1, le=100)] = 20


Paging = Annotated[PageParams, Depends()]
