"""Why a document could not be classified, by the service's published codes and in words for the client of a server.

No message quotes the document or names a path of this machine.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from classify_core.errors import ClassifyError

MAX_MESSAGE_LENGTH: Final = 500

# The readers speak to those who run them in their own process.
_FOR_CLIENTS: Final = ((", or classify it with backend='hosted'", ""),)


class FailureCode(StrEnum):
    """The codes of failed jobs (contract README, "Limits, errors, price")."""

    UNSUPPORTED_FILE_TYPE = "UNSUPPORTED_FILE_TYPE"
    PDF_IS_PROTECTED = "PDF_IS_PROTECTED"
    PDF_IS_BROKEN = "PDF_IS_BROKEN"
    NO_DATA_FOUND_IN_FILE = "NO_DATA_FOUND_IN_FILE"
    DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
    TOO_MANY_PAGES = "TOO_MANY_PAGES"
    TIMEOUT = "TIMEOUT"


class DocumentFailedError(Exception):
    """A document that cannot be classified here.

    Attributes:
        code: the reason by its published name.
        message: what is wrong and what can be done about it.
    """

    def __init__(self, code: FailureCode, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class WorkerFaultError(ClassifyError):
    """A process for documents cannot be started or does not do what it is for; no document is at fault."""


def unreadable(code: str | None, message: str) -> DocumentFailedError:
    """A reader's own finding, in words for the client of a server."""
    for said, told in _FOR_CLIENTS:
        message = message.replace(said, told)
    return DocumentFailedError(FailureCode(code or FailureCode.PDF_IS_BROKEN), message[:MAX_MESSAGE_LENGTH])


def out_of_time(seconds: float) -> DocumentFailedError:
    """It takes too long."""
    return DocumentFailedError(
        FailureCode.TIMEOUT, f"it takes more than {seconds:g} s to read; split the document or simplify it"
    )


def out_of_memory(memory_bytes: int) -> DocumentFailedError:
    """It takes too much memory."""
    return DocumentFailedError(
        FailureCode.DOCUMENT_TOO_LARGE,
        f"it takes more than {memory_bytes // 1024**2:,} MiB of memory to read; split the document or simplify it",
    )


def crashed() -> DocumentFailedError:
    """Its reader broke down."""
    return DocumentFailedError(
        FailureCode.PDF_IS_BROKEN,
        "its reader broke down on it; save it again in the program it comes from, or as PDF or plain text",
    )


def too_many_pages(count: int, limit: int) -> DocumentFailedError:
    """It has more pages than are read."""
    return DocumentFailedError(
        FailureCode.TOO_MANY_PAGES, f"it has {count:,} pages and at most {limit:,} are read; split the document"
    )


def too_much_text(limit: int) -> DocumentFailedError:
    """It has more text than is kept."""
    return DocumentFailedError(
        FailureCode.DOCUMENT_TOO_LARGE,
        f"it holds more than {limit // 1024**2:,} MiB of text; split the document",
    )


def gone() -> DocumentFailedError:
    """Its file is not there."""
    return DocumentFailedError(
        FailureCode.NO_DATA_FOUND_IN_FILE,
        "its file is gone: it was deleted, or has expired, before it was read; upload it again",
    )
