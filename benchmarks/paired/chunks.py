"""One PDF, written here, and its chunks as an ingestion with LlamaIndex makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kreuzberg
from fpdf import FPDF
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document

from benchmarks.paired.assignment import Assignment, Findings, timed
from benchmarks.paired.documents import documents
from llama_index_classify import ClassifyTransform

CHUNK_TOKENS = 256
"""Less than a page has, so that there are more chunks than pages."""


def write_pdf(path: Path, *, chunks: int, seed: int) -> None:
    """Writes a PDF that splits into at least so many chunks."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=9)
    for _, text in documents(chunks, seed):
        pdf.add_page()
        pdf.multi_cell(0, 5, text.replace("\n", " "))
    pdf.output(str(path))


def classified_chunks(assignment: Assignment, arguments: dict[str, Any]) -> Findings:
    """Splits the PDF and labels its chunks."""
    path = Path(assignment.pdf or "")
    text = kreuzberg.extract_file_sync(path).content
    document = Document(text=text, metadata={"file_path": str(path), "file_name": path.name})
    splitter = SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=0)
    # As many as the case asks for, whatever a version of the splitter makes of the rest.
    nodes = splitter([document])[: assignment.documents]
    del arguments["on_error"]  # the step has a policy of its own for failures

    def classify() -> int:
        labelled = ClassifyTransform(**arguments)(nodes)
        return sum(node.metadata.get("classify_status") == "completed" for node in labelled)

    return timed(classify)
