"""What the server and a process for documents say to each other: JSON in frames, each behind its length.

JSON and never pickle: a hostile document may have taken over the process that reads it, and what that process says must
then remain data. Everything it says is bounded and validated.
"""

from __future__ import annotations

import struct
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from classify_core.classification import Answer
from classify_core.local.extraction.reading import ReadDocument
from classify_core.models import ClassifyConfiguration
from classify_core.server.workers.failures import MAX_MESSAGE_LENGTH, FailureCode

MAX_FRAME_BYTES: Final = 32 * 1024**2
"""Of a frame from the process: 5,000 pages of prose have a half of it."""

HEADER: Final = struct.Struct(">I")

NOTICE: Final = b""
"""The empty frame: the process is ready for its first document, and later that it has begun with the next one."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadRequest(_Message):
    """Read a file.

    Attributes:
        path: where its bytes are; not repeated in any reply.
        name: the document's.
        format: the name's lower-case ending without the dot; empty where it has none.
        lang: its language, for OCR.
    """

    operation: Literal["read"] = "read"
    path: str
    name: str
    format: str
    lang: str = "en"


class DecideRequest(_Message):
    """Select a document's pages and decide about them."""

    operation: Literal["decide"] = "decide"
    document: ReadDocument = Field(repr=False)
    configuration: ClassifyConfiguration


class DocumentReply(_Message):
    """What was read."""

    kind: Literal["document"] = "document"
    document: ReadDocument = Field(repr=False)


class AnswerReply(_Message):
    """What was decided, by how many pages."""

    kind: Literal["answer"] = "answer"
    answer: Answer = Field(repr=False)
    pages: int = Field(ge=0)


class FailureReply(_Message):
    """The document cannot be classified.

    Attributes:
        code: None where an earlier document is at fault, which spoilt the process.
        is_spoilt: whether the process can read no more.
    """

    kind: Literal["failure"] = "failure"
    code: FailureCode | None
    message: str = Field(max_length=MAX_MESSAGE_LENGTH)
    is_spoilt: bool = False


Request = ReadRequest | DecideRequest
Reply = DocumentReply | AnswerReply | FailureReply

REQUEST: Final[TypeAdapter[Request]] = TypeAdapter(Annotated[Request, Field(discriminator="operation")])
REPLY: Final[TypeAdapter[Reply]] = TypeAdapter(Annotated[Reply, Field(discriminator="kind")])


def framed(content: bytes) -> bytes:
    """Puts the length before what is said."""
    return HEADER.pack(len(content)) + content
