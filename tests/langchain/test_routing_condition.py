"""`type_condition` by itself, without LangGraph; in a graph it is tested in `test_langgraph_condition.py`."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.documents import Document
from pydantic import BaseModel

from classify_core import InvalidOptionError, MetadataSchema, Rule
from langchain_classify.routing import TypeCondition, type_condition
from tests.langchain.helpers import SECRET_WORDS
from tests.langchain.routed import INVOICE, NO_MATCH, RECIPE, UNSURE, labelled


@dataclass
class DataState:
    classification: Any = None


class ModelState(BaseModel):
    document: Any = None
    classification: Any = None


def condition(**options: Any) -> TypeCondition:
    nodes = {"invoice": "extract", "recipe": "cook"}
    return type_condition(nodes, **{"default": "store", "review": "ask"} | options)


def test_it_imports_no_langgraph() -> None:
    program = "import sys, langchain_classify.routing; sys.exit('langgraph' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_below_min_confidence_the_node_for_review_is_next_else_the_default() -> None:
    state = {"classification": UNSURE}
    assert condition(min_confidence=0.5)(state) == "ask"
    assert condition(min_confidence=0.4)(state) == "extract"
    assert condition(min_confidence=0.5, review=None)(state) == "store"


def test_the_type_may_stand_under_another_key_or_prefix() -> None:
    assert condition(key="kind")({"kind": RECIPE, "classification": INVOICE}) == "cook"
    document = labelled(RECIPE, schema=MetadataSchema(prefix="kind_"))
    assert condition(key="documents", prefix="kind_")({"documents": [document]}) == "cook"
    named = type_condition({"none": "x"}, default="y", metadata_schema=MetadataSchema(no_match_label="none"))
    assert named({"classification": NO_MATCH}) == "x"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"question": SECRET_WORDS}, "'question' tells no type"),
        ({"classification": None}, "nothing has been put under 'classification' yet"),
        (ModelState(document=SECRET_WORDS), "nothing has been put under 'classification' yet"),
        (DataState(classification=SECRET_WORDS), "a str tells no type"),
        ({"classification": Document(page_content=SECRET_WORDS)}, "no label"),
        ({"classification": [labelled(INVOICE), labelled(RECIPE)]}, "different routes"),
    ],
)
def test_a_state_that_tells_no_type_is_an_error_without_its_content(state: Any, message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message) as caught:
        condition()(state)
    assert SECRET_WORDS not in str(caught.value)


def test_a_type_that_no_rule_produces_is_refused_with_near_matches(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"'invioce'; near are 'invoice'"):
        type_condition({"invioce": "extract"}, default="store", rules=rules)
    assert type_condition({"invioce": "extract"}, default="store")({"classification": INVOICE}) == "store"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"default": None}, r"'\(default\)' is None"),
        ({"review": 7}, r"'\(review\)' is 7"),
        ({"min_confidence": 2}, "min_confidence"),
        ({"prefix": "no prefix"}, "prefix"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        condition(**options)


@pytest.mark.parametrize(
    ("nodes", "message"), [("extract", "by type"), ({"invoice": ""}, "'invoice'"), ({"(default)": "x"}, "default=")]
)
def test_nodes_that_are_no_names_by_type_are_refused(nodes: Any, message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        type_condition(nodes, default="store")


def test_it_can_be_pickled() -> None:
    made = condition(min_confidence=0.5)
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert again({"classification": UNSURE}) == "ask"


def test_one_node_for_several_types_is_one_edge() -> None:
    edge = type_condition({"invoice": "a", "recipe": "a"}, default="b", review="b")
    assert edge.path_map == {"a": "a", "b": "b"}
