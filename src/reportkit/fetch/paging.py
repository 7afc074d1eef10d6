"""Paging by offset, in steps as long as the pages that come."""

from __future__ import annotations

from typing import Any


def by_offset(
    limit: int, limit_param: str, offset_param: str, *, total: str | None = None, more: str | None = None
) -> Any:
    """Dlt's paginator by offset, which goes on by as many records as a page had.

    Servers cap a page below what was asked for; going on by what was asked for would skip records without a word. Without
    `total` and `more` (paths in the answer) the pages end with an empty one.
    """
    from dlt.sources.helpers.rest_client.paginators import OffsetPaginator

    class ByOffset(OffsetPaginator):
        def update_state(self, response: Any, data: list[Any] | None = None) -> None:
            self.value_step = len(data or [])
            super().update_state(response, data)

    return ByOffset(
        limit=limit, limit_param=limit_param, offset_param=offset_param, total_path=total, has_more_path=more,
        stop_after_empty_page=True,
    )  # fmt: skip
