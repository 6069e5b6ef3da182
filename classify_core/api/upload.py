"""The multipart body of an upload, streamed, so that a large file is never held in memory as a whole."""

from __future__ import annotations

import asyncio
import errno
import io
import mimetypes
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import uuid4

from classify_core.errors import UnreadableDocumentError

MAX_UPLOAD_BYTES = 512 * 1024 * 1024
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
            UnreadableDocumentError: it is missing, a directory, not readable, empty or over 512 MB.
        """
        with _open(self.source, self.name) as content:
            size = content.seek(0, io.SEEK_END)
            content.seek(0)
            _check_size(size, self.name)
            yield OpenUpload(self, content, size)


class OpenUpload:
    """One attempt's body with its headers."""

    def __init__(self, upload: Upload, content: IO[bytes], size: int) -> None:
        boundary = uuid4().hex
        self._content = content
        self._head = b"".join(_field(boundary, *pair) for pair in upload.fields) + _file_head(boundary, upload.name)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + size + len(self._tail)),
        }

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while chunk := self._content.read(CHUNK_BYTES):
            yield chunk
        yield self._tail

    async def stream(self) -> AsyncIterator[bytes]:
        """The same for an event loop, which reading from a disk would block."""
        yield self._head
        while chunk := await self._chunk():
            yield chunk
        yield self._tail

    async def _chunk(self) -> bytes:
        if isinstance(self._content, io.BytesIO):
            return self._content.read(CHUNK_BYTES)
        return await asyncio.to_thread(self._content.read, CHUNK_BYTES)


@contextmanager
def _open(source: bytes | Path, name: str) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        content = source.open("rb")
    except OSError as error:
        raise UnreadableDocumentError(_why_closed(error), source_name=name) from error
    with content:
        yield content


def _why_closed(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "there is no such file; check the path"
    if error.errno == errno.EISDIR:
        return "this is a directory; upload its files one by one"
    return f"the file cannot be opened ({error.strerror}); check its permissions"


def _check_size(size: int, name: str) -> None:
    if size == 0:
        raise UnreadableDocumentError("the document is empty; nothing was uploaded", source_name=name)
    if size > MAX_UPLOAD_BYTES:
        raise UnreadableDocumentError(
            f"the document has {size:,} bytes and the service takes at most {MAX_UPLOAD_BYTES:,} (512 MB); "
            "split it, or classify its first pages",
            source_name=name,
        )


def _field(boundary: str, name: str, value: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode(errors="replace")


def _file_head(boundary: str, name: str) -> bytes:
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    disposition = f'Content-Disposition: form-data; name="file"; filename="{_escaped(name)}"'
    return f"--{boundary}\r\n{disposition}\r\nContent-Type: {content_type}\r\n\r\n".encode(errors="replace")


def _escaped(name: str) -> str:
    """Escapes a file name as browsers do (WHATWG HTML, multipart/form-data encoding algorithm)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
