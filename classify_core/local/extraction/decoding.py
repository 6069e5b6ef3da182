"""Bytes to text, and the refusal of what is not text."""

from __future__ import annotations

import codecs
import re

from classify_core.errors import UnreadableDocumentError
from classify_core.local.extraction.encodings import SEVEN_BIT, encoding_of
from classify_core.local.extraction.limits import MAX_TEXT_BYTES

# UTF-32 stands first, since its little-endian mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_CONTROLS_IN_TEXT = 0.01
_LONGEST_CHARACTER = 4


def decode(data: bytes, declared: str | None = None) -> str:
    """Returns the text of bytes in UTF-8, in what their byte order mark or `declared` says, or in Windows-1252.

    Windows-1252 is read before Latin-1, which it replaces in use (WHATWG Encoding Standard, section 4.2). Rare
    control characters, such as the colour codes of chats and terminals, are dropped.

    Raises:
        UnreadableDocumentError: it is not text.
    """
    text = _decode(data, declared)
    if text is None or _is_binary(text):
        raise binary()
    return _CONTROL.sub("", text)


def decode_part(data: bytes, declared: str | None = None) -> str:
    """Returns the same for a part of a document that is text as a whole: what is not text in it is passed over."""
    text = _decode(data, declared)
    return "" if text is None or "\x00" in text else _CONTROL.sub("", text)


def marked_encoding(data: bytes) -> tuple[bytes, str] | None:
    """Returns the byte order mark that the data begin with and the encoding it stands for."""
    return next(((mark, encoding) for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)), None)


def without_surrogates(text: str) -> str:
    """Returns the text with U+FFFD for halves of surrogate pairs, which no encoding can write."""
    return _SURROGATE.sub("\ufffd", text)


def binary() -> UnreadableDocumentError:
    """Returns the error of what is not text."""
    return UnreadableDocumentError(
        "it is binary data, not text in a known encoding; give it in a document format, or as a text in UTF-8",
        code="UNSUPPORTED_FILE_TYPE",
    )


def _decode(whole: bytes, declared: str | None) -> str | None:
    data = whole[:MAX_TEXT_BYTES]
    is_cut = len(whole) > len(data)
    marked = marked_encoding(data)
    if marked is not None:
        mark, encoding = marked
        return _attempt(data[len(mark) :], encoding, is_cut=True)
    for encoding in _candidates(encoding_of(declared)):
        text = _attempt(data, encoding, is_cut=is_cut)
        if text is not None:
            return text
    return None


def _candidates(declared: str | None) -> tuple[str, ...]:
    if declared is None:
        return ("utf-8", "windows-1252", "latin-1")
    if declared in SEVEN_BIT:
        return (declared, "utf-8", "windows-1252", "latin-1")
    return ("utf-8", declared, "windows-1252", "latin-1")


def _attempt(data: bytes, encoding: str, *, is_cut: bool) -> str | None:
    """Decodes strictly, but forgives a last character that the end of the data cuts in two."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        if is_cut and fault.start >= len(data) - _LONGEST_CHARACTER:
            return data[: fault.start].decode(encoding)
        return None


def _is_binary(text: str) -> bool:
    controls = _CONTROL.findall(text)
    return "\x00" in controls or len(controls) > _MOST_CONTROLS_IN_TEXT * len(text)
