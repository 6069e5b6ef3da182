"""Pages are counted as the reader finds them, and only where they can be."""

from __future__ import annotations

import os
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from classify_core import ParsingConfiguration, Source, UnreadableDocumentError
from classify_core.local.extraction import read_document
from classify_core.pricing import count_pages, page_count, pages_of
from classify_core.source import Content, read
from tests.local import files
from tests.pricing.documents import BILL, deck, pdf
from tests.server import hostile_files


def counted(data: bytes | str, name: str | None, **parsing: object) -> int | None:
    return count_pages(files.content(data, name), ParsingConfiguration.model_validate(parsing) if parsing else None)


@pytest.fixture(params=["in memory", "read"])
def _each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux a PDF is handed over as a file in memory; other systems have none."""
    if request.param == "read":
        monkeypatch.delattr(os, "memfd_create", raising=False)


@pytest.mark.usefixtures("_each_way")
@pytest.mark.parametrize("pages", [1, 2, 17])
def test_each_page_of_a_pdf_counts(pages: int) -> None:
    assert counted(pdf(pages), "a.pdf") == pages
    assert counted(pdf(pages), None) == pages


@pytest.mark.usefixtures("_each_way")
def test_a_pdf_is_counted_whether_or_not_its_pages_have_text() -> None:
    assert counted(files.scanned_pdf(), "scan.pdf") == 1
    assert counted(files.pdf(["", "words", ""]), "a.pdf") == 3


@pytest.mark.usefixtures("_each_way")
@pytest.mark.parametrize(
    "data",
    [
        files.pdf(["words"], password="secret"),
        pdf(5)[:900],
        b"%PDF-1.4 and nothing else",
        hostile_files.pdf_of_pages_in_a_circle(),
    ],
    ids=["protected", "cut off", "empty", "pages in a circle"],
)
def test_a_pdf_that_cannot_be_opened_is_not_counted(data: bytes) -> None:
    assert counted(data, "a.pdf") is None


@pytest.mark.parametrize(("target_pages", "max_pages", "expected"), [
    (None, 2, 2), (None, 90, 7), ("1,3,5-7", None, 5), ("1,3,5-7", 3, 3), ("6-900", None, 2), ("8-9", None, 0),
])  # fmt: skip
def test_only_the_pages_that_are_read_count(target_pages: str | None, max_pages: int | None, expected: int) -> None:
    selected = {"target_pages": target_pages, "max_pages": max_pages}

    assert counted(pdf(7), "a.pdf", **selected) == expected
    assert counted(deck(7), "a.pptx", **selected) == expected


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (BILL, None),
        ("# " + BILL, "a.md"),
        (f"<html><p>{BILL}\x0c</html>", "a.html"),
        (f"<?xml version='1.0'?><a>{BILL}</a>".encode("utf-16"), "a.xml"),
        (f"Subject: bill\n\n{BILL}", "a.eml"),
        ("Subject: 請求書\n\n請求書の合計金額\n".encode("iso-2022-jp"), "a.eml"),
        (files.word_with_page_break(BILL, BILL), "a.docx"),
        (files.workbook([[BILL], [BILL]]), "a.xlsx"),
    ],
)
def test_a_format_without_pages_is_one_page(data: bytes | str, name: str | None) -> None:
    assert counted(data, name) == 1
    assert counted(data, name, target_pages="2") == 0


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (files.png(), "a.png"),
        (bytes(range(256)) * 9, "a.dat"),
        (files.archive({"a.txt": BILL}), "a.zip"),
        (files.encrypted_office_file(), "a.docx"),
        (deck(3)[:500], "a.pptx"),
        (b"", "a.txt"),
    ],
    ids=["an image", "binary", "an archive", "protected", "damaged", "empty"],
)
def test_what_is_no_document_that_can_be_read_here_is_not_counted(data: bytes, name: str) -> None:
    assert counted(data, name) is None


def test_without_the_local_extra_only_formats_without_pages_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kreuzberg", None)

    assert [counted(pdf(3), "a.pdf"), counted(deck(3), "a.pptx")] == [None, None]
    assert [counted(BILL, "a.txt"), counted(files.word("bill", [BILL]), "a.docx")] == [1, 1]


def test_hostile_pdfs_are_counted_without_being_read() -> None:
    assert counted(hostile_files.pdf_that_unfolds(100), "a.pdf") == 1
    assert counted(hostile_files.pdf_of_nested_objects(1_000), "a.pdf") == 1
    assert counted(hostile_files.pdf_that_breaks_its_reader(), "a.pdf") == 1
    assert counted(pdf(2), "a.pdf") == 2
    assert len(read_document(files.content(pdf(2), "a.pdf")).reading.pages) == 2


def test_whatever_can_be_read_is_counted_as_it_is_read_however_it_was_harmed() -> None:
    whole, draw = pdf(3), random.Random(4)
    for _ in range(60):
        harmed = bytearray(whole[: draw.choice([len(whole), draw.randrange(len(whole))])])
        for _ in range(draw.choice([0, 1, 5, 40])):
            harmed[draw.randrange(len(harmed))] = draw.randrange(256)
        content = files.content(bytes(harmed), "a.pdf")
        try:
            pages = len(read_document(content).reading.pages)
        except UnreadableDocumentError:
            continue
        assert count_pages(content, None) == pages


def test_documents_counted_in_many_threads_are_not_mixed_up() -> None:
    documents = [files.content(pdf(1 + number % 5), "a.pdf") for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda document: count_pages(document, None), documents)) == [1, 2, 3, 4, 5] * 12


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="there are no files in memory here")
def test_counting_leaves_no_document_in_memory() -> None:
    for data in (pdf(2), b"%PDF-1.4 and nothing else"):
        counted(data, "a.pdf")

    opened = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [file for file in opened if "memfd:document" in str(file)]


async def test_what_only_the_service_has_is_not_asked_for() -> None:
    assert await pages_of(Source.file_id("dfl-1"), None, None) is None
    assert await pages_of(Source.parse_job("pjb-1"), None, None) == 0


async def test_the_event_loop_is_not_held_up_by_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def noted(content: Content) -> int:
        threads.append(threading.get_ident())
        return 1

    monkeypatch.setattr(page_count, "page_count", noted)
    source = Source.text(BILL)

    assert await pages_of(source, await read(source), None) == 1
    assert threads != []
    assert threading.get_ident() not in threads
