"""What a document is, by its content first and its name's ending second.

The signatures are the published ones: PDF 32000-1 section 7.5.2, the ZIP application note (4.3.7), [MS-CFB] 2.2,
RTF 1.9.1 and the image formats' own specifications.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from classify_core.errors import UnreadableDocumentError

_PDF_SIGNATURE_WITHIN = 1024
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_IMAGE_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
    b"RIFF": "WebP",
}
_HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_HTML_ENDINGS = frozenset({"html", "htm", "xhtml"})
_MARKUP_ENDINGS = _HTML_ENDINGS | {"xml", "svg"}
_OFFICE_ZIP_ENDINGS = frozenset({"docx", "docm", "pptx", "pptm", "xlsx", "xlsm", "odt", "ods", "epub"})
_OFFICE_OLE_ENDINGS = frozenset({"doc", "xls", "ppt", "msg"})
_MAX_MANIFEST_BYTES = 1_000_000
_OPEN_DOCUMENT_FORMATS = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/epub+zip": "epub",
}
_OFFICE_FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
# An OLE file's directory names its streams in UTF-16.
_OLE_STREAMS = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt"}

_PROTECTED = "it is password-protected; remove the password and try again"


def sniff(data: bytes, ending: str) -> str:
    """Returns the format as a lower-case ending; an unknown text keeps the ending it has, or is `"txt"`.

    Raises:
        UnreadableDocumentError: it is empty, an image, protected, damaged, or a container without a document.
    """
    if not data:
        raise UnreadableDocumentError("it is empty (0 bytes); check that it was written or uploaded completely")
    if b"%PDF-" in data[:_PDF_SIGNATURE_WITHIN]:
        return "pdf"
    if data.startswith(_ZIP_SIGNATURES):
        return _format_of_zip(data, ending)
    if data.startswith(_OLE_SIGNATURE):
        return _format_of_ole(data, ending)
    if data.startswith(b"{\\rtf"):
        return "rtf"
    _refuse_image(data)
    return _format_of_text(data, ending)


def _format_of_text(data: bytes, ending: str) -> str:
    if ending == "pdf" or ending in _OFFICE_ZIP_ENDINGS | _OFFICE_OLE_ENDINGS or ending == "rtf":
        raise damaged(ending)
    if ending in _MARKUP_ENDINGS or _HTML_START.match(data[:_PDF_SIGNATURE_WITHIN]):
        return "html" if ending not in {"xml", "svg"} else ending
    return ending or "txt"


def _refuse_image(data: bytes) -> None:
    kind = next((kind for signature, kind in _IMAGE_SIGNATURES.items() if data.startswith(signature)), None)
    if kind in {"BMP", "WebP"} and b"\x00" not in data[:64]:
        return  # a text may begin with these letters; an image's header holds NULs
    if kind is not None:
        raise UnreadableDocumentError(
            f"it is an image ({kind}) without a text layer. OCR is not done locally; run OCR on it first, or classify "
            "it with backend='hosted'"
        )


def _format_of_zip(data: bytes, ending: str) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = _format_of_archive(archive)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError):
        raise damaged(ending if ending in _OFFICE_ZIP_ENDINGS else "ZIP") from None
    if found is None:
        raise UnreadableDocumentError("it is a ZIP archive, not a document; unpack it and classify the files in it")
    return found


def _format_of_archive(archive: zipfile.ZipFile) -> str | None:
    names = archive.namelist()
    if "mimetype" in names:
        _refuse_encrypted(archive, names)
        return _OPEN_DOCUMENT_FORMATS.get(_beginning(archive, "mimetype").strip())
    return next((found for folder, found in _OFFICE_FOLDERS.items() if any(n.startswith(folder) for n in names)), None)


def _refuse_encrypted(archive: zipfile.ZipFile, names: list[str]) -> None:
    manifests = [name for name in ("META-INF/manifest.xml", "META-INF/encryption.xml") if name in names]
    if any(
        b"encryption-data" in _beginning(archive, name) or b"EncryptedData" in _beginning(archive, name)
        for name in manifests
    ):
        raise UnreadableDocumentError(_PROTECTED)


def _beginning(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(_MAX_MANIFEST_BYTES)


def _format_of_ole(data: bytes, ending: str) -> str:
    if _utf16("EncryptedPackage") in data:
        raise UnreadableDocumentError(_PROTECTED)
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
        "export or download it again"
    )


def protected() -> UnreadableDocumentError:
    """Returns the error of a file that needs a password."""
    return UnreadableDocumentError(_PROTECTED)
