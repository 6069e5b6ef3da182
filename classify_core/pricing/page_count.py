"""How many of a document's pages are read, and billed."""

from __future__ import annotations

from classify_core.background import in_thread
from classify_core.local.extraction.page_count import page_count
from classify_core.models import ParsingConfiguration
from classify_core.page_ranges import select_pages
from classify_core.source import Content, Source


def count_pages(content: Content, parsing: ParsingConfiguration | None) -> int | None:
    """Returns how many pages of a document `parsing` selects; it takes time, so call it in a thread.

    Returns:
        None where they cannot be counted here: the format is unknown or an image, the document is damaged or protected,
        or `classify-adapters[local]` is missing. 0 where the document has none of the target pages.
    """
    total = page_count(content)
    if total is None or parsing is None:
        return total
    return len(select_pages(total, parsing.target_pages, parsing.max_pages))


async def pages_of(source: Source, content: Content | None, parsing: ParsingConfiguration | None) -> int | None:
    """Returns how many pages of a source are billed; it is counted in a thread, and the service is not asked.

    Args:
        source: what is to be classified.
        content: what it holds; None where only the service has it.
        parsing: which of its pages are read.

    Returns:
        0 for a parse job, whose pages were paid for; None where they cannot be counted here, as for a file ID.
    """
    if source.kind == "parse_job":
        return 0
    if content is None:
        return None
    return await in_thread(count_pages, content, parsing)
