"""A process that reads documents and decides about them, one at a time, for as long as its server tells it to.

`python -m classify_core.server.workers.child PARENT LIMITS`, started by `process.py`: the ID of the server's process
and the limits as JSON. It reads requests from its standard input and writes replies to its standard output.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import BinaryIO, Final

from classify_core.engine import ParsedDocument
from classify_core.errors import ClassifyError, MissingExtraError, UnreadableDocumentError
from classify_core.local.decision import decide, with_unread
from classify_core.local.extraction import library, read_document, select, selected_pages
from classify_core.local.extraction.ocr.tesseract import Tesseract
from classify_core.local.extraction.reading import ReadDocument
from classify_core.local.lexical import LexicalEngine
from classify_core.models import ParsingConfiguration, Rule
from classify_core.server.options import DocumentLimits
from classify_core.server.workers import protocol
from classify_core.server.workers.confinement import confine, end_after, follow_parent
from classify_core.server.workers.cutting import cut
from classify_core.server.workers.failures import (
    DocumentFailedError,
    FailureCode,
    gone,
    out_of_memory,
    too_many_pages,
    too_much_text,
    unreadable,
)
from classify_core.source import Content

_ENGINE: Final = LexicalEngine()
_SAMPLE_PDF: Final = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
trailer<</Root 1 0 R/Size 4>>
%%EOF
"""
_SAMPLE_RULE: Final = Rule(type="sample", description="a sample of a document")


def main() -> None:
    """Serves one server until that closes the standard input."""
    parent, limits = int(sys.argv[1]), DocumentLimits(**json.loads(sys.argv[2]))
    follow_parent(parent)
    requests, replies = _private_pipes()
    reader = DocumentReader(limits)
    _say(replies, protocol.NOTICE)
    while (request := _heard(requests)) is not None:
        _say(replies, protocol.NOTICE)
        end_after(limits.seconds)
        _say(replies, reader.answer(request))
        end_after(0)


class DocumentReader:
    """Answers requests. Made, it has loaded what it needs and taken its limits upon itself."""

    def __init__(self, limits: DocumentLimits) -> None:
        self._limits = limits
        _ENGINE.score([ParsedDocument("sample")], [_SAMPLE_RULE])
        self._could_read_pdf = _can_read_pdf()
        confine(limits.memory_bytes)

    def answer(self, request: bytes) -> bytes:
        """The reply to a request, both as JSON."""
        try:
            return _bounded(self._replied(protocol.REQUEST.validate_json(request)))
        except UnreadableDocumentError as error:
            return self._refused(error)
        except MissingExtraError as error:
            return self._failed(unreadable(FailureCode.UNSUPPORTED_FILE_TYPE, error.message))
        except DocumentFailedError as error:
            return self._failed(error)
        except MemoryError:
            return self._failed(out_of_memory(self._limits.memory_bytes))
        except OSError:
            return self._failed(gone())

    def _replied(self, request: protocol.Request) -> protocol.Reply:
        if isinstance(request, protocol.ReadRequest):
            return protocol.DocumentReply(document=self._read(request))
        pages = selected_pages(request.document, request.configuration.parsing_configuration)
        parsed = select(request.document, request.configuration.parsing_configuration)
        [scores] = _ENGINE.score([parsed], request.configuration.rules)
        return protocol.AnswerReply(answer=with_unread(decide(scores), parsed.unread), pages=len(pages))

    def _read(self, request: protocol.ReadRequest) -> ReadDocument:
        path = Path(request.path)
        content = Content(path.read_bytes(), request.name, request.format)
        # This process is ended with its group, and may write no file, not even one in memory.
        document = read_document(
            content, ParsingConfiguration(lang=request.lang), tesseract=Tesseract(leads_group=False), path=path
        )
        if len(document.reading.pages) > self._limits.pages:
            raise too_many_pages(len(document.reading.pages), self._limits.pages)
        return cut(document)

    def _refused(self, error: UnreadableDocumentError) -> bytes:
        if error.code is None:
            return _json(protocol.FailureReply(code=None, message="", is_spoilt=True))
        # The readers pass on whatever happens inside of them as a fault of the document.
        if isinstance(error.__context__, MemoryError):
            return self._failed(out_of_memory(self._limits.memory_bytes))
        return self._failed(unreadable(error.code, error.message))

    def _failed(self, error: DocumentFailedError) -> bytes:
        return _json(protocol.FailureReply(code=error.code, message=error.message, is_spoilt=self._is_spoilt()))

    def _is_spoilt(self) -> bool:
        """Whether a document broke the PDF reader for those after it, as faults inside of kreuzberg 4.10 do."""
        return self._could_read_pdf and not _can_read_pdf()


def _can_read_pdf() -> bool:
    try:
        library.read(_SAMPLE_PDF, "pdf", name=None)
    except ClassifyError:
        return False
    return True


def _bounded(reply: protocol.Reply) -> bytes:
    content = _json(reply)
    if len(content) > protocol.MAX_FRAME_BYTES:
        raise too_much_text(protocol.MAX_FRAME_BYTES)
    return content


def _json(reply: protocol.Reply) -> bytes:
    return protocol.REPLY.dump_json(reply)


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Takes the standard streams away from the libraries, whose prints would mix with the replies."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, replies


def _heard(requests: BinaryIO) -> bytes | None:
    header = requests.read(protocol.HEADER.size)
    if len(header) < protocol.HEADER.size:
        return None
    [length] = protocol.HEADER.unpack(header)
    content = requests.read(length)
    return content if len(content) == length else None


def _say(replies: BinaryIO, content: bytes) -> None:
    replies.write(protocol.framed(content))
    replies.flush()


if __name__ == "__main__":
    main()
