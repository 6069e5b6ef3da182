"""Answers, clocks and other processes for the tests of caches."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from classify_core import Answer, FileCache

ANSWER = Answer(type="invoice", confidence=0.5, reasoning="why", job_id="job-1")


class HandClock:
    """Time that passes only when it is told to; in seconds."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


def answer(number: int, *, letters: int = 200) -> Answer:
    """An answer that no other number has, with a reasoning of so many letters."""
    return Answer(type="invoice", confidence=0.5, reasoning=f"{number} ".ljust(letters, "x"))


async def fill(cache: FileCache, numbers: Sequence[int], *, letters: int = 200) -> None:
    await asyncio.gather(*(cache.put(str(number), answer(number, letters=letters)) for number in numbers))


async def kept(cache: FileCache, numbers: Sequence[int]) -> list[int]:
    """Which of the numbers the cache knows, each checked to have its own answer."""
    found = await asyncio.gather(*(cache.get(str(number)) for number in numbers))
    for number, one in zip(numbers, found, strict=True):
        assert one is None or one.reasoning.startswith(f"{number} ")
    return [number for number, one in zip(numbers, found, strict=True) if one is not None]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as any other program sees it."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(file.name for file in folder.iterdir())


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file."""
    with opened(path) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def put_all(cache: FileCache, numbers: Sequence[int]) -> None:
    """For another process: puts answers, and finds each again."""
    asyncio.run(fill(cache, numbers))
    assert asyncio.run(kept(cache, numbers)) == list(numbers)


def put_for_ever(path: str, pipe: int) -> None:
    """For a process that is going to be killed: tells of each answer when it was put."""
    cache = FileCache(path)

    async def put() -> None:
        number = 0
        while True:
            await cache.put(str(number), answer(number))
            os.write(pipe, f"{number}\n".encode())
            number += 1

    asyncio.run(put())
