"""What the tests of routing share: labelled inputs, and branches that tell their name and what they got."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from classify_core import Classification, MetadataSchema, Status, UnreadableDocumentError

REASON = "because of the zanzibar clause"
INVOICE = Classification(type="invoice", confidence=0.9, reasoning=REASON, backend="b", rules_id="r")
RECIPE = INVOICE.model_copy(update={"type": "recipe"})
UNSURE = INVOICE.model_copy(update={"confidence": 0.4})
NO_MATCH = INVOICE.model_copy(update={"type": None, "confidence": 0.2})
WITHHELD = NO_MATCH.model_copy(update={"status": Status.BELOW_THRESHOLD})
FAILED = Classification(
    status=Status.FAILED, error=UnreadableDocumentError("damaged"), backend="b", rules_id="r", source_name="a.pdf"
)


def labelled(classification: Classification, text: str = "text", schema: MetadataSchema | None = None) -> Document:
    """A document that a classifier has labelled."""
    label = (schema or MetadataSchema()).to_metadata(classification)
    return Document(page_content=text, metadata={"source": f"{text}.pdf", **label})


def telling(name: str) -> RunnableLambda[Any, tuple[str, Any]]:
    """A branch that gives its name and its input."""
    return RunnableLambda(lambda value: (name, value), name=name)


def run(face: str, runnable: Any, name: str, *args: Any, **options: Any) -> Any:
    """What a call gives, synchronous or awaited; of a stream all chunks."""
    if face == "sync":
        found = getattr(runnable, name)(*args, **options)
        return list(found) if name == "stream" else found
    if name == "stream":
        return asyncio.run(_collected(runnable.astream(*args, **options)))
    return asyncio.run(getattr(runnable, f"a{name}")(*args, **options))


async def _collected(chunks: Any) -> list[Any]:
    return [chunk async for chunk in chunks]
