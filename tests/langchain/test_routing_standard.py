"""What every Runnable promises, of a router: schemas, graph, copies, pickles, dumps, configurable fields."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.load import dumpd, dumps
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnablePassthrough, RunnableSequence
from pydantic import ValidationError

from classify_core import AuthenticationError, Classifier, InvalidOptionError, MetadataSchema, Rule
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable
from langchain_classify.routing import TypeRouter, route_by_type
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, TAKES_ALLOWED_OBJECTS, reloaded
from tests.langchain.routed import FAILED, INVOICE, NO_MATCH, RECIPE, UNSURE, labelled, telling

KEY = "llx-a-key-that-nobody-may-see"
KEY_VARIABLE = "LLAMA_CLOUD_API_KEY"
VALUES = [INVOICE, RECIPE, UNSURE, NO_MATCH, FAILED]
PARTS = [TypeRouter, ClassifyRunnable, ClassifyDocumentTransformer, RunnablePassthrough, RunnableSequence]

ALLOWED = {"allowed_objects": PARTS} if TAKES_ALLOWED_OBJECTS else {}


def size(value: Any) -> int:
    return len(value)


def full(rules: list[Rule], **options: Any) -> TypeRouter:
    """A router with every argument, whose branches can be dumped."""
    return route_by_type(
        {"invoice": RunnablePassthrough(), "recipe": RunnablePassthrough() | RunnablePassthrough()},
        **{
            "default": ClassifyDocumentTransformer(rules, backend="local"),
            "review": ClassifyRunnable(rules, backend="local"),
            "min_confidence": 0.5,
            "classify": ClassifyRunnable(rules, backend="local"),
            "rules": rules,
            "metadata_schema": MetadataSchema(prefix="kind_", no_match_label="none"),
        }
        | options,
    )


def routes_of(router: TypeRouter) -> list[str]:
    return [router.route_of(value) for value in VALUES]


def test_dumped_and_loaded_it_does_the_same(rules: list[Rule]) -> None:
    made = full(rules)
    again = reloaded(made, **ALLOWED)
    assert repr(again) == repr(made)
    assert routes_of(again) == routes_of(made)
    assert again.metadata_schema == made.metadata_schema
    assert again.invoke(INVOICE_TEXT) == made.invoke(INVOICE_TEXT) == INVOICE_TEXT
    with pytest.raises(InvalidOptionError, match="invioce"):
        TypeRouter({"invioce": telling("x")}, default=telling("default"), rules=again.rules)


def test_its_dumped_form_is_json_data_under_its_public_module(rules: list[Rule]) -> None:
    dumped = json.loads(dumps(full(rules)))
    assert dumped["type"] == "constructor"
    assert dumped["id"] == ["langchain_classify", "routing", "TypeRouter"]
    assert "not_implemented" not in json.dumps(dumped)


def test_a_function_for_a_branch_is_dumped_as_langchain_dumps_functions(rules: list[Rule]) -> None:
    made = full(rules, default=RunnableLambda(size))
    kwargs = dumpd(made)["kwargs"]
    assert kwargs["default"]["type"] == "not_implemented"
    assert kwargs["review"]["type"] == "constructor"
    with pytest.raises(NotImplementedError):
        reloaded(made, **ALLOWED)


def test_no_text_of_it_shows_a_key_of_its_parts(rules: list[Rule], monkeypatch: pytest.MonkeyPatch) -> None:
    made = full(rules, classify=Classifier(rules, api_key=KEY))
    assert KEY not in f"{made!r} {made} {vars(made)!r} {dumps(made)} {dumpd(made)}"
    pickled = pickle.dumps(made)
    assert KEY.encode() not in pickled
    with pytest.raises(AuthenticationError, match=KEY_VARIABLE):
        pickle.loads(pickled)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert pickle.loads(pickled).classify.backend == "hosted"


def test_unpickled_or_copied_it_does_the_same(rules: list[Rule]) -> None:
    made = route_by_type(
        {"invoice": RunnableLambda(size), "recipe": RunnableLambda(str)},
        default=RunnablePassthrough(),
        review=RunnableLambda(repr),
        min_confidence=0.5,
        classify=ClassifyRunnable(rules, backend="local", min_confidence=0.01),
    )
    texts = [INVOICE_TEXT, RECIPE_TEXT, "1234567"]
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert again is not made
        assert routes_of(again) == routes_of(made)
        assert again.batch(texts) == made.batch(texts)


def test_a_copy_with_another_field_decides_by_it() -> None:
    made = route_by_type({"invoice": telling("invoice")}, default=telling("default"))
    assert made.route_of(UNSURE) == "invoice"
    assert made.model_copy(update={"min_confidence": 0.5}).route_of(UNSURE) == "(default)"


def test_what_it_was_made_of_cannot_be_assigned_anew() -> None:
    made = route_by_type({"invoice": telling("invoice")}, default=telling("default"))
    for name in ("routes", "default", "review", "min_confidence", "classify", "rules", "key", "metadata_schema"):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(made, name, getattr(made, name))


def test_min_confidence_may_be_configured_for_a_call() -> None:
    made = route_by_type({"invoice": telling("invoice")}, default=telling("default"), prefix="kind_")
    bound = made.configurable_fields(min_confidence=ConfigurableField(id="least"))
    document = labelled(UNSURE, schema=MetadataSchema(prefix="kind_"))
    assert bound.invoke(document)[0] == "invoice"
    assert bound.invoke(document, {"configurable": {"least": 0.5}})[0] == "default"


def test_what_its_parts_let_configure_it_lets_configure_too(rules: list[Rule]) -> None:
    branch = RunnablePassthrough().configurable_alternatives(
        ConfigurableField(id="branch"), default_key="kept", counted=RunnableLambda(lambda _: 7)
    )
    step = ClassifyRunnable(rules, backend="local").configurable_fields(min_confidence=ConfigurableField(id="least"))
    made = route_by_type({"invoice": branch}, default=telling("default"), review=telling("review"), classify=step)
    assert {spec.id for spec in made.config_specs} == {"branch", "least"}
    assert made.invoke(INVOICE_TEXT, {"configurable": {"branch": "counted"}}) == 7
    assert made.invoke(INVOICE_TEXT, {"configurable": {"least": 1.0}})[0] == "review"


def test_its_input_is_what_tells_a_type_or_what_its_step_takes(rules: list[Rule]) -> None:
    made = route_by_type({"invoice": telling("invoice")}, default=telling("default"))
    schema = made.get_input_schema()
    for value in (INVOICE, labelled(INVOICE), [labelled(INVOICE)], {"classification": INVOICE}):
        assert schema.model_validate(value).root == value
    with pytest.raises(ValidationError):
        schema.model_validate(7)
    assert schema.model_validate(INVOICE.model_dump(mode="json")).root == INVOICE
    document = labelled(INVOICE)
    assert schema.model_validate([document.model_dump()]).root == [document]
    assert schema.model_validate(document.model_dump()).root == document
    step = ClassifyRunnable(rules, backend="local")
    assert full(rules).get_input_schema() == step.get_input_schema()
    assert full(rules, key="document").get_input_schema() == schema
    assert made.get_input_jsonschema()["title"] == "TypeRouterInput"


def test_its_output_is_what_any_branch_may_give() -> None:
    counted, named = telling("count").with_types(output_type=int), telling("name").with_types(output_type=str)
    assert route_by_type({"invoice": counted}, default=named).OutputType == int | str
    assert route_by_type({"invoice": counted}, default=counted).OutputType is int
    assert route_by_type({"invoice": counted}, default=lambda value: value).OutputType is Any
    assert route_by_type({"invoice": counted}, default=size).OutputType is Any
    schema = route_by_type({"invoice": counted}, default=named).get_output_schema()
    assert schema.model_validate("x").root == "x"
    with pytest.raises(ValidationError):
        schema.model_validate([])


def test_its_graph_has_an_edge_for_each_route(rules: list[Rule]) -> None:
    shared = telling("shared")
    made = route_by_type(
        {"invoice": shared, "recipe": shared, "letter": RunnablePassthrough() | telling("last")},
        default=telling("default"),
        review={"a": telling("a"), "b": telling("b")},
        rules=[*rules, Rule(type="letter", description="a letter from one person to another person")],
        classify=ClassifyRunnable(rules, backend="local").with_retry(),
    )
    graph = made.get_graph()
    names = {identifier: node.name for identifier, node in graph.nodes.items()}
    ways = [(names[edge.source], str(edge.data), names[edge.target]) for edge in graph.edges if edge.conditional]
    assert [way for way in ways if way[1] != "review"] == [
        ("route_by_type", "invoice", "shared"),
        ("route_by_type", "recipe", "shared"),
        ("route_by_type", "letter", "Passthrough"),
        ("route_by_type", "default", "default"),
    ]
    assert len(ways) == 5
    assert graph.first_node() is not None
    assert graph.last_node() is not None
    assert "invoice" in graph.draw_mermaid()


def test_within_a_chain_its_graph_is_drawn_too() -> None:
    made = RunnablePassthrough() | route_by_type({"invoice": telling("invoice")}, default=telling("default"))
    drawn = (made | telling("after")).get_graph().draw_mermaid()
    assert all(name in drawn for name in ("invoice", "default", "after"))


def test_retries_and_fallbacks_work_around_it() -> None:
    attempts = []

    def unstable(value: Any) -> str:
        attempts.append(value)
        if len(attempts) < 2:
            raise ConnectionError("gone")
        return "done"

    made = route_by_type({"invoice": unstable}, default=telling("default"))
    assert made.with_retry(retry_if_exception_type=(ConnectionError,), wait_exponential_jitter=False).invoke(
        INVOICE
    ) == ("done")
    spare = route_by_type({}, default=telling("spare"))
    unlabelled = Document(page_content="text")
    assert made.with_fallbacks([RunnableLambda(lambda _: "not told"), spare]).invoke(unlabelled) == "not told"


def test_only_a_default_is_a_router_too() -> None:
    assert route_by_type({}, default=telling("default")).invoke(INVOICE) == ("default", INVOICE)


def test_its_name_is_in_the_run_and_can_be_another() -> None:
    made = TypeRouter({"invoice": telling("invoice")}, default=telling("default"), name="by type")
    assert made.get_name() == "by type"
    assert route_by_type({}, default=telling("default")).get_name() == "route_by_type"
