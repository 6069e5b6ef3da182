"""OCR takes no more than it may, and leaves nothing running."""

from __future__ import annotations

import asyncio
import struct
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from classify_core import Classifier, ClassifyTimeoutError, Source, UnreadableDocumentError
from classify_core.local.extraction import aextract, extract, library
from classify_core.local.extraction.ocr import pdf_pages, tesseract
from classify_core.local.extraction.ocr.image_size import sizes_of
from classify_core.local.extraction.ocr.limits import MAX_DRAWN_PIXELS
from classify_core.local.extraction.reading import PageText
from tests.local import files, scans
from tests.local.scans import INVOICE, needs_tesseract
from tests.server import hostile_files

posix = pytest.mark.skipif(sys.platform == "win32", reason="a program of the shell stands in for a slow tesseract")


def png_that_unfolds(side: int) -> bytes:
    """A kilobyte that says to have `side` x `side` pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b"")
    )


@pytest.fixture
def slow_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A program that never comes to an end, nor does what it starts; the file holds their process IDs."""
    program, running = tmp_path / "tesseract", tmp_path / "running"
    program.write_text(
        '#!/bin/sh\nPATH=/usr/bin:/bin\nif [ "$1" = --list-langs ]; then printf "List (1):\\neng\\n"; exit; fi\n'
        f"sleep 600 &\necho $$ $! > {running}.new\nmv {running}.new {running}\nwait\n"
    )
    program.chmod(0o755)
    scans.hide_tesseract(monkeypatch, tmp_path)
    monkeypatch.setattr(tesseract, "_limit", lambda process_id: None)  # a shell writes that file
    return running


async def _all_gone(running: Path) -> bool:
    processes = await asyncio.to_thread(running.read_text)
    return await _comes_true(lambda: not any(map(_is_running, processes.split())))


async def _comes_true(condition: Callable[[], bool]) -> bool:
    for _ in range(1_000):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


def _is_running(process_id: str) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
@pytest.mark.parametrize("lossless", [True, False])
def test_the_size_of_an_image_is_known_before_it_is_unfolded(kind: str, lossless: bool) -> None:  # noqa: FBT001 - parametrised
    image = Image.new("RGB", (321, 123), "white")
    data = scans._saved(image, kind, **({"lossless": lossless} if kind == "WEBP" else {}))
    endings = {"PNG": "png", "JPEG": "jpg", "TIFF": "tiff", "BMP": "bmp", "GIF": "gif", "WEBP": "webp"}

    assert sizes_of(data, endings[kind]) == [(321, 123)]
    assert sizes_of(data[:9], endings[kind]) == []


def test_a_webp_with_transparency_tells_its_size_too() -> None:
    image = Image.new("RGBA", (321, 123), (0, 0, 0, 0))

    assert sizes_of(scans._saved(image, "WEBP", exif=b"Exif\x00\x00", lossless=True), "webp") == [(321, 123)]


def test_directories_of_a_tiff_in_a_circle_come_to_an_end() -> None:
    data = bytearray(scans.fax(["a"]))
    [directory] = struct.unpack_from("<I", data, 4)
    [count] = struct.unpack_from("<H", data, directory)
    struct.pack_into("<I", data, directory + 2 + 12 * count, directory)

    assert len(sizes_of(bytes(data), "tiff")) == 1


@needs_tesseract()
def test_an_image_that_unfolds_to_gigabytes_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match=r"30,000 x 30,000 pixels, and OCR reads at most") as caught:
        extract(files.content(png_that_unfolds(30_000), "bomb.png"))

    assert caught.value.code == "DOCUMENT_TOO_LARGE"


@needs_tesseract()
def test_a_damaged_image_is_said_to_be_damaged() -> None:
    with pytest.raises(UnreadableDocumentError, match="damaged"):
        extract(files.content(scans.image_file(INVOICE, "JPEG")[:300], "cut.jpg"))
    with pytest.raises(UnreadableDocumentError, match="picture is damaged"):
        extract(files.content(png_that_unfolds(3_000)[:60], "cut.png"))


def _blank(width: int, height: int) -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]>>" % (width, height)
    return hostile_files.pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page])


@needs_tesseract()
def test_a_page_as_large_as_a_house_is_not_drawn() -> None:
    with pytest.raises(UnreadableDocumentError, match=r"14,400 x 14,400 points large, and OCR reads at most") as caught:
        extract(files.content(_blank(14_400, 14_400), "house.pdf"))

    assert caught.value.code == "DOCUMENT_TOO_LARGE"


def test_a_page_whose_size_nobody_knows_is_not_drawn() -> None:
    with pytest.raises(UnreadableDocumentError, match="OCR reads at most"):
        pdf_pages.picture_of("a.pdf", PageText(""), 1)


@pytest.mark.parametrize(("width", "height"), [(595, 842), (1_700, 2_400), (3_000, 3_300)])
def test_a_large_page_is_drawn_with_fewer_dots(width: int, height: int) -> None:
    with pdf_pages.file_of(_blank(width, height)) as path:
        [(across, down)] = sizes_of(pdf_pages.picture_of(path, PageText("", size=(width, height)), 1), "png")

    assert 0.3 * MAX_DRAWN_PIXELS < across * down <= MAX_DRAWN_PIXELS


def test_the_size_of_a_page_is_known_before_it_is_drawn() -> None:
    assert library.read(scans.pdf([""]), "pdf", name=None).pages[0].size == pytest.approx((595, 842), abs=1)


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
async def test_a_document_out_of_time_leaves_no_process(slow_tesseract: Path) -> None:
    reading = asyncio.create_task(aextract(files.content(scans.image_file(INVOICE), "scan.png")))
    assert await _comes_true(slow_tesseract.exists)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert await _all_gone(slow_tesseract)


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
async def test_the_timeout_of_a_classifier_ends_tesseract(slow_tesseract: Path) -> None:
    scan = Source.bytes(scans.image_file(INVOICE), name="scan.png")
    rules = [{"type": "invoice", "description": "has an invoice number"}]

    # The time starts before the program does, which has to be running for anything to be ended.
    async with Classifier(rules, backend="local", timeout=2) as classifier:
        with pytest.raises(ClassifyTimeoutError):
            await classifier.aclassify(scan)

    assert await asyncio.to_thread(slow_tesseract.exists)
    assert await _all_gone(slow_tesseract)


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
async def test_a_page_that_takes_too_long_is_given_up_with_its_processes(
    slow_tesseract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tesseract, "SECONDS_A_PAGE", 0.5)

    with pytest.raises(UnreadableDocumentError, match=r"took more than 0\.5 s"):
        await aextract(files.content(scans.image_file(INVOICE), "scan.png"))

    assert await _all_gone(slow_tesseract)


def test_what_was_cancelled_starts_nothing_more() -> None:
    program = tesseract.Tesseract()
    program._program = sys.executable
    program.cancel()

    with pytest.raises(UnreadableDocumentError, match="cancelled"):
        program.languages()


@needs_tesseract()
async def test_the_event_loop_goes_on_meanwhile() -> None:
    reading = asyncio.create_task(aextract(files.content(scans.pdf([scans.picture(INVOICE)]), "scan.pdf")))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert "4711" in (await reading).text
    assert turns > 10


@needs_tesseract()
def test_scans_read_in_many_threads_are_not_mixed_up() -> None:
    documents = [files.content(scans.pdf([scans.picture(f"Number {n}")]), f"{n}.pdf") for n in range(10, 18)]

    with ThreadPoolExecutor(4) as pool:
        texts = [parsed.text.split() for parsed in pool.map(extract, documents)]

    assert texts == [["Number", str(n)] for n in range(10, 18)]


@needs_tesseract()
def test_where_no_file_can_be_in_memory_the_temporary_one_is_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(pdf_pages.os, "memfd_create", raising=False)
    monkeypatch.setattr(pdf_pages.tempfile, "tempdir", str(tmp_path))

    assert "4711" in extract(files.content(scans.pdf([scans.picture(INVOICE)]), "scan.pdf")).text
    assert list(tmp_path.iterdir()) == []
