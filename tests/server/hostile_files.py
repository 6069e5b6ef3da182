"""Documents that harm their reader, and how honest ones are made by hand."""

from __future__ import annotations

import random
import re
import zipfile
import zlib
from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise

from tests.local import files

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TEXT = b"BT /F 12 Tf 9 99 Td (words) Tj ET\n"
_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<</Font<</F 3 0 R>>>>/Contents 4 0 R>>"


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    written, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, entries)
    return bytes(written) + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(written))


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(content), entries, content)


def pdf_of_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + count))
    pages = b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, kids)
    return pdf_of([_CATALOG, pages, _FONT, stream(_TEXT), *[_PAGE] * count])


def pdf_of_one_page(content: bytes) -> bytes:
    return pdf_of([_CATALOG, b"<</Type/Pages/Count 1/Kids[5 0 R]>>", _FONT, content, _PAGE])


def pdf_that_unfolds(mebibytes: int) -> bytes:
    """One page whose compressed text takes far more memory than its bytes."""
    packer = zlib.compressobj(9)
    chunk = _TEXT * (1024**2 // len(_TEXT))
    packed = b"".join(packer.compress(chunk) for _ in range(mebibytes)) + packer.flush()
    return pdf_of_one_page(stream(packed, b"/Filter/FlateDecode"))


def pdf_that_unfolds_thrice(mebibytes: int) -> bytes:
    """Less than a kilobyte: a stream that is compressed, compressed and compressed."""
    packed = bytes(mebibytes * 1024**2)
    for _ in range(3):
        packed = zlib.compress(packed, 9)
    return pdf_of_one_page(stream(packed, b"/Filter[/FlateDecode/FlateDecode/FlateDecode]"))


def pdf_of_forms(levels: int) -> bytes:
    """A page that draws a form, which draws four of the next, and so on: 4 to the power of `levels` words."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>/Contents 4 0 R>>"
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<<%b>>"
    inner = [
        stream(b"/X Do /X Do /X Do /X Do", form % (b"/XObject<</X %d 0 R>>" % (6 + level))) for level in range(levels)
    ]
    last = stream(_TEXT, form % b"/Font<</F 3 0 R>>")
    pages = b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (6 + levels)
    return pdf_of([_CATALOG, pages, _FONT, stream(b"/X Do"), *inner, last, page])


def pdf_of_nested_objects(depth: int) -> bytes:
    nested = b"[" * depth + b"]" * depth
    catalog = b"<</Type/Catalog/Pages 2 0 R/X %b>>" % nested
    return pdf_of([catalog, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"])


def pdf_of_nested_pages(depth: int) -> bytes:
    nodes = [b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (number + 3) for number in range(depth)]
    return pdf_of([_CATALOG, *nodes, b"<</Type/Page/MediaBox[0 0 9 9]>>"])


def pdf_of_pages_in_a_circle() -> bytes:
    return pdf_of([_CATALOG, b"<</Type/Pages/Count 99999999/Kids[2 0 R 2 0 R]>>"])


def pdf_that_breaks_its_reader() -> bytes:
    """A date outside of ASCII, whose name is written so that it is not recognised; kreuzberg 4.10 panics on it."""
    odd = files.pdf(["words"], title="x").replace(b"/CreationDate", b"/Creation#44ate")
    date = re.search(rb"/Creation#44ate \(D:\d+", odd)
    assert date is not None
    return odd[: date.end() - 1] + b"\xd7" + odd[date.end() :]


def word_bomb(mebibytes: int) -> bytes:
    paragraph = b"<w:p><w:r><w:t>words</w:t></w:r></w:p>"
    beginning = b'<w:document xmlns:w="%b"><w:body>' % _WORD.encode()
    return _bomb(files.word("words", ["words"]), "word/document.xml", beginning, paragraph, mebibytes)


def sheet_bomb(mebibytes: int) -> bytes:
    row = b"<row>" + b'<c t="inlineStr"><is><t>words</t></is></c>' * 10 + b"</row>"
    beginning = b'<worksheet xmlns="%b"><sheetData>' % _SHEET.encode()
    end = b"</sheetData></worksheet>"
    return _bomb(files.workbook([["words"]]), "xl/worksheets/sheet1.xml", beginning, row, mebibytes, end)


def nested_bomb() -> bytes:
    """A Word document with archives of archives of zeros in it, 1.2 GB in all; its own text is short."""
    packed = bytes(50_000_000)
    for _ in range(2):
        packed = _archived([(f"{number}.zip", packed) for number in range(5)])
    return _archived([*_members(files.word("words", ["words"])), ("word/embeddings/a.zip", packed)])


def word_of_nested_tables(depth: int) -> bytes:
    nested = f'<w:document xmlns:w="{_WORD}"><w:body>'.encode() + b"<w:tbl><w:tr><w:tc>" * depth
    others = [(name, data) for name, data in _members(files.word("x", ["x"])) if name != "word/document.xml"]
    return _archived([*others, ("word/document.xml", nested)])


def html_of_nested_elements(depth: int) -> bytes:
    return b"<div>" * depth + b"words" + b"</div>" * depth


def xml_of_nested_elements(depth: int) -> bytes:
    return b'<?xml version="1.0"?>' + b"<a>" * depth + b"words" + b"</a>" * depth


def xml_of_a_billion_words() -> bytes:
    """Entities of entities."""
    names = ["a", *(f"a{level}" for level in range(12))]
    entities = "".join(f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in pairwise(names))
    return f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "words">{entities}]><a>&a11;</a>'.encode()


def mail_of_nested_parts(depth: int) -> bytes:
    parts = (f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n" for level in range(depth))
    return "".join(parts).encode() + b"words\n" * 300_000


def random_bytes() -> bytes:
    return random.Random(7).randbytes(200_000)


def _bomb(whole: bytes, member: str, beginning: bytes, repeated: bytes, mebibytes: int, end: bytes = b"") -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in _members(whole):
            if name != member:
                written.writestr(name, data)
        with written.open(member, "w") as unfolding:
            unfolding.write(beginning)
            for _ in range(mebibytes):
                unfolding.write(repeated * (1024**2 // len(repeated)))
            unfolding.write(end)
    return buffer.getvalue()


def _members(archive: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return [(name, opened.read(name)) for name in opened.namelist()]


def _archived(members: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in members:
            written.writestr(name, data)
    return buffer.getvalue()
