"""Processor time of a process and of all that it began, while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
# proc(5), counted from what follows the name in parentheses: the parent, and user and system time of the process and
# of those of its children that have ended.
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)


def processor_seconds(pid: int) -> float | None:
    """What a process and its descendants took so far; None where the system has no `/proc`."""
    if not (_PROC / "self" / "stat").exists():
        return None
    stats = dict(_all_stats())
    family, added = set[int](), {pid}
    while added:
        family |= added
        added = {child for child, fields in stats.items() if int(fields[_PARENT]) in added}
    ticks = sum(int(time) for each in family & stats.keys() for time in stats[each][_TIMES])
    return ticks / os.sysconf("SC_CLK_TCK")


def _all_stats() -> Iterator[tuple[int, list[str]]]:
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has ended
                yield int(folder.name), (folder / "stat").read_text().rpartition(")")[2].split()


@contextmanager
def pinned(cores: int) -> Iterator[bool]:
    """Keeps what is begun meanwhile to so many cores; yields whether this system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield False
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:cores]))
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)
