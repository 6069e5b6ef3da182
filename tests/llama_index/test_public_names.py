from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import Document, TransformComponent

import llama_index_classify
from classify_core import InvalidOptionError, InvalidRulesError, LexicalEngine, Rule
from llama_index_classify import ClassifyPostprocessor, ClassifyReader, ClassifyTransform

COMPONENTS = [ClassifyPostprocessor, ClassifyReader, ClassifyTransform]


# What is no component with a classifier of its own in pydantic fields.
OTHERS = [
    "ClassifySelector",
    "ClassifyToolSpec",
    "EmbeddingEngine",
    "IngestionFailure",
    "IngestionRouter",
    "LLMEngine",
    "RouteReport",
    "RoutingReport",
    "aforget_failures",
    "failures_in",
    "forget_failures",
    "type_filters",
    "vector_store_info",
]


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(llama_index_classify.__all__) == sorted([component.__name__ for component in COMPONENTS] + OTHERS)
    assert all(hasattr(llama_index_classify, name) for name in llama_index_classify.__all__)


@pytest.mark.parametrize(
    ("component", "base"),
    [
        (ClassifyPostprocessor, BaseNodePostprocessor),
        (ClassifyReader, BasePydanticReader),
        (ClassifyTransform, TransformComponent),
    ],
)
def test_each_component_is_what_the_framework_expects(component: type, base: type) -> None:
    assert base.__name__ in [parent.__name__ for parent in component.__mro__]


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_component_has_a_class_name_of_its_own(component: type) -> None:
    assert component.class_name() == component.__name__
    assert "class_name" in vars(component)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_misspelt_argument_is_refused(component: type, rules: list[Rule]) -> None:
    with pytest.raises(ValueError, match="keep_type"):
        component(rules=rules, backend="local", keep_type=["invoice"])


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_classifier_and_its_arguments_together_are_refused(component: type, rules: list[Rule]) -> None:
    shared = component(rules=rules, backend="local").classifier
    with pytest.raises(InvalidOptionError, match="min_confidence"):
        component(classifier=shared, min_confidence=0.5)


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_unknown_policy_for_failures_is_refused(component: type, rules: list[Rule]) -> None:
    with pytest.raises(ValueError, match="on_failure"):
        component(rules=rules, backend="local", on_failure="ignore")


@pytest.mark.parametrize("component", COMPONENTS)
def test_components_share_a_classifier(component: type, rules: list[Rule]) -> None:
    shared = ClassifyTransform(rules, backend="local", min_confidence=0.25, timeout=7).classifier
    made = component(classifier=shared)
    assert made.classifier is shared
    assert (made.rules, made.min_confidence, made.timeout) == (rules, 0.25, 7)


def test_without_the_framework_the_import_says_how_to_install_it() -> None:
    program = """
        import sys

        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name == "llama_index" or name.startswith("llama_index."):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Absent())
        try:
            import llama_index_classify
        except ImportError as error:
            print(error)
    """
    told = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert 'pip install "classify-adapters[llama-index]"' in told.stdout


@pytest.mark.parametrize("given", [Document(text="invoice"), "invoice", ["invoice"], 7])
def test_what_is_no_list_of_nodes_is_refused_in_words(given: Any, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"a list of nodes or documents is expected|is no LlamaIndex node"):
        ClassifyTransform(rules, backend="local")(given)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_single_type_may_be_given_as_it_is(component: type, rules: list[Rule]) -> None:
    assert component(rules=rules, backend="local", keep_types="invoice").keep_types == ("invoice",)


def test_an_engine_given_as_a_backend_is_told_where_it_belongs(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"backend=LocalBackend\(LexicalEngine"):
        ClassifyTransform(rules, backend=LexicalEngine())


def test_a_path_given_as_rules_is_told_how_rules_are_loaded() -> None:
    with pytest.raises(InvalidRulesError, match="load_rules"):
        ClassifyTransform("rules.yaml", backend="local")
