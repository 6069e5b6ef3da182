"""The parameters by which a listing is asked for page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from classify_core.server.store.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE

PageSize = Annotated[
    int | None, Query(ge=1, le=MAX_PAGE_SIZE, description=f"Items a page; {DEFAULT_PAGE_SIZE} where left out.")
]
PageToken = Annotated[str | None, Query(description="The `next_page_token` of the page before.")]
