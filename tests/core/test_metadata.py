from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from classify_core import (
    Classification,
    ForeignLabelError,
    InvalidOptionError,
    JobFailedError,
    MetadataSchema,
    Rule,
    Status,
)
from classify_core.metadata import ALL_KEYS, schema_of, selects, shortened

DONE = Classification(
    type="invoice", confidence=0.93, reasoning="it says so", backend="hosted", rules_id="r1", job_id="job-1"
)
FAILED = Classification(
    status=Status.FAILED,
    error=JobFailedError("no luck", job_id="job-1"),
    backend="hosted",
    rules_id="r1",
    job_id="job-1",
)


def test_a_classification_becomes_flat_scalars_under_the_prefix() -> None:
    assert MetadataSchema().to_metadata(DONE) == {
        "classify_type": "invoice",
        "classify_confidence": 0.93,
        "classify_reasoning": "it says so",
        "classify_status": "completed",
        "classify_backend": "hosted",
        "classify_job_id": "job-1",
        "classify_rules_id": "r1",
    }


def test_a_failure_writes_what_failed_and_never_a_type() -> None:
    assert MetadataSchema().to_metadata(FAILED) == {
        "classify_status": "failed",
        "classify_error": "no luck",
        "classify_backend": "hosted",
        "classify_job_id": "job-1",
        "classify_rules_id": "r1",
    }


def test_an_error_names_the_document_where_that_has_a_name_of_its_own() -> None:
    error = JobFailedError("no luck", job_id="job-1").about(source_name="a.pdf")
    named = FAILED.model_copy(update={"error": error, "source_name": "a.pdf"})
    assert MetadataSchema().to_metadata(named)["classify_error"] == "document 'a.pdf', job job-1: no luck"


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.BELOW_THRESHOLD])
def test_no_match_and_a_withheld_type_are_a_string_since_stores_refuse_null(status: Status) -> None:
    outcome = Classification(confidence=0.2, status=status, backend="b", rules_id="r")
    written = MetadataSchema().to_metadata(outcome)
    assert (written["classify_type"], written["classify_status"]) == ("uncategorized", status.value)


@pytest.mark.parametrize("outcome", [DONE, FAILED])
def test_every_value_is_a_plain_string_or_float(outcome: Classification) -> None:
    assert {type(value) for value in MetadataSchema().to_metadata(outcome).values()} <= {str, float}


def test_reasoning_is_cut_on_one_line_and_can_be_turned_off() -> None:
    long = DONE.model_copy(update={"reasoning": "word\n" * 500})
    cut = MetadataSchema(reasoning_length=20).to_metadata(long)["classify_reasoning"]
    assert cut == "word word word word…"
    assert "classify_reasoning" not in MetadataSchema(reasoning_length=0).to_metadata(long)


@pytest.mark.parametrize(("length", "expected"), [(0, ""), (1, "…"), (4, "abc…"), (5, "abcde"), (9, "abcde")])
def test_cutting_never_exceeds_the_length(length: int, expected: str) -> None:
    assert shortened("abcde", length) == expected


def test_only_the_chosen_keys_are_written_and_those_that_freshness_needs() -> None:
    schema = MetadataSchema(keys=("type", "status", "rules_id", "confidence"))
    assert set(schema.to_metadata(DONE)) == {
        "classify_type",
        "classify_status",
        "classify_rules_id",
        "classify_confidence",
    }
    with pytest.raises(ValidationError, match="rules_id"):
        MetadataSchema(keys=("type", "status"))


def test_no_key_is_embedded_and_only_the_type_is_read_by_a_language_model() -> None:
    schema = MetadataSchema()
    assert set(schema.embedding_exclusions) == set(schema.all_keys)
    assert set(schema.all_keys) - set(schema.llm_exclusions) == {"classify_type"}


def test_a_label_is_fresh_when_the_rules_are_ours_and_it_succeeded() -> None:
    schema = MetadataSchema()
    written = schema.to_metadata(DONE)
    assert schema.fresh_label(written | {"author": "me"}, "r1") == written
    assert schema.fresh_label(written, "r2") is None
    assert schema.fresh_label(schema.to_metadata(FAILED), "r1") is None
    assert schema.fresh_label({}, "r1") is None
    withheld = written | {"classify_status": "below_threshold"}
    assert schema.fresh_label(withheld, "r1") == withheld


class _Incomparable:
    """Like an array, which compares to many truths."""

    __hash__ = None  # type: ignore[assignment]  # as arrays have it

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth value is ambiguous")


@pytest.mark.parametrize("key", ["classify_status", "classify_type", "classify_rules_id"])
@pytest.mark.parametrize("value", [["completed"], None, {"a": 1}, _Incomparable()])
def test_a_label_that_a_store_has_bent_is_not_a_label_any_more(key: str, value: Any) -> None:
    schema = MetadataSchema()
    bent = schema.to_metadata(DONE) | {key: value}
    assert schema.own_label(bent) is None
    assert schema.fresh_label(bent, "r1") is None


def test_a_new_label_leaves_nothing_of_the_old_one_and_everything_else() -> None:
    schema = MetadataSchema()
    before = {"author": "me"} | schema.to_metadata(FAILED)
    after = schema.labelled(before, schema.to_metadata(DONE))
    assert after == {"author": "me"} | schema.to_metadata(DONE)
    assert "classify_error" in before  # the old dict is untouched


def test_several_classifiers_live_side_by_side_under_their_own_prefixes() -> None:
    first, second = MetadataSchema(), MetadataSchema(prefix="language_")
    both = second.labelled(first.labelled({}, first.to_metadata(DONE)), second.to_metadata(DONE))
    assert len(both) == 2 * len(first.to_metadata(DONE))


def test_a_type_that_somebody_else_wrote_is_not_overwritten_silently() -> None:
    with pytest.raises(ForeignLabelError, match=r"a\.pdf.*overwrite=True"):
        MetadataSchema().refuse_foreign_label({"classify_type": "mine"}, name="a.pdf")
    MetadataSchema().refuse_foreign_label(MetadataSchema().to_metadata(DONE), name="a.pdf")


@pytest.mark.parametrize(
    ("schema", "type_name"),
    [
        (MetadataSchema(), "uncategorized"),
        (MetadataSchema(), "Uncategorized"),
        (MetadataSchema(no_match_label="STRASSE"), "straße"),
    ],
)
def test_a_rule_must_not_look_like_no_match(schema: MetadataSchema, type_name: str) -> None:
    clash = [Rule(type="letter", description="a letter to us"), Rule(type=type_name, description="all the others")]
    with pytest.raises(InvalidOptionError, match=f"{type_name!r} cannot be told from no match.*no_match_label="):
        schema.refuse_ambiguous(clash)


def test_rules_beside_the_no_match_label_pass_and_so_do_those_not_known_yet() -> None:
    rule = Rule(type="uncategorized", description="all the others")
    MetadataSchema(no_match_label="none of them").refuse_ambiguous([rule])
    MetadataSchema().refuse_ambiguous([])
    MetadataSchema().refuse_ambiguous(None)


@pytest.mark.parametrize("prefix", ["", "1_", "a-b", "a.b", "a b"])
def test_a_prefix_must_make_keys_that_every_store_accepts(prefix: str) -> None:
    with pytest.raises(ValidationError):
        MetadataSchema(prefix=prefix)


@pytest.mark.parametrize(
    ("type_name", "keep", "drop", "passes"),
    [
        ("a", None, None, True),
        ("a", ("a",), None, True),
        ("b", ("a",), None, False),
        ("a", None, ("a",), False),
        ("uncategorized", ("uncategorized",), None, True),
        ("a", ("a",), ("a",), False),
        (None, ("a",), ("b",), True),
        ("a", (), None, False),
    ],
)
def test_keep_and_drop_types_never_drop_what_could_not_be_classified(
    type_name: str | None, keep: tuple[str, ...] | None, drop: tuple[str, ...] | None, *, passes: bool
) -> None:
    assert selects(type_name, keep=keep, drop=drop) is passes


def test_all_keys_of_the_design_are_known() -> None:
    assert set(ALL_KEYS) == {"type", "confidence", "reasoning", "status", "error", "backend", "job_id", "rules_id"}


def test_the_schema_is_given_whole_or_by_its_prefix() -> None:
    schema = MetadataSchema(prefix="kind_", no_match_label="none")
    assert schema_of() == MetadataSchema()
    assert schema_of(schema=schema) is schema
    assert schema_of("kind_") == MetadataSchema(prefix="kind_")
    with pytest.raises(InvalidOptionError, match="not both"):
        schema_of("kind_", schema)
    with pytest.raises(InvalidOptionError, match="prefix"):
        schema_of("no prefix")
