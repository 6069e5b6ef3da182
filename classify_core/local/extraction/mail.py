"""Mail messages (RFC 5322, MIME) with the standard library."""

from __future__ import annotations

from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import cast

from classify_core.local.extraction import html_text
from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.limits import MAX_TEXT_BYTES
from classify_core.local.extraction.reading import Reading, single_page

_LONGEST_HEADER = 1_000
_FAULTS = (MessageError, LookupError, ValueError, AttributeError, TypeError, RecursionError)
"""What the standard library raises on some malformed messages."""

_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def read(data: bytes) -> Reading:
    """Returns the main headers, the body as text and the names of the attachments; the subject is the title."""
    text = decode(data)  # refuses what is binary; MIME itself is made of text
    try:
        message = BytesParser(EmailMessage, policy=_BOUNDED).parsebytes(data[:MAX_TEXT_BYTES])
    except _FAULTS:
        return single_page(text)
    return _reading(cast("EmailMessage", message))


def _reading(message: EmailMessage) -> Reading:
    headers = [(name, _header(message, name)) for name in _HEADERS]
    lines = [f"{name}: {value}" for name, value in headers if value]
    attachments = [f"Attachment: {name}" for name in _attachment_names(message)]
    text = "\n".join([*lines, "", _body(message), *attachments])
    return single_page(text if lines else _body(message), title=dict(headers)["Subject"] or None)


class _BoundedPolicy(EmailPolicy):
    """Cuts headers, since the standard library's parser takes time that grows with the square of their length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


_BOUNDED = _BoundedPolicy()


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = message[name]
    except _FAULTS:
        return ""
    return "" if value is None else " ".join(str(value).split())


def _body(message: EmailMessage) -> str:
    try:
        if isinstance(message.get_payload(), str) and message.get_content_maintype() == "multipart":
            return str(message.get_payload())  # announced parts that are not there: what follows is the body
        part = message.get_body(preferencelist=("plain", "html"))
        is_html = isinstance(part, EmailMessage) and part.get_content_type() == "text/html"
    except _FAULTS:
        part, is_html = message, False
    text = _content(part) if isinstance(part, EmailMessage) else ""
    return html_text.text_of(text) if is_html else text


def _content(part: EmailMessage) -> str:
    try:
        return str(part.get_content())
    except _FAULTS:
        payload = part.get_payload(decode=True)
        return decode(payload) if isinstance(payload, bytes) else ""


def _attachment_names(message: EmailMessage) -> list[str]:
    try:
        names = [part.get_filename() for part in message.iter_attachments()]
    except _FAULTS:
        return []
    return [" ".join(name.split()) for name in names if name]
