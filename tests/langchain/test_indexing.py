"""The key by which `index()` knows a labelled document: what counts in it, and that it is always the same."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from langchain_core.documents import Document
from pydantic import ValidationError

from classify_core import InvalidOptionError
from classify_core.metadata import ALL_KEYS
from langchain_classify.indexing import LabelKeyEncoder

LABEL: dict[str, Any] = {
    "classify_type": "invoice",
    "classify_confidence": 0.8,
    "classify_reasoning": "it says so",
    "classify_status": "completed",
    "classify_backend": "hosted",
    "classify_job_id": "job-1",
    "classify_rules_id": "0123456789abcdef",
}
OTHER: dict[str, Any] = {
    "classify_type": "recipe",
    "classify_confidence": 0.9,
    "classify_reasoning": "it does not",
    "classify_status": "below_threshold",
    "classify_error": "too late",
    "classify_backend": "local/lexical",
    "classify_job_id": "job-2",
    "classify_rules_id": "fedcba9876543210",
}
TEXT = "Invoice number 7"
METADATA = {"source": "acme.pdf", "page": 1, "tags": ["march", {"year": 2026}], "empty": None}


def key(text: str = TEXT, encoder: LabelKeyEncoder | None = None, **metadata: Any) -> str:
    return (encoder or LabelKeyEncoder())(Document(page_content=text, metadata=metadata))


def counting(**options: Any) -> set[str]:
    """Which keys of a label, changed, make another key."""
    encoder = LabelKeyEncoder(**options)
    before = key(encoder=encoder, **METADATA, **LABEL)
    return {
        name.removeprefix("classify_")
        for name, value in OTHER.items()
        if key(encoder=encoder, **METADATA, **(LABEL | {name: value})) != before
    }


def test_of_a_label_the_type_counts_and_nothing_else() -> None:
    assert counting() == {"type"}


def test_what_is_to_count_can_be_named() -> None:
    assert counting(by=("type", "confidence")) == {"type", "confidence"}
    assert counting(by=["rules_id"]) == counting(by="rules_id") == {"rules_id"}
    assert counting(by=()) == set()
    assert counting(by=ALL_KEYS) == set(ALL_KEYS)


def test_text_and_all_other_metadata_count() -> None:
    before = key(**METADATA, **LABEL)
    assert key("Invoice number 8", **METADATA, **LABEL) != before
    assert key(**METADATA, **LABEL, author="ann") != before
    for name in METADATA:
        assert key(**{**METADATA, name: "another"}, **LABEL) != before
        assert key(**{other: value for other, value in METADATA.items() if other != name}, **LABEL) != before


def test_text_and_metadata_are_told_apart() -> None:
    assert len({key("a", b="c"), key("ab", c=""), key("", a="b"), key('a{"b": "c"}')}) == 4


def test_an_unlabelled_a_failed_and_a_labelled_document_are_three() -> None:
    failed = {"classify_status": "failed", "classify_error": "no text", "classify_rules_id": "0123456789abcdef"}
    assert key(**METADATA) == key(**METADATA, **failed) != key(**METADATA, **LABEL)
    uncategorized = LABEL | {"classify_type": "uncategorized"}
    assert key(**METADATA, **uncategorized) not in {key(**METADATA, **failed), key(**METADATA, **LABEL)}


def test_labels_of_several_classifiers_are_left_out_by_their_prefixes() -> None:
    second = {name.replace("classify_", "kind_"): value for name, value in LABEL.items()}
    surer = second | {"kind_confidence": 0.1}
    assert key(**LABEL, **second) != key(**LABEL, **surer)
    both = LabelKeyEncoder(["classify_", "kind_"])
    assert key(encoder=both, **LABEL, **second) == key(encoder=both, **LABEL, **surer)
    assert key(encoder=both, **LABEL, **second) != key(encoder=both, **LABEL, **(second | {"kind_type": "letter"}))
    assert key(encoder=LabelKeyEncoder("kind_"), **second) == key(encoder=LabelKeyEncoder("kind_"), **surer)


def test_a_key_that_only_begins_like_a_label_s_counts() -> None:
    assert key(classify_owner="ann") != key(classify_owner="bob")


def test_the_identifier_does_not_count_and_the_document_is_not_changed() -> None:
    document = Document(id="7", page_content=TEXT, metadata={**METADATA, **LABEL})
    before = document.model_copy(deep=True)
    assert LabelKeyEncoder()(document) == key(**METADATA, **LABEL)
    assert document == before


def test_the_order_of_metadata_does_not_count() -> None:
    mixed = {**METADATA, **LABEL}
    assert key(**mixed) == key(**dict(reversed(mixed.items())))
    assert key(nested={"a": 1, "b": 2}) == key(nested={"b": 2, "a": 1})


def test_a_key_is_a_uuid() -> None:
    assert str(UUID(key(**METADATA, **LABEL))) == key(**METADATA, **LABEL)


def test_the_key_of_a_document_never_becomes_another_one() -> None:
    """Another one in a later version would have every index embed everything anew."""
    assert key() == "5164741b-a60e-6edd-2d52-968f58dababa"
    assert key(**METADATA, **LABEL) == "cb355a48-ac4c-3e4f-4226-3c4ce70e69d5"


@pytest.mark.parametrize("seed", ["1", "2"])
def test_it_is_the_same_in_every_process(seed: str) -> None:
    program = (
        "from langchain_classify.indexing import LabelKeyEncoder\n"
        "from langchain_core.documents import Document\n"
        f"print(LabelKeyEncoder()(Document(page_content={TEXT!r}, metadata={ {**METADATA, **LABEL}!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == key(**METADATA, **LABEL)


@pytest.mark.parametrize("text", ["", "Prüfung € 日本", "\ud800 half a pair"])
def test_any_text_has_a_key(text: str) -> None:
    assert key(text) != key(f"{text}.")
    assert key(note=text) != key(note=f"{text}.")


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"seen": datetime(2026, 11, 22, tzinfo=UTC)}, "under 'seen' is a datetime"),
        ({"source": "a.pdf", "path": Path("secret.pdf")}, "under 'path' is a "),
        ({"tags": {"a", "b"}}, "under 'tags' is a set"),
        ({"deep": [{"here": object()}]}, "under 'deep' is a list"),
        ({1: "a", "b": 2}, "names are not all strings"),
    ],
)
def test_what_json_cannot_hold_is_named_and_not_shown(metadata: dict[Any, Any], told: str) -> None:
    document = Document.model_construct(page_content=TEXT, metadata=metadata)
    with pytest.raises(InvalidOptionError, match=told) as caught:
        LabelKeyEncoder()(document)
    assert "secret" not in str(caught.value)


def test_of_a_label_what_json_cannot_hold_does_not_matter_where_it_does_not_count() -> None:
    assert key(classify_confidence=object()) == key()


def test_what_no_label_has_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match=r"no key 'typ'; it has type, confidence"):
        LabelKeyEncoder(by=("typ",))
    with pytest.raises(ValidationError, match="prefix"):
        LabelKeyEncoder("with blanks ")


def test_it_travels_compares_and_shows_what_it_was_told() -> None:
    encoder = LabelKeyEncoder("kind_", by=("type", "confidence"))
    again = pickle.loads(pickle.dumps(encoder))
    assert again == encoder != LabelKeyEncoder("kind_")
    assert key(encoder=again, kind_type="letter") == key(encoder=encoder, kind_type="letter")
    assert repr(encoder) == "LabelKeyEncoder(prefix='kind_', by=('type', 'confidence'))"
