"""Bytes to text, and the refusal of what is not text."""

from __future__ import annotations

import codecs
import re

from classify_core.errors import UnreadableDocumentError
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
_MOST_CONTROLS_IN_TEXT = 0.01
_LONGEST_CHARACTER = 4


def decode(data: bytes, declared: str | None = None) -> str:
    """Returns the text of bytes in UTF-8, in what their byte order mark or `declared` says, or in Windows-1252.

    Windows-1252 is read before Latin-1, which it replaces in use (WHATWG Encoding Standard, section 4.2). Rare
    control characters, such as the colour codes of chats and terminals, are dropped.

    Raises:
        UnreadableDocumentError: it is not text.
    """
    head = data[:MAX_TEXT_BYTES]
    text = _decode(head, declared, is_cut=len(data) > len(head))
    if text is None or _is_binary(text):
        raise UnreadableDocumentError(
            "it is binary data, not text in a known encoding; give it in a document format, or as a text in UTF-8"
        )
    return _CONTROL.sub("", text)


def _decode(data: bytes, declared: str | None, *, is_cut: bool) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _attempt(data[len(mark) :], encoding, is_cut=True)
    for encoding in ("utf-8", *_known(declared), "windows-1252", "latin-1"):
        text = _attempt(data, encoding, is_cut=is_cut)
        if text is not None:
            return text
    return None


def _attempt(data: bytes, encoding: str, *, is_cut: bool) -> str | None:
    """Decodes strictly, but forgives a last character that the end of the data cuts in two."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        if is_cut and fault.start >= len(data) - _LONGEST_CHARACTER:
            return data[: fault.start].decode(encoding)
        return None


def _known(declared: str | None) -> tuple[str, ...]:
    if declared is None:
        return ()
    try:
        info = codecs.lookup(declared)
    except LookupError:
        return ()
    return (info.name,) if getattr(info, "_is_text_encoding", True) else ()


def _is_binary(text: str) -> bool:
    controls = _CONTROL.findall(text)
    return "\x00" in controls or len(controls) > _MOST_CONTROLS_IN_TEXT * len(text)
