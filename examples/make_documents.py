"""Writes the PDF and DOCX files of `examples/documents/` from the texts in `examples/document_sources/`.

All the example documents were written for this project, and the people, companies and places in them are invented;
they stand under the project's licence. Documents in text formats (HTML, EML, Markdown, CSV, plain text) are kept as
they are in `documents/`. A source `name.pdf.md` becomes `documents/name.pdf`; it is written in a little Markdown:
headings, paragraphs, lists, tables, `**bold**`, and a backslash for a line break.

Nothing in the files depends on the day they are made: with the same versions of fpdf2 and python-docx a second run
writes the same bytes. Run `python examples/make_documents.py` after changing a source.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm
from fpdf import FPDF, FontFace, XPos, YPos
from fpdf.enums import Align

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docx.document import Document as WordDocument
    from docx.table import Table as WordTable
    from docx.text.paragraph import Paragraph as WordParagraph

SOURCES = Path(__file__).parent / "document_sources"
DOCUMENTS = Path(__file__).parent / "documents"
CREATED = datetime(2025, 1, 1, tzinfo=UTC)
AUTHOR = "classify-adapters"

_PAGE_WIDTH_MILLIMETRES = 210
_PAGE_HEIGHT_MILLIMETRES = 297
_SIDE_MARGIN_MILLIMETRES = 22
_FONT = "Helvetica"
_HEADING_POINTS = {1: 20.0, 2: 13.0, 3: 11.0}
_BODY_POINTS = 10.5
_TABLE_POINTS = 9.5
_LINE_MILLIMETRES = 5.2
_BULLET_INDENT_MILLIMETRES = 5.0


@dataclass(frozen=True)
class Heading:
    """A title (level 1) or section heading."""

    text: str
    level: int


@dataclass(frozen=True)
class Paragraph:
    """Running text; it may hold line breaks and `**bold**`."""

    text: str


@dataclass(frozen=True)
class BulletList:
    """Items of an unnumbered list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells, the header first; `right_aligned` has an entry for each column."""

    rows: tuple[tuple[str, ...], ...]
    right_aligned: tuple[bool, ...]


Block = Heading | Paragraph | BulletList | Table


def read_blocks(source: str) -> Iterator[Block]:
    """Yields the blocks of a source; a blank line ends a block."""
    for chunk in re.split(r"\n\s*\n", source.strip()):
        yield _block(chunk)


def _block(chunk: str) -> Block:
    lines = chunk.splitlines()
    if chunk.startswith("#"):
        marks, _, text = chunk.partition(" ")
        return Heading(text, len(marks))
    if chunk.startswith("|"):
        return _table(lines)
    if chunk.startswith("- "):
        return BulletList(tuple(line.removeprefix("- ") for line in lines))
    return Paragraph(" ".join(lines).replace("\\ ", "\n"))


def _table(lines: list[str]) -> Table:
    header, alignment, *body = [_cells(line) for line in lines]
    return Table((header, *body), tuple(mark.endswith(":") for mark in alignment))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


class _NumberedPages(FPDF):
    """A4 pages with the page number below; fpdf2 calls `footer` at the end of each."""

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(_FONT, size=8)
        self.cell(0, 8, f"Page {self.page_no()} of {{nb}}", align=Align.C)


def pdf_bytes(blocks: Iterator[Block]) -> bytes:
    """Returns the blocks as a PDF with a text layer.

    Raises:
        FPDFUnicodeEncodingException: a source holds a character that the built-in fonts (Latin-1) lack.
    """
    pdf = _NumberedPages()
    pdf.set_creation_date(CREATED)
    pdf.set_producer(AUTHOR)
    pdf.set_margins(_SIDE_MARGIN_MILLIMETRES, 20)
    pdf.set_auto_page_break(True, margin=20)
    pdf.add_page()
    for block in blocks:
        _draw(pdf, block)
    return bytes(pdf.output())


def _draw(pdf: FPDF, block: Block) -> None:
    match block:
        case Heading(text, level):
            _draw_heading(pdf, text, level)
        case Paragraph(text):
            _draw_text(pdf, text)
        case BulletList(items):
            _draw_bullets(pdf, items)
        case Table():
            _draw_table(pdf, block)


def _draw_heading(pdf: FPDF, text: str, level: int) -> None:
    if level == 1:
        pdf.set_title(text)
    if pdf.will_page_break(4 * _LINE_MILLIMETRES):
        pdf.add_page()
    pdf.set_font(_FONT, "B", _HEADING_POINTS[level])
    pdf.ln(1.5)
    pdf.multi_cell(0, _HEADING_POINTS[level] * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1.5)


def _draw_text(pdf: FPDF, text: str) -> None:
    pdf.set_font(_FONT, size=_BODY_POINTS)
    _draw_wrapped(pdf, text)
    pdf.ln(2.5)


def _draw_wrapped(pdf: FPDF, text: str) -> None:
    pdf.multi_cell(0, _LINE_MILLIMETRES, text, align=Align.L, markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _draw_bullets(pdf: FPDF, items: tuple[str, ...]) -> None:
    pdf.set_font(_FONT, size=_BODY_POINTS)
    for item in items:
        pdf.cell(_BULLET_INDENT_MILLIMETRES, _LINE_MILLIMETRES, "-")
        _draw_wrapped(pdf, item)
    pdf.ln(2.5)


def _draw_table(pdf: FPDF, table: Table) -> None:
    pdf.set_font(_FONT, size=_TABLE_POINTS)
    with pdf.table(
        table.rows,
        col_widths=_column_weights(table),
        text_align=tuple(Align.R if right else Align.L for right in table.right_aligned),
        headings_style=FontFace(emphasis="BOLD", fill_color=(230, 230, 230)),
        line_height=_LINE_MILLIMETRES,
        padding=0.8,
        markdown=True,
    ):
        pass
    pdf.ln(4)


def _column_weights(table: Table) -> tuple[int, ...]:
    return tuple(max(8, *(min(len(cell) + 4, 36) for cell in column)) for column in zip(*table.rows, strict=True))


def docx_bytes(blocks: Iterator[Block]) -> bytes:
    """Returns the blocks as a Word document."""
    document = docx.Document()
    _set_page(document)
    _set_properties(document)
    for block in blocks:
        _write(document, block)
    buffer = io.BytesIO()
    document.save(buffer)
    return _with_fixed_times(buffer)


def _set_page(document: WordDocument) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(_PAGE_WIDTH_MILLIMETRES), Mm(_PAGE_HEIGHT_MILLIMETRES)
    section.left_margin = section.right_margin = Mm(_SIDE_MARGIN_MILLIMETRES)


def _set_properties(document: WordDocument) -> None:
    properties = document.core_properties
    properties.author = properties.last_modified_by = AUTHOR
    properties.created = properties.modified = CREATED
    properties.comments = ""


def _write(document: WordDocument, block: Block) -> None:
    match block:
        case Heading(text, level):
            _write_heading(document, text, level)
        case Paragraph(text):
            _write_text(document.add_paragraph(), text)
        case BulletList(items):
            for item in items:
                _write_text(document.add_paragraph(style="List Bullet"), item)
        case Table():
            _write_table(document, block)


def _write_heading(document: WordDocument, text: str, level: int) -> None:
    if level == 1:
        document.core_properties.title = text
    document.add_heading(text, level)


def _write_text(paragraph: WordParagraph, text: str) -> None:
    for index, part in enumerate(text.split("**")):
        paragraph.add_run(part).bold = index % 2 == 1


def _write_table(document: WordDocument, table: Table) -> None:
    word_table = document.add_table(len(table.rows), len(table.right_aligned), style="Table Grid")
    _set_column_widths(word_table, table)
    for row_index, (row, cells) in enumerate(zip(word_table.rows, table.rows, strict=True)):
        for cell, text, right in zip(row.cells, cells, table.right_aligned, strict=True):
            paragraph = cell.paragraphs[0]
            _write_text(paragraph, f"**{text}**" if row_index == 0 else text)
            if right:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph()


def _set_column_widths(word_table: WordTable, table: Table) -> None:
    weights = _column_weights(table)
    available = _PAGE_WIDTH_MILLIMETRES - 2 * _SIDE_MARGIN_MILLIMETRES
    for column, weight in zip(word_table.columns, weights, strict=True):
        column.width = Mm(available * weight / sum(weights))
        for cell in column.cells:  # Word follows the cells, other programs the column
            cell.width = column.width


def _with_fixed_times(package: io.BytesIO) -> bytes:
    """Returns a zip with the same entries, all of them dated `CREATED`; python-docx dates them now."""
    result = io.BytesIO()
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, date_time=CREATED.timetuple()[:6])
            new.writestr(entry, old.read(name), compress_type=zipfile.ZIP_DEFLATED)
    return result.getvalue()


FORMATS: dict[str, Callable[[Iterator[Block]], bytes]] = {".pdf": pdf_bytes, ".docx": docx_bytes}


def main() -> None:
    """Writes each source's document."""
    for source in sorted(SOURCES.glob("*.md")):
        target = DOCUMENTS / source.stem
        target.write_bytes(FORMATS[target.suffix](read_blocks(source.read_text(encoding="utf-8"))))
        print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
