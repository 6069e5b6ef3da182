"""Real files, made by the tests: PDF, DOCX, XLSX, PPTX, PNG and an encrypted Office container."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

import docx
from fpdf import FPDF
from PIL import Image

from classify_core.source import Content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECTOR = 512
_END_OF_CHAIN, _FAT_SECTOR, _NO_STREAM = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def content(data: bytes | str, name: str | None = None) -> Content:
    """The content of a file as `Source` reads it: the format is the name's ending."""
    encoded = data.encode() if isinstance(data, str) else data
    ending = name.rpartition(".")[2].lower() if name is not None and "." in name else ""
    return Content(data=encoded, name=name, format=ending)


def pdf(pages: Sequence[str], *, title: str | None = None, password: str | None = None) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=12)
    if title is not None:
        document.set_title(title)
    for text in pages:
        document.add_page()
        if text:
            document.multi_cell(0, text=text)
    if password is not None:
        document.set_encryption(owner_password="owner", user_password=password)
    return bytes(document.output())


def png() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (200, 100), "white").save(buffer, "PNG")
    return buffer.getvalue()


def scanned_pdf() -> bytes:
    document = FPDF()
    document.add_page()
    document.image(BytesIO(png()), w=150)
    return bytes(document.output())


def word(heading: str, paragraphs: Sequence[str]) -> bytes:
    document = docx.Document()
    document.add_heading(heading, level=1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    return _saved(document)


def word_with_page_break(before: str, after: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(before)
    document.add_page_break()  # type: ignore[no-untyped-call]  # python-docx leaves it untyped
    document.add_paragraph(after)
    return _saved(document)


def word_with_picture(text: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    document.add_picture(BytesIO(png()))
    return _saved(document)


def _saved(document: docx.document.Document) -> bytes:
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def archive(members: Mapping[str, str]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        for name, text in members.items():
            written.writestr(name, text)
    return buffer.getvalue()


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """A minimal XLSX with inline strings."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in rows
    )
    return archive(
        {
            "[Content_Types].xml": _content_types("spreadsheetml.sheet.main", "/xl/workbook.xml"),
            "_rels/.rels": _relationships(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="Prices" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relationships(("worksheet", "worksheets/sheet1.xml")),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
        }
    )


def presentation(slides: Sequence[str], *, shown: Sequence[int] | None = None) -> bytes:
    """A minimal PPTX with one text box on each slide; `shown` are the numbers of the slides' files in their order."""
    namespaces = (
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        f'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="{_OFFICE}"'
    )
    numbers = range(1, len(slides) + 1)
    listed = "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number in shown or numbers)
    members = {
        "[Content_Types].xml": _content_types("presentationml.presentation.main", "/ppt/presentation.xml"),
        "_rels/.rels": _relationships(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {namespaces}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relationships(
            *(("slide", f"slides/slide{number}.xml") for number in numbers)
        ),
    }
    for number, text in zip(numbers, slides, strict=True):
        members[f"ppt/slides/slide{number}.xml"] = (
            f"<p:sld {namespaces}><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody>"
            "</p:sp></p:spTree></p:cSld></p:sld>"
        )
    return archive(members)


_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _content_types(kind: str, part: str) -> str:
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/></Types>'
    )


def _relationships(*targets: tuple[str, str]) -> str:
    entries = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{entries}</Relationships>'


def encrypted_office_file() -> bytes:
    """An OLE container with the streams that a password-protected DOCX or XLSX has ([MS-OFFCRYPTO] 2.3.4)."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END_OF_CHAIN, 0, 0, 0)
    header = header.ljust(76, b"\x00") + struct.pack("<I", 0) + struct.pack("<I", _NO_STREAM) * 108
    table = struct.pack("<II", _FAT_SECTOR, _END_OF_CHAIN) + struct.pack("<I", _NO_STREAM) * 126
    directory = b"".join(
        _entry(name, kind)
        for name, kind in (("Root Entry", 5), ("EncryptionInfo", 2), ("EncryptedPackage", 2), ("", 0))
    )
    return header[:_SECTOR] + table + directory


def _entry(name: str, kind: int) -> bytes:
    encoded = name.encode("utf-16-le").ljust(64, b"\x00")
    length = 2 * len(name) + 2 if name else 0
    links = struct.pack("<III", _NO_STREAM, _NO_STREAM, 1 if kind == 5 else _NO_STREAM)
    return (encoded + struct.pack("<HBB", length, kind, 1) + links).ljust(116, b"\x00") + struct.pack(
        "<IQ", _END_OF_CHAIN, 0
    )
