"""A process for documents that a document has taken over: what it does is told by the document's name."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any


def say(content: bytes, length: int | None = None) -> None:
    sys.stdout.buffer.write((len(content) if length is None else length).to_bytes(4, "big") + content)
    sys.stdout.buffer.flush()


def heard() -> dict[str, Any] | None:
    header = sys.stdin.buffer.read(4)
    return json.loads(sys.stdin.buffer.read(int.from_bytes(header, "big"))) if header else None


def lie(request: dict[str, Any]) -> None:
    if request["operation"] == "decide":
        answer = {"type": "of no rule", "confidence": 1.0}
        say(json.dumps({"kind": "answer", "answer": answer, "pages": 1}).encode())
    match request.get("name"):
        case "endless":
            say(b"", length=4_000_000_000)
        case "nested":
            say(b"[" * 100_000)
        case "pickle":
            say(b"cos\nsystem\n(S'true'\ntR.")
        case "another thing":
            say(b'{"kind": "answer", "answer": {"type": "bill", "confidence": 1.0}, "pages": 1}')
        case "code":
            say(b'{"kind": "failure", "code": "<script>", "message": ""}')
        case "pages":
            page = {"text": "words", "headings": []}
            say(json.dumps({"kind": "document", "document": document([page] * 600)}).encode())
        case "silence":
            signal.pause()
        case "closing":
            os.close(1)
            signal.pause()


def document(pages: list[dict[str, Any]]) -> dict[str, Any]:
    return {"format": "txt", "reading": {"pages": pages, "title": None}, "name": "a"}


say(b"")
while (request := heard()) is not None:
    say(b"")
    lie(request)
