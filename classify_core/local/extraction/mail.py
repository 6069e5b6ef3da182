"""Mail messages (RFC 5322, MIME) with the standard library."""

from __future__ import annotations

from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import TYPE_CHECKING, cast

from classify_core.local.extraction import html_text, mail_limits
from classify_core.local.extraction.decoding import binary, decode, decode_part, marked_encoding
from classify_core.local.extraction.limits import MAX_TEXT_BYTES
from classify_core.local.extraction.reading import Reading, single_page

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_HEADER = 1_000
_FAULTS = (MessageError, LookupError, ValueError, AttributeError, TypeError, RecursionError)
"""What the standard library raises on some malformed messages."""

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_PREFERRED = ("text/plain", "text/html")


def read(data: bytes) -> Reading:
    """Returns the main headers, the texts and the names of the attachments; the subject is the title.

    A message with more or deeper parts than any real one is read without taking its body apart.

    Raises:
        UnreadableDocumentError: it is not text.
    """
    raw = _in_utf8_after_a_mark(data[:MAX_TEXT_BYTES])
    if b"\x00" in raw:  # other control characters are those of ISO-2022-JP
        raise binary()
    parser = BytesParser(EmailMessage, policy=_BOUNDED)
    try:
        message = parser.parsebytes(raw, headersonly=not mail_limits.has_ordinary_parts(raw))
    except _FAULTS:
        return single_page(decode_part(raw))
    return _reading(cast("EmailMessage", message))


def _in_utf8_after_a_mark(data: bytes) -> bytes:
    return data if marked_encoding(data) is None else decode(data).encode()


def _reading(message: EmailMessage) -> Reading:
    headers = [(name, _header(message, name)) for name in _HEADERS]
    lines = [f"{name}: {value}" for name, value in headers if value]
    attachments = [f"Attachment: {name}" for name in _attachment_names(message)]
    text = "\n".join([*lines, "", *_texts(message), *attachments])
    return single_page(text.strip(), title=dict(headers)["Subject"] or None)


class _BoundedPolicy(EmailPolicy):
    """Cuts headers, since the standard library's parser takes time that grows with the square of their length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        # Bytes outside ASCII come as lone surrogates.
        readable = value if value.isascii() else decode_part(value.encode("ascii", "surrogateescape"))
        return name, readable[:_LONGEST_HEADER]


_BOUNDED = _BoundedPolicy()


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = message[name]
    except _FAULTS:
        return ""
    return "" if value is None else " ".join(str(value).split())


def _texts(part: EmailMessage) -> Iterator[str]:
    """Yields what a reader of the part would see: its texts in order, of alternatives the first that says something."""
    children = _children(part)
    kind = _content_type(part)
    if children is None:
        yield from _own_text(part, kind)
    elif kind == "multipart/alternative":
        ranked = sorted(children, key=_preference)
        yield from next((texts for child in ranked if (texts := list(_texts(child)))), [])
    else:
        for child in children:
            yield from _forwarded(child) if kind.startswith("message/") else _texts(child)


def _children(part: EmailMessage) -> list[EmailMessage] | None:
    if not part.is_multipart():
        return None
    return [child for child in part.get_payload() if isinstance(child, EmailMessage)]


def _content_type(part: EmailMessage) -> str:
    try:
        return part.get_content_type()
    except _FAULTS:
        return "text/plain"


def _preference(part: EmailMessage) -> int:
    kind = _content_type(part)
    return _PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED)


def _forwarded(message: EmailMessage) -> Iterator[str]:
    subject = _header(message, "Subject")
    if subject:
        yield f"Subject: {subject}"
    yield from _texts(message)


def _own_text(part: EmailMessage, kind: str) -> Iterator[str]:
    # Announced parts that are not there, or are not taken apart: what follows is the body.
    if _is_attachment(part) or not kind.startswith(("text/", "multipart/", "message/")):
        return
    declared = _declared_charset(part)
    payload = _bytes_of(part)
    if kind == "text/html":
        text = html_text.text_of(decode_part(payload, declared or html_text.declared_charset(payload)))
    else:
        text = decode_part(payload, declared)
    if text.strip():
        yield text.strip()


def _bytes_of(part: EmailMessage) -> bytes:
    # The standard library decodes along the way, with any codec that the header names.
    del part["Content-Type"]
    try:
        payload = part.get_payload(decode=True)
    except _FAULTS:
        payload = None
    return payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "surrogateescape")


def _declared_charset(part: EmailMessage) -> str | None:
    try:
        charset = part.get_content_charset()
    except _FAULTS:
        return None
    # A default that programs write whatever follows.
    return None if charset in {"us-ascii", "ascii"} else charset


def _is_attachment(part: EmailMessage) -> bool:
    try:
        return part.get_content_disposition() == "attachment"
    except _FAULTS:
        return False


def _attachment_names(message: EmailMessage) -> list[str]:
    try:
        names = [part.get_filename() for part in message.walk()]
    except _FAULTS:
        return []
    return [" ".join(name.split()) for name in names if name]
