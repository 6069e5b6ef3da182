"""Bad documents, each beside good ones: a clear error that names the document and the remedy, the others unharmed."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from classify_core import Classifier, LexicalEngine, Rule, Status, UnreadableDocumentError
from classify_core import source as source_module
from classify_core.engine import ParsedDocument
from tests.local import files

GOOD = "Invoice number 7: line items, tax, total amount due 20 EUR"


def _garbage() -> bytes:
    return random.Random(7).randbytes(5000)


def _over_the_limit(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(source_module.MAX_FILE_BYTES + 1)  # sparse: it takes no space


def _holding(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("gone.pdf", lambda path: None, "there is no file"),
    "empty": ("void.pdf", _holding(b""), "empty"),
    "blank": ("blank.txt", _holding(b" \n\t \n"), "only white space"),
    "binary garbage": ("noise.pdf", lambda path: path.write_bytes(_garbage()), ""),
    "binary garbage as text": ("noise.txt", lambda path: path.write_bytes(_garbage()), "binary"),
    "truncated pdf": ("half.pdf", lambda path: path.write_bytes(files.pdf([GOOD])[:400]), ""),
    "truncated docx": ("half.docx", lambda path: path.write_bytes(files.word("Bill", [GOOD])[:3000]), ""),
    "password-protected pdf": (
        "locked.pdf",
        lambda path: path.write_bytes(files.pdf([GOOD], password="x")),
        "password",
    ),
    "password-protected office file": (
        "locked.docx",
        lambda path: path.write_bytes(files.encrypted_office_file()),
        "password",
    ),
    "scan without text": ("scan.pdf", lambda path: path.write_bytes(files.scanned_pdf()), "OCR"),
    "picture": ("photo.png", lambda path: path.write_bytes(files.png()), "OCR"),
    "directory": ("folder", lambda path: path.mkdir(), "is a directory"),
    "over the size limit": ("huge.pdf", _over_the_limit, "at most"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_document_is_a_clear_error_and_the_others_are_unharmed(
    kind: str, rules: list[Rule], tmp_path: Path
) -> None:
    name, make, told = BAD[kind]
    make(tmp_path / name)
    sources = [GOOD, tmp_path / name, "Recipe: ingredients, quantities, steps of preparation"]
    with Classifier(rules, backend="local", on_error="record") as classifier:
        for outcomes in (classifier.classify_many(sources), await classifier.aclassify_many(sources)):
            assert [one.type for one in outcomes] == ["invoice", None, "recipe"]
            error = outcomes[1].error
            assert isinstance(error, UnreadableDocumentError)
            assert outcomes[1].status is Status.FAILED
            assert name in str(error)
            assert told in str(error)
            assert len(str(error)) > len(name) + 40  # it says what happened and what to do


@pytest.mark.parametrize("text", ["0123 456 789", "... --- ...", "1,2;3\n4", "€ 20.00 - 30 %"])
def test_digits_and_punctuation_alone_match_no_rule(rules: list[Rule], text: str) -> None:
    with Classifier(rules, backend="local") as classifier:
        one = classifier.classify(text)
    assert (one.type, one.status, one.confidence) == (None, Status.COMPLETED, 0.0)


def test_ten_thousand_rules_take_bounded_memory_and_work() -> None:
    many = [
        Rule(type=f"type {number}", description=f"A document about subject{number} and matter{number % 97}.")
        for number in range(10_000)
    ]
    tracemalloc.start()
    try:
        with Classifier(many, backend="local") as classifier:
            one = classifier.classify("This one is about subject4711, a document of matter55.")
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000
    assert one.type == "type 4711"
    assert len(one.alternatives) <= 20
    scored = LexicalEngine().score([ParsedDocument(text="subject4711")], many)
    assert len(scored[0]) == 10_000
