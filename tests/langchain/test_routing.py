"""Which branch an input takes, what tells its type, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnablePassthrough
from pydantic import BaseModel

from classify_core import (
    Classification,
    Classifier,
    ClassifyConfiguration,
    InvalidOptionError,
    MetadataSchema,
    NotFoundError,
    Rule,
    ServerError,
    Source,
)
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable
from langchain_classify.routing import TypeRouter, route_by_type
from tests.backends import ScriptedBackend
from tests.langchain.helpers import SECRET_WORDS, fails_on
from tests.langchain.routed import FAILED, INVOICE, NO_MATCH, RECIPE, UNSURE, WITHHELD, labelled, run, telling


@dataclass
class DataState:
    classification: Any
    question: str = "?"


class ModelState(BaseModel):
    classification: Any
    question: str = "?"


def router(**options: Any) -> TypeRouter:
    routes = {"invoice": telling("invoice"), "recipe": telling("recipe")}
    return route_by_type(routes, **{"default": telling("default"), "review": telling("review")} | options)


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(
    "value",
    [
        INVOICE,
        INVOICE.model_dump(mode="json"),
        INVOICE.model_dump(),
        labelled(INVOICE),
        [labelled(INVOICE, "page 1"), labelled(INVOICE, "page 2")],
        (labelled(INVOICE),),
        {"classification": INVOICE, "question": "?"},
        {"classification": INVOICE.model_dump(mode="json")},
        {"classification": [labelled(INVOICE)]},
        DataState(INVOICE),
        ModelState(classification=labelled(INVOICE)),
    ],
)
def test_what_tells_a_type_goes_as_it_is_to_the_branch_of_that_type(face: str, value: Any) -> None:
    name, got = run(face, router(), "invoke", value)
    assert name == "invoice"
    assert got is value


def test_the_type_may_stand_under_another_key() -> None:
    named = router(key="kind")
    assert named.invoke({"kind": INVOICE, "classification": RECIPE})[0] == "invoice"
    assert named.invoke(RECIPE)[0] == "recipe"


@pytest.mark.parametrize("as_document", [True, False])
@pytest.mark.parametrize(
    ("classification", "route", "without_review"),
    [
        (INVOICE, "invoice", "invoice"),
        (INVOICE.model_copy(update={"type": "letter"}), DEFAULT_ROUTE, DEFAULT_ROUTE),
        (NO_MATCH, DEFAULT_ROUTE, DEFAULT_ROUTE),
        (WITHHELD, REVIEW_ROUTE, DEFAULT_ROUTE),
        (FAILED, REVIEW_ROUTE, DEFAULT_ROUTE),
    ],
)
def test_review_gets_what_is_not_sure_and_the_default_all_that_has_no_route(
    classification: Classification, route: str, without_review: str, *, as_document: bool
) -> None:
    value = labelled(classification) if as_document else classification
    assert router().route_of(value) == route
    assert router(review=None).route_of(value) == without_review


def test_what_matches_no_rule_may_have_a_branch_of_its_own(rules: list[Rule]) -> None:
    own = route_by_type({"uncategorized": telling("none")}, default=telling("default"), rules=rules)
    assert own.invoke(NO_MATCH) == ("none", NO_MATCH)
    assert own.invoke(WITHHELD)[0] == "default"


@pytest.mark.parametrize("as_document", [True, False])
def test_a_type_below_the_routers_own_min_confidence_is_not_sure(*, as_document: bool) -> None:
    def route(minimum: float, classification: Classification) -> str:
        value = labelled(classification) if as_document else classification
        return router(min_confidence=minimum).route_of(value)

    assert route(0.41, UNSURE) == REVIEW_ROUTE
    assert route(0.4, UNSURE) == "invoice"
    assert route(0.0, UNSURE) == "invoice"
    assert route(0.9, NO_MATCH) == DEFAULT_ROUTE
    assert router(min_confidence=0.5, review=None).route_of(UNSURE) == DEFAULT_ROUTE


def test_a_type_whose_confidence_is_not_told_is_not_sure_where_one_is_asked_for() -> None:
    schema = MetadataSchema(keys=("type", "status", "rules_id"))
    document = labelled(INVOICE, schema=schema)
    assert router().route_of(document) == "invoice"
    assert router(min_confidence=0.1).route_of(document) == REVIEW_ROUTE
    assert router(min_confidence=0.1, metadata_schema=schema).route_of(INVOICE) == "invoice"


def test_labels_are_read_under_the_prefix_or_the_schema_given() -> None:
    schema = MetadataSchema(prefix="kind_", no_match_label="none")
    both = labelled(RECIPE)
    both.metadata |= labelled(INVOICE, schema=schema).metadata
    assert router().route_of(both) == "recipe"
    assert router(prefix="kind_").route_of(both) == "invoice"
    named = route_by_type({"none": telling("none")}, default=telling("default"), metadata_schema=schema)
    assert named.route_of(NO_MATCH) == "none"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prefix": "kind_", "metadata_schema": MetadataSchema()}, "not both"),
        ({"prefix": "no prefix"}, "prefix"),
        ({"min_confidence": 1.5}, "min_confidence"),
        ({"min_confidence": "high"}, "min_confidence"),
        ({"default": None}, r"\(default\).*NoneType"),
        ({"review": "a name"}, r"\(review\).*str"),
        ({"classify": 7}, "classify: a int"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        router(**options)


@pytest.mark.parametrize("routes", [[("invoice", telling("x"))], {7: telling("x")}, {"": telling("x")}, "invoice"])
def test_routes_that_are_no_branches_by_type_are_refused(routes: Any) -> None:
    with pytest.raises(InvalidOptionError, match="by type"):
        route_by_type(routes, default=telling("default"))


@pytest.mark.parametrize(("name", "argument"), [(DEFAULT_ROUTE, "default="), (REVIEW_ROUTE, "review=")])
def test_no_route_can_be_named_like_the_default_or_review(name: str, argument: str) -> None:
    with pytest.raises(InvalidOptionError, match=argument):
        route_by_type({name: telling("x")}, default=telling("default"))


def test_a_default_is_mandatory_and_a_misspelt_argument_an_error() -> None:
    with pytest.raises(TypeError, match="default"):
        route_by_type({"invoice": telling("invoice")})
    with pytest.raises(TypeError, match="reveiw"):
        router(reveiw=telling("review"))
    with pytest.raises(ValueError, match="reveiw"):
        TypeRouter({}, default=telling("default"), reveiw=telling("review"))


@pytest.mark.parametrize("given", ["rules", "classify", "retried", "sequence", "classifier", "fallback", "configured"])
def test_a_route_that_no_rule_produces_is_refused_with_near_matches(given: str, rules: list[Rule]) -> None:
    step = ClassifyRunnable(rules, backend="local")
    options = {
        "rules": {"rules": [rule.model_dump() for rule in rules]},
        "classify": {"classify": step},
        "retried": {"classify": step.with_retry().with_config(tags=["t"])},
        "sequence": {"classify": RunnablePassthrough() | step},
        "classifier": {"classify": Classifier(rules, backend="local")},
        "fallback": {"classify": step.with_fallbacks([ClassifyRunnable(rules, backend="local")])},
        "configured": {"classify": step.configurable_fields(min_confidence=ConfigurableField(id="least"))},
    }[given]
    with pytest.raises(InvalidOptionError, match=r"'invioce'; near are 'invoice'"):
        route_by_type({"invioce": telling("x")}, default=telling("default"), **options)
    assert router(**options).route_of(INVOICE) == "invoice"


def test_a_route_may_be_of_a_type_that_a_fallback_or_the_call_brings(rules: list[Rule]) -> None:
    step = ClassifyRunnable(rules, backend=fails_on("letter"))
    letters = [Rule(type="letter", description="a letter to somebody")]
    other: Any = ClassifyRunnable(letters, backend=ScriptedBackend())
    fallen_back = route_by_type(
        {"letter": telling("letter")}, default=telling("default"), classify=step.with_fallbacks([other])
    )
    assert fallen_back.invoke("a letter")[0] == "letter"
    foreign = step.with_fallbacks([RunnableLambda(lambda _: INVOICE.model_copy(update={"type": "note"}))])
    assert route_by_type({"note": telling("n")}, default=str, classify=foreign).invoke("a letter")[0] == "n"
    configured: Any = other.configurable_fields(rules=ConfigurableField(id="rules"))
    assert route_by_type({"memo": telling("memo")}, default=telling("default"), classify=configured).branches


def test_without_rules_no_name_is_checked() -> None:
    assert route_by_type({"invioce": telling("x")}, default=telling("default")).route_of(INVOICE) == DEFAULT_ROUTE


def test_rules_that_cannot_be_told_from_no_match_are_refused() -> None:
    rules = [Rule(type="uncategorized", description="contains whatever a document may contain")]
    with pytest.raises(InvalidOptionError, match="no match"):
        router(rules=rules)


class SavedBackend(ScriptedBackend):
    """Knows a saved configuration, or fails to load it where it has none."""

    def __init__(self, rules: list[Rule] | None) -> None:
        super().__init__()
        self.rules = rules

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        if self.rules is None:
            raise NotFoundError(f"no {configuration_id} here", status=404)
        return ClassifyConfiguration(rules=tuple(self.rules))


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("call", ["invoke", "batch", "stream"])
def test_saved_rules_are_checked_before_anything_is_classified(face: str, call: str, rules: list[Rule]) -> None:
    step = ClassifyRunnable(configuration_id="cfg-1", backend=SavedBackend(rules))
    misspelt = route_by_type({"invioce": telling("x")}, default=telling("default"), classify=step)
    value: Any = ["an invoice"] if call == "batch" else "an invoice"
    with pytest.raises(InvalidOptionError, match=r"'invioce'; near are 'invoice'"):
        run(face, misspelt, call, value)
    assert not step.backend.asked
    assert run(face, router(classify=step), call, value) in ([("invoice", "an invoice")], ("invoice", "an invoice"))


@pytest.mark.parametrize("face", ["sync", "async"])
def test_saved_rules_that_cannot_be_loaded_are_the_documents_failure(face: str) -> None:
    step = ClassifyRunnable(configuration_id="cfg-1", backend=SavedBackend(None), on_failure="annotate")
    assert run(face, router(classify=step), "invoke", "an invoice")[0] == "review"


def test_an_unlabelled_document_is_an_error_that_names_it_and_the_remedy() -> None:
    document = Document(page_content=SECRET_WORDS, metadata={"source": "acme.pdf"})
    with pytest.raises(InvalidOptionError, match=r"'acme\.pdf'.*ClassifyDocumentTransformer.*classify=") as caught:
        router().invoke(document)
    assert SECRET_WORDS not in str(caught.value)
    with pytest.raises(InvalidOptionError, match="'7'"):
        router().invoke(Document(page_content="text", id="7"))


@pytest.mark.parametrize(
    "metadata",
    [
        {"classify_type": "invoice"},
        {"classify_type": "invoice", "classify_status": "completed", "classify_rules_id": None},
        {"classify_type": None, "classify_status": "completed", "classify_rules_id": "r"},
        {"classify_status": "failed"},
        {"classify_status": ["failed"], "classify_rules_id": "r"},
    ],
)
def test_a_label_that_no_classifier_wrote_is_none(metadata: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match="no label"):
        router().route_of(Document(page_content="text", metadata=metadata))


def test_a_list_whose_documents_take_different_routes_is_refused_with_the_remedies() -> None:
    mixed = [labelled(INVOICE), labelled(FAILED), labelled(INVOICE)]
    with pytest.raises(InvalidOptionError, match=r"2 to 'invoice', 1 to '\(review\)'.*\.map\(\).*\.split\("):
        router().invoke(mixed)
    assert [name for name, _ in router().map().invoke(mixed)] == ["invoice", "review", "invoice"]


def test_a_list_of_two_types_with_one_route_is_not_mixed() -> None:
    letters = [labelled(INVOICE.model_copy(update={"type": name})) for name in ("letter", "fax")]
    assert router().invoke(letters) == ("default", letters)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "empty list"),
        ([labelled(INVOICE), "text"], "str"),
        (SECRET_WORDS, "a str tells no type.*classify="),
        (Source.text(SECRET_WORDS), "a Source tells no type"),
        (None, "NoneType"),
        ({"question": SECRET_WORDS, "context": 7}, "'question', 'context' tells no type.*under 'classification'"),
        ({"classification": None}, "nothing has been put under 'classification' yet"),
        ({"classification": SECRET_WORDS}, "a str tells no type"),
        ({7: SECRET_WORDS}, "without names for keys"),
        (INVOICE.model_dump(mode="json") | {"status": SECRET_WORDS}, "JSON data cannot be read: status"),
    ],
)
def test_what_tells_no_type_is_refused_without_telling_its_content(value: Any, message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message) as caught:
        router().invoke(value)
    assert SECRET_WORDS not in str(caught.value)


async def test_a_branch_may_be_a_function_an_async_function_a_dict_or_a_runnable() -> None:
    async def awaited(value: Any) -> str:
        return "awaited"

    many = route_by_type(
        {"invoice": awaited, "recipe": {"a": lambda _: 1, "b": RunnablePassthrough()}}, default=lambda _: "function"
    )
    assert await many.ainvoke(INVOICE) == "awaited"
    assert many.invoke(RECIPE) == {"a": 1, "b": RECIPE}
    assert many.invoke(NO_MATCH) == "function"


def test_a_router_may_be_a_branch_and_a_step() -> None:
    inner = route_by_type({"letter": telling("inner letter")}, default=telling("inner default"))
    steps = RunnablePassthrough() | router(default=inner) | (lambda told: told[0])
    values = [INVOICE, INVOICE.model_copy(update={"type": "letter"}), NO_MATCH]
    assert steps.batch(values) == ["invoice", "inner letter", "inner default"]


def test_split_gives_the_documents_by_route_in_the_order_given() -> None:
    documents = [labelled(one, str(n)) for n, one in enumerate([NO_MATCH, RECIPE, FAILED, INVOICE, RECIPE])]
    taken = router().split(iter(documents))
    assert list(taken) == ["invoice", "recipe", DEFAULT_ROUTE, REVIEW_ROUTE]
    assert [document.page_content for document in taken["recipe"]] == ["1", "4"]
    assert list(chain(*taken.values())) == [documents[place] for place in (3, 1, 4, 0, 2)]
    assert taken["invoice"][0] is documents[3]
    assert router().split([]) == {}


def test_split_refuses_what_carries_no_label_and_what_is_no_document() -> None:
    with pytest.raises(InvalidOptionError, match=r"'acme\.pdf'"):
        router().split([labelled(INVOICE), Document(page_content="text", metadata={"source": "acme.pdf"})])
    with pytest.raises(InvalidOptionError, match="str"):
        router().split(["text"])


@pytest.mark.parametrize("face", ["sync", "async"])
class TestClassify:
    """With `classify=` the input is classified first."""

    @pytest.mark.parametrize(
        "value", ["an invoice", b"an invoice", Source.text("an invoice"), Document(page_content="an invoice")]
    )
    def test_the_branch_gets_what_was_given(self, face: str, value: Any, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        name, got = run(face, router(classify=ClassifyRunnable(rules, backend=backend)), "invoke", value)
        assert name == "invoice"
        assert got is value
        assert backend.asked == {"an invoice": 1}

    def test_a_classifier_will_do(self, face: str, rules: list[Rule]) -> None:
        classifier = Classifier(rules, backend=ScriptedBackend())
        assert run(face, router(classify=classifier), "invoke", "a recipe")[0] == "recipe"
        assert classifier.usage.documents == 1

    @pytest.mark.parametrize(
        "found", [INVOICE, INVOICE.model_dump(mode="json"), {"classification": INVOICE}, labelled(INVOICE)]
    )
    def test_whatever_tells_a_type_may_classify(self, face: str, found: Any) -> None:
        assert run(face, router(classify=lambda _: found), "invoke", "text") == ("invoice", "text")

    def test_the_document_to_classify_may_stand_under_a_key(self, face: str, rules: list[Rule]) -> None:
        keyed = router(classify=ClassifyRunnable(rules, backend=ScriptedBackend()), key="document")
        value = {"document": "a recipe", "question": SECRET_WORDS}
        assert run(face, keyed, "invoke", value) == ("recipe", value)
        assert run(face, keyed, "invoke", "an invoice") == ("invoice", "an invoice")
        with pytest.raises(InvalidOptionError, match="'question' holds no document under 'document'") as caught:
            run(face, keyed, "invoke", {"question": SECRET_WORDS})
        assert SECRET_WORDS not in str(caught.value)

    def test_the_pages_of_a_file_are_one_classification_with_a_transformer(self, face: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        pages = [Document(page_content="an invoice", metadata={"source": "a.pdf", "page": n}) for n in range(30)]
        files = router(classify=ClassifyDocumentTransformer(rules, backend=backend))
        assert run(face, files, "invoke", pages) == ("invoice", pages)
        assert backend.asked.total() == 1
        assert "classify_type" not in pages[0].metadata

    def test_a_step_of_ours_brings_its_metadata_keys(self, face: str, rules: list[Rule]) -> None:
        schema = MetadataSchema(prefix="kind_", no_match_label="none")
        step = ClassifyDocumentTransformer(rules, backend=ScriptedBackend(), metadata_schema=schema)
        named = route_by_type({"none": telling("none")}, default=telling("default"), classify=step)
        assert run(face, named, "invoke", [Document(page_content="neither")])[0] == "none"

    @pytest.mark.parametrize("review", [telling("review"), None])
    def test_a_failure_is_raised_unless_the_step_annotates_it(self, face: str, review: Any, rules: list[Rule]) -> None:
        backend = fails_on("broken", ServerError)
        raising = router(classify=ClassifyRunnable(rules, backend=backend), review=review)
        with pytest.raises(ServerError, match="no broken here"):
            run(face, raising, "invoke", "broken")
        annotating = ClassifyRunnable(rules, backend=backend, on_failure="annotate")
        taken, _ = run(face, router(classify=annotating, review=review), "invoke", "broken")
        assert taken == ("default" if review is None else "review")

    def test_a_classifier_says_by_its_on_error_what_a_failure_does(self, face: str, rules: list[Rule]) -> None:
        backend = fails_on("broken", ServerError)
        with pytest.raises(ServerError):
            run(face, router(classify=Classifier(rules, backend=backend)), "invoke", "broken")
        recording = Classifier(rules, backend=backend, on_error="record")
        assert run(face, router(classify=recording), "invoke", "broken")[0] == "review"

    def test_what_its_own_min_confidence_withholds_is_reviewed(self, face: str, rules: list[Rule]) -> None:
        step = ClassifyRunnable(rules, backend=ScriptedBackend(), min_confidence=0.95)
        assert run(face, router(classify=step), "invoke", "an invoice")[0] == "review"

    def test_route_of_and_split_classify_nothing(self, face: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        asking = router(classify=ClassifyRunnable(rules, backend=backend))
        assert asking.route_of(labelled(RECIPE)) == "recipe"
        assert list(asking.split([labelled(RECIPE)])) == ["recipe"]
        with pytest.raises(InvalidOptionError, match="a str tells no type"):
            asking.route_of("an invoice")
        assert not backend.asked


def test_a_transformer_before_the_router_classifies_a_file_once(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    pages = [Document(page_content="an invoice", metadata={"source": "a.pdf", "page": n}) for n in range(3)]
    steps = ClassifyDocumentTransformer(rules, backend=backend) | router(rules=rules)
    name, got = steps.invoke(pages)
    assert (name, [page.page_content for page in got]) == ("invoice", ["an invoice"] * 3)
    assert all(page.metadata["classify_type"] == "invoice" for page in got)
    assert backend.asked.total() == 1


def test_routing_changes_no_document() -> None:
    document = labelled(INVOICE)
    before = document.model_copy(deep=True)
    router(default=RunnableLambda(lambda value: value)).invoke(document)
    assert document == before
