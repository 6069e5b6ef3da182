"""Files read many at once: what is known of each, where it is, and how many at a time."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from classify_core import InvalidOptionError, Source, UnreadableDocumentError
from classify_core.background import background
from classify_core.file_reading import (
    Files,
    ReadFile,
    address_in,
    checked_file_system,
    checked_paths,
    refuse_addresses,
    several_at_once,
    text_of,
)
from tests.backends import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("an invoice")
    (tmp_path / "b.html").write_text("<html><body><p>a recipe</p></body></html>")
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7 truncated")
    return tmp_path


async def every_way(files: Files) -> list[list[ReadFile]]:
    windows = await asyncio.to_thread(list, files.windows())
    return [await asyncio.to_thread(files.read), await files.aread(), [file for window in windows for file in window]]


async def test_every_way_reads_the_same_files(folder: Path) -> None:
    for files in await every_way(Files((str(folder),))):
        assert [file.name for file in files] == ["a.txt", "b.html", "c.pdf"]
        assert (
            [file.path for file in files]
            == [file.address for file in files]
            == [str(folder / name) for name in ("a.txt", "b.html", "c.pdf")]
        )
        assert [file.text for file in files] == ["an invoice", "a recipe", ""]
        assert [file.original for file in files] == [Source.path(folder / file.name) for file in files]


async def test_the_files_of_a_file_system_have_an_address_and_their_bytes() -> None:
    memory = MemoryFileSystem()
    memory.pipe("/inbox/a.txt", b"an invoice")
    try:
        for [file] in await every_way(Files(("inbox",), memory)):
            assert (file.path, file.address) == ("/inbox/a.txt", "memory:///inbox/a.txt")
            assert file.original == Source.bytes(b"an invoice", name="a.txt")
            assert file.text == "an invoice"
    finally:
        memory.store.clear()


async def test_text_is_read_only_where_it_is_wanted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("nobody asked for the text")

    monkeypatch.setattr("classify_core.file_reading.aextract", refuse)
    assert [file.text for file in await Files((str(folder),), reads_text=False).aread()] == ["", "", ""]


async def test_facts_are_told_where_they_are_wanted_and_off_the_event_loop(folder: Path) -> None:
    threads = set[int]()

    def size(path: str, fs: Any) -> dict[str, int]:
        threads.add(threading.get_ident())
        return {"size": Path(path).stat().st_size}

    paths = (str(folder / "a.txt"),)
    [told] = await Files(paths, facts_of=size).aread()
    assert told.facts == {"size": 10}
    assert [file.facts for file in await Files(paths).aread()] == [{}]
    assert threading.get_ident() not in threads


async def test_a_file_that_its_file_system_cannot_give_is_told_and_has_neither_text_nor_facts() -> None:
    files = Files(("absent.txt",), MemoryFileSystem(), facts_of=lambda *_: {"size": 1})
    [missing] = await files.aread()
    assert isinstance(missing.original, UnreadableDocumentError)
    assert missing.original.source_name == "absent.txt"
    assert (missing.text, missing.facts) == ("", {})


async def test_a_path_that_is_not_to_be_listed_is_a_file_whatever_it_is_called(folder: Path) -> None:
    (folder / "d[1].txt").write_text("a poem")
    paths = (str(folder / "d[1].txt"), str(folder))
    files = await Files(paths, are_listed=False).aread()
    assert [file.path for file in files] == list(paths)
    assert [file.text for file in files] == ["a poem", ""]


def test_windows_look_for_no_more_files_than_are_wanted(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number:03}.txt").write_text(f"invoice {number}")
    windows = Files((str(tmp_path),)).windows()
    (tmp_path / "late.txt").write_text("a recipe")
    first = next(windows)
    assert [file.text for file in first] == [f"invoice {number}" for number in range(32)]
    assert sum(map(len, windows)) == 69


def test_a_folder_without_files_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="classify_core"):
        assert Files((str(tmp_path),)).read() == []
    assert [str(tmp_path) in record.getMessage() for record in caplog.records] == [True]


async def test_as_many_are_worked_on_at_once_as_there_are_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    at_once, most, release = 0, 0, asyncio.Event()

    async def work(number: int) -> int:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await release.wait()
        at_once -= 1
        return number * 2

    running = asyncio.create_task(several_at_once(work, range(20)))
    await until(lambda: most == 3)
    for _ in range(20):  # turns in which others could begin, were they let in
        await asyncio.sleep(0)
    release.set()
    assert await running == [number * 2 for number in range(20)]
    assert most == 3


async def test_what_has_no_text_gives_none(folder: Path) -> None:
    assert await text_of(UnreadableDocumentError("gone")) == ""
    assert await text_of(Source.path(folder / "absent.txt")) == ""
    assert await text_of(Source.bytes(b"\x00\x01\x02" * 100)) == ""
    assert await text_of(Source.file_id("dfl-1")) == ""
    assert await text_of(Source.text("an invoice")) == "an invoice"


def test_the_background_loop_can_read_no_files_synchronously(folder: Path) -> None:
    async def inside() -> None:
        Files((str(folder),)).read()

    with pytest.raises(Exception, match="await the asynchronous one"):
        background.run(inside())


@pytest.mark.parametrize(("given", "expected"), [("a", ("a",)), (Path("a"), ("a",)), (["a", Path("b")], ("a", "b"))])
def test_paths_may_be_one_or_many(given: Any, expected: tuple[str, ...]) -> None:
    assert checked_paths(given) == expected
    assert checked_paths(iter(["a"])) == ("a",)


@pytest.mark.parametrize(
    ("given", "told"), [(b"a", "bytes"), ([b"a"], "bytes"), ([7], "int"), ("", "empty"), (["a", ""], "empty")]
)
def test_what_is_no_path_is_refused(given: Any, told: str) -> None:
    with pytest.raises(InvalidOptionError, match=told):
        checked_paths(given)


def test_only_another_machines_file_system_is_kept() -> None:
    memory = fsspec.filesystem("memory")
    assert checked_file_system(memory) is memory
    assert checked_file_system(None) is checked_file_system(LocalFileSystem()) is None
    assert address_in(None, "/a.txt") == "/a.txt"
    assert address_in(memory, "/a.txt") == "memory:///a.txt"


@pytest.mark.parametrize("is_installed", [True, False])
def test_what_is_no_file_system_is_refused_with_the_remedy(
    *, is_installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_installed:
        monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InvalidOptionError, match=r'str.*fsspec\.filesystem\("s3"\)'):
        checked_file_system("s3")


def test_an_address_needs_its_file_system() -> None:
    with pytest.raises(InvalidOptionError, match=r"fsspec\.filesystem\('s3'\)") as raised:
        refuse_addresses(("a.txt", "s3://secret@bucket/a.txt"), None)
    assert "secret" not in str(raised.value)
    refuse_addresses(("s3://bucket/a.txt",), fsspec.filesystem("memory"))
