"""What the tests of the reader use: file systems that can be watched, and documents in every way of loading."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem
from llama_index.core.schema import Document

from llama_index_classify import ClassifyReader
from tests.llama_index.parts import every_way

if TYPE_CHECKING:
    from collections.abc import Mapping

INBOX = {
    "shelf/inbox/a.txt": b"an invoice over 20 line items",
    "shelf/inbox/b.md": b"# Cake\n\na recipe with 3 eggs",
    "shelf/inbox/2026/c.html": b"<html><title>Sea</title><body><p>the sea was calm</p></body></html>",
    "shelf/inbox/.hidden.txt": b"an invoice that nobody asked for",
    "shelf/other/d.txt": b"another invoice",
}
IN_ORDER = ["shelf/inbox/2026/c.html", "shelf/inbox/a.txt", "shelf/inbox/b.md"]


class Bucket(AbstractFileSystem):
    """A service of files that keeps what it was asked for; `gate`, if given, holds back what it is asked to open."""

    protocol = "bucket"
    cachable = False

    def __init__(self, files: Mapping[str, bytes], *, key: str = "", gate: threading.Event | None = None) -> None:
        super().__init__()
        self.files = dict(files)
        self.key = key
        self.gate = gate
        self.listed: list[str] = []
        self.opened: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:  # noqa: FBT001, FBT002 - as it is called
        folder = self._strip_protocol(path).strip("/")
        self.listed.append(folder)
        below = [name for name in self.files if name == folder or name.startswith(f"{folder}/" if folder else "")]
        if not below:
            raise FileNotFoundError(path)
        depth = len(folder.split("/")) if folder else 0
        infos = {
            "/".join(name.split("/")[: depth + 1]): {
                "name": "/".join(name.split("/")[: depth + 1]),
                "size": len(self.files[name]),
                "type": "directory" if name.count("/") > depth else "file",
            }
            for name in below
        }
        return list(infos.values()) if detail else list(infos)

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> io.BytesIO:
        with self._lock:
            self.opened.append(path)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.gate is not None:
                self.gate.wait()
            if path not in self.files:
                raise FileNotFoundError(path)
            return io.BytesIO(self.files[path])
        finally:
            with self._lock:
                self._at_once -= 1


async def all_ways(reader: ClassifyReader, *args: Any, **load_kwargs: Any) -> list[list[Document]]:
    streamed = [document async for document in reader.astream_data(*args, **load_kwargs)]
    return [*await every_way(reader, *args, **load_kwargs), streamed]


def names(documents: list[Document]) -> list[str]:
    return [document.metadata["file_path"] for document in documents]


def pdf_of(*pages: str) -> bytes:
    """A PDF with one line of text a page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    table = f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    return out + f"{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF".encode()
