"""Scans in the processes for documents, which may write nothing and are ended with all that they started."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from classify_core.server.options import DocumentLimits
from classify_core.server.workers.failures import DocumentFailedError
from classify_core.server.workers.pool import WorkerPool
from tests.local import scans
from tests.local.scans import INVOICE, RECHNUNG, needs_tesseract

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")

LIMITS = DocumentLimits(seconds=30, memory_bytes=512 * 1024**2, pages=500)


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(1, LIMITS)
    yield pool
    await pool.close()


def _file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


async def _text(pool: WorkerPool, path: Path, lang: str = "en") -> str:
    document = await pool.read(path, path.name, path.suffix[1:], lang)
    return " ".join(" ".join(page.text for page in document.reading.pages).split())


@needs_tesseract()
async def test_scans_are_read_there(pool: WorkerPool, tmp_path: Path) -> None:
    image = _file(tmp_path, "scan.png", scans.image_file(INVOICE))
    mixed = _file(tmp_path, "mixed.pdf", scans.pdf(["page of text", scans.picture(INVOICE)]))

    assert "Invoice number 4711" in await _text(pool, image)
    assert (await _text(pool, mixed)).startswith("page of text INVOICE Invoice number 4711")


@needs_tesseract("deu")
async def test_scans_are_read_there_in_their_language(pool: WorkerPool, tmp_path: Path) -> None:
    scan = _file(tmp_path, "scan.pdf", scans.pdf([scans.picture(RECHNUNG)]))

    assert "Gesamtbetrag f\u00fcr Oktober" in await _text(pool, scan, "de")


async def test_without_tesseract_a_scan_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scan = _file(tmp_path, "scan.png", scans.image_file(INVOICE))
    scans.hide_tesseract(monkeypatch, tmp_path)
    pool = WorkerPool(1, LIMITS)

    with pytest.raises(DocumentFailedError, match=r"OCR needs tesseract, .*apt-get install tesseract-ocr") as caught:
        await pool.read(scan, "scan.png", "png")
    await pool.close()

    assert str(caught.value).startswith("UNSUPPORTED_FILE_TYPE: it is an image (PNG)")
    assert "backend=" not in str(caught.value)


async def test_a_document_out_of_time_leaves_no_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scan = _file(tmp_path, "scan.png", scans.image_file(INVOICE))
    tesseract = tmp_path / "tesseract"
    # It writes nothing, since nothing may be written there: it is found by its name.
    tesseract.write_text(
        '#!/bin/sh\nPATH=/usr/bin:/bin\nif [ "$1" = --list-langs ]; then printf "List (1):\\neng\\n"; exit; fi\n'
        "sleep 600 &\nwait\n"
    )
    tesseract.chmod(0o755)
    scans.hide_tesseract(monkeypatch, tmp_path)
    pool = WorkerPool(1, DocumentLimits(seconds=2, memory_bytes=LIMITS.memory_bytes))

    reading = asyncio.create_task(pool.read(scan, "scan.png", "png"))
    while not (group := await asyncio.to_thread(_groups_with, str(tesseract))):
        assert not reading.done()
        await asyncio.sleep(0.02)
    with pytest.raises(DocumentFailedError, match="TIMEOUT"):
        await reading
    await pool.close()

    assert await _is_over(group)


def _groups_with(argument: str) -> set[int]:
    found = set()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if argument.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                    found.add(os.getpgid(int(process.name)))
            except (OSError, ProcessLookupError):
                continue
    return found


async def _is_over(groups: set[int]) -> bool:
    for _ in range(500):
        if not await asyncio.to_thread(_members, groups):
            return True
        await asyncio.sleep(0.01)
    return False


def _members(groups: set[int]) -> list[str]:
    members = []
    for process in Path("/proc").iterdir():
        try:
            state, _, group = (process / "stat").read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(group) in groups and state != "Z":
            members.append(process.name)
    return members
