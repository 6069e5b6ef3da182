"""What a document is, by its content first and its name's ending second.

The signatures are the published ones: PDF 32000-1 section 7.5.2, the ZIP application note (4.3.7), [MS-CFB] 2.2,
RTF 1.9.1 and the image formats' own specifications.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from classify_core.errors import UnreadableDocumentError
from classify_core.local.extraction.decoding import marked_encoding

_PDF_SIGNATURE_WITHIN = 1024
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_IMAGE_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png"),
    (re.compile(rb"\xff\xd8\xff"), "jpg"),
    (re.compile(rb"GIF8"), "gif"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "tiff"),
    (re.compile(rb"BM"), "bmp"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp"),
)
IMAGE_NAMES = {"png": "PNG", "jpg": "JPEG", "gif": "GIF", "tiff": "TIFF", "bmp": "BMP", "webp": "WebP"}
"""What the formats of images are called."""

_HTML_START = re.compile(r"<(?:!doctype\s{1,9}html|html)\b", re.IGNORECASE)
_MARKUP_BEGINS_WITHIN = 4096
# What stands before the root of a page: the XML declaration and comments.
_BEFORE_THE_ROOT = (("<?xml", ">"), ("<!--", "-->"))
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SIGNATURE_WITHIN = 64
_HTML_ENDINGS = frozenset({"html", "htm", "xhtml"})
_MARKUP_ENDINGS = _HTML_ENDINGS | {"xml", "svg"}
_OFFICE_ZIP_ENDINGS = frozenset({"docx", "docm", "pptx", "pptm", "xlsx", "xlsm", "odt", "ods", "epub"})
_OFFICE_OLE_ENDINGS = frozenset({"doc", "xls", "ppt", "msg"})
_MAX_MANIFEST_BYTES = 1_000_000
# Document formats in ZIP archives that no reader here knows.
_UNREAD_ZIP_ENDINGS = frozenset(
    {"odp", "odg", "odf", "otp", "otg", "sxw", "sxc", "sxi", "key", "pages", "numbers", "vsdx", "xps", "oxps", "xlsb"}
)
_OPEN_DOCUMENT_FORMATS = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.text-template": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.spreadsheet-template": "ods",
    b"application/epub+zip": "epub",
}
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
_OFFICE_FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
# An OLE file's directory names its streams in UTF-16.
_OLE_STREAMS = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt"}

_PROTECTED = "it is password-protected; remove the password and try again"


def sniff(data: bytes, ending: str) -> str:
    """Returns the format as a lower-case ending; an unknown text keeps the ending it has, or is `"txt"`.

    Raises:
        UnreadableDocumentError: it is empty, protected, damaged, or a container without a document.
    """
    if not data:
        raise UnreadableDocumentError(
            "it is empty (0 bytes); check that it was written or uploaded completely", code="NO_DATA_FOUND_IN_FILE"
        )
    if _is_pdf(data, ending):
        return "pdf"
    if data.startswith(_ZIP_SIGNATURES):
        return _format_of_zip(data, ending)
    if data.startswith(_OLE_SIGNATURE):
        return _format_of_ole(data, ending)
    if data.startswith(b"{\\rtf"):
        return "rtf"
    return _format_of_image(data) or _format_of_text(data, ending)


def _is_pdf(data: bytes, ending: str) -> bool:
    """Readers forgive junk before the signature; a text that mentions it is still a text."""
    junk, signature, _ = data[:_PDF_SIGNATURE_WITHIN].partition(b"%PDF-")
    if not signature:
        return False
    return ending == "pdf" or not junk.strip(b"\xef\xbb\xbf \t\r\n") or _CONTROL_BYTES.search(junk) is not None


def _format_of_text(data: bytes, ending: str) -> str:
    if ending == "pdf" or ending in _OFFICE_ZIP_ENDINGS | _OFFICE_OLE_ENDINGS or ending == "rtf":
        raise damaged(ending)
    if ending in _MARKUP_ENDINGS:
        return "html" if ending in _HTML_ENDINGS else ending
    beginning = _text_beginning(data)
    if _HTML_START.match(beginning, _root_start(beginning)):
        return "html"
    return "xml" if beginning.startswith("<?xml") else ending or "txt"


def _text_beginning(data: bytes) -> str:
    head = data[:_MARKUP_BEGINS_WITHIN]
    mark, encoding = marked_encoding(head) or (b"", "latin-1")
    return head[len(mark) :].decode(encoding, "ignore").lstrip()


def _root_start(text: str) -> int:
    position = 0
    while (
        closing := next((end for start, end in _BEFORE_THE_ROOT if text.startswith(start, position)), None)
    ) is not None:
        end = text.find(closing, position)
        if end < 0:
            return len(text)
        position = end + len(closing)
        while text[position : position + 1].isspace():
            position += 1
    return position


def _format_of_image(data: bytes) -> str | None:
    found = next((found for signature, found in _IMAGE_SIGNATURES if signature.match(data)), None)
    # A text may begin with these letters; an image's header holds bytes that no text has.
    return found if _CONTROL_BYTES.search(data[:_SIGNATURE_WITHIN]) else None


def _format_of_zip(data: bytes, ending: str) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = _format_of_archive(archive)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError):
        raise damaged(ending if ending in _OFFICE_ZIP_ENDINGS else "ZIP") from None
    if found is None:
        raise _not_a_document(ending)
    return found


def _not_a_document(ending: str) -> UnreadableDocumentError:
    if ending in _OFFICE_ZIP_ENDINGS:
        return damaged(ending)
    if ending in _UNREAD_ZIP_ENDINGS:
        return _unread(ending)
    return UnreadableDocumentError(
        "it is a ZIP archive, not a document; unpack it and classify the files in it", code="UNSUPPORTED_FILE_TYPE"
    )


def _unread(kind: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(
        f"it is a document in the format {kind!r}, which is not read here; export it as PDF and classify that",
        code="UNSUPPORTED_FILE_TYPE",
    )


def _format_of_archive(archive: zipfile.ZipFile) -> str | None:
    names = archive.namelist()
    if "mimetype" in names:
        _refuse_encrypted(archive, names)
        kind = _beginning(archive, "mimetype").strip()
        found = _OPEN_DOCUMENT_FORMATS.get(kind)
        if found is None and kind.startswith(_OPEN_DOCUMENT):
            raise _unread(f"OpenDocument {kind[len(_OPEN_DOCUMENT) :][:40].decode('ascii', 'replace')}")
        return found
    return next((found for folder, found in _OFFICE_FOLDERS.items() if any(n.startswith(folder) for n in names)), None)


def _refuse_encrypted(archive: zipfile.ZipFile, names: list[str]) -> None:
    manifests = [name for name in ("META-INF/manifest.xml", "META-INF/encryption.xml") if name in names]
    if any(
        b"encryption-data" in _beginning(archive, name) or b"EncryptedData" in _beginning(archive, name)
        for name in manifests
    ):
        raise protected()


def _beginning(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(_MAX_MANIFEST_BYTES)


def _format_of_ole(data: bytes, ending: str) -> str:
    if _utf16("EncryptedPackage") in data:
        raise protected()
    if _utf16("__substg1.0_") in data or _utf16("__properties_version1.0") in data:
        return "msg"
    for stream, found in _OLE_STREAMS.items():
        if _utf16(stream) in data:
            return found
    raise damaged(ending if ending in _OFFICE_OLE_ENDINGS | _OFFICE_ZIP_ENDINGS else "Office")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


def damaged(kind: str) -> UnreadableDocumentError:
    """Returns the error of a file that is not, or no longer, what it claims to be."""
    return UnreadableDocumentError(
        f"it is damaged or cut off: its content is not a readable {kind.upper() if kind.islower() else kind} file; "
        "export or download it again",
        code="PDF_IS_BROKEN",
    )


def protected() -> UnreadableDocumentError:
    """Returns the error of a file that needs a password."""
    return UnreadableDocumentError(_PROTECTED, code="PDF_IS_PROTECTED")
