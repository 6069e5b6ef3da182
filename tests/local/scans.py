"""Real scans, made by the tests: text as a picture, alone or on a page of a PDF; and what reads them."""

from __future__ import annotations

import os
import shutil
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING, Any

import kreuzberg
import pytest
from fpdf import FPDF
from PIL import Image

from classify_core.local.extraction.ocr.pdf_pages import file_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INVOICE = "INVOICE\nInvoice number 4711\nBill to: Jane Miller\nTotal amount due: 240.00 EUR"
RECHNUNG = "Rechnung\nRechnungsnummer 4711\nGesamtbetrag f\u00fcr Oktober\nZahlung innerhalb von 30 Tagen"


def needs_tesseract(data: str = "eng") -> pytest.MarkDecorator:
    """Skips a test where tesseract, or a language's data, is missing.

    With CLASSIFY_REQUIRE_OCR=1 only another language than English may be: without tesseract the test fails then.
    """
    is_required = os.environ.get("CLASSIFY_REQUIRE_OCR") == "1" and data == "eng"
    is_there = data in _installed()
    return pytest.mark.skipif(
        not is_there and not is_required, reason=f"tesseract with the data {data!r} is not installed"
    )


def _installed() -> list[str]:
    program = shutil.which("tesseract")
    if program is None:
        return []
    said = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[1:]


def hide_tesseract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def picture(text: str) -> Image.Image:
    """Printed text as a scanner sees it."""
    document = FPDF(format=(160, 80))
    document.add_page()
    document.set_font("helvetica", size=20)
    document.multi_cell(0, text=text)
    with file_of(bytes(document.output())) as path:
        return Image.open(BytesIO(kreuzberg.render_pdf_page(path, 0, dpi=150))).convert("L")


def image_file(text: str, kind: str = "PNG") -> bytes:
    return _saved(picture(text), kind)


def fax(pages: Sequence[str]) -> bytes:
    """A TIFF with several pictures, compressed as by a fax machine."""
    first, *others = (picture(text).convert("1") for text in pages)
    return _saved(first, "TIFF", save_all=True, append_images=others, compression="group3")


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pdf(pages: Sequence[str | Image.Image]) -> bytes:
    """A PDF of pages that are text or a picture each."""
    document = FPDF()
    document.set_font("helvetica", size=12)
    for page in pages:
        document.add_page()
        if isinstance(page, str):
            document.multi_cell(0, text=page)
        else:
            document.image(page, x=0, y=20, w=210)
    return bytes(document.output())
