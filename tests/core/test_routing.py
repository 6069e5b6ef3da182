from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from classify_core import Classification, InvalidOptionError, MetadataSchema, Rule, Status, UnreadableDocumentError
from classify_core.errors import RoutingError
from classify_core.routing import DEFAULT_ROUTE, REVIEW_ROUTE, RoutePlan


def _route(plan: RoutePlan, **outcome: object) -> str:
    classification = Classification(backend="b", rules_id="r", **outcome)
    return plan.route_of(plan.verdict(plan.schema.to_metadata(classification)))


FAILED = {"status": Status.FAILED, "error": UnreadableDocumentError("x")}
WITHHELD = {"type": None, "status": Status.BELOW_THRESHOLD, "confidence": 0.3}


@pytest.mark.parametrize("has_review", [True, False])
def test_a_type_takes_its_own_route_and_every_other_the_default(*, has_review: bool) -> None:
    plan = RoutePlan(("invoice",), has_review)
    assert _route(plan, type="invoice", confidence=0.9) == "invoice"
    assert _route(plan, type="recipe", confidence=0.9) == DEFAULT_ROUTE
    assert _route(plan, type=None, confidence=0.9) == DEFAULT_ROUTE


def test_what_matches_no_rule_may_have_a_route_of_its_own() -> None:
    assert _route(RoutePlan(("uncategorized",)), type=None, confidence=0.9) == "uncategorized"


@pytest.mark.parametrize("outcome", [FAILED, WITHHELD])
def test_without_a_sure_type_review_is_taken_else_the_default(outcome: dict[str, object]) -> None:
    routes = ("invoice", "uncategorized")
    assert _route(RoutePlan(routes, has_review=True), **outcome) == REVIEW_ROUTE
    assert _route(RoutePlan(routes), **outcome) == DEFAULT_ROUTE


def test_labels_are_read_under_the_schema_of_the_plan() -> None:
    plan = RoutePlan(("invoice", "none"), schema=MetadataSchema(prefix="kind_", no_match_label="none"))
    assert _route(plan, type="invoice", confidence=0.9) == "invoice"
    assert _route(plan, type=None, confidence=0.9) == "none"


def test_a_route_that_no_document_could_take_is_refused_with_near_matches(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match=r"'invioce'; near are 'invoice'"):
        RoutePlan(("recipe", "invioce")).check(rules)
    RoutePlan(("recipe", "uncategorized")).check(rules)
    RoutePlan(("invioce",)).check(None)


def test_no_rule_can_be_named_like_the_default_or_review() -> None:
    for route in (DEFAULT_ROUTE, REVIEW_ROUTE):
        with pytest.raises(InvalidOptionError, match="is no type"):
            RoutePlan((route,))
        with pytest.raises(ValueError, match="type"):
            Rule(type=route, description="contains whatever a document may contain")


def test_a_routing_error_carries_its_report_through_pickling() -> None:
    error = RoutingError("not everything was routed", report={"invoice": 3})
    restored = pickle.loads(pickle.dumps(error))
    assert (str(restored), restored.report) == (str(error), {"invoice": 3})


UNSURE = {"type": "invoice", "confidence": 0.4}


@pytest.mark.parametrize("reads", ["label", "classification"])
def test_below_the_plans_own_min_confidence_a_type_counts_as_withheld(reads: str) -> None:
    def route(minimum: float | None, *, has_review: bool = True, **outcome: object) -> str:
        plan = RoutePlan(("invoice", "uncategorized"), has_review, min_confidence=minimum)
        classification = Classification(backend="b", rules_id="r", **outcome)
        if reads == "label":
            return plan.route_of(plan.verdict(plan.schema.to_metadata(classification)))
        return plan.route_of(plan.verdict_of(classification))

    assert route(None, **UNSURE) == route(0.0, **UNSURE) == route(0.4, **UNSURE) == "invoice"
    assert route(0.5, **UNSURE) == REVIEW_ROUTE
    assert route(0.5, has_review=False, **UNSURE) == DEFAULT_ROUTE
    assert route(0.5, type=None, confidence=0.1) == "uncategorized"
    assert route(0.5, **FAILED) == REVIEW_ROUTE


@pytest.mark.parametrize("confidence", [0.9, "0.9", Decimal("0.9")])
def test_a_stores_own_kind_of_number_is_a_confidence_too(confidence: object) -> None:
    label = {"classify_type": "invoice", "classify_status": "completed", "classify_confidence": confidence}
    assert RoutePlan(("invoice",), min_confidence=0.8).verdict(label) == ("invoice", "completed")


@pytest.mark.parametrize("confidence", [None, "high", float("nan")])
def test_a_type_whose_confidence_is_not_told_is_not_trusted_where_one_is_asked_for(confidence: object) -> None:
    label = {"classify_type": "invoice", "classify_status": "completed", "classify_confidence": confidence}
    assert RoutePlan(("invoice",), min_confidence=0.1).verdict(label) == ("uncategorized", "below_threshold")
    assert RoutePlan(("invoice",)).verdict(label) == ("invoice", "completed")


@pytest.mark.parametrize("outcome", [UNSURE, WITHHELD, FAILED, {"type": None, "confidence": 0.1}])
def test_a_classification_and_its_label_have_the_same_verdict(outcome: dict[str, object]) -> None:
    plan = RoutePlan(("invoice",), min_confidence=0.5, schema=MetadataSchema(no_match_label="none"))
    classification = Classification(backend="b", rules_id="r", **outcome)
    assert plan.verdict_of(classification) == plan.verdict(plan.schema.to_metadata(classification))


@pytest.mark.parametrize("outcome", [UNSURE, WITHHELD, FAILED])
def test_a_label_is_found_in_metadata_be_it_of_a_failure(outcome: dict[str, object]) -> None:
    plan = RoutePlan(())
    label = plan.schema.to_metadata(Classification(backend="b", rules_id="r", **outcome))
    assert plan.label_in({"source": "a.pdf", **label}) == label
    assert plan.label_in({**label, "classify_rules_id": None}) is None
    assert plan.label_in({"source": "a.pdf", "classify_type": "invoice"}) is None


@pytest.mark.parametrize("minimum", [1.5, "high", True])
def test_a_min_confidence_that_is_none_is_refused(minimum: object) -> None:
    with pytest.raises(InvalidOptionError, match="min_confidence"):
        RoutePlan((), min_confidence=minimum)


def test_a_rule_that_cannot_be_told_from_no_match_is_refused() -> None:
    rule = Rule(type="uncategorized", description="contains whatever a document may contain")
    with pytest.raises(InvalidOptionError, match="no match"):
        RoutePlan(()).check([rule])
