"""The service's notation for pages: 1-based numbers and ranges, such as `"1,3,5-7"`."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PART = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")


def parse_page_ranges(text: str) -> list[range]:
    """Reads the notation; each range holds 1-based page numbers, in the order given.

    Raises:
        ValueError: a part is not a page or an ascending range, or begins below 1.

    >>> parse_page_ranges("1,3,5-7")
    [range(1, 2), range(3, 4), range(5, 8)]
    """
    return [_parse_part(part, text) for part in text.split(",")]


def _parse_part(part: str, text: str) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f'target_pages {text!r}: {part!r} is not a page or a range; write it as in "1,3,5-7"')
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if first < 1 or last < first:
        raise ValueError(f"target_pages {text!r}: {part!r} must begin at 1 or later and not end before it begins")
    return range(first, last + 1)


def select_pages(page_count: int, target_pages: str | None, max_pages: int | None) -> Sequence[int]:
    """Which 1-based pages of a document are read: the targeted ones in document order, then at most `max_pages`.

    >>> select_pages(6, "1,3,5-7", 3)
    [1, 3, 5]
    """
    pages = range(1, page_count + 1)
    if target_pages is None:
        return list(pages[:max_pages])
    wanted = parse_page_ranges(target_pages)
    return [page for page in pages if any(page in part for part in wanted)][:max_pages]
