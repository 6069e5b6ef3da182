from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import pytest

from classify_core import (
    BatchError,
    Classifier,
    ClassifyConfiguration,
    ForeignLabelError,
    InvalidOptionError,
    JobFailedError,
    MetadataSchema,
    NotFoundError,
    Rule,
    UnreadableDocumentError,
)
from classify_core.grouping import Item, grouped, identity_of, joined_text
from classify_core.labelling import Labeller
from classify_core.labels import Labelled, LabelPolicy
from classify_core.progress import ProgressEvent, Stage
from tests.backends import ScriptedBackend
from tests.teaching_documents import RULES, teaching_documents


def _page(text: str, page: object, path: str = "/a.pdf", **more: Any) -> Item:
    return Item(text, {"file_path": path, "page_label": page, **more})


def _labeller(rules: Sequence[Rule], backend: ScriptedBackend, **policy: Any) -> Labeller:
    return Labeller(Classifier(rules, backend=backend), LabelPolicy(**policy))


def test_a_page_that_was_split_stays_with_the_other_pages_of_its_file() -> None:
    items = [
        Item("end", {"file_path": "a.pdf", "page_label": "2"}, reference="page-2"),
        Item("begin", {"file_path": "a.pdf", "page_label": "1"}, reference="page-1"),
    ]
    assert grouped(items, "auto") == [[1, 0]]


def test_a_page_number_beyond_numbers_is_no_error() -> None:
    items = [Item("1", {"source": "x", "page": float("inf")}), Item("2", {"source": "x", "page": "9" * 9999})]
    assert grouped(items, "auto") == [[0, 1]]


def test_chunks_tell_their_place_by_start_index_too() -> None:
    items = [Item("b", {"case": 1, "start_index": 50}), Item("a", {"case": 1, "start_index": 0})]
    assert grouped(items, "case") == [[1, 0]]


@pytest.mark.parametrize(
    ("chosen", "adapt", "told"),
    [
        ("auto", None, "local/lexical+batch"),
        (True, None, "local/lexical+batch"),
        (False, None, "local/lexical"),
        (True, False, "local/lexical"),
    ],
)
async def test_documents_teach_each_other_as_the_classifier_says_unless_they_are_not_all(
    chosen: Any, adapt: Any, told: str
) -> None:
    items = [Item(text, {}) for text in teaching_documents()[0]]
    labeller = Labeller(Classifier(RULES, backend="local", adapt=chosen, cache=False), LabelPolicy())
    for labelling in (labeller.label(items, adapt=adapt), await labeller.alabel(items, adapt=adapt)):
        assert {one.metadata["classify_backend"] for one in labelling.passed()} == {told}


async def test_the_nodes_of_one_document_count_once() -> None:
    texts, _ = teaching_documents()
    items = [Item(text, {"case": place % 20}) for place, text in enumerate(texts)]
    labelled = Labeller(Classifier(RULES, backend="local"), LabelPolicy(group_by="case")).label(items).passed()
    assert {one.metadata["classify_backend"] for one in labelled} == {"local/lexical"}


def test_an_original_that_could_not_be_had_is_its_items_failure(rules: list[Rule]) -> None:
    broken = Item("", {"file_name": "b.txt"}, source=UnreadableDocumentError("access denied", source_name="b.txt"))
    labelled = _labeller(rules, ScriptedBackend()).label([Item("invoice", {}), broken, Item("recipe", {})]).passed()
    assert [one.metadata.get("classify_type") for one in labelled] == ["invoice", None, "recipe"]
    assert labelled[1].metadata["classify_error"] == "document 'b.txt': access denied"


def test_a_deadline_holds_for_all_documents_together(rules: list[Rule]) -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    labeller = Labeller(Classifier(rules, backend=backend, max_concurrency=1), LabelPolicy())
    labelled = labeller.label([Item(str(number), {}) for number in range(5)], deadline=0.05).passed()
    statuses = [one.metadata["classify_status"] for one in labelled]
    assert set(statuses) == {"timeout", "not_started"} or set(statuses) == {"timeout"}
    assert len(statuses) == 5
    assert sum(backend.asked.values()) <= 1


class Unloadable(ScriptedBackend):
    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        raise NotFoundError("there is no such configuration")


async def test_each_document_that_is_asked_for_is_told_of_once_and_one_with_a_fresh_label_not(
    rules: list[Rule],
) -> None:
    labeller = _labeller(rules, ScriptedBackend())
    items = [_page("an invoice", 1), _page("with line items", 2), Item("a recipe", {"file_name": "cake.txt"})]
    [_, _, cake] = labeller.label(items).passed()
    told: list[ProgressEvent] = []
    given = [_page("invoice, again", 1, "/b.pdf"), Item("a recipe", cake.metadata), Item("a letter", {})]
    labeller.label(given, on_progress=told.append).passed()
    assert sorted((event.index, event.stage, event.source_name) for event in told) == [
        (0, Stage.DONE, "b.pdf"),
        (1, Stage.DONE, None),
    ]
    told.clear()
    (await labeller.alabel(given, on_progress=told.append)).passed()
    assert [event.stage for event in told] == [Stage.CACHED] * 2


def test_what_is_filtered_out_stays_out_where_the_rules_cannot_be_loaded(rules: list[Rule]) -> None:
    labelled = _labeller(rules, ScriptedBackend()).label([Item("invoice", {}), Item("recipe", {})]).passed()
    items = [Item("x", one.metadata) for one in labelled]
    classifier = Classifier(configuration_id="cfg-1", backend=Unloadable())
    kept = Labeller(classifier, LabelPolicy(keep_types=("recipe",))).label([*items, Item("new", {})]).passed()
    assert [one.index for one in kept] == [1, 2]
    assert kept[1].metadata["classify_status"] == "not_started"


def test_nodes_of_one_source_document_are_one_document() -> None:
    items = [Item("1", {}, reference="a"), Item("2", {}, reference="b"), Item("3", {}, reference="a")]
    assert grouped(items, "auto") == [[0, 2], [1]]


def test_pages_of_one_file_are_one_document_in_the_order_of_pages() -> None:
    items = [_page("ten", "10"), _page("two", "2"), _page("other", "1", "/b.pdf"), _page("one", "1")]
    assert grouped(items, "auto") == [[3, 1, 0], [2]]
    assert joined_text(items, [3, 1, 0]) == "one\n\ntwo\n\nten"


def test_pages_with_roman_numbers_keep_the_order_given() -> None:
    assert grouped([_page("b", "ii"), _page("a", "i")], "auto") == [[0, 1]]


def test_page_zero_is_a_page() -> None:
    items = [Item("a", {"source": "x.pdf", "page": 1}), Item("b", {"source": "x.pdf", "page": 0})]
    assert grouped(items, "auto") == [[1, 0]]


def test_without_a_page_key_documents_of_one_source_stay_alone() -> None:
    items = [Item("row 1", {"source": "table.csv"}), Item("row 2", {"source": "table.csv"})]
    assert grouped(items, "auto") == [[0], [1]]


def test_chunks_are_put_in_reading_order() -> None:
    items = [Item("end", {}, reference="a", position=90), Item("begin", {}, reference="a", position=0)]
    assert grouped(items, "auto") == [[1, 0]]


def test_what_is_grouped_by_a_key_is_read_file_by_file_and_document_by_document() -> None:
    chunks = [Item(f"{name}{place}", {"case": 1}, reference=name, position=place) for name in "ba" for place in (90, 0)]
    pages = [Item(f"{path}{n}", {"case": 2, "file_path": path, "page": n}) for path in "ba" for n in (2, 1)]
    assert joined_text(chunks, grouped(chunks, "case")[0]).split() == ["b0", "b90", "a0", "a90"]
    assert joined_text(pages, grouped(pages, "case")[0]).split() == ["b1", "b2", "a1", "a2"]


@pytest.mark.parametrize("key", [None, "", float("nan")])
def test_a_missing_key_is_never_a_group(key: object) -> None:
    items = [Item("1", {"case": key}), Item("2", {"case": key}), Item("3", {})]
    assert grouped(items, "case") == [[0], [1], [2]]


@pytest.mark.parametrize("missing", [{"page": float("nan"), "source": "x.csv"}, {"page": 1, "source": float("nan")}])
def test_rows_of_a_table_whose_page_or_source_is_empty_stay_alone(missing: dict[str, Any]) -> None:
    assert grouped([Item("row 1", missing), Item("row 2", missing)], "auto") == [[0], [1]]


class _Array:
    """Answers a comparison with many answers and has no truth, as an array of numbers."""

    __hash__ = None

    def __eq__(self, other: object) -> _Array:
        return self

    def __bool__(self) -> bool:
        raise ValueError("the truth of an array is ambiguous")


@pytest.mark.parametrize("key", ["file_name", "file_path", "source", "page", "page_label", "file_id", "case"])
@pytest.mark.parametrize("source", ["text", "file"])
def test_metadata_that_holds_arrays_stops_no_document(key: str, source: Any, rules: list[Rule]) -> None:
    items = [Item("an invoice", {"source": "x", "page": 1, key: _Array()}), Item("a recipe", {})]
    labelled = _labeller(rules, ScriptedBackend(), source=source).label(items).passed()
    assert [one.label["classify_type"] for one in labelled] == ["invoice", "recipe"]


def test_an_array_is_refused_as_a_key() -> None:
    with pytest.raises(InvalidOptionError, match="a _Array, which cannot be a key"):
        grouped([Item("1", {"case": _Array()})], "case")


def test_documents_are_grouped_by_a_key_by_a_function_or_not_at_all() -> None:
    items = [Item("1", {"case": 7}, original="x1", reference="r"), Item("2", {"case": 7}, original="y1", reference="r")]
    assert grouped(items, "case") == [[0, 1]]
    assert grouped(items, lambda original: original[0]) == [[0], [1]]
    assert grouped(items, None) == [[0], [1]]
    with pytest.raises(InvalidOptionError, match="cannot be a key"):
        grouped(items, lambda original: [original])


def test_two_functions_never_share_an_identity_and_one_keeps_its() -> None:
    def case(item: Any) -> str:
        return str(item)

    functions = [lambda item: item.a, lambda item: item.b, lambda item: (item.a, 1), case]
    identities = [identity_of(function) for function in functions]
    assert len(set(identities)) == 4
    assert not any(" at 0x" in str(identity) for identity in identities)
    assert identity_of(case) == identity_of(case)
    assert (identity_of("auto"), identity_of(None)) == ("auto", None)


async def test_one_classification_a_document_is_written_to_all_its_items(rules: list[Rule]) -> None:
    items = [_page("total", "2"), Item("recipe", {"source": "r.txt"}), _page("invoice", "1")]
    for labelled in (
        _labeller(rules, backend := ScriptedBackend()).label(items).passed(),
        (await _labeller(rules, ScriptedBackend()).alabel(items)).passed(),
    ):
        assert [one.metadata["classify_type"] for one in labelled] == ["invoice", "recipe", "invoice"]
        assert [one.index for one in labelled] == [0, 1, 2]
    assert set(backend.asked) == {"invoice\n\ntotal", "recipe"}


def test_items_are_never_changed_and_nothing_is_shared(rules: list[Rule]) -> None:
    items = [_page("invoice", "1"), _page("total", "2")]
    before = copy.deepcopy(items)
    labelled = _labeller(rules, ScriptedBackend()).label(items).passed()
    assert items == before
    assert labelled[0].metadata is not labelled[1].metadata


def _again(items: Sequence[Item], labelled: Sequence[Labelled]) -> list[Item]:
    return [Item(items[one.index].text, one.metadata, reference=items[one.index].reference) for one in labelled]


def test_a_fresh_label_is_not_made_again_and_a_stale_one_is(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    items = [Item("invoice", {}), Item("neither", {})]
    again = _again(items, _labeller(rules, backend).label(items).passed())
    other = ScriptedBackend()
    relabelled = _labeller(rules, other).label(again).passed()
    assert not other.asked
    assert [one.metadata for one in relabelled] == [item.metadata for item in again]
    _labeller(rules[:1], other).label(again).passed()
    assert sum(other.asked.values()) == 2


async def test_awaited_no_item_is_looked_at_on_the_running_loop(rules: list[Rule]) -> None:
    loops, context = list[bool](), ContextVar("context", default="")
    context.set("of the caller")

    def key(_: object) -> str:
        try:
            loops.append(asyncio.get_running_loop() is not None)
        except RuntimeError:
            loops.append(False)
        return context.get()

    items = [Item("an invoice", {}), Item("an invoice", {})]
    labelling = await _labeller(rules, ScriptedBackend(), group_by=key).alabel(items)
    assert loops == [False, False]
    assert labelling.asked == 1
    assert labelling.labelled[0].label == labelling.labelled[1].label


def test_a_failed_label_is_tried_again(rules: list[Rule]) -> None:
    items = [Item("invoice", {})]
    failed = _labeller(rules, ScriptedBackend(lambda _: JobFailedError("x"))).label(items).passed()
    assert failed[0].metadata["classify_status"] == "failed"
    mended = _labeller(rules, ScriptedBackend()).label(_again(items, failed)).passed()
    assert mended[0].metadata["classify_type"] == "invoice"
    assert "classify_error" not in mended[0].metadata


def test_a_chunk_without_a_label_gets_that_of_its_documents_other_chunks(rules: list[Rule]) -> None:
    first = Item("invoice", {}, reference="a")
    done = _labeller(rules, ScriptedBackend()).label([first]).passed()
    backend = ScriptedBackend()
    both = _labeller(rules, backend).label([*_again([first], done), Item("more", {}, reference="a")]).passed()
    assert [one.metadata["classify_type"] for one in both] == ["invoice", "invoice"]
    assert not backend.asked


def test_a_foreign_type_is_an_error_before_anything_is_spent_unless_overwriting(rules: list[Rule]) -> None:
    items = [Item("invoice", {}), Item("recipe", {"classify_type": "mine", "file_name": "b.txt"})]
    backend = ScriptedBackend()
    with pytest.raises(ForeignLabelError, match=r"b\.txt"):
        _labeller(rules, backend).label(items).passed()
    assert not backend.asked
    labelled = _labeller(rules, backend, overwrite=True).label(items).passed()
    assert [one.metadata["classify_type"] for one in labelled] == ["invoice", "recipe"]


def _fails(text: str) -> JobFailedError | None:
    return JobFailedError("broken", job_id="job-1") if "bad" in text else None


def test_a_null_is_neither_a_type_nor_a_sign_that_a_classifier_wrote_one(rules: list[Rule]) -> None:
    [filled_up] = _labeller(rules, ScriptedBackend()).label([Item("invoice", {"classify_type": None})]).passed()
    assert filled_up.label["classify_type"] == "invoice"
    with pytest.raises(ForeignLabelError):
        _labeller(rules, ScriptedBackend()).label([Item("it", {"classify_type": "mine", "classify_rules_id": None})])


def test_on_failure_annotate_keeps_the_document_with_its_error(rules: list[Rule]) -> None:
    items = [Item("invoice", {}), Item("bad", {"source": "b.txt"}, reference=None)]
    labelled = _labeller(rules, ScriptedBackend(_fails)).label(items).passed()
    assert labelled[0].metadata["classify_type"] == "invoice"
    assert labelled[1].metadata["classify_error"] == "document 'b.txt', job job-1: broken"
    assert "classify_type" not in labelled[1].metadata


def test_on_failure_skip_leaves_the_document_out(rules: list[Rule]) -> None:
    labelled = (
        _labeller(rules, ScriptedBackend(_fails), on_failure="skip")
        .label([Item("bad", {}), Item("invoice", {})])
        .passed()
    )
    assert [one.index for one in labelled] == [1]


def test_on_failure_raise_carries_all_outcomes(rules: list[Rule]) -> None:
    with pytest.raises(BatchError, match="1 of 2") as caught:
        _labeller(rules, ScriptedBackend(_fails), on_failure="raise").label(
            [Item("bad", {}), Item("invoice", {})]
        ).passed()
    assert [one.type for one in caught.value.outcomes] == [None, "invoice"]


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="on_failure"):
        LabelPolicy(on_failure="ignore")


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ({"keep_types": ("invoice",)}, [0, 3]),
        ({"drop_types": ("invoice",)}, [1, 2, 3]),
        ({"keep_types": ("uncategorized",)}, [2, 3]),
    ],
)
def test_types_are_kept_and_dropped_and_failures_always_pass(rules: list[Rule], policy: Any, left: list[int]) -> None:
    items = [Item("invoice", {}), Item("recipe", {}), Item("neither", {}), Item("bad", {})]
    assert [one.index for one in _labeller(rules, ScriptedBackend(_fails), **policy).label(items).passed()] == left


def test_an_empty_text_is_a_failure_that_is_said_and_not_guessed(rules: list[Rule]) -> None:
    labelled = _labeller(rules, ScriptedBackend()).label([Item("", {"file_name": "scan.png"})]).passed()
    assert "scan.png" in str(labelled[0].metadata["classify_error"])
    assert labelled[0].metadata["classify_status"] == "failed"


def test_the_schema_decides_the_keys(rules: list[Rule]) -> None:
    schema = MetadataSchema(prefix="kind_", no_match_label="other")
    labelled = _labeller(rules, ScriptedBackend(), schema=schema).label([Item("neither", {})]).passed()
    assert labelled[0].metadata["kind_type"] == "other"
