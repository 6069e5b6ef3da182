"""The multipart body of an upload, streamed, so that a large file is never held in memory as a whole."""

from __future__ import annotations

import asyncio
import io
import mimetypes
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import uuid4

from classify_core.files import check_readable, check_size, named_faults

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Upload:
    """A document with the form fields that go along.

    Attributes:
        source: its bytes, or the file that holds them; the file is read again at each attempt.
        name: the name that is sent.
        fields: the form's other fields.
    """

    source: bytes | Path = field(repr=False)
    name: str
    fields: tuple[tuple[str, str], ...] = ()

    @contextmanager
    def opened(self) -> Iterator[OpenUpload]:
        """Opens the document for one attempt.

        Raises:
            UnreadableDocumentError: it is missing, no regular file, not readable, empty or over 512 MB.
        """
        if isinstance(self.source, bytes):
            yield OpenUpload(self, io.BytesIO(self.source), check_size(len(self.source), name=self.name))
            return
        size = check_readable(self.source, name=self.name)
        with named_faults(self.source, name=self.name):
            content = self.source.open("rb")
        with content:
            yield OpenUpload(self, content, size)


class OpenUpload:
    """One attempt's body with its headers."""

    def __init__(self, upload: Upload, content: IO[bytes], size: int) -> None:
        boundary = uuid4().hex
        self._upload = upload
        self._content = content
        self._head = b"".join(_field(boundary, *pair) for pair in upload.fields) + _file_head(boundary, upload.name)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + size + len(self._tail)),
        }

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while chunk := self._read():
            yield chunk
        yield self._tail

    async def stream(self) -> AsyncIterator[bytes]:
        """The same for an event loop, which reading from a disk would block."""
        source = self._upload.source
        if isinstance(source, bytes) and len(source) <= CHUNK_BYTES:
            yield b"".join((self._head, source, self._tail))  # each part would be a packet, and a wait, of its own
            return
        yield self._head
        while chunk := self._read() if isinstance(source, bytes) else await asyncio.to_thread(self._read):
            yield chunk
        yield self._tail

    def _read(self) -> bytes:
        source = self._upload.source
        if isinstance(source, bytes):
            return self._content.read(CHUNK_BYTES)
        with named_faults(source, name=self._upload.name):
            return self._content.read(CHUNK_BYTES)


def _field(boundary: str, name: str, value: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode(errors="replace")


def _file_head(boundary: str, name: str) -> bytes:
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    disposition = f'Content-Disposition: form-data; name="file"; filename="{_escaped(name)}"'
    return f"--{boundary}\r\n{disposition}\r\nContent-Type: {content_type}\r\n\r\n".encode(errors="replace")


def _escaped(name: str) -> str:
    """Escapes a file name as browsers do (WHATWG HTML, multipart/form-data encoding algorithm)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
