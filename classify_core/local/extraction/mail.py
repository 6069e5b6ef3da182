"""Mail messages (RFC 5322, MIME) with the standard library."""

from __future__ import annotations

import email
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default

from classify_core.local.extraction import html_text
from classify_core.local.extraction.decoding import decode
from classify_core.local.extraction.limits import MAX_TEXT_BYTES
from classify_core.local.extraction.reading import Reading, single_page

_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def read(data: bytes) -> Reading:
    """Returns the main headers, the body as text and the names of the attachments; the subject is the title."""
    decode(data)  # refuses what is binary; MIME itself is made of text
    message = email.message_from_bytes(data[:MAX_TEXT_BYTES], policy=default)
    headers = [(name, _header(message, name)) for name in _HEADERS]
    lines = [f"{name}: {value}" for name, value in headers if value]
    attachments = [f"Attachment: {name}" for name in _attachment_names(message)]
    text = "\n".join([*lines, "", _body(message), *attachments])
    return single_page(text if lines else _body(message), title=dict(headers)["Subject"] or None)


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = message[name]
    except (MessageError, ValueError, IndexError, AttributeError, TypeError):
        # The standard library's header parser stumbles over some malformed headers.
        return ""
    return "" if value is None else " ".join(str(value).split())


def _body(message: EmailMessage) -> str:
    if isinstance(message.get_payload(), str) and message.get_content_maintype() == "multipart":
        return str(message.get_payload())  # announced parts that are not there: what follows is the body
    part = message.get_body(preferencelist=("plain", "html"))
    if not isinstance(part, EmailMessage):
        return ""
    text = _content(part)
    return html_text.text_of(text) if part.get_content_type() == "text/html" else text


def _content(part: EmailMessage) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError, MessageError):
        payload = part.get_payload(decode=True)
        return decode(payload) if isinstance(payload, bytes) else ""


def _attachment_names(message: EmailMessage) -> list[str]:
    try:
        names = [part.get_filename() for part in message.iter_attachments()]
    except (MessageError, AttributeError, KeyError, ValueError, TypeError):
        return []
    return [" ".join(name.split()) for name in names if name]
